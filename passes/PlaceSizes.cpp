// Place, the sizes: which arrays carried by a loop keep theirs.
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Placement.h"

using namespace mlir;
using namespace tl::place;

std::optional<Sizes> tl::place::statedSizes(Value tensor) {
  for (Operation *user : tensor.getUsers())
    if (auto sized = dyn_cast<tl::SizedOp>(user); sized && sized.getX() == tensor)
      return Sizes(getAsOpFoldResult(sized.getSizes()));
  return std::nullopt;
}

namespace {
/// Finds sizes by looking at how values come about. What a loop carries is assumed to keep its sizes while that is being proved: all
/// claims made on the way stand or fall together.
class SizeFinder {
public:
  std::optional<Sizes> sizesOf(Value v) {
    if (std::optional<Sizes> stated = statedSizes(v))
      return stated;
    auto type = cast<RankedTensorType>(v.getType());
    if (type.hasStaticShape())
      return Sizes(getAsIndexOpFoldResult(v.getContext(), type.getShape()));
    if (auto arg = dyn_cast<BlockArgument>(v)) {
      Value init = initOf(arg);
      return init && keepsSizes(arg) ? sizesOf(init) : std::nullopt;
    }
    Operation *op = v.getDefiningOp();
    unsigned result = cast<OpResult>(v).getResultNumber();
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return Sizes(empty.getMixedSizes());
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      return sizesOf(dps.getDpsInits()[result]);
    if (isa<tl::SizedOp>(op))
      return Sizes(getAsOpFoldResult(op->getOperands().drop_front()));
    if (isa<tl::ArgSortOp, tensor::CastOp>(op))
      return sizesOf(op->getOperand(0));
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return Sizes(expand.getMixedOutputShape());
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      Sizes sizes;
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      for (auto [axis, size] : llvm::enumerate(slice.getMixedSizes()))
        if (!dropped.test(axis))
          sizes.push_back(size);
      return sizes;
    }
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return sizesOf(loop.getRegionIterArg(result));
    if (auto loop = dyn_cast<scf::WhileOp>(op))
      return sizesOf(loop.getConditionOp().getArgs()[result]);
    return std::nullopt;
  }

  bool keepsSizes(BlockArgument carried) {
    if (!assumed.insert(carried).second)
      return true;
    Operation *loop = carried.getOwner()->getParentOp();
    if (std::optional<Sizes> stated = statedSizes(carried); stated && llvm::all_of(*stated, [&](OpFoldResult size) {
                                                              auto value = dyn_cast<Value>(size);
                                                              return !value || !loop->isAncestor(value.getParentRegion()->getParentOp());
                                                            }))
      return true;
    Value yielded = yieldOf(carried);
    if (yielded == carried)
      return true;
    std::optional<Sizes> before = sizesOf(initOf(carried)), after = sizesOf(yielded);
    return before && after && *before == *after;
  }

private:
  /// What a carried value is at first, or null for other arguments: where a `while` goes on, what its condition passes on.
  static Value initOf(BlockArgument arg) {
    Operation *op = arg.getOwner()->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return arg == loop.getInductionVar() ? Value() : loop.getTiedLoopInit(arg)->get();
    if (auto loop = dyn_cast<scf::WhileOp>(op))
      return arg.getOwner() == loop.getBeforeBody() ? loop.getInits()[arg.getArgNumber()]
                                                    : loop.getConditionOp().getArgs()[arg.getArgNumber()];
    return {};
  }
  static Value yieldOf(BlockArgument arg) {
    Operation *op = arg.getOwner()->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return loop.getTiedLoopYieldedValue(arg)->get();
    auto loop = cast<scf::WhileOp>(op);
    return arg.getOwner() == loop.getBeforeBody() ? loop.getYieldOp().getResults()[arg.getArgNumber()]
                                                  : loop.getConditionOp().getArgs()[arg.getArgNumber()];
  }

  llvm::DenseSet<BlockArgument> assumed;
};
} // namespace

bool tl::place::keepsSizes(BlockArgument carried) { return SizeFinder().keepsSizes(carried); }
