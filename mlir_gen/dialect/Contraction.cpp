// Sums of products: labels, batching by one more label, and derivatives, which are contractions again.
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
LogicalResult ContractOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr attributes,
                                           OpaqueProperties properties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), Adaptor(operands, attributes, properties).getRank()));
  return success();
}

void ContractOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) {
  SmallVector<Value> a = sizesOf(b, getA()), c = sizesOf(b, getB());
  for (int64_t label = 0; label < int64_t(getRank()); ++label) {
    const auto *it = llvm::find(getLhs(), label);
    sizes.push_back(it != getLhs().end() ? a[it - getLhs().begin()] : c[llvm::find(getRhs(), label) - getRhs().begin()]);
  }
}

LogicalResult ContractOp::verify() {
  if (elementOf(getA()) != elementOf(getB()))
    return emitOpError("has operands of different element types");
  int64_t rank = getRank();
  llvm::SmallDenseMap<int64_t, unsigned> uses;
  for (auto [labels, operand] : {std::pair(getLhs(), getA()), std::pair(getRhs(), getB())}) {
    if (labels.size() != rankOf(operand))
      return emitOpError() << "has " << labels.size() << " labels for an operand of rank " << rankOf(operand);
    for (auto [i, label] : llvm::enumerate(labels)) {
      if (label < 0 || llvm::is_contained(labels.take_front(i), label))
        return emitOpError() << "has label " << label << " negative or twice in one operand";
      ++uses[label];
    }
  }
  for (int64_t label = 0; label < rank; ++label)
    if (!uses.contains(label))
      return emitOpError() << "has label " << label << " of the result in no operand";
  for (auto [label, count] : uses)
    if (label >= rank && count != 2)
      return emitOpError() << "sums over label " << label << ", which is not in both operands";
  return success();
}

SmallVector<Batched> ContractOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  BatchBuilder::Axes axes = BatchBuilder::unite(operands);
  auto labels = [&](const Batched &x, ArrayRef<int64_t> inner) {
    SmallVector<int64_t> all = llvm::map_to_vector(x.axes, [&](unsigned axis) { return BatchBuilder::place(axis, axes); });
    for (int64_t label : inner)
      all.push_back(label + axes.size());
    return all;
  };
  Value y = ContractOp::create(batch.b, getLoc(), operands[0].v, operands[1].v, labels(operands[0], getLhs()),
                               labels(operands[1], getRhs()), getRank() + axes.size());
  return {{y, axes}};
}

/// `g` [`rank` axes] times `other` [labels `with`], summed to the axes `to` of an operand. Each label of the three is in two of them: one
/// that is summed over is in both operands, any other is in the result.
static Val contractTo(Val g, unsigned rank, Val other, ArrayRef<int64_t> with, ArrayRef<int64_t> to) {
  llvm::SmallDenseMap<int64_t, int64_t> renamed;
  auto rename = [&](int64_t label) { return renamed.try_emplace(label, renamed.size()).first->second; };
  llvm::for_each(to, rename);
  SmallVector<int64_t> lhs = llvm::map_to_vector(axesUpTo(rank), rename), rhs = llvm::map_to_vector(with, rename);
  if (!isTensor(g.v))
    return transpose(other * g, invertPermutationVector(rhs));
  return g.like(make<ContractOp>(*g.b, g.loc, g.v, other.v, lhs, rhs, int64_t(to.size())));
}

/// Where an element of an operand was used for something taken: `any` over the result's axes that the operand lacks.
static Val maskTo(Val mask, OpBuilder &b, Value operand, ArrayRef<int64_t> labels) {
  if (!mask || !isTensor(mask.v))
    return mask;
  SmallVector<int64_t> missing, kept;
  for (int64_t label = 0; label < int64_t(rankOf(mask.v)); ++label)
    (llvm::is_contained(labels, label) ? kept : missing).push_back(label);
  mask = any(mask, missing);
  SmallVector<int64_t> places =
      llvm::map_to_vector(kept, [&](int64_t label) -> int64_t { return llvm::find(labels, label) - labels.begin(); });
  SmallVector<int64_t> order = axesUpTo(places.size());
  llvm::sort(order, [&](int64_t i, int64_t j) { return places[i] < places[j]; });
  llvm::sort(places);
  return isTensor(mask.v) ? broadcast(transpose(mask, order), sizesOf(b, operand), places) : mask;
}

void ContractOp::vjp(Adjoints &adjoints, ValueRange cotangent) {
  Val g = adjoints.val(getLoc(), cotangent[0]), mask = g.like(adjoints.mask(getY()));
  auto give = [&](Value operand, ArrayRef<int64_t> labels, Value other, ArrayRef<int64_t> otherLabels) {
    if (!adjoints.wants(operand))
      return;
    Val taken = maskTo(mask, adjoints.b, operand, labels);
    adjoints.add(operand, guarded(contractTo(g, getRank(), g.like(other), otherLabels, labels), taken), taken);
  };
  give(getA(), getLhs(), getB(), getRhs());
  give(getB(), getRhs(), getA(), getLhs());
}

SmallVector<Value> ContractOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  Val dy;
  auto add = [&](Value a, Value c) {
    Val part(b, getLoc(), ContractOp::create(b, getLoc(), a, c, getLhs(), getRhs(), getRank()));
    dy = dy ? dy + part : part;
  };
  if (dx[0])
    add(dx[0], getB());
  if (dx[1])
    add(getA(), dx[1]);
  return {dy.v};
}
} // namespace tl
