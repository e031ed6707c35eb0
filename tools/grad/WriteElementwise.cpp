// Elementwise ops -> operators and calls. Operands that are repeated are written as they are: the language repeats them.
#include "mlir/IR/Matchers.h"
#include "tools/grad/Writer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
namespace arith = mlir::arith;

/// The text of `text` as an operand of an operation on `op`'s operands: what they all read, the axes that one of them has.
Expr Writer::joined(Operation *op, ArrayRef<Expr> parts, std::string text, Binding binding) {
  Expr e;
  e.text = std::move(text);
  e.binding = binding;
  e.axes.assign(rankOf(op->getResult(0)), false);
  e.isLiteral = true;
  for (const Expr &part : parts) {
    e.reads.insert(part.reads.begin(), part.reads.end());
    e.isLiteral &= part.isLiteral;
    size_t missing = e.axes.size() - part.axes.size(); // a scalar among arrays
    for (size_t axis = 0; axis < part.axes.size(); ++axis)
      e.axes[missing + axis] |= part.axes[axis];
  }
  return e;
}

Expr Writer::call(Operation *op, StringRef function, StringRef more) {
  SmallVector<Expr> parts;
  SmallVector<std::string> texts;
  for (Value operand : op->getOperands()) {
    parts.push_back(*get(operand));
    texts.push_back(parts.back().text);
  }
  return joined(op, parts, function.str() + "(" + list(texts) + more.str() + ")", Binding::Atom);
}

/// A literal that has no other number beside it to tell its type.
static void typed(Expr &e, StringRef type) {
  if (!e.isLiteral)
    return;
  e.text = (type + "(" + e.text + ")").str();
  e.binding = Binding::Atom;
  e.isLiteral = false;
}

bool Writer::binary(Operation *op, StringRef symbol, Binding binding) {
  Expr l = *get(op->getOperand(0)), r = *get(op->getOperand(1));
  auto isNegated = [](const Expr &e) { return e.binding == Binding::Minus && StringRef(e.text).starts_with("-") && !e.isLiteral; };
  // x + -y is x - y to the last bit.
  if (symbol == "+" && isNegated(l) && !isNegated(r))
    std::swap(l, r);
  if (symbol == "+" && r.binding == Binding::Minus && StringRef(r.text).starts_with("-")) {
    bool isOf = !r.rest.empty();
    r.text = isOf ? r.rest : r.text.substr(1);
    r.binding = isOf ? r.restBinding : Binding::Atom;
    symbol = "-";
  }
  // Numbers stand in front of products and behind sums; both commute.
  if ((symbol == "*" && r.isLiteral && !l.isLiteral) || (symbol == "+" && l.isLiteral && !r.isLiteral))
    std::swap(l, r);
  // One times an array that has all axes is that.
  if (symbol == "*" && l.text == "1" && llvm::none_of(l.axes, [](bool has) { return has; }) && r.axes.size() == rankOf(op->getResult(0))) {
    r.isWaiting = false;
    return define(op->getResult(0), std::move(r)), true;
  }
  if (symbol == "*" && l.text == "-1" && l.isLiteral) { // to the last bit
    Expr e = joined(op, {l, r}, "-" + r.at(Binding::Power), Binding::Minus);
    e.rest = r.text;
    e.restBinding = r.binding;
    return define(op->getResult(0), std::move(e)), true;
  }
  Binding tighter = Binding(int(binding) + 1);
  bool chains = binding == Binding::Sum || binding == Binding::Product || binding == Binding::And || binding == Binding::Or;
  Binding left = binding == Binding::Power ? Binding::Atom : chains ? binding : tighter;
  Binding right = binding == Binding::Power ? Binding::Minus : tighter;
  std::string rest = r.at(right);
  Expr e = joined(op, {l, r}, l.at(left) + " " + symbol.str() + " " + rest, binding);
  e.first = l.text;
  e.op = symbol;
  e.rest = r.binding < right ? r.text : rest;
  define(op->getResult(0), std::move(e));
  return true;
}

bool Writer::compare(CompareOp op) {
  if (isUnsigned(op) && !elementOf(op.getX()).isInteger(1)) { // whether a place lies in an array: see asUnsigned
    Expr x = *get(op.getX()), n = *get(op.getZ());
    if (!x.isSimple) {
      let(op.getX(), x, "k");
      values[op.getX()] = std::make_shared<Expr>(x);
    }
    Expr e = joined(op, {x, n}, x.at(Binding::Range) + " >= 0 and " + x.at(Binding::Range) + " < " + n.at(Binding::Range), Binding::And);
    e.isLiteral = false;
    define(op.getY(), std::move(e));
    return true;
  }
  StringRef symbol = llvm::StringSwitch<StringRef>(op.getPred())
                         .Case("eq", "==")
                         .Case("ne", "!=")
                         .Case("lt", "<")
                         .Case("le", "<=")
                         .Case("gt", ">")
                         .Default(">=");
  Expr l = *get(op.getX()), r = *get(op.getZ());
  if (l.isLiteral && !r.isLiteral) { // 0 < x is x > 0
    std::swap(l, r);
    symbol = llvm::StringSwitch<StringRef>(symbol).Case("<", ">").Case("<=", ">=").Case(">", "<").Case(">=", "<=").Default(symbol);
  }
  if (l.isLiteral && r.isLiteral)
    typed(l, element(elementOf(op.getX())));
  Expr e = joined(op, {l, r}, l.at(Binding::Range) + " " + symbol.str() + " " + r.at(Binding::Range), Binding::Compare);
  e.isLiteral = false;
  define(op.getY(), std::move(e));
  return true;
}

bool Writer::cast(CastOp op) {
  const mlir::Type from = elementOf(op.getX()), type = elementOf(op.getY());
  const std::string to = element(type);
  Expr x = *get(op.getX());
  const bool isWord = isa<mlir::IntegerType>(from) && !from.isInteger(1), toWord = isa<mlir::IntegerType>(type);
  const bool isNarrower = isWord && toWord && from.getIntOrFloatBitWidth() >= type.getIntOrFloatBitWidth(); // whatever the signs
  std::string text = x.text;
  if (isWord && (op.getFromUnsigned() || isNarrower) && !x.unsignedText().empty())
    text = x.unsignedText();
  else if (isWord && op.getFromUnsigned() && !isNarrower)
    text = "u" + std::to_string(from.getIntOrFloatBitWidth()) + "(" + text + ")";
  if (op.getToUnsigned() && !isWord) {
    define(op.getY(), withSign(op.getY(), joined(op, {x}, "u" + to.substr(1) + "(" + text + ")", Binding::Atom)));
    return true;
  }
  Expr e = joined(op, {x}, to + "(" + text + ")", Binding::Atom);
  e.isLiteral = false;
  define(op.getY(), std::move(e));
  return true;
}

/// Integers have no sign in the dialect, and are written as those with one: an op to which it matters is written between conversions to
/// integers without a sign and back.
bool Writer::asUnsigned(Operation *op) {
  if (!isUnsigned(op) || isa<CheckOp>(op) || op->getNumResults() != 1)
    return false;
  if (auto compared = dyn_cast<CompareOp>(op)) {
    llvm::APInt number;
    const bool isSize = compared.getZ().getDefiningOp<arith::IndexCastOp>() ||
                        (mlir::matchPattern(compared.getZ(), mlir::m_ConstantInt(&number)) && !number.isNegative());
    if (elementOf(compared.getX()).isInteger(1) || (compared.getPred() == "lt" && isSize))
      return false;
  }
  op->removeAttr("unsigned");
  auto isWord = [](Value v) { return isa<mlir::IntegerType>(elementOf(v)) && !elementOf(v).isInteger(1); };
  const bool isTyped = llvm::any_of(op->getOperands(), [&](Value x) { return isWord(x) && !get(x)->isLiteral; });
  llvm::SmallDenseMap<Value, ExprRef> before;
  for (Value x : op->getOperands()) {
    if (!isWord(x) || before.count(x))
      continue;
    Expr e = *get(x);
    const unsigned width = elementOf(x).getIntOrFloatBitWidth();
    const std::string bits = std::to_string(width);
    int64_t number = 0;
    if (e.isLiteral && llvm::to_integer(e.text, number, 10)) {
      e.text = std::to_string(uint64_t(number) & llvm::maskTrailingOnes<uint64_t>(width));
      if (!isTyped) // else it takes the type of the others
        e.text = "u" + bits + "(" + e.text + ")";
    } else if (!e.unsignedText().empty()) {
      e.text = e.unsignedText();
    } else {
      e.text = "u" + bits + "(" + (e.isLiteral ? "i" + bits + "(" + e.text + ")" : e.text) + ")";
    }
    e.binding = Binding::Atom;
    e.op = e.rest = "";
    e.isLiteral = e.isSimple = e.isWaiting = false;
    before[x] = get(x);
    values[x] = std::make_shared<Expr>(std::move(e));
  }
  write(op);
  for (auto &[x, e] : before)
    values[x] = e;
  Value y = op->getResult(0);
  if (isWord(y) && values.count(y))
    *values[y] = withSign(y, *values[y]);
  return true;
}

/// `e`, which has no sign, as a text that has one.
Expr Writer::withSign(Value v, Expr e) {
  e.op = "u";
  e.rest = e.at(Binding::Atom);
  e.text = "i" + std::to_string(elementOf(v).getIntOrFloatBitWidth()) + "(" + e.text + ")";
  e.binding = Binding::Atom;
  e.isLiteral = e.isSimple = false;
  return e;
}

/// arith's ops, which sizes and loops are made of.
bool Writer::arithmetic(Operation *op) {
  if (isa<arith::IndexCastOp>(op)) {
    if (!op->getResult(0).getType().isIndex())
      define(op->getResult(0), sizeExpr(size(op->getOperand(0))));
    return true;
  }
  if (isa<arith::AddIOp>(op))
    return binary(op, "+", Binding::Sum);
  if (isa<arith::SubIOp>(op))
    return binary(op, "-", Binding::Sum);
  if (isa<arith::MulIOp>(op))
    return binary(op, "*", Binding::Product);
  if (isa<arith::AndIOp>(op))
    return binary(op, "and", Binding::And);
  if (isa<arith::OrIOp>(op))
    return binary(op, "or", Binding::Or);
  if (isa<arith::XOrIOp>(op))
    return binary(op, "!=", Binding::Compare);
  if (isa<arith::MaxSIOp, arith::MinSIOp>(op))
    return define(op->getResult(0), call(op, isa<arith::MaxSIOp>(op) ? "max" : "min")), true;
  if (isa<arith::SelectOp>(op))
    return define(op->getResult(0), call(op, "where")), true;
  if (auto compared = dyn_cast<arith::CmpIOp>(op)) {
    using P = arith::CmpIPredicate;
    P p = compared.getPredicate();
    StringRef symbol = p == P::eq                   ? "=="
                       : p == P::ne                 ? "!="
                       : p == P::slt || p == P::ult ? "<"
                       : p == P::sle || p == P::ule ? "<="
                       : p == P::sgt || p == P::ugt ? ">"
                                                    : ">=";
    Expr l = *get(op->getOperand(0)), r = *get(op->getOperand(1));
    Expr e = joined(op, {l, r}, l.at(Binding::Range) + " " + symbol.str() + " " + r.at(Binding::Range), Binding::Compare);
    e.isLiteral = false;
    define(op->getResult(0), std::move(e));
    return true;
  }
  return false;
}

bool Writer::elementwise(Operation *op) {
  if (auto gamma = dyn_cast<PolygammaOp>(op)) {
    Expr x = *get(gamma.getX());
    define(gamma.getY(), joined(op, {x}, "polygamma(" + std::to_string(gamma.getOrder()) + ", " + x.text + ")", Binding::Atom));
    return true;
  }
  if (!isa<Scalarizable>(op))
    return arithmetic(op);
  mlir::Type type = elementOf(op->getResult(0));
  bool isBool = type.isInteger(1), isFloat = isa<mlir::FloatType>(type);
  StringRef name = op->getName().stripDialect();
  if (auto compared = dyn_cast<CompareOp>(op))
    return compare(compared);
  if (auto converted = dyn_cast<CastOp>(op))
    return cast(converted);
  if (isa<AddOp>(op))
    return binary(op, "+", Binding::Sum);
  if (isa<SubOp>(op))
    return binary(op, "-", Binding::Sum);
  if (isa<MulOp>(op))
    return binary(op, "*", Binding::Product);
  if (isa<DivOp>(op))
    return binary(op, "/", Binding::Product);
  if (isa<FloorDivOp>(op))
    return binary(op, "//", Binding::Product);
  if (isa<ModOp>(op))
    return binary(op, "%", Binding::Product);
  if (isa<AndOp>(op) && isBool)
    return binary(op, "and", Binding::And);
  if (isa<OrOp>(op) && isBool)
    return binary(op, "or", Binding::Or);
  if (isa<XorOp>(op) && isBool)
    return binary(op, "!=", Binding::Compare);
  if (isa<PowOp, IPowOp>(op)) {
    // A literal without a point is a power by squaring.
    Expr l = *get(op->getOperand(0)), r = *get(op->getOperand(1));
    if (isa<PowOp>(op) && r.isLiteral && !StringRef(r.text).contains('.') && !StringRef(r.text).contains('e'))
      r.text += isWord(r.text) || r.binding == Binding::Minus ? ".0" : "";
    if (l.isLiteral)
      typed(l, element(type));
    define(op->getResult(0), joined(op, {l, r}, l.at(Binding::Atom) + " ** " + r.at(Binding::Minus), Binding::Power));
    return true;
  }
  if (isa<NegOp>(op) || (isa<NotOp>(op) && isBool)) {
    Expr x = *get(op->getOperand(0));
    bool isNeg = isa<NegOp>(op);
    Expr e = joined(op, {x}, (isNeg ? "-" : "not ") + x.at(isNeg ? Binding::Power : Binding::Not), isNeg ? Binding::Minus : Binding::Not);
    e.rest = x.text;
    e.restBinding = x.binding;
    define(op->getResult(0), std::move(e));
    return true;
  }
  if (isa<NotOp>(op)) { // of every bit
    Expr x = *get(op->getOperand(0));
    define(op->getResult(0), joined(op, {x}, "-" + x.at(Binding::Power) + " - 1", Binding::Sum));
    return true;
  }
  if (auto chosen = dyn_cast<SelectOp>(op)) {
    Expr e = call(op, "where");
    e.isLiteral = get(chosen.getZ())->isLiteral && get(chosen.getW())->isLiteral;
    define(op->getResult(0), std::move(e));
    return true;
  }
  StringRef function = llvm::StringSwitch<StringRef>(name)
                           .Case("and", "bitwise_and")
                           .Case("or", "bitwise_or")
                           .Case("xor", "bitwise_xor")
                           .Case("shl", "left_shift")
                           .Case("shr", "right_shift")
                           .Default(name);
  Expr e = call(op, function);
  if (isBool && !isFloat)
    e.isLiteral = false;
  define(op->getResult(0), std::move(e));
  return true;
}
