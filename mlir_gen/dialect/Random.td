// Counter-based random numbers: Threefry 2x32, 20 rounds (Salmon et al., SC 2011; Random123's known answers).
#ifndef TL_RANDOM_TD
#define TL_RANDOM_TD
include "mlir_gen/dialect/Elementwise.td"

def Tl_Block : TypeConstraint<CPred<"::mlir::getElementTypeOrSelf($_self).isInteger(64)">, "i64 scalar or tensor">;

/// What a key (64 bits) makes of the number of a block. The ops differ in what the block is for.
class Tl_Threefry<string mnemonic>
    : Tl_Elementwise<mnemonic, (ins Tl_Block:$key, Tl_Block:$number), 0, "threefry(b, loc, x, z)", "", "", "", [Tl_OneElementType]>;

def Tl_SeedOp : Tl_Elementwise<"seed", (ins Tl_Block:$x), 0, "x"> { let summary = "the key of a seed: its bits"; }
def Tl_SplitOp : Tl_Threefry<"split"> { let summary = "key number `number` of those that a key is split into"; }
def Tl_FoldInOp : Tl_Threefry<"fold_in"> { let summary = "a key with a number folded in"; }
def Tl_RandomBitsOp : Tl_Threefry<"random_bits"> { let summary = "64 random bits for a key and an element's number"; }
#endif
