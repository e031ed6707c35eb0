// Loops whose iterations are independent, cut into chunks for several threads; kernels -> functions that tl_parallel calls.
#include "passes/Chunks.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Passes.h"
#include "passes/RuntimeCalls.h"

using namespace mlir;

namespace tl {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"

//===- Cutting -------------------------------------------------------------===//

constexpr double chunkNanoseconds = 20000;
constexpr int64_t fewGrains = 8;
constexpr int64_t mostChunks = 1024; ///< so that a worker which falls behind holds up the others little

double nanosecondsOf(Block &body) {
  double sum = 0.3;
  body.walk([&](Operation *op) {
    StringRef name = op->getName().getStringRef();
    if (isa<LoopLikeOpInterface>(op))
      sum += 100; // however often it runs
    else if (isa<math::MathDialect>(op->getDialect()) && !isa<math::FmaOp, math::AbsFOp, math::CopySignOp>(op))
      sum += isa<math::SqrtOp, math::FloorOp, math::CeilOp, math::RoundEvenOp>(op) ? 1
             : isa<math::ExpOp, math::LogOp, math::TanhOp>(op)                     ? 2
                                                                                   : 8;
    else if (name == "llvm.call")
      sum += 20;
    else
      sum += isa<memref::LoadOp>(op) ? 1 : isa<arith::DivFOp, arith::DivSIOp, arith::RemSIOp>(op) ? 2 : 0.2;
  });
  return sum;
}

namespace {
/// Index arithmetic that folds.
struct Index {
  OpBuilder &b;
  Location loc;
  Value constant(int64_t i) { return arith::ConstantIndexOp::create(b, loc, i); }
  template <typename Op> Value make(Value x, Value z) { return b.createOrFold<Op>(loc, x, z); }
  Value isLess(Value x, Value z) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, x, z); }
  Value select(Value condition, Value x, Value z) { return b.createOrFold<arith::SelectOp>(loc, condition, x, z); }
  Value quotientUp(Value x, Value z) { return make<arith::DivUIOp>(make<arith::AddIOp>(x, make<arith::SubIOp>(z, constant(1))), z); }
};
} // namespace

/// The loops that may be cut, without those that are known to be short: their bounds stay constants. One must be left.
static SmallVector<Divisible> longOnes(ArrayRef<Value> extents, ArrayRef<Divisible> divisible) {
  SmallVector<Divisible> kept;
  for (Divisible own : divisible)
    if (auto extent = getConstantIntValue(extents[own.loop]); !extent || *extent >= fewGrains * own.grain)
      kept.push_back(own);
  return kept.empty() ? SmallVector<Divisible>(divisible) : kept;
}

SmallVector<Iterations> openChunks(OpBuilder &b, Location loc, ArrayRef<Value> extents, ArrayRef<Divisible> parallel, double nanoseconds) {
  SmallVector<Divisible> divisible = longOnes(extents, parallel);
  Index index{b, loc};
  Value zero = index.constant(0), one = index.constant(1), all = one;
  auto whole = llvm::map_to_vector(extents, [&](Value extent) { return Iterations{zero, extent}; });
  for (Value extent : extents)
    all = index.make<arith::MulIOp>(all, extent);
  int64_t least = std::max<int64_t>(1, chunkNanoseconds / nanoseconds);
  auto known = getConstantIntValue(all);
  if (divisible.empty() || (known && *known < 2 * least))
    return whole;

  // The loop that is cut: the first of at least eight grains, else the one with the most.
  Value chosen = index.constant(divisible[0].loop), grain = index.constant(divisible[0].grain), extent = extents[divisible[0].loop];
  for (auto [loop, size] : ArrayRef(divisible).drop_front()) {
    Value own = index.constant(size), grains = index.make<arith::DivUIOp>(extent, grain);
    Value isShort = index.isLess(grains, index.constant(fewGrains)),
          isShorter = index.isLess(grains, index.make<arith::DivUIOp>(extents[loop], own));
    Value better = index.make<arith::AndIOp>(isShort, isShorter);
    chosen = index.select(better, index.constant(loop), chosen);
    grain = index.select(better, own, grain);
    extent = index.select(better, extents[loop], extent);
  }
  Value worth = index.make<arith::MinUIOp>(index.make<arith::DivUIOp>(all, index.constant(least)), index.constant(mostChunks));
  Value wanted = index.make<arith::MaxUIOp>(worth, one);
  Value size = index.make<arith::MulIOp>(index.quotientUp(index.quotientUp(extent, grain), wanted), grain);
  size = index.make<arith::MaxUIOp>(size, one);
  Value count = index.make<arith::MaxUIOp>(index.quotientUp(extent, size), one);

  auto chunks = scf::ParallelOp::create(b, loc, ValueRange{zero}, ValueRange{count}, ValueRange{one});
  b.setInsertionPointToStart(chunks.getBody());
  Value begin = index.make<arith::MulIOp>(chunks.getInductionVars()[0], size);
  Value end = index.make<arith::MinUIOp>(index.make<arith::AddIOp>(begin, size), extent);
  for (auto [loop, _] : divisible) {
    Value cut = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, chosen, index.constant(loop));
    whole[loop] = {index.select(cut, begin, zero), index.select(cut, end, extents[loop])};
  }
  return whole;
}

//===- Functions -----------------------------------------------------------===//

namespace {
/// One `scf.parallel` as a call of tl_parallel with a function of the chunk's number and of what the kernel captures, which goes through
/// memory.
class Kernel {
public:
  Kernel(scf::ParallelOp op, unsigned number, LLVMTypeConverter &types)
      : op(op), module(op->getParentOfType<ModuleOp>()), b(op), loc(op.getLoc()), name(("tl.kernel." + Twine(number)).str()),
        pointer(LLVM::LLVMPointerType::get(b.getContext())) {
    getUsedValuesDefinedAbove(op.getRegion(), used);
    for (Value value : used)
      if (!matchPattern(value, m_Constant())) {
        captures.push_back(value);
        fields.push_back(types.convertType(value.getType()));
      }
    context = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  }

  Operation *outline() {
    makeFunction();
    call();
    op.erase();
    return function;
  }

private:
  void makeFunction() {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    function = func::FuncOp::create(top, loc, name, b.getFunctionType({pointer, b.getI64Type()}, {}));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    top.setInsertionPointToStart(entry);
    IRMapping values;
    values.map(op.getInductionVars()[0], arith::IndexCastOp::create(top, loc, b.getIndexType(), entry->getArgument(1)));
    for (auto [i, value] : llvm::enumerate(captures)) {
      Value field = LLVM::LoadOp::create(top, loc, fields[i], place(top, entry->getArgument(0), i));
      values.map(value, cast(top, field, value.getType()));
    }
    for (Value value : used)
      if (!values.contains(value))
        top.clone(*value.getDefiningOp(), values);
    for (Operation &inner : op.getBody()->without_terminator())
      top.clone(inner, values);
    func::ReturnOp::create(top, loc);
  }

  void call() {
    // On the stack, made once however often the kernel is called.
    OpBuilder top = OpBuilder::atBlockBegin(&op->getParentOfType<FunctionOpInterface>().getFunctionBody().front());
    Value memory = LLVM::AllocaOp::create(top, loc, pointer, context, arith::ConstantIntOp::create(top, loc, 1, 64));
    for (auto [i, value] : llvm::enumerate(captures))
      LLVM::StoreOp::create(b, loc, cast(b, value, fields[i]), place(b, memory, i));
    Value address = func::ConstantOp::create(b, loc, function.getFunctionType(), name);
    Value count = arith::IndexCastOp::create(b, loc, b.getI64Type(), op.getUpperBound()[0]);
    callRuntime(b, loc, "tl_parallel", nullptr, {cast(b, address, pointer), memory, count});
  }

  Value cast(OpBuilder &b, Value value, Type type) {
    return value.getType() == type ? value : UnrealizedConversionCastOp::create(b, loc, type, value).getResult(0);
  }
  Value place(OpBuilder &b, Value memory, unsigned field) {
    return LLVM::GEPOp::create(b, loc, pointer, context, memory, ArrayRef<LLVM::GEPArg>{0, int32_t(field)});
  }

  scf::ParallelOp op;
  ModuleOp module;
  OpBuilder b;
  Location loc;
  std::string name;
  Type pointer, context;
  SetVector<Value> used;
  SmallVector<Value> captures;
  SmallVector<Type> fields;
  func::FuncOp function;
};

/// The loops of a map as a kernel over chunks of the outermost one; nothing where they carry something after all.
void cutMap(scf::ForOp loop) {
  if (loop.getNumResults() || loop->getParentOfType<scf::ParallelOp>())
    return;
  // What the body works in on the stack becomes each chunk's own.
  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  SmallVector<Operation *> scratch;
  for (Value value : used)
    if (Operation *memory = value.getDefiningOp(); isa_and_nonnull<memref::AllocaOp, LLVM::AllocaOp>(memory)) {
      if (!llvm::all_of(memory->getUsers(), [&](Operation *user) { return loop->isProperAncestor(user); }))
        return;
      scratch.push_back(memory);
    }
  SmallVector<Value> extents{loop.getUpperBound()};
  scf::ForOp inner = loop;
  while (auto next = dyn_cast<scf::ForOp>(inner.getBody()->front())) {
    if (!llvm::hasNItems(*inner.getBody(), 2) || next.getNumResults() || !next.isDefinedOutsideOfLoop(next.getUpperBound()) ||
        !loop.isDefinedOutsideOfLoop(next.getUpperBound()))
      break;
    extents.push_back(next.getUpperBound());
    inner = next;
  }
  OpBuilder b(loop);
  Iterations own = openChunks(b, loop.getLoc(), extents, Divisible{0, 1}, nanosecondsOf(*inner.getBody()))[0];
  if (b.getInsertionBlock() == loop->getBlock())
    return; // too little to do
  for (Operation *memory : scratch)
    memory->moveBefore(b.getInsertionBlock(), b.getInsertionPoint());
  loop->moveBefore(b.getInsertionBlock(), b.getInsertionPoint());
  loop.setLowerBound(own.begin);
  loop.setUpperBound(own.end);
}

struct OutlineKernels : impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> maps;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
      if (loop->hasAttr(independentName))
        maps.push_back(loop);
    });
    for (scf::ForOp loop : maps)
      cutMap(loop);

    // From the outside in: what an inner kernel is called with is memory of the outer one's function.
    LLVMTypeConverter types(&getContext());
    unsigned number = 0;
    SmallVector<Operation *> functions{getOperation()};
    while (!functions.empty()) {
      SmallVector<scf::ParallelOp> ops;
      functions.pop_back_val()->walk<WalkOrder::PreOrder>([&](scf::ParallelOp op) {
        ops.push_back(op);
        return WalkResult::skip();
      });
      for (scf::ParallelOp op : ops)
        functions.push_back(Kernel(op, number++, types).outline());
    }
    declareRuntime(getOperation());
  }
};
} // namespace
} // namespace tl
