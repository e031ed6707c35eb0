// Reductions over axes, and scans along one.
#ifndef TL_REDUCTION_TD
#define TL_REDUCTION_TD
include "mlir_gen/dialect/TlBase.td"

/// The batching of an op that only names axes: they move behind those of the batch.
class Tl_BatchByShift {
  code text = [{
    ::llvm::SmallVector<::tl::Batched> $cppClass::batch(::tl::BatchBuilder &batch, ::llvm::ArrayRef<::tl::Batched> operands) {
      return ::tl::reduction::batch(*this, batch, operands);
    }
  }];
}

/// `axes` (ascending, at least one) vanish; a scalar is left where none remains.
class Tl_Reduction<string mnemonic, list<Trait> traits, code more = ""> : Tl_Typed<mnemonic, [Pure] # traits> {
  let arguments = (ins Tl_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$x $axes attr-dict `:` type($x)";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx, ::std::optional<::mlir::Location> loc, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr attributes, ::mlir::OpaqueProperties properties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::tl::reduction::inferType(getOperationName(), loc, operands[0], Adaptor(operands, attributes, properties).getAxes(), types);
    }
    void $cppClass::resultSizes(::mlir::OpBuilder &b, unsigned, ::llvm::SmallVectorImpl<::mlir::Value> &sizes) {
      ::tl::reduction::sizes(*this, b, sizes);
    }
    ::llvm::LogicalResult $cppClass::verify() { return ::tl::reduction::verify(*this); }
  }] # more;
}

/// A reduction that stays until it is lowered.
class Tl_Reduce<string mnemonic, list<Trait> traits = []> : Tl_Reduction<mnemonic, Tl_Batched # traits, Tl_BatchByShift<>.text>;
class Tl_SmoothReduce<string mnemonic> : Tl_Reduce<mnemonic, [DeclareOpInterfaceMethods<Tl_Differentiable>]>;

def Tl_ReduceSumOp  : Tl_SmoothReduce<"reduce_sum">  { let summary = "sum over axes; 0 over nothing"; }
def Tl_ReduceProdOp : Tl_SmoothReduce<"reduce_prod"> { let summary = "product over axes; 1 over nothing"; }
def Tl_ReduceMaxOp  : Tl_SmoothReduce<"reduce_max">  { let summary = "largest over axes; NaN if there is one; not over nothing (checked before)"; }
def Tl_ReduceMinOp  : Tl_SmoothReduce<"reduce_min">  { let summary = "smallest over axes; NaN if there is one; not over nothing (checked before)"; }
def Tl_ReduceAnyOp  : Tl_Reduce<"reduce_any"> { let summary = "whether one is true (i1)"; }
def Tl_ReduceAllOp  : Tl_Reduce<"reduce_all"> { let summary = "whether all are true (i1)"; }

/// A composite: written in simpler ops by Expand, before anything else runs.
class Tl_ReduceComposite<string mnemonic> : Tl_Reduction<mnemonic, [DeclareOpInterfaceMethods<Tl_Expandable>]>;
def Tl_ReduceMeanOp  : Tl_ReduceComposite<"reduce_mean">  { let summary = "mean over axes"; }
def Tl_ReduceVarOp   : Tl_ReduceComposite<"reduce_var">   { let summary = "variance over axes, divided by the count"; }
def Tl_ReduceStdOp   : Tl_ReduceComposite<"reduce_std">   { let summary = "square root of the variance"; }
def Tl_LogSumExpOp   : Tl_ReduceComposite<"logsumexp">    { let summary = "log of the sum of exp; the maximum is subtracted first"; }
def Tl_ReduceCountOp : Tl_ReduceComposite<"reduce_count"> { let summary = "how many are true (i1 -> i64)"; }
def Tl_Norm2Op       : Tl_ReduceComposite<"norm2">        { let summary = "square root of the sum of squares"; }

/// Works along one axis and keeps all.
class Tl_Along<string mnemonic, dag extra, string element, list<Trait> traits, code more = Tl_BatchByShift<>.text> : Tl_Typed<mnemonic, [Pure] # traits> {
  let arguments = !con((ins Tl_Tensor:$x, I64Attr:$axis), extra);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x $axis attr-dict `:` type($x)";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx, ::std::optional<::mlir::Location> loc, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr, ::mlir::OpaqueProperties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::tl::reduction::inferAlong(operands[0], }] # element # [{, types);
    }
    void $cppClass::resultSizes(::mlir::OpBuilder &b, unsigned, ::llvm::SmallVectorImpl<::mlir::Value> &sizes) { sizes = ::tl::sizesOf(b, getX()); }
    ::llvm::LogicalResult $cppClass::verify() { return ::tl::reduction::verifyAxis(*this); }
  }] # more;
}
def Tl_CumSumOp  : Tl_Along<"cumsum",  (ins UnitAttr:$reverse), "{}", Tl_Transforms> { let summary = "sum of what came before and the element, along an axis; `reverse`: after"; }
def Tl_CumProdOp : Tl_Along<"cumprod", (ins UnitAttr:$reverse), "{}", Tl_Transforms> { let summary = "product of what came before and the element, along an axis; `reverse`: after"; }
def Tl_RecurOp : Tl_Typed<"recur", [Pure] # Tl_Transforms> {
  let summary = "y[i] = x[i] * y[i - 1] + z[i] along an axis, y[0] = z[0]; `reverse`: from the other end";
  let description = [{ The derivative of cumprod, and its own: products alone, so that zeros among the factors do no harm. }];
  let arguments = (ins Tl_Tensor:$x, Tl_Tensor:$z, I64Attr:$axis, UnitAttr:$reverse);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `,` $z $axis attr-dict `:` type($x) `,` type($z)";
  let hasVerifier = 1;
}
def Tl_SortOp    : Tl_Along<"sort",    (ins), "{}", Tl_Transforms> { let summary = "ascending along an axis, stable, NaN last"; }
def Tl_ArgSortOp : Tl_Along<"argsort", (ins), "64", Tl_Batched> { let summary = "the places (i64) that sort takes its elements from"; }

def Tl_SoftmaxOp    : Tl_Along<"softmax",     (ins), "{}", [DeclareOpInterfaceMethods<Tl_Expandable>], ""> { let summary = "exp(x) / sum(exp(x)) along an axis"; }
def Tl_LogSoftmaxOp : Tl_Along<"log_softmax", (ins), "{}", [DeclareOpInterfaceMethods<Tl_Expandable>], ""> { let summary = "log(softmax(x)) along an axis"; }

/// The place (i64) along one axis, which vanishes.
class Tl_Arg<string mnemonic> : Tl_Typed<mnemonic, [Pure] # Tl_Batched> {
  let arguments = (ins Tl_Tensor:$x, I64Attr:$axis);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$x $axis attr-dict `:` type($x)";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx, ::std::optional<::mlir::Location> loc, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr attributes, ::mlir::OpaqueProperties properties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::tl::reduction::inferType(getOperationName(), loc, operands[0], int64_t(Adaptor(operands, attributes, properties).getAxis()), types);
    }
    void $cppClass::resultSizes(::mlir::OpBuilder &b, unsigned, ::llvm::SmallVectorImpl<::mlir::Value> &sizes) {
      ::tl::reduction::sizes(*this, b, sizes);
    }
    ::llvm::LogicalResult $cppClass::verify() { return ::tl::reduction::verifyAxis(*this); }
  }] # Tl_BatchByShift<>.text;
}
def Tl_ArgMaxOp : Tl_Arg<"argmax"> { let summary = "place of the largest, the first of equals; of NaN if there is one"; }
def Tl_ArgMinOp : Tl_Arg<"argmin"> { let summary = "place of the smallest, the first of equals; of NaN if there is one"; }
#endif
