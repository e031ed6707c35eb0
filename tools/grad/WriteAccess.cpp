// Slices, updates and accesses at places that data tells -> subscripts, assignments and loops of these.
#include "tools/grad/Writer.h"
#include "llvm/ADT/StringExtras.h"

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

/// "x[i, :, 1:n]"; axes that run backwards go to `flipped`, as axes of the result.
std::string Writer::subscripts(Value x, ValueRange offsets, ValueRange sizes, ArrayRef<int64_t> strides, ArrayRef<int64_t> dropped,
                               SmallVectorImpl<int64_t> &flipped) {
  SmallVector<Size> all = sizesOf(x);
  SmallVector<std::string> parts;
  int64_t place = 0;
  for (size_t axis = 0; axis < all.size(); ++axis) {
    Size from = size(offsets[axis]);
    if (llvm::is_contained(dropped, int64_t(axis))) {
      parts.push_back(position(from));
      continue;
    }
    Size count = size(sizes[axis]), step(strides[axis]);
    if (strides[axis] < 0) { // the same elements forwards
      flipped.push_back(place);
      from = from + step * (count - Size(1));
      step = Size(-strides[axis]);
    }
    ++place;
    Size to = step.isOne() ? from + count : from + step * (count - Size(1)) + Size(1);
    if (from == Size(0) && to == all[axis] && step.isOne()) {
      parts.push_back(":");
      continue;
    }
    std::string text = from == Size(0) ? "" : position(from);
    text += ":" + (to == all[axis] ? "" : position(to));
    parts.push_back(text + (step.isOne() ? "" : ":" + step.str()));
  }
  while (parts.size() > 1 && parts.back() == ":")
    parts.pop_back();
  return "[" + list(parts) + "]";
}

static void readAlso(Expr &e, const Expr &x) { e.reads.insert(x.reads.begin(), x.reads.end()); }

void Writer::slice(SliceOp op) {
  Expr x = ofWhole(op.getX());
  SmallVector<int64_t> flipped;
  Expr e;
  std::string subscript = subscripts(op.getX(), op.getOffsets(), op.getSizes(), op.getStrides(), op.getDropped(), flipped);
  e.text = x.at(Binding::Atom) + (subscript == "[:]" ? "" : subscript);
  e.axes.assign(rankOf(op.getY()), true);
  e.isSimple = x.isSimple && isWord(x.text);
  readAlso(e, x);
  for (int64_t axis : flipped)
    e.text = "flip(" + e.text + (axis ? ", axis=" + std::to_string(axis) : "") + ")";
  for (Value offset : op.getOffsets())
    size(offset).eachSym([&](const Sym *sym) {
      if (vars.count(sym->name))
        e.reads.insert(sym->name);
    });
  define(op.getY(), std::move(e));
}

std::string Writer::named(Value v, StringRef hint) {
  Expr e = ofWhole(v);
  if (isWord(e.text) && e.binding == Binding::Atom)
    return e.text;
  let(v, e, hint);
  values[v] = std::make_shared<Expr>(e);
  return e.text;
}

std::string Writer::changed(Operation *op, Value x, Value result) {
  Expr e = ofWhole(x);
  bool isOwn = e.reads.size() == 1 && *e.reads.begin() == e.text && vars.lookup(e.text) == op->getBlock();
  Value root = x;
  while (Operation *from = root.getDefiningOp()) {
    if (!isa<SizedOp>(from))
      break;
    root = from->getOperand(0);
  }
  if (isOwn && !isUsedAfter(root, op)) {
    flush(e.text);
    name(result, e.text, true);
    return e.text;
  }
  std::string hint = nameOf(result).empty() ? nameOf(x) : nameOf(result);
  std::string variable = hint.empty() ? unnamed(result) : fresh(hint);
  line("var " + variable + (e.isLiteral ? ": " + typeText(x) : "") + " = " + e.text);
  vars[variable] = op->getBlock();
  name(result, variable, true);
  return variable;
}

void Writer::update(UpdateOp op) {
  SmallVector<int64_t> flipped;
  Expr source = ofWhole(op.getSrc());
  std::string at = subscripts(op.getX(), op.getOffsets(), op.getSizes(), op.getStrides(), op.getDropped(), flipped);
  for (int64_t axis : flipped)
    source.text = "flip(" + source.text + (axis ? ", axis=" + std::to_string(axis) : "") + ")";
  if (at == "[:]" && flipped.empty()) // nothing of the array stays
    return define(op.getY(), std::move(source));
  // A part of the sum stands at the same place: `x[i] += e`.
  std::string old = get(op.getX())->text;
  std::string variable = changed(op, op.getX(), op.getY());
  std::string same = old + at;
  if (flipped.empty() && old == variable && source.first == same && source.op == "+")
    line(variable + at + " += " + source.rest);
  else
    line(variable + at + " = " + source.text);
}

/// Whether the axes are the first ones.
static bool areLeading(ArrayRef<int64_t> axes) { return axes == ArrayRef(axesUpTo(axes.size())); }

void Writer::gather(GatherOp op) {
  ArrayRef<int64_t> axes = op.getAxes();
  const unsigned rank = rankOf(op.getX());
  if (!op.getGuarded()) {
    Expr x = ofWhole(op.getX()), e;
    readAlso(e, x);
    std::string base = x.at(Binding::Atom);
    if (!areLeading(axes)) { // the axes of the places stand in front
      SmallVector<int64_t> perm(axes);
      llvm::append_range(perm, otherAxes(rank, axes));
      base = "transpose(" + x.text + ", (" + list(llvm::map_to_vector(perm, [](int64_t i) { return std::to_string(i); })) + "))";
    }
    SmallVector<std::string> places;
    for (Value index : op.getIndices()) {
      Expr place = ofWhole(index);
      readAlso(e, place);
      places.push_back(place.text);
    }
    e.text = base + "[" + list(places) + "]";
    e.axes.assign(rankOf(op.getY()), true);
    return define(op.getY(), std::move(e));
  }
  // Outside there is zero.
  std::string x = named(op.getX(), "t");
  SmallVector<std::string> binders, places, at(rank), names;
  SmallVector<Size> extents = sizesOf(op.getY());
  for (const Size &extent : extents) {
    names.push_back(fresh("i"));
    binders.push_back(names.back() + " in 0.." + extent.str());
  }
  unsigned shared = extents.size() - (rank - axes.size()), next = shared;
  for (auto [axis, index] : llvm::zip(axes, op.getIndices()))
    at[axis] = isTensor(index) ? named(index, "k") + "[" + list(ArrayRef(names).take_front(shared)) + "]" : named(index, "k");
  for (std::string &place : at)
    if (place.empty())
      place = names[next++];
  Expr e;
  e.text = "[for " + list(binders) + ": " + x + "[" + list(at) + "] ?? 0]";
  e.axes.assign(extents.size(), true);
  readAlso(e, *get(op.getX()));
  for (Value index : op.getIndices())
    readAlso(e, *get(index));
  define(op.getY(), std::move(e));
}

void Writer::scatter(ScatterAddOp op) {
  ArrayRef<int64_t> axes = op.getAxes();
  if (axes.size() == 1 && axes[0] == 0 && rankOf(op.getIndices()[0]) == 1 && !op.getGuarded()) {
    Expr x = ofWhole(op.getX()), index = ofWhole(op.getIndices()[0]), source = ofWhole(op.getSrc()), e;
    e.text = "scatter_add(" + x.text + ", " + index.text + ", " + source.text + ")";
    e.axes.assign(rankOf(op.getY()), true);
    for (const Expr &part : {x, index, source})
      readAlso(e, part);
    return define(op.getY(), std::move(e));
  }
  SmallVector<Size> extents;
  for (Value index : op.getIndices())
    if (isTensor(index))
      extents = sizesOf(index);
  SmallVector<std::string> names;
  for (size_t i = 0; i < extents.size(); ++i)
    names.push_back(fresh("i"));
  // One number repeated stays one number; a count needs no array.
  Expr plain = *get(op.getSrc());
  bool isConstant = llvm::none_of(plain.axes, [](bool has) { return has; });
  std::string source = isConstant ? plain.text : named(op.getSrc(), "t") + "[" + list(names) + "]";
  SmallVector<std::string> at(rankOf(op.getX()), ":"), inside;
  SmallVector<Size> sizes = sizesOf(op.getX());
  for (auto [axis, index] : llvm::zip(axes, op.getIndices())) {
    auto count = index.getDefiningOp<IotaOp>();
    at[axis] = count ? names[0] : isTensor(index) ? named(index, "k") + "[" + list(names) + "]" : named(index, "k");
    inside.push_back("0 <= " + at[axis] + " and " + at[axis] + " < " + sizes[axis].str());
  }
  while (at.size() > 1 && at.back() == ":")
    at.pop_back();
  std::string variable = changed(op, op.getX(), op.getY());
  for (auto [i, extent] : llvm::zip(names, extents)) {
    line("for " + i + " in " + extent.str() + " {");
    indent += 2;
  }
  bool isMinus = isConstant && plain.binding == Binding::Minus;
  std::string step = variable + "[" + list(at) + "] " + (isMinus ? "-= " + source.substr(1) : "+= " + source);
  line(op.getGuarded() ? "if " + llvm::join(inside, " and ") + " { " + step + " }" : step);
  for (size_t i = 0; i < names.size(); ++i) {
    indent -= 2;
    line("}");
  }
}
