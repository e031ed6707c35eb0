// Ops on whole arrays -> calls, products and index notation.
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tools/grad/Writer.h"
#include <map>

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

static std::string decimal(int64_t i) { return std::to_string(i); }

/// "1", "(0, 2)"
static std::string axesText(ArrayRef<int64_t> axes) {
  if (axes.size() == 1)
    return decimal(axes[0]);
  return "(" + list(llvm::map_to_vector(axes, decimal)) + ")";
}

static Expr wholeExpr(Value v, std::string text, Binding binding = Binding::Atom) {
  Expr e;
  e.text = std::move(text);
  e.binding = binding;
  e.axes.assign(rankOf(v), true);
  return e;
}

static Expr reading(Expr e, ArrayRef<Expr> parts) {
  for (const Expr &part : parts)
    e.reads.insert(part.reads.begin(), part.reads.end());
  return e;
}

void Writer::broadcast(BroadcastOp op) {
  Expr x = *get(op.getX());
  Expr e = x;
  ArrayRef<int64_t> axes = op.getAxes();
  const int64_t rank = rankOf(op.getY());
  e.axes.assign(rank, false);
  int64_t first = rank; // the first axis that the text has
  for (size_t i = 0; i < axes.size(); ++i)
    if (x.axes[i]) {
      e.axes[axes[i]] = true;
      first = std::min(first, axes[i]);
    }
  // A new axis behind the first has to be written; one that was repeated before is there with size 1.
  std::string marks;
  bool isNew = false, started = false;
  for (int64_t axis = 0; axis < rank; ++axis) {
    size_t from = llvm::find(axes, axis) - axes.begin();
    bool had = from < axes.size();
    if (had && x.axes[from])
      started = true;
    if (!started)
      continue;
    marks += (marks.empty() ? "" : ", ") + std::string(had ? ":" : "None");
    isNew |= !had;
  }
  if (isNew) {
    e.text = x.at(Binding::Atom) + "[" + marks + "]";
    e.binding = Binding::Atom;
    e.isSimple = x.isSimple;
  }
  define(op.getY(), std::move(e));
}

void Writer::reduction(Operation *op, StringRef function) {
  Expr x = ofWhole(op->getOperand(0));
  auto axes = op->getAttrOfType<mlir::DenseI64ArrayAttr>("axes").asArrayRef();
  bool isAll = axes.size() == rankOf(op->getOperand(0));
  Expr e = wholeExpr(op->getResult(0), function.str() + "(" + x.text + (isAll ? "" : ", axis=" + axesText(axes)) + ")");
  define(op->getResult(0), reading(e, {x}));
}

void Writer::contract(ContractOp op) {
  ArrayRef<int64_t> l = op.getLhs(), r = op.getRhs();
  const int64_t rank = op.getRank();
  Expr a = ofWhole(op.getA()), c = ofWhole(op.getB());
  auto is = [](ArrayRef<int64_t> labels, ArrayRef<int64_t> wanted) { return labels == wanted; };
  // The transposed text of a matrix, where its labels are the other way round.
  auto turned = [](const Expr &x, bool isTurned) { return isTurned ? x.at(Binding::Atom) + ".T" : ""; };
  auto product = [&](const Expr &x, bool tx, const Expr &z, bool tz) {
    std::string text = (tx ? turned(x, true) : x.at(Binding::Product)) + " @ " + (tz ? turned(z, true) : z.at(Binding::Minus));
    define(op.getY(), reading(wholeExpr(op.getY(), text, Binding::Product), {a, c}));
  };
  if (rank == 2 && l.size() == 2 && r.size() == 2) {
    bool lFirst = llvm::is_contained(l, 0), lSecond = llvm::is_contained(l, 1), rFirst = llvm::is_contained(r, 0);
    if (lFirst && !lSecond && !rFirst)
      return product(a, !is(l, {0, 2}), c, !is(r, {2, 1}));
    if (lSecond && !lFirst && rFirst && !llvm::is_contained(r, 1))
      return product(c, !is(r, {0, 2}), a, !is(l, {2, 1}));
  }
  if (rank == 1 && l.size() == 2 && r.size() == 1 && !is(r, {0}))
    return product(a, is(l, {1, 0}), c, false);
  if (rank == 1 && l.size() == 1 && r.size() == 2 && !is(l, {0}))
    return product(c, is(r, {1, 0}), a, false);
  if (rank == 0 && l == r) {
    define(op.getY(), reading(wholeExpr(op.getY(), "dot(" + a.text + ", " + c.text + ")"), {a, c}));
    return;
  }
  const int64_t last = l.size() - 1;
  if (rank == int64_t(l.size()) && l.size() == r.size() && rank > 2) { // a stack of matrices
    SmallVector<int64_t> left = axesUpTo(rank), right = axesUpTo(rank);
    left[last] = right[last - 1] = rank;
    if (l == ArrayRef(left) && r == ArrayRef(right))
      return product(a, false, c, false);
    std::swap(right[last], right[last - 1]);
    if (l == ArrayRef(left) && r == ArrayRef(right))
      return product(a, false, c, true);
    std::swap(right[last], right[last - 1]);
    std::swap(left[last], left[last - 1]);
    if (l == ArrayRef(left) && r == ArrayRef(right))
      return product(a, true, c, false);
  }
  if (rank == 2 && is(l, {0}) && is(r, {1}))
    return define(op.getY(), reading(wholeExpr(op.getY(), "outer(" + a.text + ", " + c.text + ")"), {a, c}));
  std::string x = named(op.getA(), "t"), z = named(op.getB(), "t");
  llvm::SmallDenseMap<int64_t, std::string> names;
  SmallVector<std::string> outer, inner;
  unsigned next = 0;
  auto indexName = [&]() -> std::string {
    while (true) {
      std::string name(1, char('i' + next % 18));
      if (next++ >= 18)
        name += std::to_string(next / 18);
      if (!used.count(name))
        return name;
    }
  };
  int64_t labels = rank;
  for (int64_t label : llvm::concat<const int64_t>(l, r))
    labels = std::max(labels, label + 1);
  for (int64_t label = 0; label < labels; ++label)
    (label < rank ? outer : inner).push_back(names[label] = indexName());
  auto at = [&](ArrayRef<int64_t> which) { return list(llvm::map_to_vector(which, [&](int64_t label) { return names[label]; })); };
  std::string text = x + "[" + at(l) + "] * " + z + "[" + at(r) + "]";
  if (!inner.empty())
    text = "sum(for " + list(inner) + ": " + text + ")";
  if (!outer.empty())
    text = "[for " + list(outer) + ": " + text + "]";
  define(op.getY(), reading(wholeExpr(op.getY(), text), {*get(op.getA()), *get(op.getB())}));
}

/// cumsum and its like; what runs backwards is flipped before and after.
void Writer::along(Operation *op, StringRef function, bool isReversed) {
  Expr x = ofWhole(op->getOperand(0));
  int64_t axis = op->getAttrOfType<mlir::IntegerAttr>("axis").getInt();
  const bool isLast = axis + 1 == int64_t(rankOf(op->getOperand(0)));
  std::string at = ", axis=" + decimal(axis), more = isLast && !isa<ConcatOp>(op) && function != "argmax" && function != "argmin" ? "" : at;
  std::string flipAt = axis == 0 ? "" : at;
  std::string inner = isReversed ? "flip(" + x.text + flipAt + ")" : x.text;
  std::string text = function.str() + "(" + inner + more + ")";
  if (isReversed)
    text = "flip(" + text + flipAt + ")";
  define(op->getResult(0), reading(wholeExpr(op->getResult(0), text), {x}));
}

/// y[i] = x[i] * y[i - 1] + z[i], as a loop.
void Writer::recurrence(RecurOp op) {
  const size_t axis = op.getAxis();
  std::string x = named(op.getX(), "t"), z = named(op.getZ(), "t"), n = sizesOf(op.getX())[axis].str(), i = fresh("i");
  std::string y = fresh(nameOf(op.getY()).empty() ? "t" : nameOf(op.getY()));
  line("var " + y + " = " + z);
  auto at = [&](const std::string &place) {
    SmallVector<std::string> all(axis, ":");
    all.push_back(place);
    return "[" + list(all) + "]";
  };
  std::string here = at(op.getReverse() ? n + " - 1 - " + i : i), before = at(op.getReverse() ? n + " - " + i : i + " - 1");
  line("for " + i + " in 1.." + n + " {");
  indent += 2;
  line(y + here + " = " + x + here + " * " + y + before + " + " + z + here);
  indent -= 2;
  line("}");
  name(op.getY(), y, true);
  vars[y] = op->getBlock();
}

void Writer::convolution(Conv2dOp op) {
  ArrayRef<int64_t> strides = op.getStrides();
  // Index notation goes over the labels in front: those of the result in their order, then those that are summed over.
  std::map<int64_t, std::string> labels;
  std::map<int64_t, Size> extents;
  auto atLabels = [&](Value operand, ArrayRef<int64_t> its) {
    std::string places;
    for (auto [label, size] : llvm::zip(its, sizesOf(operand))) {
      if (!labels.count(label))
        labels[label] = fresh("b");
      extents[label] = size;
      places += labels[label] + ", ";
    }
    return places;
  };
  std::string ofImages = atLabels(op.getX(), op.getLhs()), ofOthers = atLabels(op.getZ(), op.getRhs());
  SmallVector<std::string> outer, summed;
  for (const auto &[label, name] : labels)
    (label < int64_t(op.getRank()) ? outer : summed).push_back(name + " in 0.." + extents[label].str());
  auto over = [](StringRef function, ArrayRef<std::string> binders, const std::string &text) {
    if (binders.empty())
      return text;
    const std::string inside = "for " + list(binders) + ": " + text;
    return function.empty() ? "[" + inside + "]" : function.str() + "(" + inside + ")";
  };
  if (!op.getKernel()) {
    auto operand = [&](Value v, StringRef places) {
      return places.empty() ? whole(v) : named(v, "t") + "[" + places.drop_back(2).str() + "]";
    };
    std::string stride = strides[0] == 1 && strides[1] == 1 ? "" : ", stride=" + axesText(strides);
    std::string text = "conv2d(" + operand(op.getX(), ofImages) + ", " + operand(op.getZ(), ofOthers) + stride + ")";
    Expr e = wholeExpr(op.getY(), over("", outer, over("sum", summed, text)));
    return define(op.getY(), reading(e, {*get(op.getX()), *get(op.getZ())}));
  }
  std::string images = named(op.getX(), "t"), results = named(op.getZ(), "t");
  SmallVector<Size> kernel = sizesOf(op.getY()), from = sizesOf(op.getZ());
  auto scaled = [&](StringRef i, int64_t by) { return i.str() + (by == 1 ? "" : " * " + decimal(by)); };
  SmallVector<std::string> at, places;
  for (StringRef hint : {"p", "q", "c", "o"})
    at.push_back(fresh(hint));
  for (StringRef hint : {"e", "i", "j"})
    places.push_back(fresh(hint));
  for (auto [i, size] : llvm::zip(at, ArrayRef(kernel).take_back(4)))
    outer.push_back(i + " in 0.." + size.str());
  for (auto [i, size] : llvm::zip(places, ArrayRef(from).take_back(4).drop_back()))
    summed.push_back(i + " in 0.." + size.str());
  std::string product = images + "[" + ofImages + places[0] + ", " + scaled(places[1], strides[0]) + " + " + at[0] + ", " +
                        scaled(places[2], strides[1]) + " + " + at[1] + ", " + at[2] + "] * " + results + "[" + ofOthers + list(places) +
                        ", " + at[3] + "]";
  Expr e = wholeExpr(op.getY(), over("", outer, over("sum", summed, product)));
  define(op.getY(), reading(e, {*get(op.getX()), *get(op.getZ())}));
}

bool Writer::array(Operation *op) {
  if (auto x = dyn_cast<BroadcastOp>(op))
    return broadcast(x), true;
  if (auto x = dyn_cast<ContractOp>(op))
    return contract(x), true;
  if (auto x = dyn_cast<Conv2dOp>(op))
    return convolution(x), true;
  if (isa<ReduceSumOp>(op))
    return reduction(op, "sum"), true;
  if (isa<ReduceProdOp>(op))
    return reduction(op, "prod"), true;
  if (isa<ReduceMaxOp>(op))
    return reduction(op, "max"), true;
  if (isa<ReduceMinOp>(op))
    return reduction(op, "min"), true;
  if (isa<ReduceAnyOp>(op))
    return reduction(op, "any"), true;
  if (isa<ReduceAllOp>(op))
    return reduction(op, "all"), true;
  if (isa<CumSumOp, CumProdOp>(op))
    return along(op, op->getName().stripDialect(), op->hasAttr("reverse")), true;
  if (isa<SortOp, ArgSortOp, ArgMaxOp, ArgMinOp>(op))
    return along(op, op->getName().stripDialect(), false), true;
  if (auto x = dyn_cast<RecurOp>(op))
    return recurrence(x), true;
  if (auto x = dyn_cast<TransposeOp>(op)) {
    Expr whole = ofWhole(x.getX());
    const int64_t rank = rankOf(x.getX());
    SmallVector<int64_t> swapped = axesUpTo(rank);
    std::swap(swapped[rank - 1], swapped[rank - 2]);
    std::string text =
        x.getPerm() == ArrayRef(swapped) ? whole.at(Binding::Atom) + ".T" : "transpose(" + whole.text + ", " + axesText(x.getPerm()) + ")";
    Expr e = wholeExpr(x.getY(), text);
    e.isSimple = whole.isSimple;
    return define(x.getY(), reading(e, {whole})), true;
  }
  if (auto x = dyn_cast<ReshapeOp>(op)) {
    Expr whole = ofWhole(x.getX());
    if (rankOf(x.getY()) == 1 && rankOf(x.getX()) > 1)
      return define(x.getY(), reading(wholeExpr(x.getY(), "flatten(" + whole.text + ")"), {whole})), true;
    return define(x.getY(), reading(wholeExpr(x.getY(), "reshape(" + whole.text + ", [" + dims(x.getY()) + "])"), {whole})), true;
  }
  if (auto x = dyn_cast<IotaOp>(op))
    return define(x.getY(), wholeExpr(x.getY(), "arange(" + sizeText(x.getSize()) + ")")), true;
  if (auto x = dyn_cast<EmptyOp>(op))
    return define(x.getY(), functions.isKey(x.getY())
                                ? wholeExpr(x.getY(), someKeys(x.getY()))
                                : wholeExpr(x.getY(), "zeros[" + element(x.getElement()) + "]([" + dims(x.getY()) + "])")),
           true;
  if (auto x = dyn_cast<ConcatOp>(op)) {
    Expr all = ofWhole(x.getXs().front());
    for (Value next : x.getXs().drop_front()) {
      Expr part = ofWhole(next);
      all = reading(
          wholeExpr(x.getY(), "concat(" + all.text + ", " + part.text + (x.getAxis() ? ", axis=" + decimal(x.getAxis()) : "") + ")"),
          {all, part});
    }
    return define(x.getY(), all), true;
  }
  if (auto x = dyn_cast<mlir::tensor::FromElementsOp>(op)) {
    SmallVector<Expr> parts;
    SmallVector<std::string> texts;
    for (Value element : x.getElements()) {
      parts.push_back(*get(element));
      texts.push_back(parts.back().text);
    }
    if (x.getType().getRank() != 1)
      return refuse(op, "a literal of several rows"), true;
    return define(op->getResult(0), reading(wholeExpr(op->getResult(0), "[" + list(texts) + "]"), parts)), true;
  }
  if (auto x = dyn_cast<SliceOp>(op))
    return slice(x), true;
  if (auto x = dyn_cast<UpdateOp>(op))
    return update(x), true;
  if (auto x = dyn_cast<GatherOp>(op))
    return gather(x), true;
  if (auto x = dyn_cast<ScatterAddOp>(op))
    return scatter(x), true;
  return false;
}
