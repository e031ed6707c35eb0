// Expressions other than arithmetic, calls, subscripts and index notation.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/FunctionGen.h"
#include "llvm/Support/Error.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

//===- Literals
//-----------------------------------------------------------------------------------------------------===//

/// The value of a literal as an attribute of its type.
static mlir::TypedAttr literalAttr(ScalarKind kind, const NumberExpr *e, bool negated, mlir::MLIRContext *context) {
  mlir::Type type = mlirType(kind, context);
  if (!ast::isFloat(kind)) {
    llvm::APInt value(64, e->value);
    return mlir::IntegerAttr::get(type, (negated ? -value : value).trunc(bitWidth(kind)));
  }
  llvm::APFloat value = e->in(kind);
  if (negated)
    value.changeSign();
  return mlir::FloatAttr::get(type, value);
}

mlir::Value FunctionGen::number(ScalarKind kind, const NumberExpr *e, bool negated) {
  return mlir::arith::ConstantOp::create(b, literalAttr(kind, e, negated, m.context));
}

mlir::Value FunctionGen::constant(ScalarKind kind, double value) { return tl::constant(b, b.getLoc(), mlirType(kind, m.context), value); }

/// A literal number, perhaps with a minus in front.
static const NumberExpr *literalOf(const Expr *e, bool &negated) {
  negated = false;
  if (auto *minus = dyn_cast<UnaryExpr>(e); minus && minus->op == UnaryOp::Neg) {
    negated = true;
    e = minus->operand;
  }
  return dyn_cast<NumberExpr>(e);
}

mlir::Attribute FunctionGen::constantOf(Expr *e) {
  bool negated;
  if (!e || isa<NoneExpr>(e))
    return b.getUnitAttr();
  if (auto *n = literalOf(e, negated))
    return n->isFloat ? mlir::Attribute(literalAttr(ScalarKind::F64, n, negated, m.context))
                      : b.getI64IntegerAttr(negated ? -int64_t(n->value) : int64_t(n->value));
  if (auto *v = dyn_cast<BoolExpr>(e))
    return b.getBoolAttr(v->value);
  if (auto *s = dyn_cast<StringExpr>(e))
    return b.getStringAttr(s->parts.empty() ? "" : s->parts.front().text);
  if (auto *t = dyn_cast<TupleExpr>(e)) {
    SmallVector<mlir::Attribute> elems;
    for (Expr *elem : t->elems)
      elems.push_back(constantOf(elem));
    return b.getArrayAttr(elems);
  }
  if (auto *list = dyn_cast<ArrayLitExpr>(e)) {
    SmallVector<mlir::Attribute> elems;
    for (const Elem &elem : list->elems)
      elems.push_back(constantOf(elem.value));
    return b.getArrayAttr(elems);
  }
  if (auto *n = dyn_cast<NameExpr>(e)) {
    if (auto *var = llvm::dyn_cast_or_null<VarDecl>(n->decl))
      if (const Value *value = env.lookup(var))
        return value->constant;
    if (auto *global = llvm::dyn_cast_or_null<ConstDecl>(n->decl))
      return constantOf(global->let->init);
  }
  return {};
}

//===- Expressions
//--------------------------------------------------------------------------------------------------===//

void FunctionGen::checkSizes(const Expr *e) {
  auto it = m.checks.find(e);
  if (it == m.checks.end())
    return;
  for (const SizeCheck &c : it->second) {
    At where(*this, c.span);
    checkSize(c);
  }
}

void FunctionGen::checkSize(const SizeCheck &c) {
  if (c.isNewSize && (!c.rhs.symbol() || c.rhs.symbol()->lhs))
    checkNewSize(c.rhs);
  checkExact(c.lhs, c.message);
  checkExact(c.rhs, c.message);
  if (c.lhs == c.rhs)
    return;
  mlir::Value l = toInt(eval(c.lhs)), r = toInt(eval(c.rhs));
  Text text(c.message);
  if (!c.equal && c.lhs.constant()) // a bound
    text.text(", this is ").number(r);
  else
    text.text(": ").number(l).text(c.equal ? " against " : " above ").number(r);
  check(compare(c.equal ? "eq" : "le", l, r), text, "E0803");
}

/// What is left to check where a definition is applied as a value. An int among its parameters has no name where it is applied: what
/// `where` asks of it is checked in the definition's names.
void FunctionGen::checkApplied(const Callable *callable, ArrayRef<Value> args) {
  auto it = m.checks.find(callable->site);
  if (!callable->site || it == m.checks.end())
    return;
  bool all = true;
  for (const SizeCheck &c : it->second) {
    const bool isKnown = known(c.lhs) && known(c.rhs);
    all &= isKnown;
    At where(*this, c.span);
    if (isKnown)
      checkSize(c);
  }
  const DefDecl *def = callable->instance.def;
  if (all || !def->where)
    return;
  Env view = viewOf(callable->instance);
  for (auto [param, arg] : llvm::zip(def->params, args))
    view.bind(param, arg);
  llvm::SaveAndRestore swap(env, view);
  auto own = m.checks.find(def->where);
  At where(*this, it->second.front().span);
  for (const SizeCheck &c : own->second)
    checkSize(c);
}

Value FunctionGen::gen(Expr *e) {
  At at(*this, e->span);
  if (!isa<CallExpr, BlockExpr>(e)) // a call checks what its arguments are first, a block is generated as a body too
    checkSizes(e);
  Value value = make(e);
  checkCount(e, value);
  isThere(value);
  return value;
}

Value FunctionGen::make(Expr *e) {
  auto function = [&]() -> Value { return {e->type, {}, m.arena.closure(nullptr, env)}; };
  return visit(e, Match{
                      [&](ErrorExpr *) -> Value { llvm_unreachable("a checked program has no error nodes"); },
                      [&](NumberExpr *n) -> Value {
                        const Type *type = typeOf(n);
                        return {type, {number(scalarOf(type), n, false)}};
                      },
                      [&](BoolExpr *v) -> Value { return {typeOf(v), {boolean(v->value)}}; },
                      [&](NoneExpr *n) -> Value { return {n->type, {}, nullptr, b.getUnitAttr()}; },
                      [&](StringExpr *s) { return string(s); },
                      [&](NameExpr *n) { return nameExpr(n); },
                      [&](UnaryExpr *u) -> Value {
                        bool isNegative;
                        if (auto *n = literalOf(u, isNegative)) {
                          const Type *type = typeOf(u);
                          return {type, {number(scalarOf(type), n, isNegative)}};
                        }
                        Value x = gen(u->operand);
                        if (u->op == UnaryOp::Neg)
                          return negated(x);
                        return {x.type, {op("tl.not", x.leaf())}};
                      },
                      [&](BinaryExpr *x) { return binaryExpr(x); },
                      [&](RangeExpr *r) -> Value { return {typeOf(r), {leaf(r->lo), leaf(r->hi)}}; },
                      [&](IfExpr *i) {
                        auto otherwise = [&]() -> Value { return i->otherwise ? gen(i->otherwise) : Value{m.types.unit(), {}}; };
                        auto then = [&]() -> Value {
                          Value value = gen(i->then);
                          return i->otherwise ? value : Value{m.types.unit(), {}};
                        };
                        return branch(leaf(i->cond), typeOf(i), then, otherwise);
                      },
                      [&](LambdaExpr *) { return function(); },
                      [&](CallExpr *c) {
                        if (resolved(c->type)->kind != TypeKind::Fn)
                          return call(c);
                        bindReturned(c);
                        return c->target ? lookup(c->target->returned) : function();
                      },
                      [&](SubscriptExpr *s) { return resolved(s->type)->kind == TypeKind::Fn ? function() : subscript(s); },
                      [&](SelectExpr *s) { return selectExpr(s); },
                      [&](TupleExpr *t) {
                        SmallVector<Value> elems;
                        for (Expr *elem : t->elems)
                          elems.push_back(gen(elem));
                        return record(typeOf(t), elems);
                      },
                      [&](ArrayLitExpr *a) { return arrayLit(a); },
                      [&](ForExpr *f) { return notation(f); },
                      [&](FallbackExpr *f) { return fallback(f); },
                      [&](BlockExpr *x) { return block(x); },
                  });
}

Value FunctionGen::globalValue(const ConstDecl *global, const Type *type) {
  // A constant that is one literal has a type of its own at each use.
  bool isNegative;
  if (auto *n = literalOf(global->let->init, isNegative))
    return {type, {number(scalarOf(type), n, isNegative)}};
  return gen(global->let->init);
}

Value FunctionGen::nameExpr(NameExpr *e) {
  const Type *type = e->type ? resolved(e->type) : nullptr;
  if (type && type->kind == TypeKind::Fn) {
    auto *var = llvm::dyn_cast_or_null<VarDecl>(e->decl);
    return {type, {}, var ? lookup(var).closure : m.arena.closure(nullptr, env)};
  }
  if (e->sym)
    return {typeOf(e), {toInt(eval(Size(e->sym)))}};
  if (e->meaning)
    return gen(e->meaning);
  if (e->pack) {
    type = typeOf(e);
    return {type, eval(sizesOf(cast<ShapeType>(type)->dims))};
  }
  if (auto *var = llvm::dyn_cast_or_null<VarDecl>(e->decl)) {
    Value value = lookup(var);
    auto constant = llvm::dyn_cast_or_null<mlir::TypedAttr>(value.constant);
    return constant ? Value{typeOf(e), {mlir::arith::ConstantOp::create(b, constant)}} : value;
  }
  if (auto *global = llvm::dyn_cast_or_null<ConstDecl>(e->decl))
    return globalValue(global, typeOf(e));
  assert((e->name == "inf" || e->name == "nan") && "a name without a meaning");
  const Type *own = typeOf(e);
  const llvm::fltSemantics &semantics = semanticsOf(scalarOf(own));
  llvm::APFloat value = e->name == "inf" ? llvm::APFloat::getInf(semantics) : llvm::APFloat::getNaN(semantics);
  return {own, {mlir::arith::ConstantOp::create(b, mlir::FloatAttr::get(mlirType(scalarOf(own), m.context), value))}};
}

Value FunctionGen::selectExpr(SelectExpr *e) {
  if (resolved(e->type)->kind == TypeKind::Fn)
    return {e->type, {}, m.arena.closure(nullptr, env)};
  if (e->meaning)
    return gen(e->meaning);
  if (auto *global = llvm::dyn_cast_or_null<ConstDecl>(e->decl))
    return globalValue(global, typeOf(e));
  Value base = gen(e->base);
  if (e->field >= 0)
    return fieldOf(base, e->field, m.types);
  // .T
  const Type *type = typeOf(e);
  SmallVector<Leaf> leaves = leavesOf(base.type);
  size_t rank = ast::dimsOf(type).size();
  for (auto [x, leaf] : llvm::zip_equal(base.leaves, leaves)) {
    SmallVector<int64_t> perm = axesUpTo(leaf.dims.size());
    std::swap(perm[rank - 1], perm[rank - 2]);
    x = op("tl.transpose", x, attr("perm", b.getDenseI64ArrayAttr(perm)));
  }
  base.type = type;
  return base;
}

Value FunctionGen::record(const Type *type, ArrayRef<Value> fields) {
  Value value{type, {}};
  for (const Value &field : fields)
    llvm::append_range(value.leaves, field.leaves);
  assert(value.leaves.size() == leavesOf(type).size() && "a value for each field");
  return value;
}

bool FunctionGen::allLiterals(ArrayLitExpr *e, ScalarKind kind, llvm::SmallVectorImpl<mlir::Attribute> &out) {
  return llvm::all_of(e->elems, [&](const Elem &elem) {
    bool isNegative;
    if (auto *n = literalOf(elem.value, isNegative))
      out.push_back(literalAttr(kind, n, isNegative, m.context));
    else if (auto *v = dyn_cast<BoolExpr>(elem.value))
      out.push_back(b.getBoolAttr(v->value));
    else if (auto *row = dyn_cast<ArrayLitExpr>(elem.value))
      return allLiterals(row, kind, out);
    else
      return false;
    return true;
  });
}

Value FunctionGen::arrayLit(ArrayLitExpr *e) {
  const Type *type = typeOf(e);
  if (auto *shape = dyn_cast<ShapeType>(type)) {
    Value value{type, {}};
    for (const Elem &elem : e->elems) {
      if (elem.spread) {
        llvm::append_range(value.leaves, gen(elem.value).leaves);
        continue;
      }
      value.leaves.push_back(indexOf(elem.value));
      const Size &size = shape->dims[value.leaves.size() - 1].size;
      At at(*this, elem.value->span);
      if (size.symbol() && !known(size.symbol()))
        sizeFrom(value.leaves.back(), size);
      learn(size, value.leaves.back());
    }
    return value;
  }

  SmallVector<Leaf> leaves = leavesOf(type);
  SmallVector<mlir::Attribute> literals;
  if (leaves.size() == 1 && !e->elems.empty() && allLiterals(e, leaves[0].scalar, literals)) {
    SmallVector<int64_t> sizes;
    for (const Size &size : leaves[0].dims)
      sizes.push_back(*size.constant());
    auto fixed = mlir::RankedTensorType::get(sizes, mlirType(leaves[0].scalar, m.context));
    mlir::Value table = mlir::arith::ConstantOp::create(b, mlir::DenseElementsAttr::get(fixed, literals));
    return {type, {mlir::tensor::CastOp::create(b, mlirType(leaves[0], m.context), table)}};
  }

  // Each element becomes an array with one row; the rows are joined.
  SmallVector<Values> rows(leaves.size());
  for (const Elem &elem : e->elems) {
    Value value = gen(elem.value);
    for (auto [row, x, leaf] : llvm::zip_equal(rows, value.leaves, leaves)) {
      Values sizes{index(1)};
      llvm::append_range(sizes, eval(ArrayRef(leaf.dims).drop_front()));
      row.push_back(isTensor(x) ? ReshapeOp::create(b, x, sizes).getY()
                                : BroadcastOp::create(b, x, sizes, b.getDenseI64ArrayAttr({})).getY());
    }
  }
  Value value{type, {}};
  for (auto [row, leaf] : llvm::zip_equal(rows, leaves)) {
    if (row.empty())
      value.leaves.push_back(BroadcastOp::create(b, tl::constant(b, b.getLoc(), elementOf(mlirType(leaf, m.context)), 0), eval(leaf.dims),
                                                 b.getDenseI64ArrayAttr({})));
    else
      value.leaves.push_back(row.size() == 1 ? row[0] : op("tl.concat", row, attr("axis", b.getI64IntegerAttr(0))));
  }
  return value;
}

mlir::Value FunctionGen::indexOf(Expr *e) {
  const Type *type = typeOf(e);
  if (type->kind != TypeKind::Scalar || scalarOf(type) != ScalarKind::I64 || m.checks.count(e)) {
    Value v = gen(e);
    return toIndex(convert(v.leaf(), scalarOf(v.type), ScalarKind::I64));
  }
  At at(*this, e->span);
  bool isNegative;
  if (auto *n = literalOf(e, isNegative))
    return index(isNegative ? -int64_t(n->value) : int64_t(n->value));
  if (auto *n = dyn_cast<NameExpr>(e)) {
    if (n->sym)
      return eval(Size(n->sym));
    if (auto *var = llvm::dyn_cast_or_null<VarDecl>(n->decl); var && var->sym && known(var->sym))
      return eval(Size(var->sym));
  }
  if (auto *minus = dyn_cast<UnaryExpr>(e); minus && minus->op == UnaryOp::Neg)
    return fold<mlir::arith::SubIOp>(index(0), indexOf(minus->operand));
  if (auto *x = dyn_cast<BinaryExpr>(e)) {
    if (x->op == BinaryOp::Add || x->op == BinaryOp::Sub || x->op == BinaryOp::Mul) {
      mlir::Value l = indexOf(x->lhs), r = indexOf(x->rhs);
      return x->op == BinaryOp::Add   ? fold<mlir::arith::AddIOp>(l, r)
             : x->op == BinaryOp::Sub ? fold<mlir::arith::SubIOp>(l, r)
                                      : fold<mlir::arith::MulIOp>(l, r);
    }
    // By a positive literal, as sizes are divided.
    auto divisor = llvm::dyn_cast_or_null<mlir::IntegerAttr>(isa<NumberExpr>(x->rhs) ? constantOf(x->rhs) : mlir::Attribute());
    if (divisor && divisor.getInt() > 0 && (x->op == BinaryOp::FloorDiv || x->op == BinaryOp::Mod)) {
      mlir::Value l = indexOf(x->lhs), by = index(divisor.getInt());
      mlir::Value quotient = fold<mlir::arith::FloorDivSIOp>(l, by);
      return x->op == BinaryOp::FloorDiv ? quotient : fold<mlir::arith::SubIOp>(l, fold<mlir::arith::MulIOp>(quotient, by));
    }
  }
  return toIndex(leaf(e));
}

//===- Branches
//-----------------------------------------------------------------------------------------------------===//

Value FunctionGen::branch(mlir::Value cond, const Type *type, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise) {
  SmallVector<Hole, 1> holes = holesOf(type);
  const Env before = env;
  const size_t mark = assigned.size();
  // What the branches assign is known once they are made, so they are made first and then moved under an op
  // with these results.
  auto draft = mlir::scf::IfOp::create(b, mlir::TypeRange(), cond, /*addThenBlock=*/true, /*addElseBlock=*/true);
  Values results[2];
  Env after[2] = {env, env};
  llvm::function_ref<Value()> makers[2] = {then, otherwise};
  for (int i : {0, 1}) {
    mlir::OpBuilder::InsertionGuard guard(b);
    llvm::SaveAndRestore outside(facts);
    b.setInsertionPointToEnd(i == 0 ? draft.thenBlock() : draft.elseBlock());
    env = before;
    Value value = makers[i]();
    results[i].assign(value.leaves.begin(), value.leaves.end());
    llvm::append_range(results[i], fill(holes, value));
    after[i] = env;
  }
  env = before;

  SmallVector<const VarDecl *> changed;
  for (const VarDecl *var : ArrayRef(assigned).drop_front(mark))
    if (before.lookup(var) && !llvm::is_contained(changed, var))
      changed.push_back(var);
  assigned.resize(mark);
  for (int i : {0, 1}) {
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(i == 0 ? draft.thenBlock() : draft.elseBlock());
    for (const VarDecl *var : changed) {
      env = after[i];
      llvm::append_range(results[i], lookup(var).leaves);
    }
    env = before;
    mlir::scf::YieldOp::create(b, results[i]);
  }
  const bool hasElse = !results[1].empty() || draft.elseBlock()->getOperations().size() > 1;
  auto made = mlir::scf::IfOp::create(b, ValueRange(results[0]).getTypes(), cond, hasElse);
  made.getThenRegion().takeBody(draft.getThenRegion());
  if (hasElse)
    made.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();

  ValueRange rest = made.getResults();
  auto take = [&](size_t n) {
    ValueRange front = rest.take_front(n);
    rest = rest.drop_front(n);
    return front;
  };
  ValueRange leaves = take(leavesOf(type).size());
  for (const Hole &hole : holes)
    solve(hole.size, hole.sym, take(1).front());
  for (const VarDecl *var : changed) {
    const Type *varType = before.lookup(var)->type;
    assign(var, enter(varType, take(leavesOf(varType).size())));
  }
  return enter(type, leaves);
}
} // namespace tl::mlirgen
