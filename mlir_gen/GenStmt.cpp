// Statements. Variables are rebinding: a loop carries the leaves of those that it assigns.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

void FunctionGen::stmt(Stmt *s) {
  At at(*this, s->span);
  visit(s, Match{
               [&](ErrorStmt *) { llvm_unreachable("a checked program has no error nodes"); },
               [&](LetStmt *l) { let(l); },
               [&](AssignStmt *a) { assignment(a); },
               [&](ForStmt *f) { forLoop(f); },
               [&](WhileStmt *w) { whileLoop(w); },
               [&](AssertStmt *a) { assertion(a); },
               [&](ExprStmt *e) { gen(e->expr); },
           });
}

Value FunctionGen::block(BlockExpr *e) {
  checkSizes(e);
  for (Stmt *s : e->stmts)
    stmt(s);
  return e->value ? gen(e->value) : Value{m.types.unit(), {}};
}

void FunctionGen::let(LetStmt *s) {
  Value value = gen(s->init);
  if (s->type && !value.closure)
    value = adopt(std::move(value), env, typeOf(s->type));
  bind(s->pattern, value);
}

void FunctionGen::assignParts(TupleExpr *targets, const Value &value) {
  for (auto [i, target] : llvm::enumerate(targets->elems)) {
    Value part = fieldOf(value, i, m.types);
    if (auto *nested = dyn_cast<TupleExpr>(target))
      assignParts(nested, part);
    else
      assignTo(target, [&](const Type *type, auto) { return adopt(std::move(part), env, type); });
  }
}

void FunctionGen::assignment(AssignStmt *s) {
  Value value = gen(s->value);
  if (auto *targets = dyn_cast<TupleExpr>(s->target))
    return assignParts(targets, value);
  // `x[i] = e` takes what repeats to the slice; everything else has the type of its target.
  bool repeats = isa<SubscriptExpr>(s->target);
  assignTo(s->target, [&](const Type *type, llvm::function_ref<Value()> old) {
    if (s->hasOp)
      return binary(s->op, old(), value, type);
    return repeats ? value : adopt(std::move(value), env, type);
  });
}

//===- Loops
//--------------------------------------------------------------------------------------------------------===//

Values FunctionGen::carriedLeaves(ArrayRef<VarDecl *> vars) {
  Values leaves;
  for (const VarDecl *var : vars)
    llvm::append_range(leaves, lookup(var).leaves);
  return leaves;
}

void FunctionGen::setCarried(ArrayRef<VarDecl *> vars, ValueRange leaves) {
  for (const VarDecl *var : vars) {
    const Type *type = env.lookup(var)->type;
    size_t n = env.lookup(var)->leaves.size();
    assign(var, enter(type, leaves.take_front(n)));
    leaves = leaves.drop_front(n);
  }
}

FunctionGen::Range FunctionGen::rangeOf(const Binder &binder) {
  Range range;
  if (!binder.iter) {
    range.first = index(0);
    range.end = eval(binder.extent);
    return range;
  }
  if (auto *r = dyn_cast<RangeExpr>(binder.iter)) {
    range.first = indexOf(r->lo);
    range.end = indexOf(r->hi);
    return range;
  }
  range.first = index(0);
  const Type *type = typeOf(binder.iter);
  if (type->kind == TypeKind::Array) {
    range.array = gen(binder.iter);
    range.end = eval(sizesOf(ast::dimsOf(range.array.type)).front());
  } else if (type->kind == TypeKind::Range) {
    Value ends = gen(binder.iter);
    range.first = toIndex(ends.leaves[0]);
    range.end = toIndex(ends.leaves[1]);
  } else {
    range.end = indexOf(binder.iter);
  }
  return range;
}

void FunctionGen::bindStep(const Binder &binder, const Range &range, mlir::Value step) {
  if (range.array.type)
    return bind(binder.pattern, row(range.array, step));
  if (binder.down) // first + (end - 1 - step)
    step = fold<mlir::arith::AddIOp>(fold<mlir::arith::SubIOp>(fold<mlir::arith::SubIOp>(range.end, index(1)), step), range.first);
  if (const VarDecl *var = binder.pattern->var) {
    if (auto argument = dyn_cast<mlir::BlockArgument>(step))
      argument.setLoc(mlir::NameLoc::get(mlir::StringAttr::get(m.context, var->name), argument.getLoc()));
    if (var->sym)
      env.bind(var->sym, step);
    env.bind(var, Value{m.types.int64(), {toInt(step)}});
  }
}

void FunctionGen::forLoop(ForStmt *s) {
  Range range = rangeOf(s->binder);
  auto loop = mlir::scf::ForOp::create(b, range.first, range.end, index(1), carriedLeaves(s->carried));
  for (const Attr &a : s->attrs)
    loop->setAttr(("tl." + a.name).str(), b.getUnitAttr());
  const Env before = env;
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    llvm::SaveAndRestore outside(facts);
    if (s->carried.empty())
      loop.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(loop.getBody());
    setCarried(s->carried, loop.getRegionIterArgs());
    bindStep(s->binder, range, loop.getInductionVar());
    block(s->body);
    mlir::scf::YieldOp::create(b, carriedLeaves(s->carried));
  }
  env = before;
  setCarried(s->carried, loop.getResults());
}

void FunctionGen::whileLoop(WhileStmt *s) {
  Values init = carriedLeaves(s->carried);
  SmallVector<mlir::Type> types(ValueRange(init).getTypes());
  SmallVector<mlir::Location> locs(types.size(), b.getLoc());
  auto loop = mlir::scf::WhileOp::create(b, types, init);
  for (const Attr &a : s->attrs)
    loop->setAttr(("tl." + a.name).str(), b.getUnitAttr());
  const Env before = env;
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    llvm::SaveAndRestore outside(facts);
    mlir::Block *head = b.createBlock(&loop.getBefore(), {}, types, locs);
    setCarried(s->carried, head->getArguments());
    StepOp::create(b);
    mlir::Value cond = leaf(s->cond);
    mlir::scf::ConditionOp::create(b, cond, head->getArguments());
    env = before;
    mlir::Block *body = b.createBlock(&loop.getAfter(), {}, types, locs);
    setCarried(s->carried, body->getArguments());
    block(s->body);
    mlir::scf::YieldOp::create(b, carriedLeaves(s->carried));
  }
  env = before;
  setCarried(s->carried, loop.getResults());
}
} // namespace tl::mlirgen
