// Indexing and index notation: result sizes, ranges of indices, and which accesses are inside by proof.
#include "frontend/Check.h"

namespace tl::frontend {

/// element[dims...]; a tuple becomes a tuple of arrays.
const Type *Checker::arrayOver(const Type *element, llvm::ArrayRef<Dim> dims) {
  element = resolved(element);
  if (auto *t = dyn_cast<TupleType>(element); t && !dims.empty()) {
    SmallVector<const Type *> elems;
    for (const Type *e : t->elems)
      elems.push_back(arrayOver(e, dims));
    return types.tuple(elems);
  }
  if (element->kind == TypeKind::Error)
    return element;
  return types.array(element, Dims(dims));
}

/// The type with its arrays of tuples as tuples of arrays.
const Type *Checker::distributed(const Type *t) {
  t = resolved(t);
  if (auto *a = dyn_cast<ArrayType>(t))
    return resolved(a->elem)->kind == TypeKind::Tuple ? arrayOver(a->elem, a->dims) : t;
  auto *tuple = dyn_cast<TupleType>(t);
  if (!tuple)
    return t;
  SmallVector<const Type *> elems;
  for (const Type *e : tuple->elems)
    elems.push_back(distributed(e));
  return types.tuple(elems);
}

static bool mentionsAny(const Size &s, llvm::ArrayRef<const Sym *> syms) {
  return llvm::any_of(syms, [&](const Sym *x) { return s.mentions(x); });
}

/// The place that an index names: counted from the end where a minus is written.
std::optional<Size> Checker::position(Expr *e, const Size &size) {
  if (auto *u = dyn_cast<UnaryExpr>(e); u && u->op == UnaryOp::Neg) {
    auto back = sizeOf(u->operand);
    return back ? std::optional(size - *back) : std::nullopt;
  }
  return sizeOf(e);
}

/// `-k - 1` is a number that is computed; what counts from the end is `-(k + 1)`.
static void offerFromEnd(Diagnostic &d, Expr *e, const SourceManager &sources) {
  auto *sum = llvm::dyn_cast_or_null<BinaryExpr>(e);
  auto *minus = sum && (sum->op == BinaryOp::Add || sum->op == BinaryOp::Sub) ? dyn_cast<UnaryExpr>(sum->lhs) : nullptr;
  if (minus && minus->op == UnaryOp::Neg)
    d.help(("a minus before all of it counts from the end: `-(" + sources.text(minus->operand->span) +
            (sum->op == BinaryOp::Sub ? " + " : " - ") + sources.text(sum->rhs->span) + ")`")
               .str());
}

/// Is lhs <= rhs for all sizes (proved stays), for some (proved becomes false), or for none (reported, false)?
bool Checker::decide(Code code, const Size &lhs, const Size &rhs, const Facts &facts, Span span, StringRef what, const Size &size,
                     bool &proved) {
  switch (lessEqual(lhs, rhs, facts)) {
  case Answer::Always:
    return true;
  case Answer::Sometimes:
    proved = false;
    return true;
  case Answer::Never:
    diags.report(code, span, what.str() + " is always outside an axis of size " + size.str(), "outside");
    return false;
  }
  llvm_unreachable("all answers handled");
}

/// Proves or keeps the accesses from number `from` on, except those that mention an index whose range is still open.
void Checker::discharge(size_t from) {
  std::vector<PendingAccess> later;
  for (size_t i = from; i < body->accesses.size(); ++i) {
    PendingAccess &a = body->accesses[i];
    if (mentionsAny(a.position, body->openBinders) || mentionsAny(a.size, body->openBinders)) {
      later.push_back(a);
      continue;
    }
    bool proved = true;
    StringRef text = sources.text(a.span);
    std::string what = ("index " + text).str();
    size_t before = diags.size();
    if (decide(Code::E0801, Size(0), a.position, a.facts, a.span, what, a.size, proved) &&
        decide(Code::E0801, a.position + Size(1), a.size, a.facts, a.span, what, a.size, proved))
      a.index->proved = proved;
    else if (auto at = a.position.constant(); at && *at < 0) {
      auto &d = diags.from(before).front();
      d.note(isa<UnaryExpr>(a.index->lo) ? "from the end an axis of size n has the indices -1 to -n"
                                         : "only a minus that is written counts from the end: `x[" + std::to_string(*at) + "]`");
      offerFromEnd(d, a.index->lo, sources);
    }
    if (proved || !a.mustProve || diags.size() != before)
      continue;
    auto &d = diags.report(Code::E0801, a.span, what + " may lie outside an axis of size " + a.size.str(), "may be outside");
    d.note("the range of an index is inferred from where it stands alone; every other use must lie inside");
    // i + 1 below n: i in 0..n - 1. n - i below n: i in 1..n + 1.
    for (const Sym *s : inferredIn(a.position)) {
      std::optional<int64_t> offset = (a.position - Size(s)).constant(), first = (a.position + Size(s) - a.size + Size(1)).constant();
      if (!offset && !first)
        continue;
      Size lo(std::max<int64_t>(0, offset ? -*offset : *first));
      Size hi = first ? a.position + Size(s) + Size(1) : *offset > 0 ? a.size - Size(*offset) : a.size;
      d.help("give the range: `" + s->name + " in " + lo.str() + ".." + hi.str() + "`");
    }
    d.help(("or a value for what lies outside: `x[" + text + "] ?? 0`").str());
  }
  body->accesses.resize(from);
  body->accesses.insert(body->accesses.end(), later.begin(), later.end());
}

bool Checker::intIndex(Expr *e) {
  const Type *t = resolved(e->type);
  if (auto *i = dyn_cast<InferType>(t))
    return bindInfer(i, types.int64());
  return isInteger(t);
}

/// The indices in a position whose range is inferred.
SmallVector<const Sym *> Checker::inferredIn(const Size &position) {
  SmallVector<const Sym *> found;
  position.eachSym([&](const Sym *s) {
    if (body->inferred.contains(s))
      found.push_back(s);
  });
  return found;
}

/// A mask takes as many axes as it has, and leaves one: as long as it has elements that are true.
std::optional<Size> Checker::maskSize(Index &ix, llvm::ArrayRef<Dim> axes) {
  auto dims = dimsOf(resolved(ix.lo->type));
  Mismatch why;
  bool fits = dims.size() <= axes.size();
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    Solver none;
    fits = dims[i].pack || axes[i].pack ? false : unifySize(axes[i].size, dims[i].size, none, why);
  }
  if (!fits) {
    auto &d = diags.report(Code::E0701, ix.span,
                           "a mask has the sizes of the axes that it stands for, " + str(axes.take_front(dims.size())), str(ix.lo->type));
    explain(d, why);
    return std::nullopt;
  }
  auto *n = dyn_cast<NameExpr>(ix.lo);
  auto *mask = n ? llvm::dyn_cast_or_null<VarDecl>(n->decl) : nullptr;
  if (!mask || mask->varKind == VarKind::Var)
    return Size(*unnamedMasks.insert(sizes.sym(SymKind::Fresh, "_", ix.span)).first);
  return Size(maskCount(mask, ix.span));
}

/// How many elements of an immutable mask are true, as a size.
const Sym *Checker::maskCount(VarDecl *mask, Span at) {
  const Sym *&count = maskSizes[mask];
  if (!count)
    count = sizes.sym(SymKind::Fresh, "count(" + mask->name.str() + ")", at, mask);
  return count;
}

Size Checker::accessSingle(Index &ix, const Size &size, unsigned axis, const Type *base) {
  auto pos = position(ix.lo, size);
  if (!pos || body->fallbackDepth)
    return pos.value_or(Size());
  for (const Sym *open : body->openBinders)
    if (pos->mentions(open))
      body->uses.push_back({open, *pos, size, ix.span});
  body->accesses.push_back({&ix, *pos, size, body->facts, ix.span, !inferredIn(*pos).empty()});
  if (body->openBinders.empty())
    discharge(body->accesses.size() - 1);
  return *pos;
}

std::optional<Size> Checker::slicedSize(Expr *at, Index &ix, const Size &size) {
  int64_t step = 1;
  if (ix.step) {
    auto s = sizeOf(ix.step);
    if (!s || !s->constant() || *s->constant() == 0) {
      diags.report(Code::E0802, ix.step->span,
                   s && s->constant() == 0 ? "a step of 0 goes nowhere"
                                           : "the step of a slice is an int that is known when the program is compiled");
      return std::nullopt;
    }
    step = ix.stride = *s->constant();
  }
  // Backwards it goes from the first end, which is taken, down to the second, which is not.
  Expr *first = step > 0 ? ix.lo : ix.hi, *last = step > 0 ? ix.hi : ix.lo;
  std::optional<Size> lo = first ? position(first, size) : Size(0), hi = last ? position(last, size) : size;
  if (step < 0 && lo && first)
    lo = *lo + Size(1);
  if (step < 0 && hi && last)
    hi = *hi + Size(1);
  if (!lo || !hi)
    return Size(sizes.sym(SymKind::Fresh, "_", ix.span));
  Size length = *hi - *lo;
  bool proved = true;
  std::string what = ("slice " + sources.text(ix.span)).str();
  for (auto [a, b] : {std::pair(Size(0), *lo), std::pair(*lo, *hi), std::pair(*hi, size)})
    if (size_t before = diags.size(); !decide(Code::E0802, a, b, body->facts, ix.span, what, size, proved)) {
      auto &d = diags.from(before).front().note("a slice `i:j` has the size j - i; nothing is cut to fit");
      offerFromEnd(d, ix.lo, sources);
      offerFromEnd(d, ix.hi, sources);
      return std::nullopt;
    }
  ix.proved = proved;
  int64_t magnitude = step < 0 ? -step : step;
  return magnitude == 1 ? length : sizes.divide(length + Size(magnitude - 1), Size(magnitude));
}

const Type *Checker::subscript(SubscriptExpr *e) {
  if (looksLikeType(e->base) && !isa<TupleExpr>(e->base)) {
    diags.report(Code::E0141, e->span, "this is a type, not a value");
    return types.error();
  }
  const Type *t = resolved(checkValue(e->base));
  for (const Index &ix : e->indices)
    for (Expr *x : {ix.lo, ix.hi, ix.step})
      if (auto *r = llvm::dyn_cast_or_null<RangeExpr>(x)) {
        x->type = types.error();
        diags.report(Code::E0213, x->span, "a range stands only behind `in`")
            .help(("a slice is written `" + sources.text(r->lo->span) + ":" + sources.text(r->hi->span) + "`").str());
      } else if (x && (ix.kind == IndexKind::Single || ix.kind == IndexKind::Slice)) {
        checkValue(x);
      }
  if (isError(t))
    return t;
  for (const Index &ix : e->indices)
    if (ix.lo && ix.kind == IndexKind::Single && isa<NameExpr>(ix.lo) && ix.lo->type && isError(ix.lo->type))
      return types.error(); // it might be a new axis
  auto dims = dimsOf(t);
  if (dims.empty()) {
    auto &d = diags.report(Code::E0700, e->span, str(t) + " has no axes to index").label(e->base->span, str(t));
    namedWrongly(d, e->base);
    if (t->kind == TypeKind::Tuple)
      d.help("take a tuple apart: `let (a, b) = ...`");
    return types.error();
  }
  unsigned consumed = 0;
  int ellipsis = -1;
  for (auto [i, ix] : llvm::enumerate(e->indices)) {
    if (ix.kind == IndexKind::Ellipsis) {
      if (ellipsis >= 0) {
        diags.report(Code::E0700, ix.span, "`...` may stand once");
        return types.error();
      }
      ellipsis = i;
    } else if (ix.kind != IndexKind::NewAxis) {
      bool isMask = ix.kind == IndexKind::Single && !isError(ix.lo->type) && isBool(ix.lo->type);
      consumed += isMask ? std::max<size_t>(1, dimsOf(resolved(ix.lo->type)).size()) : 1;
    }
  }
  unsigned fixed = llvm::count_if(dims, [](const Dim &d) { return !d.pack; });
  if (consumed > fixed && fixed < dims.size()) {
    auto &d = diags
                  .report(Code::E0700, e->span,
                          str(t) + " has " + (fixed ? std::to_string(fixed) + " axes" : "no axis") + " for certain, " +
                              std::to_string(consumed) + (consumed == 1 ? " index is given" : " indices are given"))
                  .label(e->base->span, str(t))
                  .help("name the axes that are indexed, as in `f32[...s, n]`");
    namedWrongly(d, e->base);
    return types.error();
  }
  if (consumed > fixed) {
    auto &d = diags
                  .report(Code::E0700, e->span,
                          str(t) + " has " + std::to_string(dims.size()) + (dims.size() == 1 ? " axis, " : " axes, ") +
                              std::to_string(consumed) + (consumed == 1 ? " index is given" : " indices are given"))
                  .label(e->base->span, str(t));
    namedWrongly(d, e->base);
    return types.error();
  }
  Dims out;
  unsigned axis = 0;
  std::optional<size_t> gatherAt;
  Dims gathered;
  bool masked = false;
  auto indices = llvm::MutableArrayRef<Index>(const_cast<Index *>(e->indices.data()), e->indices.size());
  for (auto [i, ix] : llvm::enumerate(indices)) {
    if (ix.kind == IndexKind::NewAxis) {
      out.push_back(Size(1));
      continue;
    }
    if (ix.kind == IndexKind::Ellipsis) {
      for (unsigned rest = dims.size() - consumed; rest; --rest)
        out.push_back(dims[axis++]);
      continue;
    }
    const Dim &d = dims[axis];
    if (d.pack) {
      diags.report(Code::E0700, ix.span, "this axis is in `..." + d.pack->name.str() + "`, of which neither number nor sizes are known")
          .help("index from the end: `x[..., i]`");
      return types.error();
    }
    if (ix.kind == IndexKind::Slice) {
      for (Expr *x : {ix.lo, ix.hi, ix.step})
        if (x && !isError(x->type) && !(dimsOf(x->type).empty() && intIndex(x))) {
          diags.report(Code::E0701, x->span, "the ends of a slice are int, not " + str(x->type), str(x->type));
          return types.error();
        }
      auto length = slicedSize(e, ix, d.size);
      if (!length)
        return types.error();
      out.push_back(*length);
      ++axis;
      continue;
    }
    const Type *it = resolved(ix.lo->type);
    if (isError(it))
      return it;
    if (isBool(it) && !dimsOf(it).empty()) {
      auto count = maskSize(ix, dims.drop_front(axis));
      if (!count)
        return types.error();
      if (gatherAt) {
        diags.report(Code::E0701, ix.span, "a mask stands alone among the index arrays of a subscript", str(it));
        return types.error();
      }
      gatherAt = out.size();
      gathered = {Dim(*count)};
      masked = true;
      axis += dimsOf(it).size();
      continue;
    }
    if (!intIndex(ix.lo)) {
      auto &report = diags.report(Code::E0701, ix.span, "an index is an integer, not " + str(it), str(it));
      namedWrongly(report, ix.lo);
      if (!madeFloatBy(report, ix.lo) && isFloating(it))
        report.help("convert with `int(...)`");
      return types.error();
    }
    if (dimsOf(it).empty()) {
      accessSingle(ix, d.size, axis, t);
    } else {
      if (masked) {
        diags.report(Code::E0701, ix.span, "a mask stands alone among the index arrays of a subscript", str(it));
        return types.error();
      }
      Mismatch why;
      auto both = broadcast(gathered, dimsOf(it), why);
      if (!both) {
        auto &report = diags.report(Code::E0701, ix.span, "the index arrays of one subscript must have one shape", str(it));
        explain(report, why);
        return types.error();
      }
      gathered = *both;
      if (!gatherAt)
        gatherAt = out.size();
    }
    ++axis;
  }
  while (axis < dims.size())
    out.push_back(dims[axis++]);
  if (gatherAt)
    out.insert(out.begin() + *gatherAt, gathered.begin(), gathered.end());
  return types.array(resolved(elemOf(t)), out);
}

const Type *Checker::fallback(FallbackExpr *e) {
  bool isAccess = isa<SubscriptExpr>(e->access);
  body->fallbackDepth += isAccess;
  const Type *a = checkValue(e->access);
  body->fallbackDepth -= isAccess;
  const Type *b = checkValue(e->otherwise, a);
  if (!isAccess && !isError(a)) {
    auto &d = diags.report(Code::E0704, e->access->span, "`??` gives a value for an index outside an array; its left side is `x[i]`");
    // ps[i].x of an array of records is ps.x[i].
    std::string fields;
    Expr *base = e->access;
    for (auto *s = dyn_cast<SelectExpr>(base); s; s = dyn_cast<SelectExpr>(base = s->base))
      fields = ("." + s->name).str() + fields;
    if (auto *s = dyn_cast<SubscriptExpr>(base); s && base != e->access) {
      StringRef array = sources.text(s->base->span), whole = sources.text(s->span);
      d.help(
          ("index the field: `" + array + fields + whole.drop_front(array.size()) + " ?? " + sources.text(e->otherwise->span) + "`").str());
    }
    return types.error();
  }
  if (isError(a) || isError(b))
    return types.error();
  for (const Index &ix : cast<SubscriptExpr>(e->access)->indices)
    if (ix.kind != IndexKind::Single || !dimsOf(resolved(ix.lo->type)).empty()) {
      StringRef text = sources.text(ix.span), array = sources.text(cast<SubscriptExpr>(e->access)->base->span);
      auto &d = diags.report(Code::E0704, ix.span,
                             "`??` gives a value for an index outside an array, not for " +
                                 std::string(ix.kind == IndexKind::Single ? "an array of indices" : "a slice"));
      if (ix.kind == IndexKind::Single)
        d.help(("go over the indices: `[for i in " + text + ": " + array + "[i] ?? 0]`").str());
      else
        d.help(("go over the range: `[for i in lo..hi: " + array + "[i] ?? 0]`").str());
      return types.error();
    }
  Mismatch why;
  auto dims = broadcast(dimsOf(a), dimsOf(b), why);
  if (!dims || dims->size() != dimsOf(a).size() || !meet(elemOf(a), elemOf(b), why)) {
    reportMismatch(Code::E0201, e->otherwise, a, b, why, e->access->span, "the element");
    return types.error();
  }
  return a;
}

/// The largest (or smallest) value of `s` over the known ranges of the indices in it, where each stands linearly.
static Size extreme(Size s, const llvm::DenseMap<const Sym *, std::pair<Size, Size>> &ranges, SizeContext &ctx, bool largest) {
  // Ranges of inner indices may name outer ones: a few rounds settle them.
  for (int round = 0; round < 8; ++round) {
    const Sym *found = nullptr;
    bool positive = true;
    for (const Term &t : s.terms())
      for (const Sym *x : t.syms)
        if (!found && ranges.count(x))
          found = x, positive = t.coef > 0;
    if (!found)
      break;
    const auto &[lo, hi] = ranges.find(found)->second;
    s = substitute(s, ctx, [&](const Sym *x) -> std::optional<Size> {
      if (x != found)
        return std::nullopt;
      return positive == largest ? hi - Size(1) : lo;
    });
  }
  return s;
}

bool Checker::inferExtent(Binder &b, const Sym *index, llvm::ArrayRef<IndexUse> uses) {
  const IndexUse *direct = nullptr;
  std::optional<Size> extent;
  for (const IndexUse &u : uses) {
    if (u.binder != index || u.position != Size(index))
      continue;
    if (!direct) {
      direct = &u;
      extent = u.size;
      continue;
    }
    Mismatch why;
    Solver none;
    if (!unifySize(direct->size, u.size, none, why)) {
      auto &d =
          diags
              .report(Code::E0702, u.span, ("`" + index->name + "` runs over two sizes, " + direct->size.str() + " and " + u.size.str()),
                      "size " + u.size.str())
              .label(direct->span, "size " + direct->size.str());
      explain(d, why);
      d.help("give the range: `in 0.." + direct->size.str() + "`");
    }
  }
  if (!extent)
    for (const IndexUse &u : uses) {
      if (u.binder != index)
        continue;
      // For all values of the inner indices in rest: a * index + rest <= size - 1 where it rises, >= 0 where it falls.
      int64_t a = 0;
      bool linear = true;
      for (const Term &t : u.position.terms())
        if (llvm::is_contained(t.syms, index)) {
          linear &= t.syms.size() == 1;
          a = t.coef;
        }
      if (!linear || a == 0)
        continue;
      Size rest = extreme(u.position - Size(a) * Size(index), body->ranges, sizes, a > 0);
      Size end = a > 0 ? sizes.divide(u.size - Size(1) - rest + Size(a), Size(a)) : sizes.divide(rest + Size(-a), Size(-a));
      extent = extent ? (*extent == end ? end : sizes.min(*extent, end)) : end;
    }
  if (!extent) {
    diags.report(Code::E0703, index->origin, "the range of `" + index->name + "` cannot be found", "no use fixes its end")
        .note("a range is inferred from the arrays that the index stands in; uses under `??` do not count")
        .help("give it: `for " + index->name + " in 0..n`");
    return false;
  }
  b.extent = *extent;
  return true;
}

const Type *Checker::forExpr(ForExpr *e) {
  const Scope *saved = scope;
  scope = pushScope(scope);
  Facts savedFacts = body->facts;
  size_t firstUse = body->uses.size(), firstAccess = body->accesses.size(), firstOpen = body->openBinders.size();
  Dims extents;
  SmallVector<const Sym *> inferred;
  auto binders = llvm::MutableArrayRef<Binder>(const_cast<Binder *>(e->binders.data()), e->binders.size());
  for (Binder &b : binders) {
    if (!b.iter) {
      bindPattern(b.pattern, types.int64(), false, nullptr, VarKind::Binder);
      const Sym *s = symOf(b.pattern->var);
      body->openBinders.push_back(s);
      body->inferred.insert(s);
      inferred.push_back(s);
      continue;
    }
    // All ranges of one list are known before the first of them runs.
    const size_t reports = diags.size();
    iterated(b, VarKind::Binder, body->facts, saved);
    for (Diagnostic &d : diags.from(reports))
      for (const Binder *earlier = e->binders.begin(); earlier != &b; ++earlier)
        if (d.code == Code::E0140 && sources.text(d.labels.front().span) == sources.text(earlier->pattern->span))
          d.helps = {("`" + sources.text(earlier->pattern->span) + "` is an index of the same list: nest them, as in " +
                      "`sum(for i in 0..n: sum(for j in 0..i: f(i, j)))`")
                         .str()};
    const Type *t = resolved(b.iter->type);
    std::optional<Size> lo = Size(0), hi;
    if (auto *r = dyn_cast<RangeExpr>(b.iter)) {
      lo = sizeOf(r->lo);
      hi = sizeOf(r->hi);
    } else if (t->kind == TypeKind::Array && !cast<ArrayType>(t)->dims[0].pack) {
      hi = cast<ArrayType>(t)->dims[0].size;
    } else {
      hi = sizeOf(b.iter);
    }
    if (lo && hi) {
      b.extent = *hi - *lo;
      if (lessEqual(*lo, *hi, savedFacts) == Answer::Never) {
        if (!b.extent.constant() || *b.extent.constant() >= 0) // else `iterated` has told
          diags.report(Code::E0332, b.iter->span, "the range ends before it starts: its length would be " + b.extent.str());
        b.extent = Size(0);
      }
      if (b.pattern->var && t->kind != TypeKind::Array)
        body->ranges[symOf(b.pattern->var)] = {*lo, *hi};
    } else {
      b.extent = Size(sizes.sym(SymKind::Fresh, "_", b.iter->span));
    }
    extents.push_back(b.extent);
  }
  if (e->filter) {
    boolean(e->filter, "a filter");
    addFact(e->filter, body->facts, false, e->body);
  }
  size_t before = diags.size();
  SmallVector<const Pattern *> names;
  for (const Binder &b : binders)
    names.push_back(b.pattern);
  namesOnce(names);
  uint32_t mark = sizeMark();
  body->walls.push_back("index notation");
  const Type *t = resolved(checkValue(e->body));
  body->walls.pop_back();
  bool clean = diags.size() == before; // else a use may be missing
  SmallVector<IndexUse> uses(body->uses.begin() + firstUse, body->uses.end());
  body->openBinders.resize(firstOpen);
  // Inner indices first: a later binder may stand in a use of an earlier one.
  size_t agree = diags.size();
  for (size_t i = inferred.size(); i--;) {
    SmallVector<IndexUse> mine;
    for (const IndexUse &u : uses)
      if (u.binder == inferred[i])
        mine.push_back(u);
    if ((mine.empty() && !clean) || !inferExtent(binders[i], inferred[i], mine))
      t = types.error();
    body->ranges[inferred[i]] = {Size(0), binders[i].extent};
  }
  if (diags.size() != agree) // no range, no access to prove
    for (size_t k = firstAccess; k < body->accesses.size(); ++k)
      body->accesses[k].mustProve = false;
  if (!inferred.empty()) {
    extents.clear();
    for (Binder &b : binders)
      extents.push_back(b.extent);
  }
  for (auto [i, s] : llvm::enumerate(inferred)) {
    Facts more;
    more.nonNegative.push_back(Size(s));
    more.nonNegative.push_back(binders[i].extent - Size(s) - Size(1));
    for (size_t k = firstAccess; k < body->accesses.size(); ++k)
      body->accesses[k].facts.nonNegative.append(more.nonNegative);
  }
  // Uses of outer indices stay for the outer brackets; inner indices in them are known now.
  body->uses.erase(body->uses.begin() + firstUse, body->uses.end());
  for (const IndexUse &u : uses)
    if (llvm::is_contained(body->openBinders, u.binder))
      body->uses.push_back(u);
  discharge(body->openBinders.empty() ? 0 : firstAccess);
  body->facts = savedFacts;
  scope = saved;
  if (isError(t))
    return t;
  if (holdsText(t) || same(t, types.unit())) {
    diags.report(Code::E0705, e->body->span, holdsText(t) ? "`str` stands in no array" : "the body has no value");
    return types.error();
  }
  bool named = madeSince(t, mark);
  for (const Dim &d : dimsOf(t))
    for (Binder &b : binders)
      if (!d.pack && b.pattern->var && b.pattern->var->sym && d.size.mentions(b.pattern->var->sym))
        named = true;
  if (named) {
    diags.report(Code::E0705, e->body->span, "the size of the body changes with the index", str(t))
        .help("all rows of an array have one size");
    return types.error();
  }
  if (e->filter)
    extents = {Dim(Size(sizes.sym(SymKind::Fresh, "_", e->span)))};
  return arrayOver(t, extents);
}
} // namespace tl::frontend
