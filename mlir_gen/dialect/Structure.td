// Sizes, maps over index ranges, and transformations of functions that have not run yet.
#ifndef TL_STRUCTURE_TD
#define TL_STRUCTURE_TD
include "mlir_gen/dialect/TlBase.td"

def Tl_SizedOp : Tl_Op<"sized", [Pure, DeclareOpInterfaceMethods<Tl_Sized>] # Tl_InfersType # Tl_Transforms> {
  let summary = "the tensor itself, with its sizes";
  let description = [{ Stands where a tensor enters: function arguments, results of calls, loops and branches, `load`. }];
  let arguments = (ins Tl_Tensor:$x, Variadic<Index>:$sizes);
  let results = (outs Tl_Tensor:$y);
  let assemblyFormat = "$x `[` $sizes `]` attr-dict `:` type($x)";
  let hasVerifier = 1; let hasFolder = 1;
}

def Tl_SizeOp : Tl_Op<"size", [Pure] # Tl_InfersType # Tl_Batched> {
  let summary = "size of one axis, where only the data knows it; folds where `sizesOf` knows";
  let arguments = (ins Tl_Tensor:$x, I64Attr:$axis);
  let results = (outs Index:$y);
  let assemblyFormat = "$x $axis attr-dict `:` type($x)";
  let hasVerifier = 1; let hasCanonicalizer = 1;
}

def Tl_MapOp : Tl_Op<"map", [RecursiveMemoryEffects, RecursivelySpeculatable, SingleBlockImplicitTerminator<"YieldOp">,
                             DeclareOpInterfaceMethods<Tl_Sized>]> {
  let summary = "the body for all indices";
  let description = [{
    `map (%i, %j) = 0 to [%n, %m] { ...; yield %v }`: for each yielded value a tensor with the extents in front. Captures freely; what is
    yielded has sizes that do not depend on the indices. Index notation and vmap. Batch turns it into whole-array ops or a loop.
  }];
  let arguments = (ins Variadic<Index>:$extents);
  let results = (outs Variadic<Tl_Tensor>:$ys);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::ValueRange":$extents, "::llvm::function_ref<::llvm::SmallVector<::mlir::Value>(::mlir::OpBuilder &, ::mlir::Location, ::mlir::ValueRange)>":$body)>,
    OpBuilder<(ins "::mlir::TypeRange":$types, "::mlir::ValueRange":$extents)>];
  let extraClassDeclaration = [{
    ::mlir::ValueRange indices() { return getBody().front().getArguments(); }
    ::mlir::ValueRange yielded() { return getBody().front().getTerminator()->getOperands(); }
  }];
  let hasVerifier = 1;
}

def Tl_YieldOp : Tl_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"MapOp">]> {
  let summary = "what the body of a map gives for its indices";
  let arguments = (ins Variadic<Tl_Value>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins)>];
}

def Tl_StopGradientOp : Tl_Typed<"stop_gradient", [Pure] # Tl_Transforms> {
  let summary = "the value itself, a constant to derivatives";
  let arguments = (ins Tl_Value:$x);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

/// A derivative of a function that has not been made yet. Conservatively ordered like a call.
class Tl_Derivative<string mnemonic> : Tl_Op<mnemonic, [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    MemoryEffects<[MemRead<Tl_Effects>, MemWrite<Tl_Effects>]>]> {
  let results = (outs Variadic<AnyType>:$ys);
}

def Tl_VjpOp : Tl_Derivative<"vjp"> {
  let summary = "what cotangents of a function's results give its arguments";
  let description = [{
    The results of @f (with `primals`), then the cotangents of the arguments number `wrt`. `seeds`: one for each float result of @f, in order.
    `again`: @f ran at these arguments, so that what it prints and saves is written.
    `masked`: a mask for each of these seeds follows them, and a mask for each cotangent the results: see Note [Masks] in Transform.h.
    Results that are tensors need a `sized`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$args, Variadic<AnyType>:$seeds, DenseI64ArrayAttr:$wrt, BoolAttr:$primals,
                       DefaultValuedAttr<BoolAttr, "false">:$masked, DefaultValuedAttr<BoolAttr, "false">:$again);
  let assemblyFormat = "$callee `(` $args `)` `seeds` `(` $seeds `)` $wrt `primals` `=` $primals attr-dict `:` functional-type(operands, results)";
}

def Tl_JvpOp : Tl_Derivative<"jvp"> {
  let summary = "what tangents of a function's arguments give its results";
  let description = [{
    The results of @f, then the tangents of its float results. `tangents`: one for each of the arguments number `wrt`, all floats.
    Results that are tensors need a `sized`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$args, Variadic<AnyType>:$tangents, DenseI64ArrayAttr:$wrt);
  let assemblyFormat = "$callee `(` $args `)` `tangents` `(` $tangents `)` $wrt attr-dict `:` functional-type(operands, results)";
}
#endif
