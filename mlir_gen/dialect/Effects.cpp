// Checks, text and files: what must fit together, and checks for all indices of a map at once.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/dialect/Dialect.h"
#include "mlir_gen/dialect/Rules.h"

using namespace mlir;

namespace tl {
/// Text and specs alternate, with a value and a kind for each spec.
static LogicalResult verifyText(Operation *op, ArrayAttr parts, ArrayAttr kinds, size_t values) {
  if (parts.size() != 2 * values + 1)
    return op->emitOpError() << "has " << values << " values and " << parts.size() << " parts, not " << 2 * values + 1;
  if (kinds.size() != values)
    return op->emitOpError() << "has " << values << " values and " << kinds.size() << " kinds";
  if (!llvm::all_of(parts, llvm::IsaPred<StringAttr>) || !llvm::all_of(kinds, llvm::IsaPred<StringAttr>))
    return op->emitOpError("has a part or a kind that is not a string");
  return success();
}

LogicalResult FormatOp::verify() { return verifyText(*this, getParts(), getKinds(), getValues().size()); }

LogicalResult CheckOp::verify() {
  for (Value value : getValues())
    if (isTensor(value) && rankOf(value) != rankOf(getOk()))
      return emitOpError("has a tensor value of another rank than its condition");
  return verifyText(*this, getParts(), getKinds(), getValues().size());
}

LogicalResult LoadOp::verify() {
  if (int64_t(getRank()) != rankOf(getY()) || getExpect().size() != getRank() || getSizes().size() != getRank())
    return emitOpError("has expected sizes or results that do not fit its rank");
  return success();
}

LogicalResult SaveOp::verify() {
  if (getNames().size() != getValues().size() || getKinds().size() != getValues().size())
    return emitOpError("needs a name and a kind for each value");
  return success();
}

LogicalResult ArgumentOp::verify() {
  if (int64_t(getExtents().size()) != rankOf(getY()))
    return emitOpError("needs a size for each axis");
  return success();
}

LogicalResult GiveOp::verify() {
  for (size_t count : {getNames().size(), getKinds().size(), getSlots().size(), getOffsets().size(), getFresh().size()})
    if (count != getValues().size())
      return emitOpError("needs a name, a kind and a place for each value");
  return success();
}

void ArgumentOp::resultSizes(OpBuilder &, unsigned result, SmallVectorImpl<Value> &sizes) { llvm::append_range(sizes, getExtents()); }

/// What was expected is what was found, or the program has ended. A size that is computed may have come out as -1, which means any.
void LoadOp::resultSizes(OpBuilder &, unsigned result, SmallVectorImpl<Value> &sizes) {
  for (auto [expected, found] : llvm::zip(getExpect(), getSizes())) {
    APInt constant;
    bool isSize = matchPattern(expected, m_ConstantInt(&constant)) ? constant.isNonNegative() : bool(expected.getDefiningOp<LoadOp>());
    sizes.push_back(isSize ? Value(expected) : Value(found));
  }
}

SmallVector<Batched> StringOp::batch(BatchBuilder &batch, ArrayRef<Batched>) {
  return {{batch.b.clone(*getOperation())->getResult(0), {}}};
}

/// One check of all indices. A condition that depends on none of them must hold only if there is an index at all.
SmallVector<Batched> CheckOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  OpBuilder &b = batch.b;
  BatchBuilder::Axes axes = BatchBuilder::unite(operands);
  SmallVector<Value> inner = batch.innerSizes(operands[0]);
  Val ok(b, getLoc(), axes.empty() ? operands[0].v : batch.align(operands[0], axes));
  if (axes.empty())
    ok = either(ok, invert(ok.like(batch.anyIndex())));
  SmallVector<Value> aligned{ok.v};
  for (const Batched &x : operands.drop_front())
    aligned.push_back(!isTensor(x.v) ? x.v : batch.align(x, axes, inner));
  rebuild(b, *this, aligned);
  return {};
}
} // namespace tl
