// Loops, branches, checks -> statements. What a loop carries are `var`s.
#include "mlir/IR/Matchers.h"
#include "tools/grad/Writer.h"
#include "llvm/ADT/StringExtras.h"

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
namespace scf = mlir::scf;

namespace tl::grad {
/// The names of a block are free again behind it, and what got one in there for a value from outside has none.
struct Scope {
  explicit Scope(Writer &writer)
      : writer(writer), used(writer.used), sizeNames(writer.sizeNames), openSizes(writer.openSizes), equated(writer.equated),
        values(writer.values) {}
  ~Scope() { end(); }
  void end() {
    if (!std::exchange(isOpen, false))
      return;
    writer.used = std::move(used);
    writer.sizeNames = std::move(sizeNames);
    writer.openSizes = std::move(openSizes);
    writer.equated = std::move(equated);
    writer.values = std::move(values);
  }
  Writer &writer;
  bool isOpen = true;
  llvm::StringSet<> used, sizeNames, openSizes, equated;
  llvm::DenseMap<Value, ExprRef> values;
};
} // namespace tl::grad

SmallVector<std::string> Writer::carry(Operation *op, ValueRange inits, ArrayRef<mlir::BlockArgument> arguments, ValueRange results) {
  SmallVector<std::string> carried;
  mlir::Block *body = arguments.empty() ? nullptr : arguments.front().getOwner();
  for (auto [init, argument, result] : llvm::zip(inits, arguments, results)) {
    Expr e = ofWhole(init);
    bool isOwn = e.reads.size() == 1 && *e.reads.begin() == e.text && vars.lookup(e.text) == op->getBlock();
    if (isOwn && !isUsedAfter(init, op) && usesOf(init).size() && !llvm::is_contained(carried, e.text) && llvm::count(inits, init) == 1) {
      bool readInside =
          llvm::any_of(usesOf(init), [&](mlir::OpOperand *use) { return use->getOwner() != op && op->isProperAncestor(use->getOwner()); });
      if (!readInside) {
        flush(e.text);
        carried.push_back(e.text);
        continue;
      }
    }
    std::string hint = nameOf(argument);
    if (hint.empty())
      hint = nameOf(init);
    std::string variable = hint.empty() ? unnamed(argument) : fresh(hint);
    line("var " + variable + (e.isLiteral ? ": " + typeText(init) : "") + " = " + e.text);
    carried.push_back(variable);
  }
  for (auto [variable, argument] : llvm::zip(carried, arguments)) {
    name(argument, variable, true);
    vars[variable] = body;
  }
  return carried;
}

void Writer::assign(ArrayRef<std::string> carried, ValueRange next) {
  SmallVector<std::string> targets, sources;
  std::string single;
  bool clash = false;
  for (auto [variable, v] : llvm::zip(carried, next)) {
    Expr e = ofWhole(v);
    if (e.text == variable)
      continue;
    for (const std::string &before : targets)
      clash |= e.reads.count(before);
    targets.push_back(variable);
    sources.push_back(e.text);
  }
  if (clash) {
    line("(" + list(targets) + ") = (" + list(sources) + ")");
    return;
  }
  for (auto [variable, v] : llvm::zip(carried, next)) {
    Expr e = ofWhole(v);
    if (e.text == variable)
      continue;
    StringRef more(e.text);
    if (v.getType().isIndex() && more.consume_front(variable + " + ") && isWord(more)) {
      line(variable + " += " + more);
      continue;
    }
    bool adds = e.first == variable && (e.op == "+" || e.op == "-" || e.op == "*");
    line(variable + " " + (adds ? e.op + "= " + e.rest : "= " + e.text));
  }
}

/// A `var` is no size: one that may be asked for as a size gets a `let`. What is carried as an index is a count.
void Writer::asSize(Value v, StringRef hint) {
  auto isPlain = [](Operation *user) { return isa<mlir::arith::AddIOp, scf::YieldOp>(user); };
  if (!v.getType().isIndex() || v.use_empty() || llvm::all_of(v.getUsers(), isPlain))
    return;
  Expr e = *get(v);
  let(v, e, hint);
  sizeNames.insert(e.text);
  values[v] = std::make_shared<Expr>(e);
}

/// The results of a loop are its variables.
void Writer::leave(Operation *loop, ArrayRef<std::string> carried) {
  for (auto [variable, result] : llvm::zip(carried, loop->getResults())) {
    name(result, variable, true);
    vars[variable] = loop->getBlock();
    asSize(result, variable + "_last");
  }
}

void Writer::forLoop(scf::ForOp op) {
  Size lo = size(op.getLowerBound()), hi = size(op.getUpperBound()), step = size(op.getStep());
  SmallVector<std::string> carried = carry(op, op.getInitArgs(), SmallVector<mlir::BlockArgument>(op.getRegionIterArgs()), op.getResults());
  Scope scope(*this);
  mlir::BlockArgument at = op.getBody()->getArgument(0);
  std::string i = fresh(nameOf(at).empty() ? "i" : nameOf(at));
  if (step.isOne()) {
    if (isCount(lo))
      sizeNames.insert(i);
    line("for " + i + " in " + (lo == Size(0) ? hi.str() : lo.str() + ".." + hi.str()) + " {");
    indent += 2;
    bind(at, i);
  } else {
    std::string number = fresh("k");
    line("for " + number + " in " + sizes.divide(hi - lo + step - Size(1), step).str() + " {");
    indent += 2;
    line("let " + i + " = " + (lo == Size(0) ? "" : lo.str() + " + ") + number + " * " + sizeExpr(step).at(Binding::Minus));
    bind(at, i);
  }
  for (auto [variable, argument] : llvm::zip(carried, op.getRegionIterArgs()))
    asSize(argument, variable + "_now");
  block(*op.getBody());
  assign(carried, op.getYieldedValues());
  indent -= 2;
  line("}");
  scope.end();
  leave(op, carried);
}

void Writer::whileLoop(scf::WhileOp op) {
  mlir::Block &head = *op.getBeforeBody(), &body = *op.getAfterBody();
  scf::ConditionOp condition = op.getConditionOp();
  SmallVector<std::string> carried = carry(op, op.getInits(), SmallVector<mlir::BlockArgument>(head.getArguments()), op.getInits());
  // What the condition passes on: variables, in any order, what stands outside, and what it computes: behind the loop that is computed
  // once more.
  const bool computes = llvm::any_of(condition.getArgs(), [&](Value v) { return v.getDefiningOp() && v.getParentBlock() == &head; });
  if (computes && llvm::any_of(head, [](Operation &inside) { return isa<PrintOp>(inside); }))
    return refuse(op, "a `while` whose condition prints and computes what the loop gives");
  auto pass = [&](ValueRange to, mlir::Block *block) {
    for (auto [passed, v] : llvm::zip(condition.getArgs(), to)) {
      auto argument = dyn_cast<mlir::BlockArgument>(passed);
      if (!argument || argument.getOwner() != &head) {
        alias(v, passed);
        continue;
      }
      const std::string &variable = carried[argument.getArgNumber()];
      name(v, variable, true);
      vars[variable] = block;
      asSize(v, variable + (block == &body ? "_now" : "_last"));
    }
  };
  Scope scope(*this);
  // The condition on one line, if it fits there; else it is asked within the loop.
  std::string before = std::exchange(out, "");
  unsigned outside = std::exchange(indent, indent + 2);
  for (auto [variable, argument] : llvm::zip(carried, head.getArguments()))
    vars[variable] = &head;
  block(head);
  std::string asked = std::exchange(out, before), test = whole(condition.getCondition());
  indent = outside;
  bool isLine = asked.empty();
  std::string goes;
  if (isLine) {
    line("while " + test + " {");
    indent += 2;
  } else {
    goes = fresh("goes");
    line("var " + goes + " = true");
    line("while " + goes + " {");
    indent += 2;
    out += asked;
    line(goes + " = " + test);
    line("if " + goes + " {");
    indent += 2;
  }
  pass(body.getArguments(), &body);
  block(body);
  assign(carried, op.getYieldedValues());
  for (unsigned closing = isLine ? 1 : 2; closing > 0; --closing) {
    indent -= 2;
    line("}");
  }
  scope.end();
  for (const std::string &variable : carried)
    vars[variable] = op->getBlock();
  if (computes)
    block(head);
  pass(op.getResults(), op->getBlock());
}

/// A side of a branch between braces; `isLine` if it is an expression alone.
std::string Writer::side(mlir::Region &region, ArrayRef<Measure> measures, bool &isLine) {
  std::string before = std::exchange(out, "");
  indent += 2;
  Scope scope(*this);
  mlir::Block &inside = region.front();
  block(inside);
  SmallVector<std::string> parts;
  for (auto [i, v] : llvm::enumerate(inside.getTerminator()->getOperands())) {
    if (isSize(measures, i))
      continue;
    Expr e = asResult(v, region.getParentOp()->getResult(i));
    // A number alone has no type, and one side may have nothing else.
    parts.push_back(e.isLiteral && !isTensor(v) ? element(v.getType()) + "(" + e.text + ")" : e.text);
  }
  std::string value = parts.size() == 1 ? parts[0] : parts.empty() ? "" : "(" + list(parts) + ")";
  isLine = out.empty() && value.size() < 40;
  if (!isLine && !value.empty())
    line(value);
  indent -= 2;
  std::string text = isLine ? "{ " + value + " }" : "{\n" + out + std::string(indent, ' ') + "}";
  out = before;
  return text;
}

void Writer::branch(scf::IfOp op) {
  // `assert` with a message that costs.
  if (!op.getNumResults() && op.getThenRegion().front().without_terminator().empty() && !op.getElseRegion().empty())
    if (auto trap = dyn_cast<TrapOp>(*std::prev(op.getElseRegion().front().getTerminator()->getIterator()))) {
      std::string before = std::exchange(out, "");
      for (Operation &made : op.getElseRegion().front().without_terminator())
        if (&made != trap)
          write(&made);
      out = before + out;
      return line("assert " + whole(op.getCondition()) + ", " + get(trap.getText())->text);
    }
  std::string test = whole(op.getCondition());
  bool thenLine = false, elseLine = false;
  bool hasElse = !op.getElseRegion().empty() && (op.getNumResults() || !op.getElseRegion().front().without_terminator().empty());
  bool hasThen = op.getNumResults() || !op.getThenRegion().front().without_terminator().empty();
  const SmallVector<Measure> measures = measuresOf(op);
  std::string then = hasThen ? side(op.getThenRegion(), measures, thenLine) : "",
              otherwise = hasElse ? side(op.getElseRegion(), measures, elseLine) : "";
  if (!hasThen) { // what happens only otherwise
    test = isWord(test) ? "not " + test : "not (" + test + ")";
    std::swap(then, otherwise);
    hasElse = false;
  }
  std::string text = letResults(op, measures) + "if " + test + " " + then + (hasElse ? " else " + otherwise : "");
  out += std::string(indent, ' ') + text + "\n";
}

/// A text with holes; its values have to be names, for a hole holds no quotation marks.
std::string Writer::quoted(mlir::ArrayAttr parts, ValueRange holes) {
  std::string text = "\"";
  auto add = [&](StringRef part) {
    for (char c : part) {
      if (c == '"' || c == '\\')
        text += '\\';
      if (c == '\n') {
        text += "\\n";
        continue;
      }
      text += c;
      if (c == '{' || c == '}')
        text += c;
    }
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    StringRef part = cast<mlir::StringAttr>(parts[i]).getValue();
    if (i % 2 == 0)
      add(part);
    else
      text += "{" + whole(holes[i / 2]) + (part.empty() ? "" : ":" + part.str()) + "}";
  }
  return text + "\"";
}

bool tl::grad::isWritten(CheckOp check) {
  auto isOfFile = [](Value v) {
    auto converted = v.getDefiningOp<mlir::arith::IndexCastOp>();
    return converted && converted.getIn().getDefiningOp<LoadOp>();
  };
  return check.getCode() == "E0806" || (check.getCode() == "E0803" && llvm::any_of(check.getValues(), isOfFile));
}

void Writer::check(CheckOp op) {
  if (!isWritten(op))
    return;
  std::string test = whole(op.getOk());
  if (isTensor(op.getOk()))
    test = "all(" + test + ")";
  line("assert " + test + ", " + quoted(op.getParts(), op.getValues()));
}

/// `let x: f64[n, 3] = load("x.npy")`: a size that the file tells has a name from here on.
void Writer::load(LoadOp op) {
  if (!op.getName().empty())
    return refuse(op, "the type of a record that is read from a file");
  SmallVector<std::string> dims;
  for (auto [axis, expected, found] : llvm::enumerate(op.getExpect(), op.getSizes())) {
    llvm::APInt any;
    if (mlir::matchPattern(expected, mlir::m_ConstantInt(&any)) && any.isAllOnes()) {
      auto known = op->getAttrOfType<mlir::ArrayAttr>("size_names");
      dims.push_back(fresh(known ? cast<mlir::StringAttr>(known[axis]).getValue() : "n"));
      bindSize(found, dims.back());
    } else {
      dims.push_back(sizeText(expected));
    }
  }
  auto known = dyn_cast<mlir::NameLoc>(op.getLoc());
  const std::string name = known ? fresh(known.getName()) : unnamed(op.getY());
  const std::string type = op.getKind().str() + (dims.empty() ? "" : "[" + list(dims) + "]");
  line("let " + name + ": " + type + " = load(" + get(op.getPath())->text + ")");
  op.getKind().starts_with("u") ? bindUnsigned(op.getY(), name) : bind(op.getY(), name);
}

void Writer::save(SaveOp op) {
  if (op.getValues().size() != 1 || !cast<mlir::StringAttr>(op.getNames()[0]).getValue().empty())
    return refuse(op, "the record that is saved");
  Value x = op.getValues()[0];
  StringRef kind = cast<mlir::StringAttr>(op.getKinds()[0]).getValue();
  Expr e = ofWhole(x);
  const std::string text = !kind.starts_with("u")     ? e.text
                           : e.unsignedText().empty() ? (kind + "(" + e.text + ")").str()
                                                      : e.unsignedText();
  line("save(" + get(op.getPath())->text + ", " + text + ")");
}

bool Writer::control(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return forLoop(loop), true;
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return whileLoop(loop), true;
  if (auto choice = dyn_cast<scf::IfOp>(op))
    return branch(choice), true;
  if (auto checked = dyn_cast<CheckOp>(op))
    return check(checked), true;
  if (isa<StepOp>(op))
    return true;
  if (auto loaded = dyn_cast<LoadOp>(op))
    return load(loaded), true;
  if (auto saved = dyn_cast<SaveOp>(op))
    return save(saved), true;
  if (auto text = dyn_cast<StringOp>(op)) {
    bind(text.getY(), quoted(op->getParentOfType<mlir::ModuleOp>() ? b.getArrayAttr({text.getTextAttr()}) : mlir::ArrayAttr(), {}));
    return true;
  }
  if (auto text = dyn_cast<FormatOp>(op)) {
    bind(text.getY(), quoted(text.getParts(), text.getValues()));
    return true;
  }
  if (isa<PrintOp, TrapOp>(op)) {
    std::string text = get(op->getOperand(0))->text;
    line(isa<PrintOp>(op) ? "print(" + text + ")" : "assert false, " + text);
    return true;
  }
  return false;
}
