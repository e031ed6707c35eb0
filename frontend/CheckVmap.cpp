// vmap(f, axis=..., out=...): which axis of each argument it goes along, the type of one element, and that of all results.
#include "frontend/Check.h"

namespace tl::frontend {

/// `axis=` as it was written, not checked yet: a number, `None`, or a tuple of such. Nothing after a report.
std::optional<MapAxes> Checker::mapAxes(Expr *e) {
  MapAxes axes;
  axes.span = e->span;
  e->type = types.none();
  if (auto *tuple = dyn_cast<TupleExpr>(e); tuple && !tuple->elems.empty()) {
    SmallVector<MapAxes> parts;
    for (Expr *x : tuple->elems) {
      auto part = mapAxes(x);
      if (!part)
        return std::nullopt;
      parts.push_back(*part);
    }
    axes.parts = module->list<MapAxes>(parts);
    return axes;
  }
  if (isa<NoneExpr>(e)) {
    axes.axis = std::nullopt;
    return axes;
  }
  if (isError(check(e)))
    return std::nullopt;
  auto n = sizeOf(e);
  if (!n || !n->constant()) {
    diags.report(Code::E0309, e->span, "an axis must be known when the program is compiled").help("write a literal");
    return std::nullopt;
  }
  axes.axis = *n->constant();
  return axes;
}

/// What stands behind the function in `vmap(f, axis=..., out=...)`.
bool Checker::mapOptions(CallExpr *e, FnValue &f) {
  for (const Arg &a : llvm::ArrayRef(e->args).drop_front()) {
    if (a.name != "axis" && a.name != "out") {
      auto &d = a.name.empty() ? diags.report(Code::E0307, e->span, "`vmap` takes one function")
                               : diags.report(Code::E0307, a.nameSpan, "`vmap` has no parameter `" + a.name.str() + "`");
      if (a.name.empty())
        d.help("apply what it gives: `vmap(f)(x)`");
      else
        d.help("it has `axis`, which it goes along, and `out`, where the results have it");
      return false;
    }
    auto &place = a.name == "axis" ? f.axes : f.out;
    if (place) {
      diags.report(Code::E0307, a.nameSpan, "`" + a.name.str() + "` is given twice").label(place->span, "first here");
      return false;
    }
    auto axes = mapAxes(a.value);
    if (!axes)
      return false;
    if (a.name == "out" && (!axes->parts.empty() || !axes->axis)) {
      diags.report(Code::E0505, a.value->span, "`out` is one axis, of all results");
      return false;
    }
    place = module->make<MapAxes>(*axes);
  }
  return true;
}

static std::string numbered(int64_t axis) { return "axis " + std::to_string(axis); }

/// Where `axis` (negative: from the end) is in an array of `rank` axes, of which `dims` are known; -1 where it is not there, or not known
/// to be: behind, or before, as many axes as a pack has.
static int64_t placeOf(int64_t axis, int64_t rank, llvm::ArrayRef<Dim> dims) {
  const int64_t place = axis < 0 ? axis + rank : axis;
  if (place < 0 || place >= rank)
    return -1;
  auto counted = axis < 0 ? dims.drop_front(place) : dims.take_front(place + (rank == int64_t(dims.size())));
  return llvm::any_of(counted, [](const Dim &d) { return d.pack; }) ? -1 : place;
}

/// The leading axis of each part that has one, as `axis=` takes it; `any` where there is one at all.
static std::string leadingAxes(llvm::ArrayRef<const Type *> parts, bool &any) {
  std::string axes;
  for (const Type *t : parts) {
    auto *tuple = dyn_cast<TupleType>(resolved(t));
    any |= !tuple && !dimsOf(t).empty();
    axes += axes.empty() ? "" : ", ";
    axes += tuple ? leadingAxes(tuple->elems, any) : dimsOf(t).empty() ? "None" : "0";
  }
  return "(" + axes + ")";
}

/// What to write where some arguments have no axis to go along.
static std::string withoutAxes(llvm::ArrayRef<const Type *> args) {
  bool any = false;
  auto *tuple = dyn_cast<TupleType>(resolved(args.front()));
  const std::string axes = leadingAxes(tuple && args.size() == 1 ? llvm::ArrayRef<const Type *>(tuple->elems) : args, any);
  return any ? "`None` stands for an argument that is the same for all calls: `vmap(f, axis=" + axes + ")`" : "call the function itself";
}

Callable *Checker::applyVmap(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *c) {
  static const MapAxes leading;
  const MapAxes *given = f->axes;
  std::optional<Size> batch;
  SmallVector<std::optional<int64_t>> places; // of each part of the arguments
  // The type of an element of argument `i`, or of a part of it: those of a tuple are tuples.
  auto elementOf = [&](auto &self, size_t i, const Type *t, const MapAxes &axes) -> const Type * {
    t = resolved(t);
    const std::string what =
        "the " + ordinal(i) + " argument of `vmap` " + (t == resolved(args[i]) ? "is " : "has a part that is ") + str(t);
    auto *tuple = dyn_cast<TupleType>(t);
    if (!axes.parts.empty() && (!tuple || tuple->elems.size() != axes.parts.size())) {
      const std::string parts = std::to_string(axes.parts.size());
      diags.report(Code::E0505, argumentSpan(i, span), what + ", which is no tuple of " + parts).label(axes.span, parts + " axes");
      return nullptr;
    }
    if (tuple && !tuple->elems.empty()) {
      SmallVector<const Type *> parts;
      for (auto [k, elem] : llvm::enumerate(tuple->elems))
        if (!(parts.emplace_back(self(self, i, elem, axes.parts.empty() ? axes : axes.parts[k]))))
          return nullptr;
      return types.tuple(parts);
    }
    places.push_back(axes.axis);
    if (!axes.axis) {
      if (!holdsKeys(t))
        return t;
      diags.report(Code::E0505, argumentSpan(i, span), what + ", which each call would use again")
          .label(axes.span, "the same for all calls")
          .help("give each its own: `split(k, n)`, and an axis");
      return nullptr;
    }
    auto dims = dimsOf(t);
    const int64_t place = placeOf(*axes.axis, dims.size(), dims);
    if (place < 0) {
      if (!given) {
        diags
            .report(Code::E0503, argumentSpan(i, span),
                    "`vmap` goes along the leading axis; its " + ordinal(i) + " argument " +
                        (t == resolved(args[i]) ? "is " : "has a part that is ") + str(t))
            .help(holdsKeys(t) ? "give each call a key of its own: `split(k, n)`" : withoutAxes(args));
        return nullptr;
      }
      const bool hasPack = llvm::any_of(dims, [](const Dim &d) { return d.pack; });
      auto &d = diags
                    .report(Code::E0505, argumentSpan(i, span),
                            what + (hasPack ? ", which is not known to have " : ", which has no ") + numbered(*axes.axis))
                    .label(axes.span, "asked for here");
      if (dims.empty())
        d.help("`None` stands for an argument that is the same for all calls");
      return nullptr;
    }
    Mismatch why;
    Solver none;
    const Size &size = dims[place].size;
    if (batch && !unifySize(*batch, size, none, why)) {
      auto &d =
          diags.report(Code::E0503, span,
                       (given ? "`vmap` needs one size of the axes that it goes along, not " : "`vmap` needs one leading size, not ") +
                           batch->str() + " and " + size.str());
      if (given)
        d.label(given->span, "these axes");
      explain(d, why);
      return nullptr;
    }
    batch = size;
    Dims rest(dims);
    rest.erase(rest.begin() + place);
    return types.array(elemOf(t), rest);
  };
  const MapAxes &axes = given ? *given : leading;
  const bool each = args.size() > 1 && !axes.parts.empty();
  if (each && axes.parts.size() != args.size()) {
    diags.report(Code::E0505, span, std::to_string(args.size()) + " arguments are given, but axes of " + std::to_string(axes.parts.size()))
        .label(axes.span, "an axis for each argument");
    return nullptr;
  }
  SmallVector<const Type *> elements;
  for (auto [i, t] : llvm::enumerate(args))
    if (!(elements.emplace_back(elementOf(elementOf, i, t, each ? axes.parts[i] : axes))))
      return nullptr;
  if (!batch) {
    diags.report(Code::E0505, span, "`vmap` goes along no axis: all arguments are the same for all calls")
        .label(axes.span, "nothing but `None`");
    return nullptr;
  }
  uint32_t before = sizeMark();
  c->inner = apply(f->inner, elements, span);
  if (!c->inner)
    return nullptr;
  if (madeSince(c->inner->result, before)) {
    diags.report(Code::E0503, span, "the function under `vmap` gives rows of different sizes: " + str(c->inner->result))
        .help("all rows of an array have one size");
    return nullptr;
  }
  c->axes = module->list<std::optional<int64_t>>(places);
  c->out = f->out ? *f->out->axis : 0;
  // The type of all results, or of a part of them.
  auto joined = [&](auto &self, const Type *t) -> const Type * {
    t = resolved(t);
    if (auto *tuple = dyn_cast<TupleType>(t)) {
      SmallVector<const Type *> parts;
      for (const Type *elem : tuple->elems)
        if (!(parts.emplace_back(self(self, elem))))
          return nullptr;
      return types.tuple(parts);
    }
    if (isError(t))
      return t;
    Dims dims(dimsOf(t));
    const int64_t place = placeOf(c->out, dims.size() + 1, dims);
    if (place < 0) {
      diags.report(Code::E0505, f->out->span, "the results of `vmap` have no " + numbered(c->out)).label(span, "one result is " + str(t));
      return nullptr;
    }
    dims.insert(dims.begin() + place, Dim(*batch));
    return types.array(elemOf(t), dims);
  };
  c->result = joined(joined, c->inner->result);
  return c->result ? c : nullptr;
}
} // namespace tl::frontend
