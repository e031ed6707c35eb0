// Sums of products on memrefs -> calls of one kernel for each element type, out[i, j] += a[i, k] * b[k, j], with loops around it for what
// else there is. The kernel takes any strides, so that no operand is transposed in memory.
//
// Note [Kernel]. A panel of b, 256 x 16 for f32, is packed onto the stack, filled up with zeros; for it run all tiles of 6 rows, whose 12
// vectors stay in registers while k runs. A tile that is cut off by the edge works in a copy, and its missing rows read the last one. Each
// element of the result is summed with one fma after another, in the order of k: the same bits as three plain loops, whatever the tiles
// are.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Chunks.h"
#include "passes/Passes.h"

using namespace mlir;
using linalg::GenericOp;

namespace tl {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "passes/Passes.h.inc"

namespace {
constexpr int64_t rows = 6, depth = 256, unroll = 4, vectorBytes = 32;

/// A matrix view of any strides; of contiguous rows.
MemRefType viewType(FloatType element, bool contiguousRows) {
  int64_t any = ShapedType::kDynamic;
  auto layout = StridedLayoutAttr::get(element.getContext(), any, {any, contiguousRows ? 1 : any});
  return MemRefType::get({any, any}, element, layout);
}

//===- The kernel ----------------------------------------------------------===//

/// Builds the kernel for one element type.
class Kernel {
public:
  Kernel(ModuleOp module, FloatType element)
      : b(module.getBodyRegion()), loc(module.getLoc()), element(element), lanes(vectorBytes * 8 / element.getWidth()), columns(2 * lanes),
        vector(VectorType::get(lanes, element)) {
    MemRefType any = viewType(element, false);
    function = func::FuncOp::create(b, loc, nameFor(element), b.getFunctionType({any, any, viewType(element, true)}, {}));
    function.setPrivate();
    b.setInsertionPointToStart(function.addEntryBlock());
    a = function.getArgument(0), c = function.getArgument(1), out = function.getArgument(2);
  }
  static std::string nameFor(FloatType element) { return ("tl.contract.f" + Twine(element.getWidth())).str(); }

  func::FuncOp build() {
    panel = memref::AllocaOp::create(b, loc, MemRefType::get({depth, columns}, element), b.getI64IntegerAttr(64));
    edge = memref::AllocaOp::create(b, loc, MemRefType::get({rows, columns}, element), b.getI64IntegerAttr(64));
    m = dim(out, 0), n = dim(out, 1);
    Value k = dim(a, 1);
    loop(index(0), k, index(depth), [&](Value k0) {
      Value ks = least(depth, k, k0);
      loop(index(0), n, index(columns), [&](Value j0) {
        Value js = least(columns, n, j0);
        pack(k0, j0, ks, js);
        loop(index(0), m, index(rows), [&](Value i0) { tileAt(i0, j0, k0, ks, js); });
      });
    });
    func::ReturnOp::create(b, loc);
    return function;
  }

private:
  Value index(int64_t i) { return arith::ConstantIndexOp::create(b, loc, i); }
  Value dim(Value memref, int64_t axis) { return memref::DimOp::create(b, loc, memref, axis); }
  Value add(Value x, Value z) { return arith::AddIOp::create(b, loc, x, z); }
  Value add(Value x, int64_t z) { return z ? add(x, index(z)) : x; }
  Value isLess(Value x, Value z) { return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, z); }
  /// min(size, end - begin)
  Value least(int64_t size, Value end, Value begin) {
    return arith::MinUIOp::create(b, loc, index(size), arith::SubIOp::create(b, loc, end, begin));
  }
  void loop(Value begin, Value end, Value step, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, loc, begin, end, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }
  void branch(Value condition, function_ref<void()> yes, function_ref<void()> no) {
    auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.thenBlock());
    yes();
    b.setInsertionPointToStart(op.elseBlock());
    no();
  }
  void unless(Value condition, function_ref<void()> body) {
    branch(condition, [] {}, body);
  }
  Value load(Value memref, ValueRange at) { return memref::LoadOp::create(b, loc, memref, at); }
  void store(Value value, Value memref, ValueRange at) { memref::StoreOp::create(b, loc, value, memref, at); }
  void copyBlock(Value height, Value width, function_ref<void(Value, Value)> body) {
    loop(index(0), height, index(1), [&](Value i) { loop(index(0), width, index(1), [&](Value j) { body(i, j); }); });
  }

  /// panel[k, j] = c[k0 + k, j0 + j], and zero beyond its columns.
  void pack(Value k0, Value j0, Value ks, Value js) {
    Value stride = memref::ExtractStridedMetadataOp::create(b, loc, c).getStrides()[1];
    Value isRow = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, stride, index(1));
    Value isFull = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, js, index(columns));
    branch(
        arith::AndIOp::create(b, loc, isRow, isFull),
        [&] {
          auto source = memref::ExtractStridedMetadataOp::create(b, loc, c);
          Value plain = memref::ReinterpretCastOp::create(b, loc, viewType(element, true), source.getBaseBuffer(), source.getOffset(),
                                                          SmallVector<OpFoldResult>{source.getSizes()[0], source.getSizes()[1]},
                                                          SmallVector<OpFoldResult>{source.getStrides()[0], b.getIndexAttr(1)});
          loop(index(0), ks, index(1), [&](Value k) {
            for (int64_t half : {int64_t(0), lanes}) {
              Value row = vector::LoadOp::create(b, loc, vector, plain, ValueRange{add(k0, k), add(j0, half)});
              vector::StoreOp::create(b, loc, row, panel, ValueRange{k, index(half)});
            }
          });
        },
        [&] {
          unless(isFull, [&] {
            Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
            copyBlock(ks, index(columns), [&](Value k, Value j) { store(zero, panel, {k, j}); });
          });
          // Along the columns of c, which is along its memory where c is stored transposed.
          loop(index(0), js, index(1),
               [&](Value j) { loop(index(0), ks, index(1), [&](Value k) { store(load(c, {add(k0, k), add(j0, j)}), panel, {k, j}); }); });
        });
  }

  /// A tile of the result, in place where it is whole.
  void tileAt(Value i0, Value j0, Value k0, Value ks, Value js) {
    Value height = least(rows, m, i0);
    Value whole = arith::AndIOp::create(b, loc, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, height, index(rows)),
                                        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, js, index(columns)));
    auto place = memref::ExtractStridedMetadataOp::create(b, loc, out);
    Value start = add(place.getOffset(), add(arith::MulIOp::create(b, loc, i0, place.getStrides()[0]), j0));
    auto tileOf = [&](Value base, Value offset, Value stride) -> Value {
      return memref::ReinterpretCastOp::create(b, loc, viewType(element, true), base, offset,
                                               SmallVector<OpFoldResult>{index(rows), index(columns)},
                                               SmallVector<OpFoldResult>{stride, b.getIndexAttr(1)});
    };
    Value inPlace = tileOf(place.getBaseBuffer(), start, place.getStrides()[0]), aside = tileOf(edge, index(0), index(columns));
    unless(whole, [&] { copyBlock(height, js, [&](Value i, Value j) { store(load(inPlace, {i, j}), aside, {i, j}); }); });
    multiply(arith::SelectOp::create(b, loc, whole, inPlace, aside), i0, k0, ks);
    unless(whole, [&] { copyBlock(height, js, [&](Value i, Value j) { store(load(aside, {i, j}), inPlace, {i, j}); }); });
  }

  /// tile += a[i0.., k0..] * panel
  void multiply(Value tile, Value i0, Value k0, Value ks) {
    SmallVector<Value> lines, sums;
    Value last = arith::SubIOp::create(b, loc, m, index(1));
    for (int64_t row = 0; row < rows; ++row) {
      lines.push_back(arith::MinUIOp::create(b, loc, add(i0, row), last));
      for (int64_t half : {int64_t(0), lanes})
        sums.push_back(vector::LoadOp::create(b, loc, vector, tile, ValueRange{index(row), index(half)}));
    }
    Value rest = arith::RemUIOp::create(b, loc, ks, index(unroll)), body = arith::SubIOp::create(b, loc, ks, rest);
    sums = steps(lines, k0, index(0), body, unroll, sums);
    sums = steps(lines, k0, body, ks, 1, sums);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t half : {0, 1})
        vector::StoreOp::create(b, loc, sums[2 * row + half], tile, ValueRange{index(row), index(half * lanes)});
  }

  SmallVector<Value> steps(ArrayRef<Value> lines, Value k0, Value begin, Value end, int64_t count, ArrayRef<Value> inits) {
    auto op = scf::ForOp::create(b, loc, begin, end, index(count), inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    SmallVector<Value> sums(op.getRegionIterArgs());
    for (int64_t step = 0; step < count; ++step) {
      Value k = add(op.getInductionVar(), step), place = add(k0, k), right[2];
      for (int64_t half : {0, 1})
        right[half] = vector::LoadOp::create(b, loc, vector, panel, ValueRange{k, index(half * lanes)});
      for (auto [row, line] : llvm::enumerate(lines)) {
        Value left = vector::BroadcastOp::create(b, loc, vector, load(a, {line, place}));
        for (int64_t half : {0, 1})
          sums[2 * row + half] = math::FmaOp::create(b, loc, left, right[half], sums[2 * row + half]); // vector.fma may be two operations
      }
    }
    scf::YieldOp::create(b, loc, sums);
    return SmallVector<Value>(op.getResults());
  }

  OpBuilder b;
  Location loc;
  FloatType element;
  int64_t lanes, columns;
  VectorType vector;
  func::FuncOp function;
  Value a, c, out, panel, edge, m, n;
};

//===- Who calls it --------------------------------------------------------===//
//
// A factor may be read at i * stride + p, as images are by convolutions: a stride of the matrix and a place where it begins.

/// The loops of a generic that are the kernel's.
struct Roles {
  unsigned i, j, k;
  OpOperand *a, *c;                ///< a[.., i, .., k, ..], c[.., k, .., j, ..]
  SmallVector<unsigned, 2> within; ///< loops around i or k that these go on from, as one: columns of a kernel and channels
};

/// The loops in the place of an axis, each with the number that it is multiplied by; none for what is no such sum.
SmallVector<std::pair<unsigned, int64_t>> termsOf(AffineExpr place) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(place);
  if (auto loop = dyn_cast<AffineDimExpr>(place))
    return {{loop.getPosition(), 1}};
  if (sum && sum.getKind() == AffineExprKind::Mul)
    if (auto loop = dyn_cast<AffineDimExpr>(sum.getLHS()))
      if (auto factor = dyn_cast<AffineConstantExpr>(sum.getRHS()))
        return {{loop.getPosition(), factor.getValue()}};
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return {};
  auto terms = termsOf(sum.getLHS()), more = termsOf(sum.getRHS());
  if (terms.empty() || more.empty())
    return {};
  terms.append(more);
  return terms;
}

/// Whether `outer` and `inner` are one loop over memory: `inner` is an axis, and a step of `outer` is one of the axis before it.
bool isOneLoop(GenericOp op, OpOperand *operand, unsigned outer, unsigned inner) {
  if (!cast<MemRefType>(operand->get().getType()).getLayout().isIdentity())
    return false;
  AffineMap map = op.getMatchingIndexingMap(operand);
  std::optional<unsigned> axis = map.getResultPosition(getAffineDimExpr(inner, op.getContext()));
  if (!axis || *axis == 0)
    return false;
  for (auto [at, place] : llvm::enumerate(map.getResults()))
    for (auto [loop, factor] : termsOf(place))
      if ((loop == inner && at != *axis) || (loop == outer && (at + 1 != *axis || factor != 1)))
        return false;
  return map.getResult(*axis - 1).isFunctionOfDim(outer);
}

/// Joins the loop before i, and that before k, to it where both operands that have it allow that and the third has neither.
void join(GenericOp op, Roles &roles) {
  auto iterators = op.getIteratorTypesArray();
  OpOperand *out = op.getDpsInitOperand(0);
  struct Side {
    unsigned inner;
    OpOperand *other, *third;
  };
  for (auto [inner, other, third] : {Side{roles.i, out, roles.c}, Side{roles.k, roles.c, out}})
    for (unsigned outer = 0; outer < roles.j; ++outer)
      if (outer != inner && iterators[outer] == iterators[inner] && isOneLoop(op, roles.a, outer, inner) &&
          isOneLoop(op, other, outer, inner) && !op.getMatchingIndexingMap(third).isFunctionOfDim(outer)) {
        roles.within.push_back(outer);
        break;
      }
}

/// A sum of products whose innermost loop runs along the rows of the result, if it has rows and each factor is over one of the two.
std::optional<Roles> rolesOf(GenericOp op) {
  Block *body = op.getBody();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || op.getNumLoops() < 3 || !llvm::hasNItems(*body, 2))
    return std::nullopt;
  auto fma = dyn_cast<math::FmaOp>(body->front());
  auto type = dyn_cast<FloatType>(body->getArgument(2).getType());
  if (!fma || !type || (!type.isF32() && !type.isF64()) || fma->getOperands() != ValueRange(body->getArguments()))
    return std::nullopt;
  OpOperand *out = op.getDpsInitOperand(0);
  auto outType = cast<MemRefType>(out->get().getType());
  if (!op.getMatchingIndexingMap(out).isProjectedPermutation())
    return std::nullopt;
  for (OpOperand *operand : op.getDpsInputOperands())
    for (AffineExpr place : op.getMatchingIndexingMap(operand).getResults())
      if (termsOf(place).empty())
        return std::nullopt;
  auto uses = [&](OpOperand *operand, unsigned loop) { return op.getMatchingIndexingMap(operand).isFunctionOfDim(loop); };
  auto iterators = op.getIteratorTypesArray();
  Roles roles{};
  roles.j = op.getNumLoops() - 1;
  auto [strides, offset] = outType.getStridesAndOffset();
  if (iterators[roles.j] != utils::IteratorType::parallel || strides.empty() || strides.back() != 1 ||
      op.getMatchingIndexingMap(out).getResults().back() != getAffineDimExpr(roles.j, op.getContext()))
    return std::nullopt;
  roles.a = op.getDpsInputOperand(0), roles.c = op.getDpsInputOperand(1);
  if (uses(roles.a, roles.j))
    std::swap(roles.a, roles.c);
  if (uses(roles.a, roles.j) || !uses(roles.c, roles.j))
    return std::nullopt;
  bool hasRow = false, hasSum = false;
  for (unsigned loop = 0; loop < roles.j; ++loop) {
    if (iterators[loop] == utils::IteratorType::reduction) {
      if (!uses(roles.a, loop) || !uses(roles.c, loop))
        return std::nullopt;
      roles.k = loop;
      hasSum = true;
    } else if (uses(roles.a, loop) && !uses(roles.c, loop)) {
      roles.i = loop;
      hasRow = true;
    }
  }
  if (!hasRow || !hasSum)
    return std::nullopt;
  join(op, roles);
  return roles;
}

struct LowerContractions : impl::LowerContractionsBase<LowerContractions> {
  void runOnOperation() override {
    SmallVector<GenericOp> ops;
    getOperation().walk([&](GenericOp op) {
      if (op.hasPureBufferSemantics() && rolesOf(op))
        ops.push_back(op);
    });
    for (GenericOp op : ops) {
      lower(op, *rolesOf(op));
      op.erase();
    }
  }

  func::FuncOp kernelFor(FloatType element) {
    if (auto known = getOperation().lookupSymbol<func::FuncOp>(Kernel::nameFor(element)))
      return known;
    return Kernel(getOperation(), element).build();
  }

  void lower(GenericOp op, const Roles &roles) {
    auto element = cast<FloatType>(op.getBody()->getArgument(2).getType());
    func::FuncOp kernel = kernelFor(element);
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto extent = [&](unsigned loop) -> Value {
      for (OpOperand &operand : op->getOpOperands())
        if (auto axis = op.getMatchingIndexingMap(&operand).getResultPosition(b.getAffineDimExpr(loop)))
          return memref::DimOp::create(b, loc, operand.get(), *axis);
      llvm_unreachable("linalg verifies that each loop has an axis");
    };
    SmallVector<Value> extents = llvm::map_to_vector(llvm::seq(op.getNumLoops()), extent), places(op.getNumLoops());
    for (unsigned outer : roles.within) {
      Value &inner = extents[isOneLoop(op, roles.a, outer, roles.i) ? roles.i : roles.k];
      inner = arith::MulIOp::create(b, loc, inner, extents[outer]);
    }
    // Columns first: each chunk packs its own. Rows repeat the packing.
    SmallVector<Divisible> divisible{{roles.j, 64}, {roles.i, 8 * rows}};
    auto isOther = [&](unsigned loop) {
      return loop != roles.i && loop != roles.j && loop != roles.k && !llvm::is_contained(roles.within, loop);
    };
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray()))
      if (type == utils::IteratorType::parallel && isOther(loop))
        divisible.push_back({unsigned(loop), 1});
    auto iterations = openChunks(b, loc, extents, divisible, /*nanoseconds=*/0.03);
    for (unsigned i = 0; i < op.getNumLoops(); ++i)
      if (isOther(i)) {
        auto loop = scf::ForOp::create(b, loc, iterations[i].begin, iterations[i].end, one);
        places[i] = loop.getInductionVar();
        b.setInsertionPointToStart(loop.getBody());
      }
    auto sizeOf = [&](unsigned loop) -> Value { return arith::SubIOp::create(b, loc, iterations[loop].end, iterations[loop].begin); };
    // The chunk's part of the matrix over two loops, at the places of the others.
    auto view = [&](OpOperand *operand, unsigned row, unsigned column, bool contiguousRows) -> Value {
      auto base = memref::ExtractStridedMetadataOp::create(b, loc, operand->get());
      Value start = base.getOffset();
      SmallVector<OpFoldResult> strides(2);
      for (auto [axis, place] : llvm::enumerate(op.getMatchingIndexingMap(operand).getResults()))
        for (auto [loop, factor] : termsOf(place)) {
          if (llvm::is_contained(roles.within, loop))
            continue;
          Value stride = base.getStrides()[axis], first = isOther(loop) ? places[loop] : iterations[loop].begin;
          if (factor != 1)
            stride = arith::MulIOp::create(b, loc, stride, arith::ConstantIndexOp::create(b, loc, factor));
          if (loop == row || loop == column)
            strides[loop == column] = stride;
          start = arith::AddIOp::create(b, loc, start, arith::MulIOp::create(b, loc, first, stride));
        }
      if (contiguousRows)
        strides[1] = b.getIndexAttr(1);
      return memref::ReinterpretCastOp::create(b, loc, viewType(element, contiguousRows), base.getBaseBuffer(), start,
                                               SmallVector<OpFoldResult>{sizeOf(row), sizeOf(column)}, strides);
    };
    Value args[] = {view(roles.a, roles.i, roles.k, false), view(roles.c, roles.k, roles.j, false),
                    view(op.getDpsInitOperand(0), roles.i, roles.j, true)};
    func::CallOp::create(b, loc, kernel, args);
  }
};
} // namespace
} // namespace tl
