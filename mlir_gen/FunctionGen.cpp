// What all parts of a function's generation stand on: names, types in their instance, sizes as values,
// captures, checks.
#include "mlir_gen/FunctionGen.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/Support/ErrorHandling.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
namespace arith = mlir::arith;

FunctionGen::FunctionGen(ModuleGen &m, mlir::func::FuncOp func, Env env, FunctionGen *parent)
    : m(m), b(func.getLoc(), m.context), env(std::move(env)), func(func), parent(parent) {
  b.setInsertionPointToEnd(&func.getBody().front());
  if (!parent)
    return;
  callers = parent->callers;
  callers.push_back(parent->env);
  span = parent->span;
}

//===- Types
//--------------------------------------------------------------------------------------------------------===//

const Type *FunctionGen::typeOf(const Type *type) {
  auto param = [&](const TypeParam *p) { return env.lookup(p); };
  auto pack = [&](const Pack *p) -> std::optional<Dims> {
    const Dims *dims = env.lookup(p);
    return dims ? std::optional(*dims) : std::nullopt;
  };
  return substitute(type, m.types, Substitution{param, pack, nullptr});
}

const Type *FunctionGen::typeOf(const Expr *e) {
  const Type *type = e->type ? resolved(e->type) : nullptr;
  // The default of a field may be a literal that nothing has given a type.
  if (literal && (!type || type->kind == TypeKind::Infer))
    return literal;
  return typeOf(type);
}

Dims FunctionGen::dimsOf(ArrayRef<Dim> dims) { return cast<ShapeType>(typeOf(m.types.shape(Dims(dims.begin(), dims.end()))))->dims; }

SmallVector<mlir::Type> FunctionGen::leafTypes(const Type *type) {
  SmallVector<mlir::Type> types;
  for (const Leaf &leaf : leavesOf(type))
    types.push_back(mlirType(leaf, m.context));
  return types;
}

//===- Names
//--------------------------------------------------------------------------------------------------------===//

static mlir::func::FuncOp functionOf(mlir::Value v) { return v.getParentRegion()->getParentOfType<mlir::func::FuncOp>(); }

mlir::Value FunctionGen::use(mlir::Value v) {
  if (functionOf(v) == func)
    return v;
  assert(parent && "a value of another function");
  mlir::Value outer = parent->use(v);
  if (auto it = imported.find(outer); it != imported.end())
    return it->second;

  auto atHead = [&](llvm::function_ref<mlir::Operation *()> make) {
    mlir::OpBuilder::InsertionGuard guard(b);
    if (prologue)
      b.setInsertionPointAfter(prologue);
    else
      b.setInsertionPointToStart(&func.getBody().front());
    prologue = make();
    return prologue->getResult(0);
  };
  mlir::Operation *def = outer.getDefiningOp();
  if (def && def->hasTrait<mlir::OpTrait::ConstantLike>())
    return imported[outer] = atHead([&] { return b.clone(*def); });

  captured.push_back(outer);
  mlir::Value inner = func.getBody().front().addArgument(outer.getType(), outer.getLoc());
  if (isTensor(outer)) {
    Values sizes;
    for (mlir::Value size : tl::sizesOf(parent->b, outer))
      sizes.push_back(use(size));
    mlir::Value arg = inner;
    inner = atHead([&] { return SizedOp::create(b, arg, sizes).getOperation(); });
  }
  return imported[outer] = inner;
}

Value FunctionGen::lookup(const VarDecl *var) {
  const Value *found = env.lookup(var);
  assert(found && "every name of a checked program is bound");
  Value value = *found;
  for (mlir::Value &leaf : value.leaves)
    leaf = use(leaf);
  return value;
}

void FunctionGen::name(const Value &value, StringRef variable) {
  SmallVector<Leaf> leaves = leavesOf(value.type);
  if (leaves.size() != value.leaves.size()) // a list of sizes, a function
    return;
  for (auto [leaf, v] : llvm::zip(leaves, value.leaves)) {
    std::string path = leaf.path.empty() ? variable.str() : (variable + "." + leaf.path).str();
    auto argument = dyn_cast<mlir::BlockArgument>(v);
    mlir::Location loc = v.getLoc();
    if (llvm::isa<mlir::NameLoc>(loc))
      continue;
    auto named = mlir::NameLoc::get(mlir::StringAttr::get(m.context, path), loc);
    if (argument)
      argument.setLoc(named);
    else if (mlir::Operation *op = v.getDefiningOp(); (op->getNumResults() == 1 || llvm::isa<LoadOp>(op)) &&
                                                      !llvm::isa<mlir::LoopLikeOpInterface>(op) &&
                                                      !op->hasTrait<mlir::OpTrait::ConstantLike>())
      op->setLoc(named);
  }
}

void FunctionGen::assign(const VarDecl *var, Value value) {
  name(value, var->name);
  env.bind(var, std::move(value));
  assigned.push_back(var);
}

void FunctionGen::bind(const Pattern *pattern, const Value &value) {
  if (!pattern->isTuple) {
    const bool isPullback = !value.closure && resolved(value.type)->kind == TypeKind::Fn;
    if (pattern->var && !isPullback && !value.closure)
      name(value, pattern->var->name);
    if (pattern->var)
      env.bind(pattern->var, isPullback ? Value{value.type, {}, m.arena.closure(nullptr, env)} : value);
    return;
  }
  bool isTuple = resolved(value.type)->kind == TypeKind::Tuple;
  for (auto [i, elem] : llvm::enumerate(pattern->elems))
    bind(elem, isTuple ? fieldOf(value, i, m.types) : row(value, index(i)));
}

//===- Sizes
//--------------------------------------------------------------------------------------------------------===//

/// The environment that knows a symbol: ours, else that of the nearest caller of the closure being inlined.
static const Env *knowing(const Sym *sym, const Env &env, ArrayRef<Env> callers) {
  auto knows = [&](const Env &e) {
    return e.lookup(sym) || (sym->kind == SymKind::Local && e.lookup(static_cast<const VarDecl *>(sym->owner)));
  };
  if (knows(env))
    return &env;
  for (const Env &caller : llvm::reverse(callers))
    if (knows(caller))
      return &caller;
  return nullptr;
}

bool FunctionGen::known(const Sym *sym) {
  if (knowing(sym, env, callers))
    return true;
  return sym->lhs && known(*sym->lhs) && known(*sym->rhs);
}

bool FunctionGen::known(const Size &size) {
  return llvm::all_of(size.terms(), [&](const Term &t) { return llvm::all_of(t.syms, [&](const Sym *s) { return known(s); }); });
}

mlir::Value FunctionGen::eval(const Size &size) {
  auto symbol = [&](const Sym *sym) -> mlir::Value {
    if (const Env *where = knowing(sym, env, callers)) {
      if (auto value = where->lookup(sym))
        return use(*value);
      const Value *owner = where->lookup(static_cast<const VarDecl *>(sym->owner));
      if (auto constant = llvm::dyn_cast_or_null<mlir::IntegerAttr>(owner->constant))
        return index(constant.getInt());
      mlir::Value whole = owner->leaf();
      FunctionGen *maker = this;
      while (maker->func != functionOf(whole))
        maker = maker->parent;
      return use(maker->toIndex(whole));
    }
    if (!sym->lhs && sym->owner) { // how many elements of a mask are true
      mlir::Value mask = lookup(static_cast<const VarDecl *>(sym->owner)).leaf();
      auto axes = attr("axes", b.getDenseI64ArrayAttr(axesUpTo(rankOf(mask))));
      mlir::Value count = toIndex(op("tl.reduce_count", mask, axes));
      env.bind(sym, count);
      return count;
    }
    if (!sym->lhs) {
      mlir::emitError(b.getLoc()) << "bug in tlc: the size `" << sym->name << "` has no value here";
      llvm::report_fatal_error("a size without a value");
    }
    mlir::Value l = eval(*sym->lhs), r = eval(*sym->rhs);
    switch (sym->kind) {
    case SymKind::Div:
      return fold<arith::FloorDivSIOp>(l, r);
    case SymKind::Mod:
      return fold<arith::SubIOp>(l, fold<arith::MulIOp>(fold<arith::FloorDivSIOp>(l, r), r));
    case SymKind::Min:
      return fold<arith::MinSIOp>(l, r);
    case SymKind::Max:
      return fold<arith::MaxSIOp>(l, r);
    default:
      llvm_unreachable("other symbols have no operands");
    }
  };
  mlir::Value sum;
  for (const Term &term : size.terms()) {
    const bool subtracted = term.coef < 0 && sum;
    const int64_t coef = subtracted ? -term.coef : term.coef;
    mlir::Value product = coef != 1 || term.syms.empty() ? index(coef) : mlir::Value();
    for (const Sym *sym : term.syms) {
      mlir::Value factor = symbol(sym);
      product = product ? fold<arith::MulIOp>(factor, product) : factor;
    }
    sum = !sum ? product : subtracted ? fold<arith::SubIOp>(sum, product) : fold<arith::AddIOp>(sum, product);
  }
  return sum ? sum : index(0);
}

Values FunctionGen::eval(ArrayRef<Size> sizes) {
  Values values;
  for (const Size &size : sizes)
    values.push_back(eval(size));
  return values;
}

/// The term of `size` whose symbol an index tells: all other symbols are known, and it stands there linearly.
static const Term *openTerm(const Size &size, llvm::function_ref<bool(const Sym *)> isKnown) {
  const Term *open = nullptr;
  for (const Term &term : size.terms()) {
    if (llvm::all_of(term.syms, isKnown))
      continue;
    if (open || term.syms.size() != 1 || term.syms.front()->lhs)
      return nullptr;
    open = &term;
  }
  return open;
}

SmallVector<Hole, 1> FunctionGen::holesOf(const Type *type) {
  SmallVector<Hole, 1> holes;
  SmallVector<Leaf> leaves = leavesOf(type);
  std::function<bool(const Sym *)> isKnown = [&](const Sym *sym) {
    auto all = [&](const Size &size) { return llvm::all_of(size.terms(), [&](const Term &t) { return llvm::all_of(t.syms, isKnown); }); };
    return known(sym) || llvm::any_of(holes, [&](const Hole &h) { return h.sym == sym; }) || (sym->lhs && all(*sym->lhs) && all(*sym->rhs));
  };
  for (size_t before = ~0u; before != holes.size();) { // until no axis tells another
    before = holes.size();
    for (auto [i, leaf] : llvm::enumerate(leaves))
      for (auto [axis, size] : llvm::enumerate(leaf.dims))
        if (const Term *open = openTerm(size, isKnown))
          holes.push_back({open->syms.front(), unsigned(i), unsigned(axis), size});
  }
  return holes;
}

void FunctionGen::solve(const Size &size, const Sym *sym, mlir::Value value) {
  Size others = size;
  int64_t coef = 1;
  for (const Term &term : size.terms())
    if (term.syms.size() == 1 && term.syms.front() == sym) {
      coef = term.coef;
      others = size - Size(coef) * Size(sym);
    }
  if (others != Size(0))
    value = fold<arith::SubIOp>(value, eval(others));
  if (coef != 1)
    value = fold<arith::FloorDivSIOp>(value, index(coef));
  env.bind(sym, value);
}

void FunctionGen::learn(const Size &size, mlir::Value value) {
  if (const Term *open = openTerm(size, [&](const Sym *sym) { return known(sym); }))
    solve(size, open->syms.front(), value);
}

Value FunctionGen::enter(const Type *type, ValueRange leaves) {
  Value value{type, {}};
  for (auto [leaf, v] : llvm::zip_equal(leavesOf(type), leaves))
    value.leaves.push_back(leaf.dims.empty() ? v : SizedOp::create(b, v, eval(leaf.dims)));
  return value;
}

Values FunctionGen::fill(ArrayRef<Hole> holes, const Value &value) {
  Values sizes;
  if (holes.empty())
    return sizes;
  SmallVector<Leaf> leaves = leavesOf(value.type);
  for (const Hole &hole : holes)
    sizes.push_back(eval(leaves[hole.leaf].dims[hole.axis]));
  return sizes;
}

Value FunctionGen::adopt(Value value, const Env &from, const Type *type) {
  SmallVector<Hole, 1> holes = holesOf(type);
  if (!holes.empty()) {
    Values sizes;
    {
      llvm::SaveAndRestore swap(env, from);
      callers.push_back(swap.get());
      sizes = fill(holes, value);
      callers.pop_back();
    }
    for (auto [hole, size] : llvm::zip_equal(holes, sizes))
      solve(hole.size, hole.sym, size);
  }
  value.type = type;
  return value;
}

//===- Small ops
//----------------------------------------------------------------------------------------------------===//

mlir::Value FunctionGen::op(StringRef name, ValueRange operands, ArrayRef<mlir::NamedAttribute> attrs) {
  return build(b, b.getLoc(), name, operands, attrs)->getResult(0);
}

mlir::Value FunctionGen::toIndex(mlir::Value v) {
  if (auto cast = v.getDefiningOp<arith::IndexCastOp>(); cast && cast.getIn().getType().isIndex())
    return cast.getIn();
  // An int becomes a size once, where it is made, so that equal sizes are one value.
  mlir::Value &cast = indices[v];
  if (!cast) {
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(v);
    cast = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), v);
  }
  return cast;
}

mlir::Value FunctionGen::toInt(mlir::Value v) {
  if (auto cast = v.getDefiningOp<arith::IndexCastOp>(); cast && cast.getIn().getType().isInteger(64))
    return cast.getIn();
  return b.createOrFold<arith::IndexCastOp>(b.getI64Type(), v);
}

mlir::Value FunctionGen::compare(StringRef pred, mlir::Value l, mlir::Value r, bool isUnsigned) {
  SmallVector<mlir::NamedAttribute, 2> attrs{attr("pred", b.getStringAttr(pred))};
  if (isUnsigned)
    attrs.push_back(flag("unsigned"));
  return op("tl.compare", {l, r}, attrs);
}

SmallVector<mlir::NamedAttribute, 2> FunctionGen::signs(ScalarKind kind) {
  SmallVector<mlir::NamedAttribute, 2> attrs;
  if (ast::isUnsigned(kind))
    attrs.push_back(flag("unsigned"));
  return attrs;
}

void FunctionGen::check(mlir::Value ok, const Text &message, StringRef code) {
  mlir::APInt constant;
  if (mlir::matchPattern(ok, mlir::m_ConstantInt(&constant)) && constant.isOne())
    return;
  CheckOp::create(b, ok, message.operands(), message.parts(b), message.kinds(b), b.getStringAttr(code));
}

mlir::Value FunctionGen::format(const Text &text) {
  return FormatOp::create(b, b.getI64Type(), text.operands(), text.parts(b), text.kinds(b));
}

Value FunctionGen::refuse(const llvm::Twine &message, const Type *type) {
  mlir::emitError(b.getLoc(), message);
  Value value{type, {}};
  for (const Leaf &leaf : leavesOf(type)) {
    mlir::Type element = elementOf(mlirType(leaf, m.context));
    mlir::Value zero = element.isIndex() ? index(0) : tl::constant(b, b.getLoc(), element, 0);
    Values sizes;
    for (const Size &size : leaf.dims) {
      if (!known(size))
        learn(size, index(0));
      sizes.push_back(known(size) ? eval(size) : index(0));
    }
    value.leaves.push_back(leaf.dims.empty() ? zero : BroadcastOp::create(b, zero, sizes, b.getDenseI64ArrayAttr({})).getY());
  }
  return value;
}
} // namespace tl::mlirgen
