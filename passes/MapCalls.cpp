// A call in a map of a function that has a derivative by hand -> a call of a function that maps it, which has the mapped derivative by
// hand. So the rule stays in force under vmap and index notation.
#include "mlir/IR/SymbolTable.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Transforms.h"

using namespace mlir;

namespace tl {
namespace {
using Axes = BatchBuilder::Axes;

/// On an argument of a mapped function: its `sharedAxes`.
constexpr llvm::StringLiteral sharedName = "tl.shared";

/// One mapped function in the making. Its arguments are the extents, the sizes within each array argument, then the arguments.
class MappedCall {
public:
  MappedCall(func::CallOp call, BatchBuilder &batch, ArrayRef<Batched> operands, Lifted lifted)
      : call(call), callee(calleeOf(call)), batch(batch), b(batch.b), loc(call.getLoc()), operands(operands),
        axes(BatchBuilder::unite(operands)), lifted(lifted) {}

  FailureOr<SmallVector<Batched>> run() {
    if (axes.empty())
      return failure(); // nothing to map
    for (const Batched &x : operands)
      if (x.batched() && isa<IndexType>(call.getOperand(&x - operands.begin()).getType()))
        return failure(); // of another size for each index
    SmallVector<Value> args = batch.sizesOf(axes);
    for (const Batched &x : operands)
      inner.push_back(take(args, batch.innerSizes(x)));
    for (Value y : call.getResults()) {
      SmallVector<Value> sizes;
      for (Operation *user : y.getUsers())
        if (auto sized = dyn_cast<SizedOp>(user); sized && sizes.empty())
          llvm::append_range(sizes, sized.getSizes());
      if (sizes.size() != rankOf(y))
        return failure();
      for (Value &size : sizes) {
        Batched outside = lifted(size);
        size = outside.v;
        if (outside.batched() || call->getParentOfType<MapOp>().getBody().isAncestor(size.getParentRegion()))
          return failure(); // of another size for each index, or one that is worked out later
      }
      results.push_back(take(args, sizes));
    }
    sizes = args.size();
    for (const Batched &x : operands)
      args.push_back(x.v);
    std::string name = callee.getName().str() + ".over";
    for (const Batched &x : operands) {
      name += '.';
      for (unsigned axis : x.axes)
        name += std::to_string(BatchBuilder::place(axis, axes)) + "_";
    }
    auto module = call->getParentOfType<ModuleOp>();
    auto mapped = module.lookupSymbol<func::FuncOp>(name);
    if (mapped == call->getParentOfType<func::FuncOp>())
      return failure(); // its own map: the callee is too large to be copied into it
    if (!mapped)
      mapped = make(name, ValueRange(args).getTypes());
    auto mappedCall = func::CallOp::create(b, loc, mapped, args);
    SmallVector<Batched> ys;
    for (auto [y, place] : llvm::zip(mappedCall.getResults(), results))
      ys.push_back({SizedOp::create(b, loc, y, sizesAt(args, place)), axes});
    return ys;
  }

private:
  /// Where sizes stand among the arguments.
  using Place = std::pair<size_t, size_t>;
  func::CallOp call;
  func::FuncOp callee;
  BatchBuilder &batch;
  OpBuilder &b;
  Location loc;
  ArrayRef<Batched> operands;
  Axes axes;
  Lifted lifted;
  SmallVector<Place> inner, results;
  size_t sizes = 0;

  static Place take(SmallVectorImpl<Value> &args, ValueRange some) {
    llvm::append_range(args, some);
    return {args.size() - some.size(), some.size()};
  }
  /// The extents of `which`, then what stands at `place`.
  SmallVector<Value> sizesAt(ValueRange args, ArrayRef<unsigned> which, Place place) const {
    SmallVector<Value> all = llvm::map_to_vector(which, [&](unsigned axis) { return args[BatchBuilder::place(axis, axes)]; });
    llvm::append_range(all, args.slice(place.first, place.second));
    return all;
  }
  SmallVector<Value> sizesAt(ValueRange args, Place place) const { return sizesAt(args, axes, place); }

  func::FuncOp declare(StringRef name, TypeRange args, TypeRange ys) {
    OpBuilder outside(callee);
    auto function = func::FuncOp::create(outside, callee.getLoc(), name, outside.getFunctionType(args, ys));
    function.setPrivate();
    function.addEntryBlock();
    return function;
  }

  static Type mappedType(Type type, unsigned more) {
    auto array = dyn_cast<RankedTensorType>(type);
    return tensorOf(elementOf(type), (array ? array.getRank() : 0) + more);
  }

  /// The element of a mapped argument at the indices of the map.
  Value elementAt(OpBuilder &b, Value x, ArrayRef<unsigned> its, ValueRange at) {
    if (its.empty())
      return x;
    SmallVector<Value> offsets, ones(its.size(), index(b, loc, 1)), all = sizesOf(b, x);
    for (unsigned axis : its)
      offsets.push_back(at[BatchBuilder::place(axis, axes)]);
    offsets.resize(all.size(), index(b, loc, 0));
    llvm::append_range(ones, ArrayRef(all).drop_front(its.size()));
    return SliceOp::create(b, loc, x, offsets, ones, SmallVector<int64_t>(all.size(), 1), axesUpTo(its.size()), false, /*here=*/true);
  }

  /// A function whose body maps `inside` over all axes; `more` arguments, of the type of a value and its own sizes, follow those of the
  /// call.
  struct Argument {
    Axes axes;
    Place place;
  };
  func::FuncOp build(StringRef name, func::FuncOp inside, TypeRange args, ArrayRef<Argument> more, ArrayRef<Place> gives,
                     ArrayRef<Axes> keeps) {
    SmallVector<Type> inputs(args), ys;
    for (auto [type, argument] : llvm::zip(inside.getArgumentTypes().drop_front(operands.size()), more))
      inputs.push_back(mappedType(type, argument.axes.size()));
    for (auto [type, kept] : llvm::zip(inside.getResultTypes(), keeps)) {
      auto array = dyn_cast<RankedTensorType>(type);
      ys.push_back(tensorOf(elementOf(type), (array ? array.getRank() : 0) + kept.size()));
    }
    func::FuncOp function = declare(name, inputs, ys);
    Block &body = function.getBody().front();
    ValueRange given = body.getArguments();
    OpBuilder b = OpBuilder::atBlockEnd(&body);
    SmallVector<Argument> all;
    for (auto [x, place] : llvm::zip(operands, inner))
      all.push_back({Axes(x.axes.begin(), x.axes.end()), place});
    llvm::append_range(all, more);
    SmallVector<Value> entered;
    for (auto [x, argument] : llvm::zip(given.drop_front(sizes), all))
      entered.push_back(isTensor(x) ? Value(SizedOp::create(b, loc, x, sizesAt(given, argument.axes, argument.place))) : x);
    auto map = MapOp::create(b, loc, given.take_front(axes.size()), [&](OpBuilder &b, Location loc, ValueRange at) {
      SmallVector<Value> parts;
      for (auto [x, argument] : llvm::zip(entered, all))
        parts.push_back(elementAt(b, x, argument.axes, at));
      auto made = func::CallOp::create(b, loc, inside, parts);
      SmallVector<Value> values;
      for (auto [y, place] : llvm::zip(made.getResults(), gives))
        values.push_back(isTensor(y) ? Value(SizedOp::create(b, loc, y, given.slice(place.first, place.second))) : y);
      return values;
    });
    SmallVector<Value> returned;
    for (auto [y, kept] : llvm::zip(map.getResults(), keeps)) {
      SmallVector<int64_t> summed;
      for (auto [i, axis] : llvm::enumerate(axes))
        if (!llvm::is_contained(kept, axis))
          summed.push_back(i);
      returned.push_back(sum(Val(b, loc, y), summed).v);
    }
    func::ReturnOp::create(b, loc, returned);
    if (inside->hasAttr("tl.checkpoint")) { // it is the mapped function that stays a call
      function.walk([](func::CallOp made) { inlineCall(made); });
      (void)liftMaps(function); // what cannot be lifted becomes loops
    }
    return function;
  }

  func::FuncOp make(StringRef name, TypeRange args) {
    SmallVector<Axes> everywhere(results.size(), axes);
    func::FuncOp mapped = build(name, callee, args, {}, results, everywhere);
    for (auto [i, x] : llvm::enumerate(operands)) {
      SmallVector<int64_t> shared = llvm::map_to_vector(x.axes, [&](unsigned axis) { return BatchBuilder::place(axis, axes); });
      for (int64_t axis : sharedAxes(callee, i))
        shared.push_back(axes.size() + axis);
      mapped.setArgAttr(sizes + i, sharedName, b.getDenseI64ArrayAttr(shared));
    }
    if (Attribute checkpoint = callee->getAttr("tl.checkpoint"))
      mapped->setAttr("tl.checkpoint", checkpoint);
    // A cotangent for each float argument: over its own axes, summed over the others. A tangent for each float result: over all axes.
    SmallVector<Argument> seeds, tangents;
    SmallVector<Place> floats, changes;
    SmallVector<Axes> own, all;
    for (auto [x, place] : llvm::zip(operands, inner))
      if (isFloat(x.v)) {
        tangents.push_back({Axes(x.axes.begin(), x.axes.end()), place});
        floats.push_back(place);
        own.push_back(Axes(x.axes.begin(), x.axes.end()));
      }
    for (auto [y, place] : llvm::zip(call.getResults(), results))
      if (isFloat(y)) {
        seeds.push_back({axes, place});
        changes.push_back(place);
        all.push_back(axes);
      }
    for (StringRef rule : {"tl.vjp", "tl.jvp"}) {
      auto known = callee->getAttrOfType<FlatSymbolRefAttr>(rule);
      if (!known)
        continue;
      auto byHand = callee->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(known.getAttr());
      const bool isVjp = rule == "tl.vjp";
      func::FuncOp derivative =
          build((name + rule.drop_front(2)).str(), byHand, args, isVjp ? seeds : tangents, isVjp ? floats : changes, isVjp ? own : all);
      mapped->setAttr(rule, FlatSymbolRefAttr::get(derivative));
    }
    return mapped;
  }
};
} // namespace

SmallVector<int64_t> sharedAxes(func::FuncOp function, unsigned argument) {
  if (auto known = function.getArgAttrOfType<DenseI64ArrayAttr>(argument, sharedName))
    return SmallVector<int64_t>(known.asArrayRef());
  auto rank = [](Type type) { return isa<RankedTensorType>(type) ? cast<RankedTensorType>(type).getRank() : 0; };
  const int64_t own = rank(function.getArgumentTypes()[argument]);
  const bool isElementwise = function.getBody().hasOneBlock() && llvm::all_of(function.getBody().front(), [](Operation &op) {
                               return isa<Scalarizable, SizedOp, arith::ConstantOp, func::ReturnOp>(op);
                             });
  const bool fits = isElementwise && llvm::all_of(function.getResultTypes(), [&](Type type) { return rank(type) == own; });
  return fits ? axesUpTo(own) : SmallVector<int64_t>();
}

FailureOr<SmallVector<Batched>> mapCall(func::CallOp call, BatchBuilder &batch, ArrayRef<Batched> operands, Lifted lifted) {
  return MappedCall(call, batch, operands, lifted).run();
}
} // namespace tl
