// Calls that stay calls -> definitions beside the derivative, of functions that call themselves.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Transforms.h"
#include "tools/grad/Writer.h"
#include "llvm/ADT/StringExtras.h"

using namespace tl;
using namespace tl::grad;
using llvm::dyn_cast;
using llvm::isa;
namespace func = mlir::func;

/// The `sized` that says which sizes an argument has; null where nothing reads it.
static SizedOp statedSizes(Value argument) {
  for (Operation *user : argument.getUsers())
    if (auto sized = dyn_cast<SizedOp>(user))
      return sized;
  return {};
}

void Functions::add(func::FuncOp function) {
  function.walk([&](Operation *op) {
    auto call = dyn_cast<func::CallOp>(op);
    func::FuncOp callee = call ? calleeOf(call) : func::FuncOp();
    if (!callee || known.count(callee))
      return;
    Definition &definition = known[callee];
    definition.name = nameOf(callee.getName());
    definition.measures = measuresOf(callee);
    // What computes the size of an argument is that size.
    for (Value argument : callee.getArguments())
      if (SizedOp sized = statedSizes(argument))
        for (auto [axis, size] : llvm::enumerate(sized.getSizes()))
          if (Operation *made = size.getDefiningOp(); made && (made->getNumRegions() || isa<func::CallOp>(made))) {
            auto b = mlir::OpBuilder::atBlockBegin(&callee.getBody().front());
            size.replaceAllUsesWith(SizeOp::create(b, made->getLoc(), argument, axis));
          }
    // A size that an array has is found from that.
    llvm::DenseSet<Value> found;
    for (Value argument : callee.getArguments())
      if (SizedOp sized = statedSizes(argument))
        found.insert_range(sized.getSizes());
    for (Value argument : callee.getArguments())
      definition.isPassed.push_back(!argument.getType().isIndex() || !found.contains(argument));
  });
}

/// "nn.tower.f32.pullback.masked.1": "tower_pullback_masked", with a number where that is taken.
std::string Functions::nameOf(StringRef symbol) {
  SmallVector<StringRef> words;
  symbol.split(words, '.');
  if (words.size() > 1 && taken.contains(words.front())) // a module
    words.erase(words.begin());
  llvm::erase_if(
      words, [](StringRef word) { return llvm::all_of(word, llvm::isDigit) || llvm::is_contained({"f16", "bf16", "f32", "f64"}, word); });
  std::string name = llvm::join(words, "_"), free = name;
  for (unsigned i = 2; !taken.insert(free).second; ++i)
    free = name + (llvm::isDigit(name.back()) ? "_" : "") + std::to_string(i);
  return free;
}

void Functions::reserve(Writer &writer) const {
  for (StringRef name : taken.keys())
    writer.reserve(name);
}

std::vector<std::string> Functions::write() {
  std::vector<std::string> texts;
  for (auto &[function, definition] : known) {
    Writer writer(function.getContext(), *this);
    reserve(writer);
    texts.push_back(writer.definition(function, definition));
    failed |= writer.failed;
  }
  return texts;
}

std::string Writer::definition(func::FuncOp function, const Definition &known) {
  keepNames(function);
  SmallVector<std::string> params, results, values;
  llvm::StringSet<> inSignature;
  for (Value argument : function.getArguments()) {
    const std::string hint = nameOf(argument),
                      name = hint.empty() ? unnamed(argument, argument.getType().isIndex() ? "n" : "t") : fresh(hint);
    if (argument.getType().isIndex()) {
      bindSize(argument, name);
      inSignature.insert(name);
    } else {
      bind(argument, name);
    }
  }
  for (Value argument : function.getArguments())
    for (Operation *user : argument.getUsers())
      if (auto asked = dyn_cast<SizeOp>(user)) {
        bindSize(asked, unnamed(asked, "n"));
        inSignature.insert(get(asked)->text);
        openSizes.insert(get(asked)->text);
      }
  auto typed = [&](Value v, Value sized) {
    const std::string kind = functions.isKey(v) ? "key" : element(elementOf(v));
    if (!isTensor(v))
      return kind;
    SmallVector<std::string> dims(rankOf(v), "_");
    if (sized)
      for (auto [dim, size] : llvm::zip(dims, sizesOf(sized))) {
        bool isKnown = true;
        size.eachSym([&](const Sym *sym) { isKnown &= inSignature.contains(sym->name); });
        if (isKnown)
          dim = size.str();
      }
    return kind + "[" + list(dims) + "]";
  };
  for (auto [argument, isPassed] : llvm::zip(function.getArguments(), known.isPassed))
    if (isPassed) {
      SizedOp sized = statedSizes(argument);
      params.push_back(get(argument)->text + ": " + typed(argument, sized ? sized.getY() : Value()));
    }
  mlir::Block &body = function.getBody().front();
  block(body);
  for (auto [i, v] : llvm::enumerate(body.getTerminator()->getOperands())) {
    if (isSize(known.measures, i))
      continue;
    values.push_back(whole(v));
    results.push_back(typed(v, v));
  }
  auto joined = [](ArrayRef<std::string> parts) { return parts.size() == 1 ? parts[0] : "(" + list(parts) + ")"; };
  const std::string head = "def " + known.name + "(" + list(params) + ") -> " + joined(results);
  return wrapped(head + " {", 0) + out + wrapped(joined(values), 2) + "}\n";
}

void Writer::bindResults(Operation *op, const std::string &text, ArrayRef<Measure> measures) {
  if (op->getNumResults() == 1 && !op->use_empty()) {
    Expr e;
    e.text = text;
    e.axes.assign(rankOf(op->getResult(0)), true);
    for (Value x : op->getOperands())
      if (auto it = values.find(x); it != values.end())
        e.reads.insert(it->second->reads.begin(), it->second->reads.end());
    return define(op->getResult(0), std::move(e));
  }
  line(letResults(op, measures) + text);
}

bool Writer::function(Operation *op) {
  auto call = dyn_cast<func::CallOp>(op);
  if (!call)
    return false;
  const Definition &known = functions.of(calleeOf(call));
  SmallVector<std::string> args;
  for (auto [x, isPassed] : llvm::zip(op->getOperands(), known.isPassed))
    if (isPassed)
      args.push_back(x.getType().isIndex() ? sizeText(x) : whole(x));
  bindResults(op, known.name + "(" + list(args) + ")", known.measures);
  return true;
}
