// Convolutions: labels of leading axes, batching by one more label, and derivatives. One sum of products over images, kernel and result
// gives each of the three from the other two; that of the images is a convolution of stride 1 again.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir_gen/dialect/Dialect.h"

using namespace mlir;

namespace tl {
LogicalResult Conv2dOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr attributes,
                                         OpaqueProperties properties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(tensorOf(elementOf(operands[0]), Adaptor(operands, attributes, properties).getRank() + 4));
  return success();
}

void Conv2dOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) {
  SmallVector<Value> x = sizesOf(b, getX()), z = sizesOf(b, getZ());
  for (int64_t label = 0; label < int64_t(getRank()); ++label) {
    const auto *it = llvm::find(getLhs(), label);
    sizes.push_back(it != getLhs().end() ? x[it - getLhs().begin()] : z[llvm::find(getRhs(), label) - getRhs().begin()]);
  }
  Value front = getKernel() ? x.back() : x[getLhs().size()];
  if (!getKernel())
    sizes.push_back(front);
  llvm::append_range(sizes, getSpatial());
  if (getKernel())
    sizes.push_back(front);
  sizes.push_back(z.back());
}

LogicalResult Conv2dOp::verify() {
  if (elementOf(getX()) != elementOf(getZ()))
    return emitOpError("has operands of different element types");
  if (rankOf(getX()) != getLhs().size() + 4 || rankOf(getZ()) != getRhs().size() + 4)
    return emitOpError("has operands of other ranks than their labels and four");
  if (getStrides().size() != 2 || getSpatial().size() != 2 || llvm::any_of(getStrides(), [](int64_t s) { return s < 1; }))
    return emitOpError("has two strides of at least 1 and two sizes");
  for (int64_t label = 0; label < int64_t(getRank()); ++label)
    if (!llvm::is_contained(getLhs(), label) && !llvm::is_contained(getRhs(), label))
      return emitOpError() << "has label " << label << " of the result in no operand";
  for (auto [labels, others] : {std::pair(getLhs(), getRhs()), std::pair(getRhs(), getLhs())})
    for (int64_t label : labels)
      if (label >= int64_t(getRank()) && !llvm::is_contained(others, label))
        return emitOpError() << "sums over label " << label << ", which is not in both operands";
  return success();
}

SmallVector<Batched> Conv2dOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  if (operands[2].batched() || operands[3].batched())
    return {};
  BatchBuilder::Axes axes = BatchBuilder::unite(operands.take_front(2));
  auto labels = [&](const Batched &x, ArrayRef<int64_t> inner) {
    SmallVector<int64_t> all = llvm::map_to_vector(x.axes, [&](unsigned axis) { return BatchBuilder::place(axis, axes); });
    for (int64_t label : inner)
      all.push_back(label + axes.size());
    return all;
  };
  SmallVector<Value> spatial{operands[2].v, operands[3].v};
  Value y = Conv2dOp::create(batch.b, getLoc(), operands[0].v, operands[1].v, spatial, getStrides(), getKernel(),
                             labels(operands[0], getLhs()), labels(operands[1], getRhs()), getRank() + axes.size());
  return {{y, axes}};
}

namespace {
/// An operand or result, and the labels of its leading axes.
struct Labelled {
  Value v;
  SmallVector<int64_t> labels;
};
} // namespace

/// The convolution (or the kernel) of `x` and `z` with the leading axes `to`.
static Value convolve(OpBuilder &b, Location loc, const Labelled &x, const Labelled &z, ArrayRef<int64_t> to, ValueRange spatial,
                      ArrayRef<int64_t> strides, bool kernel) {
  llvm::SmallDenseMap<int64_t, int64_t> renamed;
  auto rename = [&](int64_t label) { return renamed.try_emplace(label, renamed.size()).first->second; };
  llvm::for_each(to, rename);
  SmallVector<int64_t> lhs = llvm::map_to_vector(x.labels, rename), rhs = llvm::map_to_vector(z.labels, rename);
  return make<Conv2dOp>(b, loc, x.v, z.v, spatial, strides, kernel, lhs, rhs, int64_t(to.size()));
}

/// What results `y` and a kernel `w` give the images [height, width]: `y` with its elements `strides` apart and as much zero around as a
/// kernel reaches, convolved with the kernel that is turned round.
static Value imagesOf(OpBuilder &b, Location loc, const Labelled &y, const Labelled &w, ArrayRef<int64_t> to, ValueRange spatial,
                      ArrayRef<int64_t> strides) {
  SmallVector<Value> ySizes = sizesOf(b, y.v), wSizes = sizesOf(b, w.v);
  const size_t yLead = y.labels.size(), wLead = w.labels.size();
  Value zero = index(b, loc, 0), one = index(b, loc, 1);
  SmallVector<Value> around = ySizes, places(ySizes.size(), zero), turned(wSizes.size(), zero);
  SmallVector<int64_t> steps(ySizes.size(), 1), back(wSizes.size(), 1), perm = axesUpTo(wSizes.size());
  for (int64_t axis : {0, 1}) {
    Value reach = b.createOrFold<arith::SubIOp>(loc, wSizes[wLead + axis], one);
    around[yLead + 1 + axis] = b.createOrFold<arith::AddIOp>(loc, spatial[axis], reach);
    places[yLead + 1 + axis] = turned[wLead + axis] = reach;
    steps[yLead + 1 + axis] = strides[axis];
    back[wLead + axis] = -1;
  }
  std::swap(perm[wLead + 2], perm[wLead + 3]);
  Value nothing = make<BroadcastOp>(b, loc, constant(b, loc, elementOf(y.v), 0), around, ArrayRef<int64_t>());
  Value spread = make<UpdateOp>(b, loc, nothing, places, ySizes, y.v, steps, ArrayRef<int64_t>(), /*always=*/true, /*here=*/false);
  Value flipped = make<SliceOp>(b, loc, w.v, turned, wSizes, back, ArrayRef<int64_t>(), /*always=*/true, /*here=*/false);
  return convolve(b, loc, {spread, y.labels}, {make<TransposeOp>(b, loc, flipped, perm), w.labels}, to, spatial, {1, 1}, false);
}

void Conv2dOp::vjp(Adjoints &adjoints, ValueRange cotangent) {
  OpBuilder &b = adjoints.b;
  Location loc = getLoc();
  Value mask = adjoints.mask(getY());
  Val taken = mask ? anyAll(adjoints.val(loc, mask)) : Val();
  const Labelled g{cotangent[0], axesUpTo(getRank())}, x{getX(), SmallVector<int64_t>(getLhs())}, z{getZ(), SmallVector<int64_t>(getRhs())};
  auto give = [&](Value operand, Value change) { adjoints.add(operand, guarded(adjoints.val(loc, change), taken), taken); };
  auto spatialOf = [&](const Labelled &of, size_t first) {
    SmallVector<Value> sizes = sizesOf(b, of.v);
    return SmallVector<Value>(ArrayRef(sizes).slice(of.labels.size() + first, 2));
  };
  if (adjoints.wants(getX()))
    give(getX(), imagesOf(b, loc, getKernel() ? z : g, getKernel() ? g : z, x.labels, spatialOf(x, 1), getStrides()));
  if (adjoints.wants(getZ()))
    give(getZ(), convolve(b, loc, x, g, z.labels, spatialOf(z, getKernel() ? 1 : 0), getStrides(), !getKernel()));
}

SmallVector<Value> Conv2dOp::jvp(OpBuilder &b, ArrayRef<Value> dx) {
  Val dy;
  auto add = [&](Value x, Value z) {
    Val part(b, getLoc(), Conv2dOp::create(b, getLoc(), x, z, getSpatial(), getStrides(), getKernel(), getLhs(), getRhs(), getRank()));
    dy = dy ? dy + part : part;
  };
  if (dx[0])
    add(dx[0], getZ());
  if (dx[1])
    add(getX(), dx[1]);
  return {dy.v};
}
} // namespace tl
