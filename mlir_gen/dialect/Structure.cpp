// Sizes, maps, and derivatives that have not been made yet: verifiers, syntax, folds.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir_gen/dialect/Dialect.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;

namespace tl {
//===- sized, size, stop_gradient --------------------------------------------------------------------------------------------------===//

LogicalResult SizedOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr, OpaqueProperties,
                                        RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}
void SizedOp::resultSizes(OpBuilder &, unsigned, SmallVectorImpl<Value> &sizes) { llvm::append_range(sizes, getSizes()); }
LogicalResult SizedOp::verify() {
  return getSizes().size() == rankOf(getX()) ? success() : emitOpError("does not have a size for each axis");
}
/// What a map yields keeps the sizes that are stated for it: those of the array may name the indices (`x[:i]` and `x[i:]` as one).
OpFoldResult SizedOp::fold(FoldAdaptor) {
  const bool isYielded = llvm::any_of((*this)->getUsers(), llvm::IsaPred<YieldOp>);
  return hasKnownSizes(getX()) && !isYielded ? getX() : OpFoldResult();
}

void SizedOp::vjp(Adjoints &adjoints, ValueRange g) {
  adjoints.add(getX(), adjoints.val(getLoc(), g[0]), adjoints.val(getLoc(), adjoints.mask(getY())));
}
SmallVector<Value> SizedOp::jvp(OpBuilder &b, ArrayRef<Value> dx) { return {make<SizedOp>(b, getLoc(), dx[0], getSizes())}; }
SmallVector<Batched> SizedOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  if (hasKnownSizes(operands[0].v))
    return {operands[0]};
  SmallVector<Value> sizes = batch.sizesOf(operands[0].axes);
  for (const Batched &size : operands.drop_front()) {
    if (size.batched())
      return {};
    sizes.push_back(size.v);
  }
  return {{SizedOp::create(batch.b, getLoc(), operands[0].v, sizes), operands[0].axes}};
}

LogicalResult SizeOp::verify() { return getAxis() < rankOf(getX()) ? success() : emitOpError("has an axis that is not there"); }
void SizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *) {
  patterns.add(+[](SizeOp op, PatternRewriter &rewriter) -> LogicalResult {
    if (!hasKnownSizes(op.getX()))
      return failure();
    rewriter.replaceOp(op, sizesOf(rewriter, op.getX())[op.getAxis()]);
    return success();
  });
}
SmallVector<Batched> SizeOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  const Batched &x = operands[0];
  return {{SizeOp::create(batch.b, getLoc(), x.v, getAxis() + x.axes.size()), {}}};
}

LogicalResult StopGradientOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                               OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}
void StopGradientOp::resultSizes(OpBuilder &b, unsigned, SmallVectorImpl<Value> &sizes) { sizes = sizesOf(b, getX()); }
void StopGradientOp::vjp(Adjoints &, ValueRange) {}
SmallVector<Value> StopGradientOp::jvp(OpBuilder &, ArrayRef<Value>) { return {Value()}; }
SmallVector<Batched> StopGradientOp::batch(BatchBuilder &batch, ArrayRef<Batched> operands) {
  return {{StopGradientOp::create(batch.b, getLoc(), operands[0].v), operands[0].axes}};
}

//===- map ---------------------------------------------------------------------------------------------------------------------------===//

void MapOp::build(OpBuilder &b, OperationState &state, TypeRange types, ValueRange extents) {
  state.addOperands(extents);
  state.addTypes(types);
  Block &block = state.addRegion()->emplaceBlock();
  for (Value extent : extents)
    block.addArgument(b.getIndexType(), extent.getLoc());
}

void MapOp::build(OpBuilder &b, OperationState &state, ValueRange extents,
                  function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)> body) {
  build(b, state, TypeRange(), extents);
  OpBuilder::InsertionGuard guard(b);
  Block *block = &state.regions.front()->front();
  b.setInsertionPointToStart(block);
  SmallVector<Value> values = body(b, state.location, block->getArguments());
  YieldOp::create(b, state.location, values);
  for (Value value : values)
    state.addTypes(tensorOf(elementOf(value), rankOf(value) + extents.size()));
}

LogicalResult MapOp::verify() {
  if (getExtents().empty())
    return emitOpError("has no index");
  if (getBody().getNumArguments() != getExtents().size() || !llvm::all_of(getBody().getArgumentTypes(), llvm::IsaPred<IndexType>))
    return emitOpError("needs an argument of type index for each extent");
  if (yielded().size() != getNumResults())
    return emitOpError() << "yields " << yielded().size() << " values for " << getNumResults() << " results";
  for (auto [value, type] : llvm::zip(yielded(), getResultTypes())) {
    if (type != tensorOf(elementOf(value), rankOf(value) + getExtents().size()))
      return emitOpError() << "yields " << value.getType() << " for a result of type " << type;
    if (!hasKnownSizes(value))
      return emitOpError("yields an array whose sizes are not known");
  }
  return success();
}

/// The extents, then the sizes of what is yielded, computed outside of the body.
void MapOp::resultSizes(OpBuilder &b, unsigned result, SmallVectorImpl<Value> &sizes) {
  llvm::append_range(sizes, getExtents());
  OpBuilder inside(getBody().front().getTerminator(), b.getListener());
  for (Value size : sizesOf(inside, yielded()[result])) {
    Value known = outside(b, size, getBody());
    if (!known) {
      emitOpError("yields arrays whose sizes depend on the indices or on data");
      llvm::report_fatal_error("a map of arrays of unknown sizes");
    }
    sizes.push_back(known);
  }
}

void MapOp::print(OpAsmPrinter &printer) {
  printer << " (";
  llvm::interleaveComma(getBody().getArguments(), printer, [&](Value index) { printer << index; });
  printer << ") = [" << getExtents() << "] ";
  printer.printOptionalArrowTypeList(getResultTypes());
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  printer.printOptionalAttrDict((*this)->getAttrs());
}

ParseResult MapOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> indices;
  SmallVector<OpAsmParser::UnresolvedOperand> extents;
  Type index = parser.getBuilder().getIndexType();
  if (parser.parseArgumentList(indices, OpAsmParser::Delimiter::Paren) || parser.parseEqual() ||
      parser.parseOperandList(extents, OpAsmParser::Delimiter::Square) || parser.resolveOperands(extents, index, state.operands) ||
      parser.parseOptionalArrowTypeList(state.types))
    return failure();
  for (OpAsmParser::Argument &argument : indices)
    argument.type = index;
  Region *body = state.addRegion();
  if (parser.parseRegion(*body, indices) || parser.parseOptionalAttrDict(state.attributes))
    return failure();
  MapOp::ensureTerminator(*body, parser.getBuilder(), state.location);
  return success();
}

void YieldOp::build(OpBuilder &, OperationState &) {}

//===- vjp, jvp ----------------------------------------------------------------------------------------------------------------------===//

/// What both need: a function, an argument for each of its own, and floats where derivatives are asked for.
static FailureOr<func::FuncOp> verifyCallee(Operation *op, SymbolTableCollection &symbols, FlatSymbolRefAttr callee, ValueRange args,
                                            ArrayRef<int64_t> wrt) {
  auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, callee);
  if (!function)
    return op->emitOpError() << "refers to " << callee << ", which is no function";
  if (function.getArgumentTypes() != args.getTypes())
    return op->emitOpError("has arguments that are not those of the function");
  for (int64_t i : wrt)
    if (i < 0 || size_t(i) >= args.size() || !isFloat(args[i]))
      return op->emitOpError() << "differentiates by argument " << i << ", which is no float";
  return function;
}

static SmallVector<Type> floatsOf(TypeRange types) {
  SmallVector<Type> floats;
  llvm::copy_if(types, std::back_inserter(floats), [](Type type) { return isFloat(type); });
  return floats;
}

static SmallVector<Type> typesOf(ValueRange args, ArrayRef<int64_t> wrt) {
  return llvm::map_to_vector(wrt, [&](int64_t i) { return args[i].getType(); });
}

LogicalResult VjpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto function = verifyCallee(*this, symbols, getCalleeAttr(), getArgs(), getWrt());
  if (failed(function))
    return failure();
  auto withMasks = [&](SmallVector<Type> types) {
    if (getMasked())
      llvm::append_range(types, llvm::map_to_vector(types, maskType));
    return types;
  };
  if (getSeeds().getTypes() != TypeRange(withMasks(floatsOf(function->getResultTypes()))))
    return emitOpError("has seeds that are not of the types of the function's float results");
  SmallVector<Type> results;
  if (getPrimals())
    llvm::append_range(results, function->getResultTypes());
  llvm::append_range(results, withMasks(typesOf(getArgs(), getWrt())));
  return getResultTypes() == TypeRange(results) ? success() : emitOpError("has wrong result types");
}

LogicalResult JvpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto function = verifyCallee(*this, symbols, getCalleeAttr(), getArgs(), getWrt());
  if (failed(function))
    return failure();
  if (getTangents().getTypes() != TypeRange(typesOf(getArgs(), getWrt())))
    return emitOpError("has tangents that are not of the types of the arguments");
  SmallVector<Type> results(function->getResultTypes());
  llvm::append_range(results, floatsOf(function->getResultTypes()));
  return getResultTypes() == TypeRange(results) ? success() : emitOpError("has wrong result types");
}
} // namespace tl
