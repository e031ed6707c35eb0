// Convolutions -> one linalg.generic whose images are read at i * stride + p: no copy of the windows. LowerContractions makes matrix
// products of it, rows of the image by the kernel.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/LowerToLinalg.h"

using namespace mlir;
using utils::IteratorType;

namespace tl::lower {
Value convolution(Conv2dOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  const int64_t rank = op.getRank();
  SmallVector<int64_t> summed;
  for (int64_t label : op.getLhs())
    if (label >= rank)
      summed.push_back(label);
  // The loops from the outermost inwards: leading labels, then image, rows, row and column of the kernel, columns and channels.
  struct Loop {
    int64_t label; ///< or one of those below
    IteratorType type;
  };
  enum : int64_t { image = -1, row = -2, column = -3, down = -4, across = -5, channel = -6, out = -7 };
  SmallVector<Loop> loops;
  auto open = [&](std::initializer_list<int64_t> labels, IteratorType type) {
    for (int64_t label : labels)
      loops.push_back({label, type});
  };
  const auto parallel = IteratorType::parallel, reduction = IteratorType::reduction;
  for (int64_t label = 0; label < rank; ++label)
    loops.push_back({label, parallel});
  open(op.getKernel() ? std::initializer_list<int64_t>{down, across} : std::initializer_list<int64_t>{image, row}, parallel);
  for (int64_t label : summed)
    loops.push_back({label, reduction});
  if (op.getKernel()) {
    open({image, row, column}, reduction);
    open({channel, out}, parallel);
  } else {
    open({down, across}, reduction);
    open({column}, parallel);
    open({channel}, reduction);
    open({out}, parallel);
  }
  auto at = [&](int64_t label) -> AffineExpr {
    return b.getAffineDimExpr(llvm::find_if(loops, [&](const Loop &loop) { return loop.label == label; }) - loops.begin());
  };
  auto mapOf = [&](ArrayRef<int64_t> labels, ArrayRef<AffineExpr> own) {
    SmallVector<AffineExpr> places = llvm::map_to_vector(labels, at);
    llvm::append_range(places, own);
    return AffineMap::get(loops.size(), 0, places, b.getContext());
  };
  const AffineExpr images[] = {at(image), at(row) * op.getStrides()[0] + at(down), at(column) * op.getStrides()[1] + at(across),
                               at(channel)};
  const AffineExpr kernels[] = {at(down), at(across), at(channel), at(out)}, results[] = {at(image), at(row), at(column), at(out)};
  SmallVector<int64_t> leading = axesUpTo(rank);
  AffineMap ins[] = {mapOf(op.getLhs(), images), mapOf(op.getRhs(), op.getKernel() ? ArrayRef(results) : ArrayRef(kernels))};
  AffineMap outs = mapOf(leading, op.getKernel() ? ArrayRef(kernels) : ArrayRef(results));

  Type element = elementOf(op.getX()), type = accumulator(b, element);
  Values sizes = sizesOf(b, op.getY());
  Value init = fill(b, loc, sizes, constant(b, loc, type, 0));
  SmallVector<IteratorType> iterators = llvm::map_to_vector(loops, [](const Loop &loop) { return loop.type; });
  Values y = generic(b, loc, {op.getX(), op.getZ()}, ins, init, outs, iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
    return Values{math::FmaOp::create(b, loc, widen(b, loc, args[0]), widen(b, loc, args[1]), args[2])};
  });
  return narrowAll(b, loc, y[0], sizes, element);
}
} // namespace tl::lower
