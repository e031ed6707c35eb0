// Intrinsics that move elements along axes, in ops that the dialect has: slices, concatenations, broadcasts and reshapes.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/GenIntrinsic.h"

namespace tl::mlirgen::movement {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
namespace arith = mlir::arith;

/// An int argument as a number of elements: checked to be at least 0.
static mlir::Value countOf(FunctionGen &f, mlir::Value n) {
  llvm::APInt constant;
  if (!mlir::matchPattern(n, mlir::m_ConstantInt(&constant)) || constant.isNegative())
    f.check(f.compare("ge", n, f.integer(0)), Text("a size is at least 0, this is ").number(n), "E0313");
  return f.toIndex(n);
}

/// The leaves of the first argument through `make`, which is given the sizes too; what the checker left open of the result's is learned.
static Value leafwise(FunctionGen &f, const IntrinsicCall &c, ArrayRef<mlir::Value> resultSizes,
                      llvm::function_ref<mlir::Value(mlir::Value, ValueRange, const Leaf &)> make) {
  for (auto [size, value] : llvm::zip_equal(sizesOf(ast::dimsOf(c.type)), resultSizes))
    f.learn(size, value);
  Value result{c.type, {}};
  for (auto [x, from, to] : llvm::zip_equal(c.args[0].leaves, f.leavesOf(c.args[0].type), f.leavesOf(c.type)))
    result.leaves.push_back(make(x, f.eval(from.dims), to));
  return result;
}

static mlir::Value slice(FunctionGen &f, mlir::Value x, ValueRange offsets, ValueRange sizes) {
  return SliceOp::create(f.b, x, offsets, sizes, SmallVector<int64_t>(sizes.size(), 1), ArrayRef<int64_t>(), /*always=*/true,
                         /*here=*/false);
}

/// The last `shift` elements come first: two slices, exchanged.
Value roll(FunctionGen &f, const IntrinsicCall &c) {
  const Sizes dims = sizesOf(ast::dimsOf(c.args[0].type));
  const size_t axis = axesOf(c.args[2], dims.size()).front();
  mlir::Value n = f.toInt(f.eval(dims[axis])), one = f.integer(1);
  mlir::Value modulus = f.fold<arith::MaxSIOp>(n, one); // of nothing, nothing moves
  mlir::Value last = f.toIndex(f.op("tl.mod", {c.args[1].leaf(), modulus}));
  return leafwise(f, c, f.eval(dims), [&](mlir::Value x, Values sizes, const Leaf &) {
    Values offsets(sizes.size(), f.index(0)), first = sizes, second = sizes, shifted = offsets;
    first[axis] = f.fold<arith::MinSIOp>(last, sizes[axis]);
    second[axis] = shifted[axis] = f.fold<arith::SubIOp>(sizes[axis], first[axis]);
    mlir::Value parts[] = {slice(f, x, shifted, first), slice(f, x, offsets, second)};
    mlir::Value y = ConcatOp::create(f.b, parts, axis);
    return SizedOp::create(f.b, y, sizes).getY(); // the two sizes add up
  });
}

/// Each element `count` times in a row.
Value repeat(FunctionGen &f, const IntrinsicCall &c) {
  const size_t axis = axesOf(c.args[2], ast::dimsOf(c.args[0].type).size()).front();
  mlir::Value count = countOf(f, c.args[1].leaf());
  Values sizes = f.eval(sizesOf(ast::dimsOf(c.args[0].type)));
  sizes[axis] = f.fold<arith::MulIOp>(sizes[axis], count);
  return leafwise(f, c, sizes, [&](mlir::Value x, Values own, const Leaf &) {
    Values wide = own;
    wide.insert(wide.begin() + axis + 1, count);
    SmallVector<int64_t> axes = axesUpTo(wide.size());
    axes.erase(axes.begin() + axis + 1);
    mlir::Value y = BroadcastOp::create(f.b, x, wide, axes);
    own[axis] = f.fold<arith::MulIOp>(own[axis], count);
    return ReshapeOp::create(f.b, y, own).getY();
  });
}

/// The whole array again and again along each axis; a number more than there are axes makes a new one in front.
Value tile(FunctionGen &f, const IntrinsicCall &c) {
  const Values counts = f.eval(sizesOf(cast<ShapeType>(resolved(c.args[1].type))->dims));
  const size_t rank = ast::dimsOf(c.args[0].type).size(), more = counts.size() - rank;
  Values sizes(counts.begin(), counts.begin() + more);
  for (auto [i, size] : llvm::enumerate(f.eval(sizesOf(ast::dimsOf(c.args[0].type)))))
    sizes.push_back(f.fold<arith::MulIOp>(counts[more + i], size));
  return leafwise(f, c, sizes, [&](mlir::Value x, Values own, const Leaf &) {
    Values wide(counts.begin(), counts.begin() + more), whole = wide;
    SmallVector<int64_t> axes;
    for (auto [i, size] : llvm::enumerate(own)) {
      if (i < rank)
        wide.push_back(counts[more + i]);
      axes.push_back(wide.size());
      wide.push_back(size);
      whole.push_back(i < rank ? f.fold<arith::MulIOp>(counts[more + i], size) : size);
    }
    if (wide.empty())
      return x;
    mlir::Value y = BroadcastOp::create(f.b, x, wide, axes);
    return whole.size() == wide.size() ? y : ReshapeOp::create(f.b, y, whole).getY();
  });
}

/// The array inside of a larger one that is filled with a value.
Value pad(FunctionGen &f, const IntrinsicCall &c) {
  const Sizes dims = sizesOf(ast::dimsOf(c.args[0].type));
  const Values sizes = f.eval(dims);
  ValueRange widths = c.args[1].leaves; // one for all, or two for each axis
  Values offsets, whole;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    offsets.push_back(countOf(f, widths.size() == 1 ? widths[0] : widths[2 * axis]));
    mlir::Value behind = countOf(f, widths.size() == 1 ? widths[0] : widths[2 * axis + 1]);
    whole.push_back(f.fold<arith::AddIOp>(f.fold<arith::AddIOp>(offsets.back(), sizes[axis]), behind));
  }
  const ScalarKind kind = scalarOf(c.type);
  return leafwise(f, c, whole, [&](mlir::Value x, Values own, const Leaf &) {
    mlir::Value value = f.convert(c.args[2].leaf(), scalarOf(c.args[2].type), kind);
    mlir::Value all = BroadcastOp::create(f.b, value, whole, ArrayRef<int64_t>());
    return UpdateOp::create(f.b, all, offsets, own, x, SmallVector<int64_t>(own.size(), 1), ArrayRef<int64_t>(), /*always=*/true,
                            /*here=*/false)
        .getY();
  });
}

/// One constant for both spatial axes, or two.
static std::pair<int64_t, int64_t> pairOf(mlir::Attribute constant) {
  auto number = [](mlir::Attribute a) { return cast<mlir::IntegerAttr>(a).getInt(); };
  if (auto list = dyn_cast<mlir::ArrayAttr>(constant))
    return {number(list[0]), number(list[1])};
  return {number(constant), number(constant)};
}

/// Images with zeros around them, then tl.conv2d.
Value conv2d(FunctionGen &f, const IntrinsicCall &c) {
  const auto [down, across] = pairOf(c.args[2].constant);
  const int64_t strides[] = {down, across};
  Values sizes = f.eval(sizesOf(ast::dimsOf(c.args[0].type))), whole = sizes, offsets(4, f.index(0));
  const Values kernel = f.eval(sizesOf(ast::dimsOf(c.args[1].type))), result = f.eval(sizesOf(ast::dimsOf(c.type)));
  auto text = dyn_cast<mlir::StringAttr>(c.args[3].constant);
  bool padded = false;
  for (int axis : {0, 1}) {
    mlir::Value &offset = offsets[1 + axis], &size = whole[1 + axis], more = f.index(0);
    if (!text) {
      const auto [rows, columns] = pairOf(c.args[3].constant);
      offset = more = f.index(axis ? columns : rows);
      padded |= (axis ? columns : rows) != 0;
    } else if (text.getValue() == "same") { // (result - 1) * stride + kernel - size zeros in all, if any
      mlir::Value reach = f.fold<arith::MulIOp>(f.fold<arith::SubIOp>(result[1 + axis], f.index(1)), f.index(strides[axis]));
      mlir::Value total = f.fold<arith::SubIOp>(f.fold<arith::AddIOp>(reach, kernel[axis]), size);
      total = f.fold<arith::MaxSIOp>(total, f.index(0));
      offset = f.fold<arith::DivUIOp>(total, f.index(2));
      more = f.fold<arith::SubIOp>(total, offset);
      padded = true;
    }
    size = f.fold<arith::AddIOp>(f.fold<arith::AddIOp>(size, offset), more);
  }
  mlir::Value x = c.args[0].leaf();
  if (padded) {
    mlir::Value zeros = BroadcastOp::create(f.b, f.constant(scalarOf(c.type), 0), whole, ArrayRef<int64_t>());
    x = UpdateOp::create(f.b, zeros, offsets, sizes, x, SmallVector<int64_t>(4, 1), ArrayRef<int64_t>(), /*always=*/true, /*here=*/false);
  }
  mlir::Value y = Conv2dOp::create(f.b, x, c.args[1].leaf(), ValueRange{result[1], result[2]}, strides, /*kernel=*/false,
                                   ArrayRef<int64_t>(), ArrayRef<int64_t>(), 0);
  return {c.type, {y}};
}

/// Arrays, the last argument the axis. Stacked, each has a new axis of size 1 before.
static Value joined(FunctionGen &f, const IntrinsicCall &c, bool stacked) {
  const size_t rank = ast::dimsOf(c.type).size();
  const int64_t axis = axesOf(c.args.back(), rank).front();
  Value result{c.type, {}};
  for (size_t i = 0; i < c.args[0].leaves.size(); ++i) {
    Values parts;
    for (const Value &arg : c.args.drop_back()) {
      mlir::Value x = arg.leaves[i];
      if (stacked) {
        Values sizes = f.eval(f.leavesOf(arg.type)[i].dims);
        sizes.insert(sizes.begin() + axis, f.index(1));
        x = isTensor(x) ? ReshapeOp::create(f.b, x, sizes).getY() : BroadcastOp::create(f.b, x, sizes, ArrayRef<int64_t>()).getY();
      }
      parts.push_back(x);
    }
    result.leaves.push_back(ConcatOp::create(f.b, parts, axis));
  }
  return result;
}
Value concat(FunctionGen &f, const IntrinsicCall &c) { return joined(f, c, false); }
Value stack(FunctionGen &f, const IntrinsicCall &c) { return joined(f, c, true); }
} // namespace tl::mlirgen::movement
