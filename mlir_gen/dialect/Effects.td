// What a program does besides computing: text, files, checks, traps. A text is an i64 handle.
#ifndef TL_EFFECTS_TD
#define TL_EFFECTS_TD
include "mlir_gen/dialect/TlBase.td"

defvar Tl_Ordered = MemoryEffects<[MemRead<Tl_Effects>, MemWrite<Tl_Effects>]>;

/// Text with holes. `parts`: text and specs alternating, text0, spec0, text1, ..., textN; `kinds`: the language's scalar type of each value
/// ("f32", "u8", "bool", "str"). Values may be tensors.
class Tl_Text<string mnemonic, list<Trait> traits> : Tl_Op<mnemonic, traits> {
  let hasVerifier = 1;
}

def Tl_StringOp : Tl_Op<"string", [Pure] # Tl_Batched> {
  let summary = "a text that the source holds";
  let arguments = (ins StrAttr:$text);
  let results = (outs I64:$y);
  let assemblyFormat = "$text attr-dict";
}

def Tl_FormatOp : Tl_Text<"format", [Pure]> {
  let summary = "a text with values in its holes";
  let arguments = (ins Variadic<Tl_Value>:$values, ArrayAttr:$parts, ArrayAttr:$kinds);
  let results = (outs I64:$y);
  let assemblyFormat = "$parts `(` ($values^ `:` type($values))? `)` attr-dict";
}

def Tl_PrintOp : Tl_Op<"print", [Tl_Ordered]> {
  let summary = "writes a text and a newline";
  let arguments = (ins I64:$text);
  let assemblyFormat = "$text attr-dict";
}

def Tl_CheckOp : Tl_Text<"check", [Tl_Ordered] # Tl_Batched> {
  let summary = "traps unless %ok";
  let description = [{
    %ok may be a tensor of i1, the values then tensors of its shape or scalars: the first bad position in row-major order is reported.
    `code` is that of the diagnostic. A text is formatted as by `format`.
  }];
  let arguments = (ins Tl_BoolLike:$ok, Variadic<Tl_Value>:$values, ArrayAttr:$parts, ArrayAttr:$kinds, StrAttr:$code);
  let assemblyFormat = "$ok $parts `(` ($values^ `:` type($values))? `)` attr-dict `:` type($ok)";
}

def Tl_TrapOp : Tl_Op<"trap", [Tl_Ordered]> {
  let summary = "ends the program with a text";
  let arguments = (ins I64:$text, StrAttr:$code);
  let assemblyFormat = "$text attr-dict";
}

def Tl_StepOp : Tl_Op<"step", [Tl_Ordered]> {
  let summary = "a step of a `while`";
  let description = [{
    Stands in the condition's region. Nobody has proved that the loop ends: so it is an effect, for which the loop stays even if nothing uses its
    result, and the place where the user may stop it.
  }];
  let assemblyFormat = "attr-dict";
}

def Tl_LoadOp : Tl_Op<"load", [Tl_Ordered, DeclareOpInterfaceMethods<Tl_Sized>]> {
  let summary = "an array or scalar from a file, and its sizes";
  let description = [{
    `name` is that of the record's field (or ""), `kind` the scalar type, `rank` the rank; `expect` the size of each axis, -1 for any. Gives the value and
    the sizes found. A file of other type or shape ends the program (exit 3).
  }];
  let arguments = (ins I64:$path, Variadic<Index>:$expect, StrAttr:$name, StrAttr:$kind, I64Attr:$rank);
  let results = (outs Tl_Value:$y, Variadic<Index>:$sizes);
  let assemblyFormat = "$path `expect` `[` $expect `]` attr-dict `:` type($y) (`,` type($sizes)^)?";
  let hasVerifier = 1;
}

def Tl_SaveOp : Tl_Op<"save", [Tl_Ordered]> {
  let summary = "writes values to a file, by name";
  let arguments = (ins I64:$path, Variadic<Tl_Value>:$values, ArrayAttr:$names, ArrayAttr:$kinds);
  let assemblyFormat = "$path `(` ($values^ `:` type($values))? `)` attr-dict";
  let hasVerifier = 1;
}

def Tl_ArgumentOp : Tl_Op<"argument", [Tl_Ordered, DeclareOpInterfaceMethods<Tl_Sized>]> {
  let summary = "an argument of an exported function, or a part of one";
  let description = [{
    `slot` is its place in the caller's frame; with `offset` at least 0 the slot points to a record, and this is so many bytes into it. An array
    is the caller's memory, of sizes `extents`, and never written.
  }];
  let arguments = (ins Variadic<Index>:$extents, StrAttr:$name, StrAttr:$kind, I64Attr:$slot, I64Attr:$offset);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$name $kind `[` $extents `]` attr-dict `:` type($y)";
  let hasVerifier = 1;
}

def Tl_GiveOp : Tl_Op<"give", [Tl_Ordered]> {
  let summary = "hands the results of an exported function to its caller";
  let description = [{ Where they go is said as for `argument`. A `fresh` result gets memory of its own, and the place its address. }];
  let arguments = (ins Variadic<Tl_Value>:$values, ArrayAttr:$names, ArrayAttr:$kinds, DenseI64ArrayAttr:$slots, DenseI64ArrayAttr:$offsets,
                   DenseBoolArrayAttr:$fresh);
  let assemblyFormat = "`(` ($values^ `:` type($values))? `)` attr-dict";
  let hasVerifier = 1;
}

def Tl_ObserveOp : Tl_Op<"observe", [Tl_Ordered]> {
  let summary = "values that are computed, though nothing needs them: what a bench measures";
  let arguments = (ins Variadic<Tl_Value>:$values, ArrayAttr:$kinds);
  let assemblyFormat = "`(` ($values^ `:` type($values))? `)` attr-dict";
}

def Tl_FlagOp : Tl_Op<"flag", [Pure]> {
  let summary = "the value of a flag of the command line: a scalar, or a text (i64)";
  let arguments = (ins StrAttr:$name, StrAttr:$kind);
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "$name $kind attr-dict `:` type($y)";
}

def Tl_FlagGivenOp : Tl_Op<"flag_given", [Pure]> {
  let summary = "whether the command line has the flag";
  let arguments = (ins StrAttr:$name);
  let results = (outs I1:$y);
  let assemblyFormat = "$name attr-dict";
}
#endif
