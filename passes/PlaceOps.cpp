// Place, the ops: each op on tensors becomes one on the buffers of its operands.
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Liveness.h"
#include "passes/Placement.h"
#include "passes/RuntimeCalls.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tl::place;

void Placer::translate(Scope &s, Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](scf::ForOp op) { translateFor(s, op); })
      .Case([&](scf::WhileOp op) { translateWhile(s, op); })
      .Case([&](scf::IfOp op) { translateIf(s, op); })
      .Case([&](func::CallOp op) { translateCall(s, op); })
      .Case([&](linalg::GenericOp op) { translateGeneric(s, op); })
      .Case([&](tensor::EmptyOp op) { put(op, {{}, nullptr, false, mapped(op.getMixedSizes())}); })
      .Case([&](tl::EmptyOp op) { put(op->getResult(0), {{}, nullptr, false, mapped(getAsOpFoldResult(op->getOperands()))}); })
      .Case([&](tensor::ExtractOp op) { values.map(op, load(s.b, op)); })
      .Case([&](tensor::InsertOp op) { translateInsert(s, op); })
      .Case([&](tensor::InsertSliceOp op) { translateInsertSlice(s, op); })
      .Case([&](tensor::ExtractSliceOp op) { translateExtractSlice(s, op); })
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>([&](Operation *op) { translateReshape(s, op); })
      .Case([&](tensor::CastOp op) { put(op, buffers.lookup(op.getSource())); })
      .Case([&](tensor::DimOp op) {
        OpFoldResult size = buffers.lookup(op.getSource()).sizes[*op.getConstantIndex()];
        values.map(op, getValueOrCreateConstantIndexOp(s.b, op.getLoc(), size));
      })
      .Case([&](tensor::FromElementsOp op) { translateFromElements(s, op); })
      .Case([&](arith::SelectOp op) { translateSelect(s, op); })
      .Case<tl::SizedOp>([&](Operation *op) { translateSized(s, op); })
      .Case<tl::ArgSortOp>([&](Operation *op) { translateArgSort(s, op); })
      .Case([&](arith::ConstantOp op) { translateConstant(s, op); })
      .Default([&](Operation *op) { translateOther(s, op); });
  unlock();
}

//===- Destinations --------------------------------------------------------===//

Buffer Placer::destination(Scope &s, Operation *op, OpOperand &dest) {
  Buffer buffer = buffers.lookup(dest.get());
  if (buffer.memref && overwritable(s, dest.get(), op, [&](OpOperand &use) { return &use == &dest; })) {
    take(buffer.token);
    return buffer;
  }
  Token *token = copyOf(s, op, dest.get());
  return {token->memref, token, true, token->shape.sizes};
}

bool tl::place::needsContent(linalg::GenericOp op, OpOperand *init) {
  return op.payloadUsesValueFromOperand(init) || op.getMatchingIndexingMap(init).getNumResults() < op.getNumLoops();
}

Token *Placer::inPlace(Scope &s, linalg::GenericOp op, unsigned result) {
  OpOperand *init = op.getDpsInitOperand(result);
  AffineMap map = op.getMatchingIndexingMap(init);
  if (op.getNumParallelLoops() != op.getNumLoops() || !map.isPermutation())
    return nullptr;
  Shape shape{cast<RankedTensorType>(init->get().getType()).getElementType(), buffers.lookup(init->get()).sizes};
  auto harmless = [&](OpOperand &use) {
    if (use.getOwner() != op)
      return false;
    if (op.isDpsInit(&use))
      return !needsContent(op, &use);
    return op.getMatchingIndexingMap(&use) == map && buffers.lookup(use.get()).whole;
  };
  for (OpOperand *input : op.getDpsInputOperands()) {
    Token *token = buffers.lookup(input->get()).token;
    if (token && token->shape == shape && harmless(*input) && overwritable(s, input->get(), op, harmless))
      return take(token);
  }
  return nullptr;
}

/// The part of `memref` that a slice names. Not a subview: the verifier of that rejects a slice behind a check which is bound to fail.
static Value viewOf(OpBuilder &b, Location loc, Value memref, const Sizes &offsets, const Sizes &sizes, const Sizes &steps,
                    const llvm::SmallBitVector &dropped) {
  auto [typeStrides, typeOffset] = cast<MemRefType>(memref.getType()).getStridesAndOffset();
  auto base = memref::ExtractStridedMetadataOp::create(b, loc, memref);
  auto times = [&](Value x, OpFoldResult z) -> Value {
    return b.createOrFold<arith::MulIOp>(loc, x, getValueOrCreateConstantIndexOp(b, loc, z));
  };
  Value start = base.getOffset();
  if (!ShapedType::isDynamic(typeOffset))
    start = arith::ConstantIndexOp::create(b, loc, typeOffset);
  Sizes viewSizes, viewStrides;
  SmallVector<int64_t> newStrides;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    Value stride = base.getStrides()[axis];
    if (!ShapedType::isDynamic(typeStrides[axis]))
      stride = arith::ConstantIndexOp::create(b, loc, typeStrides[axis]);
    start = b.createOrFold<arith::AddIOp>(loc, start, times(stride, offsets[axis]));
    if (dropped.test(axis))
      continue;
    OpFoldResult viewStride = getAsOpFoldResult(times(stride, steps[axis]));
    newStrides.push_back(getConstantIntValue(viewStride).value_or(ShapedType::kDynamic));
    viewStrides.push_back(viewStride);
    viewSizes.push_back(getValueOrCreateConstantIndexOp(b, loc, sizes[axis]));
  }
  auto layout = StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, newStrides);
  auto type = MemRefType::get(SmallVector<int64_t>(viewSizes.size(), ShapedType::kDynamic),
                              cast<MemRefType>(memref.getType()).getElementType(), layout);
  return memref::ReinterpretCastOp::create(b, loc, type, base.getBaseBuffer(), start, viewSizes, viewStrides);
}

/// Whether `use` reads, at the place that it writes, the part of an array that `insert` replaces.
static bool readsWhatItReplaces(OpOperand &use, linalg::GenericOp op, OpOperand *init, tensor::InsertSliceOp insert) {
  auto slice = use.get().getDefiningOp<tensor::ExtractSliceOp>();
  AffineMap map = op.getMatchingIndexingMap(init);
  return slice && use.getOwner() == op && !op.isDpsInit(&use) && slice.getSource() == insert.getDest() &&
         slice.getMixedOffsets() == insert.getMixedOffsets() && slice.getMixedSizes() == insert.getMixedSizes() &&
         slice.getMixedStrides() == insert.getMixedStrides() && slice.getDroppedDims() == insert.getDroppedDims() &&
         op.getNumParallelLoops() == op.getNumLoops() && map.isPermutation() && op.getMatchingIndexingMap(&use) == map;
}

Buffer Placer::atHome(Scope &s, linalg::GenericOp op, unsigned result) {
  auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op->getNextNode());
  OpOperand *init = op.getDpsInitOperand(result);
  if (naive || !insert || insert.getSource() != op->getResult(result) || insert.getDest() == insert.getSource() ||
      !op->getResult(result).hasOneUse() || needsContent(op, init))
    return {};
  OpOperand &dest = insert.getDestMutable();
  Buffer to = buffers.lookup(dest.get());
  // A kernel that writes every n-th element takes longer than one that writes vectors, and a copy of them.
  Sizes steps = mapped(insert.getMixedStrides());
  llvm::SmallBitVector dropped = insert.getDroppedDims();
  if (steps.empty() || dropped.test(steps.size() - 1) || !isConstantIntValue(steps.back(), 1) ||
      (to.memref && cast<MemRefType>(to.memref.getType()).getStridesAndOffset().first.back() != 1))
    return {};
  Value part;
  if (!to.memref && s.kind != Scope::Branch) {
    Token *token = acquire(s, op, {insert.getType().getElementType(), to.sizes});
    to = {token->memref, token, true, to.sizes};
  } else {
    if (!to.memref || !overwritable(s, dest.get(), insert, [&](OpOperand &use) { return &use == &dest; }))
      return {};
    for (Value occupant : to.token->occupants)
      for (OpOperand &use : occupant.getUses()) {
        if (!op->isAncestor(use.getOwner()) || &use == init)
          continue;
        if (!readsWhatItReplaces(use, op, init, insert))
          return {};
        // One name for both, or LLVM takes them for arrays that overlap. A slice that had to be copied is another array.
        if (Buffer own = buffers.lookup(occupant); own.token == to.token)
          part = own.memref;
      }
    take(to.token);
  }
  home[insert] = to;
  if (!part)
    part = viewOf(s.b, op.getLoc(), to.memref, mapped(insert.getMixedOffsets()), mapped(insert.getMixedSizes()), steps, dropped);
  return {part, to.token, false, buffers.lookup(init->get()).sizes};
}

//===- linalg --------------------------------------------------------------===//

void Placer::translateGeneric(Scope &s, linalg::GenericOp op) {
  SmallVector<Buffer> targets;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
    OpOperand *init = op.getDpsInitOperand(i);
    Buffer from = buffers.lookup(init->get());
    if (from.memref && needsContent(op, init)) {
      targets.push_back(destination(s, op, *init));
      continue;
    }
    if (Buffer part = atHome(s, op, i); part.memref) {
      targets.push_back(part);
      continue;
    }
    Token *token = inPlace(s, op, i);
    if (!token)
      token = acquire(s, op, {cast<RankedTensorType>(init->get().getType()).getElementType(), from.sizes});
    targets.push_back({token->memref, token, true, from.sizes});
  }
  SmallVector<Value> inputs, outputs;
  for (Value input : op.getInputs()) {
    if (!isa<TensorType>(input.getType()))
      inputs.push_back(scalar(input));
    else if (Value memref = buffers.lookup(input).memref)
      inputs.push_back(memref);
    else // Never written, so never read: there are no elements, or a check stands before that fails.
      inputs.push_back(copyOf(s, op, input)->memref);
  }
  for (Buffer &target : targets)
    outputs.push_back(target.memref);
  auto generic = linalg::GenericOp::create(s.b, op.getLoc(), TypeRange(), inputs, outputs, op.getIndexingMaps(), op.getIteratorTypes(),
                                           op.getDocAttr(), op.getLibraryCallAttr());
  generic->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  cloneBody(s, op, generic);
  for (auto [result, target] : llvm::zip(op->getResults(), targets))
    put(result, target);
}

/// Bools are bytes in memory: they are made bits on the way in and bytes on the way out.
void Placer::cloneBody(Scope &s, linalg::GenericOp from, linalg::GenericOp to) {
  OpBuilder b(context);
  Block *body = b.createBlock(&to.getRegion());
  for (BlockArgument arg : from.getBody()->getArguments()) {
    bool isTensor = isa<TensorType>(from->getOperand(arg.getArgNumber()).getType());
    Value inner = body->addArgument(isTensor ? storage(arg.getType()) : arg.getType(), arg.getLoc());
    if (inner.getType() != arg.getType())
      inner = arith::TruncIOp::create(b, arg.getLoc(), arg.getType(), inner);
    values.map(arg, inner);
  }
  for (Operation &op : from.getBody()->without_terminator())
    b.clone(op, values);
  SmallVector<Value> results;
  for (Value result : from.getBody()->getTerminator()->getOperands()) {
    Value value = scalar(result);
    if (Type type = storage(value.getType()); type != value.getType())
      value = arith::ExtUIOp::create(b, value.getLoc(), type, value);
    results.push_back(value);
  }
  linalg::YieldOp::create(b, from.getLoc(), results);
  to.walk([&](tensor::ExtractOp op) {
    OpBuilder at(op);
    op.replaceAllUsesWith(load(at, op));
    op.erase();
  });
}

//===- Elements and slices -------------------------------------------------===//

Value Placer::load(OpBuilder &b, tensor::ExtractOp op) {
  Location loc = op.getLoc();
  Buffer from = buffers.lookup(op.getTensor());
  if (!from.memref)
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(op.getType()));
  SmallVector<Value> indices = llvm::map_to_vector(op.getIndices(), [&](Value v) { return scalar(v); });
  Value value = memref::LoadOp::create(b, loc, from.memref, indices);
  if (value.getType() != op.getType())
    value = arith::TruncIOp::create(b, loc, op.getType(), value);
  return value;
}

void Placer::translateInsert(Scope &s, tensor::InsertOp op) {
  Buffer target = destination(s, op, op.getDestMutable());
  Value value = scalar(op.getScalar());
  if (Type type = storage(value.getType()); type != value.getType())
    value = arith::ExtUIOp::create(s.b, op.getLoc(), type, value);
  SmallVector<Value> indices = llvm::map_to_vector(op.getIndices(), [&](Value v) { return scalar(v); });
  memref::StoreOp::create(s.b, op.getLoc(), value, target.memref, indices);
  put(op, target);
}

void Placer::translateInsertSlice(Scope &s, tensor::InsertSliceOp op) {
  OpOperand &dest = op.getDestMutable(), &source = op.getSourceMutable();
  Buffer from = buffers.lookup(source.get()), to = buffers.lookup(dest.get());
  if (auto done = home.find(op); done != home.end()) {
    take(done->second.token);
    return put(op, done->second);
  }
  auto either = [&](OpOperand &use) { return &use == &dest || &use == &source; };
  Buffer target;
  if (from.token && from.token == to.token && overwritable(s, dest.get(), op, either)) {
    // A part of the array goes to another part of it: it is cheaper to copy the part than the array.
    from.memref = copyOf(s, op, source.get())->memref;
    target = to;
    take(to.token);
  } else {
    target = destination(s, op, dest);
  }
  if (from.memref) {
    Value part = viewOf(s.b, op.getLoc(), target.memref, mapped(op.getMixedOffsets()), mapped(op.getMixedSizes()),
                        mapped(op.getMixedStrides()), op.getDroppedDims());
    copy(s, op.getLoc(), from.memref, part);
  }
  put(op, target);
}

/// Whether `user` may want to overwrite the tensor that it uses through `use`.
static bool overwrites(OpOperand &use) {
  if (auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner()))
    return op.isDpsInit(&use);
  return isa<LoopLikeOpInterface>(use.getOwner());
}

void Placer::translateExtractSlice(Scope &s, tensor::ExtractSliceOp op) {
  Buffer base = buffers.lookup(op.getSource());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Sizes all = mapped(op.getMixedSizes()), sizes;
  for (auto [axis, size] : llvm::enumerate(all))
    if (!dropped.test(axis))
      sizes.push_back(size);
  if (!base.memref)
    return put(op, {{}, nullptr, false, sizes});
  Value view = viewOf(s.b, op.getLoc(), base.memref, mapped(op.getMixedOffsets()), all, mapped(op.getMixedStrides()), dropped);
  // A view that outlives its base would force the base to be copied when it is overwritten: copy the slice instead.
  bool outlives = base.token && llvm::any_of(base.token->occupants, [&](Value occupant) {
                    return llvm::any_of(occupant.getUses(), [&](OpOperand &use) {
                      return overwrites(use) && (liveAfter(op, use.getOwner()) || usedIn(op, use.getOwner()));
                    });
                  });
  put(op, {view, base.token, false, sizes});
  if (outlives || naive)
    put(op, copyOf(s, op, op));
}

//===- The rest ------------------------------------------------------------===//

Value Placer::contiguous(Scope &s, Operation *at, Value value) {
  Value memref = buffers.lookup(value).memref;
  if (!memref || !cast<MemRefType>(memref.getType()).getLayout().isIdentity())
    return copyOf(s, at, value)->memref;
  MemRefType plain = bufferType(value.getType());
  return memref.getType() == plain ? memref : memref::CastOp::create(s.b, at->getLoc(), plain, memref);
}

void Placer::translateReshape(Scope &s, Operation *op) {
  Location loc = op->getLoc();
  Value source = op->getOperand(0);
  Buffer base = buffers.lookup(source);
  if (!base.memref || !cast<MemRefType>(base.memref.getType()).getLayout().isIdentity()) {
    Token *token = copyOf(s, op, source);
    base = {token->memref, token, true, token->shape.sizes};
  }
  MemRefType type = bufferType(op->getResult(0).getType());
  // Views may have sizes in their types; a reshape forgets them first.
  base.memref = memref::CastOp::create(s.b, loc, bufferType(source.getType()), base.memref);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Sizes sizes = mapped(expand.getMixedOutputShape()), dynamic;
    for (Value size : getValueOrCreateConstantIndexOp(s.b, loc, sizes))
      dynamic.push_back(size);
    Value view = memref::ExpandShapeOp::create(s.b, loc, type, base.memref, expand.getReassociationIndices(), dynamic);
    return put(expand, {view, base.token, false, sizes});
  }
  // Not memref.collapse_shape, which is refused where canonicalization finds that one of several sizes is 0.
  auto times = [&](OpFoldResult x, OpFoldResult y) -> OpFoldResult {
    return s.b.createOrFold<arith::MulIOp>(loc, getValueOrCreateConstantIndexOp(s.b, loc, x), getValueOrCreateConstantIndexOp(s.b, loc, y));
  };
  Sizes given = dimsOf(s, loc, base.memref), sizes, strides;
  for (const ReassociationIndices &group : cast<tensor::CollapseShapeOp>(op).getReassociationIndices()) {
    sizes.push_back(arith::ConstantIndexOp::create(s.b, loc, 1).getResult());
    for (int64_t axis : group)
      sizes.back() = times(sizes.back(), given[axis]);
  }
  for (OpFoldResult stride = s.b.getIndexAttr(1); OpFoldResult size : llvm::reverse(sizes)) {
    strides.insert(strides.begin(), stride);
    stride = times(stride, size);
  }
  Value view = memref::ReinterpretCastOp::create(s.b, loc, type, base.memref, s.b.getIndexAttr(0), sizes, strides);
  put(op->getResult(0), {view, base.token, false, sizes});
}

void Placer::translateSized(Scope &s, Operation *op) {
  Buffer buffer = buffers.lookup(op->getOperand(0));
  buffer.sizes = mapped(getAsOpFoldResult(op->getOperands().drop_front()));
  // From here on the token goes by the sizes that the program speaks of, unless that would tie it to one iteration.
  if (Token *token = buffer.token; token && buffer.whole && visible(buffer.sizes, *token->owner)) {
    Scope *around = token->owner->parent;
    if (!around || visible(buffer.sizes, *around) || !visible(token->shape.sizes, *around))
      token->shape.sizes = buffer.sizes;
  }
  put(op->getResult(0), buffer);
}

void Placer::translateConstant(Scope &s, arith::ConstantOp op) {
  auto data = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!data)
    return translateOther(s, op);
  Type element = data.getElementType();
  if (element != storage(element))
    data = cast<DenseIntElementsAttr>(data).mapValues(storage(element), [](const APInt &bit) { return bit.zext(8); });
  auto type = MemRefType::get(data.getType().getShape(), data.getElementType());
  OpBuilder b(module.getBodyRegion());
  std::string name;
  for (unsigned n = 0; name.empty() || module.lookupSymbol(name); ++n)
    name = "tl.constant." + std::to_string(n);
  auto global = memref::GlobalOp::create(b, op.getLoc(), name, b.getStringAttr("private"), type, data, true, IntegerAttr());
  Value memref = memref::GetGlobalOp::create(s.b, op.getLoc(), type, global.getSymName());
  Sizes sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  put(op, {memref::CastOp::create(s.b, op.getLoc(), bufferType(op.getType()), memref), nullptr, true, sizes});
}

void Placer::translateFromElements(Scope &s, tensor::FromElementsOp op) {
  RankedTensorType type = op.getType();
  Sizes sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(s.b.getIndexAttr(size));
  Token *token = acquire(s, op, {type.getElementType(), sizes});
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (auto [place, element] : llvm::enumerate(op.getElements())) {
    SmallVector<Value> indices;
    for (int64_t index : delinearize(place, strides))
      indices.push_back(arith::ConstantIndexOp::create(s.b, op.getLoc(), index));
    Value value = scalar(element);
    if (Type stored = storage(value.getType()); stored != value.getType())
      value = arith::ExtUIOp::create(s.b, op.getLoc(), stored, value);
    memref::StoreOp::create(s.b, op.getLoc(), value, token->memref, indices);
  }
  put(op, token);
}

void Placer::translateArgSort(Scope &s, Operation *op) {
  auto sort = cast<tl::ArgSortOp>(op);
  Value x = contiguous(s, op, sort.getX());
  Token *token = acquire(s, op, {s.b.getI64Type(), buffers.lookup(sort.getX()).sizes});
  emitArgSort(s.b, op->getLoc(), x, token->memref, scalarKind(sort.getX().getType(), op->hasAttr("unsigned")));
  put(op->getResult(0), token);
}

/// An `if` whose sides only name arrays may have become a choice between them: the chosen one is copied, since both stay what they are.
void Placer::translateSelect(Scope &s, arith::SelectOp op) {
  if (!isa<TensorType>(op.getType()))
    return translateOther(s, op);
  Value a = contiguous(s, op, op.getTrueValue()), c = contiguous(s, op, op.getFalseValue());
  Value chosen = arith::SelectOp::create(s.b, op.getLoc(), scalar(op.getCondition()), a, c);
  Token *token = acquire(s, op, {cast<RankedTensorType>(op.getType()).getElementType(), buffers.lookup(op.getTrueValue()).sizes});
  copy(s, op.getLoc(), chosen, token->memref);
  put(op, token);
}

/// Ops that compute on scalars are cloned. Those with effects keep their tensors, each a cast of a contiguous buffer, until
/// LowerEffects makes runtime calls of them. What the caller of an exported function owns is neither written nor handed back as a result:
/// its place may be that of another result.
void Placer::translateOther(Scope &s, Operation *op) {
  Location loc = op->getLoc();
  IRMapping operands;
  for (Value operand : op->getOperands()) {
    if (isa<TensorType>(operand.getType())) {
      bool copied = isa<tl::GiveOp>(op) && !buffers.lookup(operand).token;
      Value memref = copied ? copyOf(s, op, operand)->memref : contiguous(s, op, operand);
      operands.map(operand, UnrealizedConversionCastOp::create(s.b, loc, operand.getType(), memref).getResult(0));
    } else
      operands.map(operand, scalar(operand));
  }
  Operation *clone = s.b.clone(*op, operands);
  for (auto [result, made] : llvm::zip(op->getResults(), clone->getResults())) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type) {
      values.map(result, made);
      continue;
    }
    Value memref = UnrealizedConversionCastOp::create(s.b, loc, bufferType(type), made).getResult(0);
    if (auto argument = dyn_cast<tl::ArgumentOp>(op))
      put(result, {memref, nullptr, true, mapped(getAsOpFoldResult(argument.getExtents()))});
    else
      put(result, newToken(s, memref, {type.getElementType(), dimsOf(s, loc, memref)}));
  }
}
