// Elementwise ops: any mix of scalars and tensors of one shape; the result is a tensor where an operand is.
#ifndef TL_ELEMENTWISE_TD
#define TL_ELEMENTWISE_TD
include "mlir_gen/dialect/TlBase.td"

/// `scalar` is the body on one element: a C++ expression in `b`, `loc`, `op`, `x` (and `z`, `w` for the second and third operand). It is given
/// f32 where the elements are f16 or bf16. `dx`, `dz`, `dw` are what the cotangent `g` gives each operand (linear in g), formulas in `x z w y g`
/// over `Val`; empty: nothing. They serve both modes: a tangent is the sum of the formulas with `g` the tangents of the operands.
/// `element` is the operand whose element type the result has; -1: i1; -2: the result type is given.
class Tl_Elementwise<string mnemonic, dag ins, int element, code body, code dx = "", code dz = "", code dw = "", list<Trait> traits = []>
    : Tl_Op<mnemonic, [Pure, Tl_KnownSizes, DeclareOpInterfaceMethods<Tl_Sized>, DeclareOpInterfaceMethods<Tl_Scalarizable>]
                      # !if(!eq(element, -2), []<Trait>, Tl_InfersType) # Tl_Transforms # traits> {
  let arguments = ins;
  let results = (outs Tl_Value:$y);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let extraClassDeclaration = [{
    /// What `g` gives operand number `i`; null: nothing.
    ::tl::Val derivative(unsigned i, ::tl::Val g);
  }];
  let extraClassDefinition = !if(!eq(element, -2), "", [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *ctx, ::std::optional<::mlir::Location> loc, ::mlir::ValueRange operands,
        ::mlir::DictionaryAttr, ::mlir::OpaqueProperties, ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::tl::elementwise::inferType(ctx, loc, operands, }] # element # [{, types);
    }
  }]) # [{
    void $cppClass::resultSizes(::mlir::OpBuilder &b, unsigned, ::llvm::SmallVectorImpl<::mlir::Value> &sizes) {
      ::tl::elementwise::sizes(*this, b, sizes);
    }
    ::llvm::SmallVector<::tl::Batched> $cppClass::batch(::tl::BatchBuilder &batch, ::llvm::ArrayRef<::tl::Batched> operands) {
      return ::tl::elementwise::batch(*this, batch, operands);
    }
    ::tl::Val $cppClass::derivative(unsigned i, ::tl::Val g) {
      [[maybe_unused]] auto x = g.like((*this)->getOperand(0)), y = g.like((*this)->getResult(0));
      [[maybe_unused]] auto z = g.like((*this)->getNumOperands() > 1 ? (*this)->getOperand(1) : ::mlir::Value());
      [[maybe_unused]] auto w = g.like((*this)->getNumOperands() > 2 ? (*this)->getOperand(2) : ::mlir::Value());
      switch (i) {
      case 0: return ::tl::Val(}] # dx # [{);
      case 1: return ::tl::Val(}] # dz # [{);
      default: return ::tl::Val(}] # dw # [{);
      }
    }
    void $cppClass::vjp(::tl::Adjoints &adjoints, ::mlir::ValueRange g) {
      ::tl::elementwise::vjp(*this, adjoints, g[0], [this](unsigned i, ::tl::Val g) { return derivative(i, g); });
    }
    ::llvm::SmallVector<::mlir::Value> $cppClass::jvp(::mlir::OpBuilder &b, ::llvm::ArrayRef<::mlir::Value> dx) {
      return ::tl::elementwise::jvp(*this, b, dx, [this](unsigned i, ::tl::Val g) { return derivative(i, g); });
    }
    ::llvm::SmallVector<::mlir::Value> $cppClass::scalar(::mlir::OpBuilder &b, ::mlir::ValueRange args) {
      using namespace ::tl::scalar;
      return ::tl::elementwise::scalar(*this, b, args, [](::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Operation *op, ::mlir::ValueRange args) -> ::mlir::Value {
        [[maybe_unused]] ::mlir::Value x = args[0], z = args.size() > 1 ? args[1] : x, w = args.size() > 2 ? args[2] : x;
        return }] # body # [{;
      });
    }
  }];
}

def Tl_OneElementType : PredOpTrait<"operands have one element type",
  CPred<"::mlir::getElementTypeOrSelf($_op.getOperand(0)) == ::mlir::getElementTypeOrSelf($_op.getOperand(1))">>;

/// float -> float
class Tl_Float<string mnemonic, string scalarOp, code dx> : Tl_Elementwise<mnemonic, (ins Tl_FloatLike:$x), 0, scalarOp # "::create(b, loc, x)", dx>;
/// number -> number
class Tl_Number<string mnemonic, code body, code dx> : Tl_Elementwise<mnemonic, (ins Tl_Value:$x), 0, body, dx>;
/// float -> bool
class Tl_Predicate<string mnemonic, code body> : Tl_Elementwise<mnemonic, (ins Tl_FloatLike:$x), -1, body>;
/// Two operands of one element type.
class Tl_Binary<string mnemonic, code body, code dx = "", code dz = "", list<Trait> traits = []>
    : Tl_Elementwise<mnemonic, (ins Tl_Value:$x, Tl_Value:$z), 0, body, dx, dz, "", traits # [Tl_OneElementType]>;
class Tl_FloatBinary<string mnemonic, code body, code dx, code dz>
    : Tl_Elementwise<mnemonic, (ins Tl_FloatLike:$x, Tl_FloatLike:$z), 0, body, dx, dz, "", [Tl_OneElementType]>;
class Tl_IntBinary<string mnemonic, code body, list<Trait> traits = []>
    : Tl_Elementwise<mnemonic, (ins Tl_IntLike:$x, Tl_IntLike:$z), 0, body, "", "", "", traits # [Tl_OneElementType]>;

// float -> float

def Tl_ExpOp   : Tl_Float<"exp",   "math::ExpOp",   [{ g * y }]> { let summary = "e to the power of each element"; }
def Tl_Expm1Op : Tl_Float<"expm1", "math::ExpM1Op", [{ g * (y + 1.0) }]> { let summary = "exp(x) - 1, accurate near 0"; }
def Tl_LogOp   : Tl_Float<"log",   "math::LogOp",   [{ g / x }]> { let summary = "natural logarithm of each element"; }
def Tl_Log1pOp : Tl_Float<"log1p", "math::Log1pOp", [{ g / (x + 1.0) }]> { let summary = "log(1 + x), accurate near 0"; }
def Tl_Exp2Op  : Tl_Float<"exp2",  "math::Exp2Op",  [{ std::numbers::ln2 * (g * y) }]> { let summary = "2 to the power of each element"; }
def Tl_Log2Op  : Tl_Float<"log2",  "math::Log2Op",  [{ g / (std::numbers::ln2 * x) }]> { let summary = "logarithm of each element to base 2"; }
def Tl_Log10Op : Tl_Float<"log10", "math::Log10Op", [{ g / (std::numbers::ln10 * x) }]> { let summary = "logarithm of each element to base 10"; }
def Tl_SqrtOp  : Tl_Float<"sqrt",  "math::SqrtOp",  [{ g / (2.0 * y) }]> { let summary = "square root of each element"; }
def Tl_RsqrtOp : Tl_Elementwise<"rsqrt", (ins Tl_FloatLike:$x), 0, [{ reciprocalSqrt(b, loc, x) }], [{ -0.5 * g * (y / x) }]> {
  let summary = "1 / sqrt(x)";
}
def Tl_FloorOp : Tl_Float<"floor", "math::FloorOp", ""> { let summary = "the largest integer that is not larger"; }
def Tl_CeilOp  : Tl_Float<"ceil",  "math::CeilOp",  ""> { let summary = "the smallest integer that is not smaller"; }
def Tl_RoundOp : Tl_Float<"round", "math::RoundEvenOp", ""> { let summary = "the nearest integer, halves to even"; }
def Tl_SinOp   : Tl_Float<"sin",   "math::SinOp",   [{ g * cos(x) }]> { let summary = "sine of each element"; }
def Tl_CosOp   : Tl_Float<"cos",   "math::CosOp",   [{ -(g * sin(x)) }]> { let summary = "cosine of each element"; }
def Tl_TanOp   : Tl_Float<"tan",   "math::TanOp",   [{ g * (1.0 + y * y) }]> { let summary = "tangent of each element"; }
def Tl_AsinOp  : Tl_Float<"asin",  "math::AsinOp",  [{ g / sqrt((1.0 - x) * (1.0 + x)) }]> { let summary = "arc sine of each element"; }
def Tl_AcosOp  : Tl_Float<"acos",  "math::AcosOp",  [{ -(g / sqrt((1.0 - x) * (1.0 + x))) }]> { let summary = "arc cosine of each element"; }
def Tl_AtanOp  : Tl_Float<"atan",  "math::AtanOp",  [{ g / (1.0 + x * x) }]> { let summary = "arc tangent of each element"; }
def Tl_SinhOp  : Tl_Float<"sinh",  "math::SinhOp",  [{ g * cosh(x) }]> { let summary = "hyperbolic sine of each element"; }
def Tl_CoshOp  : Tl_Float<"cosh",  "math::CoshOp",  [{ g * sinh(x) }]> { let summary = "hyperbolic cosine of each element"; }
def Tl_TanhOp  : Tl_Float<"tanh",  "math::TanhOp",  [{ g * (1.0 - y * y) }]> { let summary = "hyperbolic tangent of each element"; }
def Tl_SigmoidOp : Tl_Elementwise<"sigmoid", (ins Tl_FloatLike:$x), 0, [{ sigmoidOf(b, loc, x) }], [{ g * (y * (1.0 - y)) }]> {
  let summary = "1 / (1 + exp(-x))";
}
def Tl_AsinhOp : Tl_Float<"asinh", "math::AsinhOp", [{ g / sqrt(x * x + 1.0) }]> { let summary = "inverse of sinh"; }
def Tl_AcoshOp : Tl_Float<"acosh", "math::AcoshOp", [{ g / sqrt((x - 1.0) * (x + 1.0)) }]> { let summary = "inverse of cosh"; }
def Tl_AtanhOp : Tl_Float<"atanh", "math::AtanhOp", [{ g / ((1.0 - x) * (1.0 + x)) }]> { let summary = "inverse of tanh"; }
def Tl_ErfOp   : Tl_Float<"erf",   "math::ErfOp",   [{ 1.1283791670955126 * g * exp(-(x * x)) }]> { let summary = "error function of each element"; }
def Tl_ErfcOp  : Tl_Float<"erfc",  "math::ErfcOp",  [{ -1.1283791670955126 * g * exp(-(x * x)) }]> { let summary = "1 - erf(x), accurate for large x"; }
def Tl_LgammaOp : Tl_Elementwise<"lgamma", (ins Tl_FloatLike:$x), 0, [{ runtimeCall(b, loc, "lgamma", x) }], [{ g * digamma(x) }]> {
  let summary = "logarithm of the absolute value of the gamma function";
}
def Tl_DigammaOp : Tl_Elementwise<"digamma", (ins Tl_FloatLike:$x), 0, [{ runtimeCall(b, loc, "tl_digamma", x) }], [{ g * polygamma(x, 1) }]> {
  let summary = "derivative of lgamma";
}
def Tl_PolygammaOp : Tl_Elementwise<"polygamma", (ins Tl_FloatLike:$x, I64Attr:$order), 0,
    [{ polygammaCall(b, loc, op, x) }], [{ g * polygamma(x, getOrder() + 1) }]> {
  let summary = "derivative number `order` of digamma; trigamma is order 1";
}

// number -> number

def Tl_NegOp  : Tl_Number<"neg",  [{ negate(b, loc, x) }], [{ -g }]> { let summary = "-x; integers wrap"; let hasFolder = 1; }
def Tl_AbsOp  : Tl_Number<"abs",  [{ absolute(b, loc, op, x) }], [{ g * sign(x) }]> { let summary = "absolute value; integers wrap"; }
def Tl_SignOp : Tl_Number<"sign", [{ signOf(b, loc, op, x) }], ""> { let summary = "-1, 0 or 1; keeps signed zeros and NaN"; }
def Tl_NotOp  : Tl_Elementwise<"not", (ins Tl_IntLike:$x), 0, [{ complement(b, loc, x) }]> { let summary = "not, on every bit"; let hasFolder = 1; }

// float -> bool

def Tl_IsNanOp    : Tl_Predicate<"isnan",    [{ math::IsNaNOp::create(b, loc, x) }]> { let summary = "whether NaN"; }
def Tl_IsInfOp    : Tl_Predicate<"isinf",    [{ math::IsInfOp::create(b, loc, x) }]> { let summary = "whether infinite"; }
def Tl_IsFiniteOp : Tl_Predicate<"isfinite", [{ math::IsFiniteOp::create(b, loc, x) }]> { let summary = "neither infinite nor NaN"; }

// two numbers

def Tl_AddOp : Tl_Binary<"add", [{ (pick<arith::AddFOp, arith::AddIOp>(b, loc, x, z)) }], [{ g }], [{ g }], [Commutative]> {
  let summary = "x + z; integers wrap"; let hasFolder = 1;
}
def Tl_SubOp : Tl_Binary<"sub", [{ (pick<arith::SubFOp, arith::SubIOp>(b, loc, x, z)) }], [{ g }], [{ -g }]> {
  let summary = "x - z; integers wrap"; let hasFolder = 1;
}
def Tl_MulOp : Tl_Binary<"mul", [{ (pick<arith::MulFOp, arith::MulIOp>(b, loc, x, z)) }], [{ g * z }], [{ g * x }], [Commutative]> {
  let summary = "x * z; integers wrap"; let hasFolder = 1;
}
def Tl_FloorDivOp : Tl_Binary<"floordiv", [{ floorDivide(b, loc, op, x, z) }]> {
  let summary = "the floor of x / z"; let hasFolder = 1;
  let description = [{ A zero integer divisor is checked before and gives 0 here; min // -1 wraps. }];
}
def Tl_ModOp : Tl_Binary<"mod", [{ floorModulo(b, loc, op, x, z) }], [{ g }], [{ -(g * floordiv(x, z)) }]> {
  let summary = "x - z * (x // z): has the sign of z"; let hasFolder = 1;
}
// The second operand gets the cotangent where both are equal, so that relu(x) = max(x, 0) has the derivative 0 at 0.
def Tl_MinOp : Tl_Binary<"min", [{ minimum(b, loc, op, x, z) }], [{ select(less(x, z), g, 0.0) }], [{ select(less(x, z), 0.0, g) }]> {
  let summary = "the smaller; NaN if one is NaN";
}
def Tl_MaxOp : Tl_Binary<"max", [{ maximum(b, loc, op, x, z) }], [{ select(less(z, x), g, 0.0) }], [{ select(less(z, x), 0.0, g) }]> {
  let summary = "the larger; NaN if one is NaN";
}
def Tl_DivOp : Tl_FloatBinary<"div", [{ arith::DivFOp::create(b, loc, x, z) }], [{ g / z }], [{ -(g * (y / z)) }]> {
  let summary = "x / z"; let hasFolder = 1;
}
// The derivative by z is 0 where x is 0, whose logarithm has no value; by x it is 0 where z is 0.
def Tl_PowOp : Tl_FloatBinary<"pow", [{ math::PowFOp::create(b, loc, x, z) }],
    [{ select(equal(z, 0.0), 0.0, g * (z * pow(x, z - 1.0))) }], [{ select(equal(x, 0.0), 0.0, g * (y * log(x))) }]> {
  let summary = "x to the power of z";
}
def Tl_Atan2Op : Tl_FloatBinary<"atan2", [{ math::Atan2Op::create(b, loc, x, z) }], [{ g * (z / (x * x + z * z)) }], [{ -(g * (x / (x * x + z * z))) }]> {
  let summary = "the angle of the point (z, x)";
}
def Tl_IPowOp : Tl_Elementwise<"ipow", (ins Tl_Value:$x, Tl_IntLike:$z), 0, [{ integerPower(b, loc, x, z) }],
    [{ select(equal(z, 0), 0.0, g * (convert(z, x) * ipow(x, z - 1))) }]> {
  let summary = "x to an i64 power, by squaring"; let hasFolder = 1; let hasCanonicalizer = 1;
  let description = [{ The exponent is at least 0 where x is an integer (checked before); a negative one gives 1 / x ** -z on floats. }];
}

// bits

def Tl_AndOp : Tl_IntBinary<"and", [{ arith::AndIOp::create(b, loc, x, z) }], [Commutative]> { let summary = "and, on every bit"; let hasFolder = 1; }
def Tl_OrOp  : Tl_IntBinary<"or",  [{ arith::OrIOp::create(b, loc, x, z) }], [Commutative]> { let summary = "or, on every bit"; let hasFolder = 1; }
def Tl_XorOp : Tl_IntBinary<"xor", [{ arith::XOrIOp::create(b, loc, x, z) }], [Commutative]> { let summary = "exclusive or, on every bit"; }
def Tl_ShlOp : Tl_IntBinary<"shl", [{ shiftLeft(b, loc, x, z) }]> { let summary = "x * 2 ** z; 0 from the width on"; }
def Tl_ShrOp : Tl_IntBinary<"shr", [{ shiftRight(b, loc, op, x, z) }]> { let summary = "the floor of x / 2 ** z; 0 or -1 from the width on"; }

// choice

def Tl_CompareOp : Tl_Elementwise<"compare", (ins Tl_Value:$x, Tl_Value:$z, StrAttr:$pred), -1, [{ compare(b, loc, op, x, z) }], "", "", "", [Tl_OneElementType]> {
  let summary = "x < z and its kin: pred is eq, ne, lt, le, gt or ge; false for NaN, ne true";
  let assemblyFormat = "$pred operands attr-dict `:` type(operands)";
  let hasVerifier = 1; let hasFolder = 1;
}
def Tl_SelectOp : Tl_Elementwise<"select", (ins Tl_BoolLike:$x, Tl_Value:$z, Tl_Value:$w), 1, [{ arith::SelectOp::create(b, loc, x, z, w) }],
    "", [{ select(x, g, 0.0) }], [{ select(x, 0.0, g) }]> {
  let summary = "z where x, else w"; let hasVerifier = 1; let hasFolder = 1;
}

// conversion

def Tl_CastOp : Tl_Elementwise<"cast", (ins Tl_Value:$x, OptionalAttr<UnitAttr>:$from_unsigned, OptionalAttr<UnitAttr>:$to_unsigned), -2,
    [{ castScalar(b, loc, op, x) }], [{ convert(g, x) }]> {
  let summary = "x as another element type";
  let description = [{
    float -> int truncates toward zero and saturates, NaN gives 0 (a check stands before it); to i1 is x != 0; f16 and bf16 go through f32.
    `from_unsigned`, `to_unsigned`: the sign of an integer.
  }];
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Type":$element)>];
  let hasVerifier = 1; let hasFolder = 1;
}
#endif
