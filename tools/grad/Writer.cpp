// What every part of the writer stands on: names, numbers, sizes, and which values get a line of their own.
#include "tools/grad/Writer.h"
#include "llvm/ADT/StringExtras.h"
#include <charconv>

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
namespace arith = mlir::arith;
namespace scf = mlir::scf;

/// As long as an expression may be that is written into another.
static constexpr size_t longest = 64;

//===- Names --------------------------------------------------------------------------------------------------------===//

std::string Writer::fresh(StringRef name) {
  std::string base = name.str();
  for (char &c : base)
    if (c == '.')
      c = '_';
  std::string free = base;
  for (unsigned i = 2; !used.insert(free).second; ++i)
    free = base + (llvm::isDigit(base.back()) ? "_" : "") + std::to_string(i);
  return free;
}

void Writer::bind(Value argument, std::string text) {
  Expr e;
  e.text = std::move(text);
  e.isSimple = true;
  e.axes.assign(rankOf(argument), true);
  values[argument] = std::make_shared<Expr>(std::move(e));
}

void Writer::bindUnsigned(Value argument, const std::string &text) {
  bind(argument, text);
  values[argument] = std::make_shared<Expr>(withSign(argument, *values[argument]));
}

void Writer::bindSize(Value argument, const std::string &name) {
  bind(argument, name);
  sizeNames.insert(name);
}

/// What Reverse names a cotangent of something that has no name.
static constexpr StringRef adjoint = "d_";

void Writer::keepNames(mlir::func::FuncOp function) {
  function.walk([&](Operation *op) {
    auto keep = [&](mlir::Location loc) {
      if (auto named = dyn_cast<mlir::NameLoc>(loc))
        kept.insert(named.getName().getValue());
    };
    keep(op->getLoc());
    for (mlir::Region &region : op->getRegions())
      for (mlir::BlockArgument argument : region.getArguments())
        keep(argument.getLoc());
  });
}

std::string Writer::unnamed(Value v, StringRef hint) {
  auto named = v ? dyn_cast<mlir::NameLoc>(v.getLoc()) : mlir::NameLoc();
  std::string base = hint == "t" && named && named.getName() == adjoint ? "g" : hint.str();
  for (unsigned i = 1;; ++i) {
    std::string name = i == 1 ? base : base + std::to_string(i);
    if (!kept.count(name) && used.insert(name).second)
      return name;
  }
}

/// Whether the op gives its operand under another type.
static bool isAlias(Operation *op) { return isa<SizedOp, mlir::tensor::CastOp, StopGradientOp>(op); }

SmallVector<mlir::OpOperand *> Writer::usesOf(Value v) {
  SmallVector<mlir::OpOperand *> uses;
  for (mlir::OpOperand &use : v.getUses()) {
    if (isAlias(use.getOwner())) {
      if (use.getOperandNumber() == 0)
        llvm::append_range(uses, usesOf(use.getOwner()->getResult(0)));
    } else {
      uses.push_back(&use);
    }
  }
  return uses;
}

static std::string ownName(Value v) {
  auto named = dyn_cast<mlir::NameLoc>(v.getLoc());
  auto result = dyn_cast<mlir::OpResult>(v);
  return named && named.getName() != adjoint && (!result || result.getOwner()->getNumResults() == 1) ? named.getName().str() : "";
}

std::string Writer::nameOf(Value v) {
  std::string name = ownName(v);
  for (mlir::OpOperand &use : v.getUses())
    if (isAlias(use.getOwner()) && use.getOperandNumber() == 0 && name.empty())
      name = ownName(use.getOwner()->getResult(0));
  if (name.empty())
    return name;
  // Of several ops made of one, the last has the name.
  for (mlir::OpOperand *use : usesOf(v))
    if (use->getOwner()->getNumResults() == 1 && use->getOwner()->getNumRegions() == 0 && ownName(use->getOwner()->getResult(0)) == name)
      return "";
  return name;
}

bool Writer::isUsedAfter(Value v, Operation *op) {
  return llvm::any_of(usesOf(v), [&](mlir::OpOperand *use) {
    Operation *user = op->getBlock()->findAncestorOpInBlock(*use->getOwner());
    return !user || (user != op && op->isBeforeInBlock(user));
  });
}

void Writer::refuse(Operation *op, const llvm::Twine &what) {
  if (!failed)
    mlir::emitError(op->getLoc(), "E0521: cannot write " + what + " as source");
  failed = true;
}

//===- Values -------------------------------------------------------------------------------------------------------===//

ExprRef Writer::get(Value v) {
  if (auto it = values.find(v); it != values.end()) {
    it->second->isWaiting = false;
    return it->second;
  }
  Operation *op = v.getDefiningOp();
  Expr e;
  if (op && isAlias(op))
    return values[v] = get(op->getOperand(0));
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op)) {
    e = number(constant.getValue(), v.getType());
    e.axes.assign(rankOf(v), true);
  } else if (v.getType().isIndex()) {
    e = sizeExpr(size(v));
  } else {
    if (op)
      refuse(op, "this");
    failed = true;
    e.text = "?";
    e.axes.assign(rankOf(v), true);
  }
  return values[v] = std::make_shared<Expr>(std::move(e));
}

Expr Writer::ofWhole(Value v) {
  Expr e = *get(v);
  if (e.isWhole())
    return e;
  Expr whole;
  whole.reads = e.reads;
  whole.axes.assign(e.axes.size(), true);
  std::string type = elementOf(v).isIndex() ? "i64" : element(elementOf(v)), to = "[" + dims(v) + "]";
  bool isScalar = llvm::none_of(e.axes, [](bool has) { return has; });
  whole.isLiteral = e.isLiteral;
  if (isScalar && e.isLiteral && (e.text == "0" || e.text == "1"))
    whole.text = (e.text == "0" ? "zeros[" : "ones[") + type + "](" + to + ")";
  else if (isScalar)
    whole.text = std::string("full") + (e.isLiteral ? "[" + type + "]" : "") + "(" + to + ", " + e.text + ")";
  else
    whole.text = "broadcast_to(" + e.text + ", " + to + ")";
  if (isScalar)
    whole.isLiteral = false;
  return whole;
}

void Writer::name(Value v, StringRef name, bool isVar) {
  Expr e;
  e.text = name.str();
  e.isSimple = true;
  e.axes.assign(rankOf(v), true);
  if (isVar)
    e.reads.insert(e.text);
  values[v] = std::make_shared<Expr>(std::move(e));
}

void Writer::let(Value v, Expr &e, StringRef hint) {
  std::string known = nameOf(v), name = known.empty() ? unnamed(v, hint) : fresh(known);
  std::string type = e.isLiteral && e.isWhole() ? ": " + typeText(v) : "";
  line("let " + name + type + " = " + e.text);
  SmallVector<bool, 4> axes = e.axes;
  e = Expr();
  e.text = name;
  e.isSimple = true;
  e.axes = axes;
}

void Writer::define(Value v, Expr e) {
  ExprRef kept = std::make_shared<Expr>(std::move(e));
  values[v] = kept;
  SmallVector<mlir::OpOperand *> uses = usesOf(v);
  if (uses.empty())
    return;
  std::string name = nameOf(v);
  bool isConstant = kept->isLiteral && kept->isSimple;
  if (kept->isSimple && kept->reads.empty() && (isConstant || kept->text.size() <= (name.empty() ? 24 : 12)))
    return;
  Operation *user = uses.front()->getOwner();
  bool isNear = uses.size() == 1 && user->getBlock() == v.getParentBlock();
  bool isResult = isNear && isa<mlir::func::ReturnOp>(user);
  // What a loop carries gets its name by the assignment.
  bool isCarried =
      isNear && (isa<mlir::LoopLikeOpInterface>(user) || (isa<scf::YieldOp>(user) && isa<mlir::LoopLikeOpInterface>(user->getParentOp())));
  if (isCarried || (name.empty() && isNear && (isResult || kept->text.size() <= longest))) {
    kept->isWaiting = true;
    waiting.push_back(kept);
    return;
  }
  let(v, *kept, "t");
}

void Writer::flush(StringRef var) {
  for (ExprRef &e : waiting) {
    if (!e->isWaiting || !e->reads.count(var.str()))
      continue;
    std::string name = unnamed({}, "t");
    line("let " + name + " = " + e->text);
    SmallVector<bool, 4> axes = e->axes;
    *e = Expr();
    e->text = name;
    e->isSimple = true;
    e->axes = axes;
  }
  llvm::erase_if(waiting, [](const ExprRef &e) { return !e->isWaiting; });
}

//===- Types, numbers, sizes ----------------------------------------------------------------------------------------===//

std::string Writer::element(mlir::Type type) {
  if (type.isInteger(1))
    return "bool";
  if (auto integer = dyn_cast<mlir::IntegerType>(type))
    return "i" + std::to_string(integer.getWidth());
  if (type.isIndex())
    return "i64";
  return type.isBF16() ? "bf16" : type.isF16() ? "f16" : type.isF32() ? "f32" : "f64";
}

SmallVector<Size> Writer::sizesOf(Value v) {
  // What has to be built for it stands nowhere: only its meaning counts.
  if (Operation *op = v.getDefiningOp())
    b.setInsertionPointAfter(op);
  SmallVector<Size> all;
  for (Value index : tl::sizesOf(b, v))
    all.push_back(size(index));
  return all;
}

std::string Writer::dims(Value v) {
  SmallVector<std::string> parts;
  for (const Size &size : sizesOf(v))
    parts.push_back(size.str());
  return list(parts);
}

std::string Writer::typeText(Value v) { return element(elementOf(v)) + (isTensor(v) ? "[" + dims(v) + "]" : ""); }

Expr Writer::number(mlir::Attribute value, mlir::Type type) {
  Expr e;
  e.isLiteral = e.isSimple = true;
  if (auto elements = dyn_cast<mlir::DenseElementsAttr>(value)) {
    // Row by row, in nested brackets.
    auto shape = elements.getType().getShape();
    auto all = llvm::to_vector(elements.getValues<mlir::Attribute>());
    size_t next = 0;
    std::function<std::string(size_t)> rows = [&](size_t axis) -> std::string {
      if (axis == shape.size())
        return number(all[next++], elements.getElementType()).text;
      SmallVector<std::string> parts;
      for (int64_t i = 0; i < shape[axis]; ++i)
        parts.push_back(rows(axis + 1));
      return "[" + list(parts) + "]";
    };
    e.text = rows(0);
    e.isSimple = e.text.size() < 24;
    return e;
  }
  if (auto truth = dyn_cast<mlir::BoolAttr>(value)) {
    e.text = truth.getValue() ? "true" : "false";
    e.isLiteral = false;
  } else if (auto integer = dyn_cast<mlir::IntegerAttr>(value)) {
    if (type.isInteger(1))
      e.text = integer.getValue().isZero() ? "false" : "true";
    else
      e.text = std::to_string(integer.getInt());
  } else {
    llvm::APFloat x = cast<mlir::FloatAttr>(value).getValue();
    char digits[40];
    if (x.isNaN() || x.isInfinity()) {
      e.text = x.isNaN() ? "nan" : x.isNegative() ? "-inf" : "inf";
    } else if (x.isNegZero()) {
      e.text = "-0.0";
    } else { // the shortest that is this number again
      auto end = type.isF64() ? std::to_chars(digits, std::end(digits), x.convertToDouble()).ptr
                              : std::to_chars(digits, std::end(digits), x.convertToFloat()).ptr;
      e.text.assign(digits, end);
    }
  }
  if (StringRef(e.text).starts_with("-"))
    e.binding = Binding::Minus;
  return e;
}

Size Writer::symbol(Value v) {
  ExprRef e = get(v);
  if (!isWord(e->text)) {
    Expr named = *e;
    let(v, named, "k");
    values[v] = e = std::make_shared<Expr>(named);
  }
  int64_t number;
  if (!StringRef(e->text).getAsInteger(10, number))
    return Size(number);
  const Sym *&sym = symbols[e->text];
  if (!sym)
    sym = sizes.sym(SymKind::Param, e->text, {});
  return Size(sym);
}

bool Writer::isCount(const Size &size) {
  return llvm::all_of(size.terms(), [&](const Term &term) {
    return term.coef >= 0 && llvm::all_of(term.syms, [&](const Sym *sym) { return sizeNames.count(sym->name); });
  });
}

Size Writer::size(Value index) {
  Operation *op = index.getDefiningOp();
  if (auto it = values.find(index); !op || (it != values.end() && isWord(it->second->text)))
    return symbol(index);
  auto l = [&] { return size(op->getOperand(0)); };
  auto r = [&] { return size(op->getOperand(1)); };
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return Size(cast<mlir::IntegerAttr>(constant.getValue()).getInt());
  if (isa<arith::AddIOp, AddOp>(op))
    return l() + r();
  if (isa<arith::SubIOp, SubOp>(op))
    return l() - r();
  if (isa<arith::MulIOp, MulOp>(op))
    return l() * r();
  if (isa<arith::DivSIOp, arith::FloorDivSIOp, arith::DivUIOp>(op)) // of what is not negative
    return sizes.divide(l(), r());
  if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    return sizes.divide(l() + r() - Size(1), r());
  if (isa<arith::RemSIOp, arith::RemUIOp>(op))
    return sizes.modulo(l(), r());
  if (isa<arith::MinSIOp, arith::MinUIOp>(op))
    return sizes.min(l(), r());
  if (isa<arith::MaxSIOp, arith::MaxUIOp>(op)) {
    Size a = l(), c = r();
    return a == Size(0) && isCount(c) ? c : c == Size(0) && isCount(a) ? a : sizes.max(a, c);
  }
  if (isa<arith::IndexCastOp>(op))
    return l();
  if (values.count(index))
    return symbol(index);
  if (auto asked = dyn_cast<SizeOp>(op)) {
    Expr e;
    e.text = "size(" + named(asked.getX(), "t") + ", " + std::to_string(asked.getAxis()) + ")";
    values[index] = std::make_shared<Expr>(e);
    return symbol(index);
  }
  write(op);
  if (!values.count(index)) {
    refuse(op, "this size");
    return Size(0);
  }
  return symbol(index);
}

Expr Writer::sizeExpr(const Size &size) {
  Expr e;
  e.text = size.str();
  e.binding = isWord(e.text) ? Binding::Atom : Binding::Sum;
  e.isSimple = true;
  e.isLiteral = size.constant().has_value();
  size.eachSym([&](const Sym *sym) {
    if (vars.count(sym->name))
      e.reads.insert(sym->name);
  });
  return e;
}

std::string Writer::position(const Size &size) {
  std::string text = size.str();
  return StringRef(text).starts_with("-") ? "0 + " + text : text;
}

//===- Blocks -------------------------------------------------------------------------------------------------------===//

void Writer::write(Operation *op) {
  if (failed || isAlias(op) || op->hasTrait<mlir::OpTrait::ConstantLike>() || mlir::isOpTriviallyDead(op))
    return;
  if (op->getNumResults() == 1 && op->getResult(0).getType().isIndex() && op->getNumRegions() == 0 && !isa<arith::SelectOp, SelectOp>(op))
    return; // written where it is asked for
  equateOperands(op);
  if (!random(op) && !asUnsigned(op) && !function(op) && !elementwise(op) && !array(op) && !control(op))
    refuse(op, "what is computed here");
}

void Writer::block(mlir::Block &block) {
  for (Operation &op : block.without_terminator())
    write(&op);
}
