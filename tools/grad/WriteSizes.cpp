// Sizes that only the data knows -> names in the type of a `let`, and `assert`s that two of them are equal.
//
// Note [Sizes of results]. A branch or a function that gives an array of such a size gives the size too, in the dialect. The text has the
// array alone: `let y: f64[k] = if ...`. What the dialect takes for granted of `k` (that it is `i` where the same condition holds again)
// the checker cannot know, and is told by `assert k == i` before the first use.
#include "passes/Transforms.h"
#include "tools/grad/Writer.h"

using namespace tl;
using namespace tl::grad;
using llvm::dyn_cast;
using llvm::isa;
namespace func = mlir::func;

SmallVector<Measure> grad::measuresOf(mlir::scf::IfOp op) {
  SmallVector<Measure> measures;
  for (mlir::OpResult array : op->getResults())
    for (Operation *user : array.getUsers()) {
      auto sized = dyn_cast<SizedOp>(user);
      if (!sized || sized.getX() != array)
        continue;
      for (auto [axis, size] : llvm::enumerate(sized.getSizes()))
        if (size.getDefiningOp() == op)
          measures.push_back({llvm::cast<mlir::OpResult>(size).getResultNumber(), array.getResultNumber(), axis});
      break;
    }
  return measures;
}

SmallVector<Measure> grad::measuresOf(func::FuncOp function) {
  SmallVector<Measure> measures;
  Operation *end = function.getBody().front().getTerminator();
  mlir::OpBuilder b(end);
  for (auto [i, size] : llvm::enumerate(end->getOperands()))
    for (auto [j, array] : llvm::enumerate(end->getOperands()))
      if (size.getType().isIndex() && isTensor(array))
        for (auto [axis, found] : llvm::enumerate(tl::sizesOf(b, array)))
          if (found == size)
            measures.push_back({unsigned(i), unsigned(j), axis});
  return measures;
}

bool grad::isSize(ArrayRef<Measure> measures, size_t i) {
  return llvm::any_of(measures, [&](const Measure &measure) { return measure.size == i; });
}

std::string Writer::letResults(Operation *op, ArrayRef<Measure> measures) {
  SmallVector<std::string> names, types;
  auto chosen = [&](Value result, StringRef hint) {
    const std::string known = nameOf(result);
    return known.empty() ? unnamed(result, hint) : fresh(known);
  };
  for (mlir::OpResult result : op->getResults()) {
    if (isSize(measures, result.getResultNumber()))
      continue;
    names.push_back(usesOf(result).empty() ? "_" : chosen(result, "t"));
    if (names.back() != "_")
      bind(result, names.back());
  }
  for (mlir::OpResult result : op->getResults())
    if (isSize(measures, result.getResultNumber())) {
      bindSize(result, chosen(result, "k"));
      openSizes.insert(values[result]->text);
    }
  for (mlir::OpResult result : op->getResults()) {
    if (isSize(measures, result.getResultNumber()))
      continue;
    SmallVector<std::string> dims(rankOf(result), "_");
    for (const Measure &measure : measures)
      if (measure.array == result.getResultNumber())
        dims[measure.axis] = values[op->getResult(measure.size)]->text;
    types.push_back((functions.isKey(result) ? "key" : element(elementOf(result))) + (isTensor(result) ? "[" + list(dims) + "]" : ""));
  }
  auto joined = [](ArrayRef<std::string> parts) { return parts.size() == 1 ? parts[0] : "(" + list(parts) + ")"; };
  return names.empty() ? "" : "let " + joined(names) + (measures.empty() ? "" : ": " + joined(types)) + " = ";
}

bool Writer::equate(const Size &l, const Size &r) {
  auto isOpen = [&](const Size &size) {
    bool found = false;
    size.eachSym([&](const Sym *sym) { found |= openSizes.contains(sym->name); });
    return found;
  };
  if (l == r || (!isOpen(l) && !isOpen(r)))
    return false;
  const std::string text = l.str() + " == " + r.str();
  if (!equated.contains(r.str() + " == " + l.str()) && equated.insert(text).second)
    line("assert " + text);
  return true;
}

Expr Writer::asResult(Value yielded, mlir::OpResult result) {
  SizedOp stated;
  for (Operation *user : result.getUsers())
    if (auto sized = dyn_cast<SizedOp>(user); sized && sized.getX() == result)
      stated = sized;
  auto isOwn = [&](Value size) { return size.getDefiningOp() == result.getOwner(); };
  bool isEquated = false;
  if (!openSizes.empty() && stated && llvm::none_of(stated.getSizes(), isOwn)) {
    SmallVector<Size> own = sizesOf(yielded);
    for (auto [l, r] : llvm::zip(own, stated.getSizes()))
      isEquated |= equate(l, size(r));
  }
  if (!isEquated)
    return ofWhole(yielded);
  Expr e = ofWhole(yielded);
  const std::string name = unnamed(yielded);
  line("let " + name + ": " + typeText(stated.getY()) + " = " + e.text);
  bind(yielded, name);
  return *get(yielded);
}

void Writer::equateOperands(Operation *op) {
  if (openSizes.empty())
    return;
  if (auto update = dyn_cast<UpdateOp>(op)) {
    if (!isTensor(update.getSrc()))
      return;
    SmallVector<Size> source = sizesOf(update.getSrc());
    size_t next = 0;
    for (auto [axis, extent] : llvm::enumerate(update.getSizes()))
      if (!llvm::is_contained(update.getDropped(), int64_t(axis)))
        equate(source[next++], size(extent));
  } else if (auto product = dyn_cast<ContractOp>(op)) {
    llvm::SmallDenseMap<int64_t, Size> known;
    auto meet = [&](Value x, ArrayRef<int64_t> labels) {
      for (auto [label, extent] : llvm::zip(labels, sizesOf(x)))
        if (auto [it, isNew] = known.try_emplace(label, extent); !isNew)
          equate(it->second, extent);
    };
    meet(product.getA(), product.getLhs());
    meet(product.getB(), product.getRhs());
  } else if (auto scatter = dyn_cast<ScatterAddOp>(op)) {
    SmallVector<Size> source = sizesOf(scatter.getSrc());
    for (Value index : scatter.getIndices())
      if (isTensor(index)) {
        SmallVector<Size> extents = sizesOf(index);
        for (auto [l, r] : llvm::zip(source, extents))
          equate(l, r);
      }
  } else if (isa<Scalarizable>(op) && isTensor(op->getResult(0))) {
    std::optional<SmallVector<Size>> first;
    for (Value x : op->getOperands())
      if (isTensor(x) && get(x)->isWhole()) { // what is repeated is written without its sizes
        SmallVector<Size> extents = sizesOf(x);
        if (!first)
          first = extents;
        for (auto [l, r] : llvm::zip(*first, extents))
          equate(l, r);
      }
  }
}
