// Result sizes that no signature can say: the rules that `@shape` names.
#include "frontend/Check.h"

namespace tl::frontend {

/// A list of sizes: [n, ...s, 3], or the name of one.
const Type *Checker::shapeArgument(Expr *e) {
  auto *list = dyn_cast<ArrayLitExpr>(e);
  if (!list) {
    const Type *t = check(e);
    if (isError(t) || t->kind == TypeKind::Shape)
      return t;
    auto &d = diags.report(Code::E0312, e->span, "a list of sizes is asked for, not " + str(t), str(t));
    if (auto *minus = dyn_cast<UnaryExpr>(e); minus && minus->op == UnaryOp::Neg && isa<NumberExpr>(minus->operand))
      d.help("every size is named: `flatten(x)`, or `reshape(x, [n, m])`");
    else if (isInteger(t))
      d.help(("write it in brackets: `[" + sources.text(e->span) + "]`").str());
    else if (isa<TupleExpr>(e))
      d.help(("write it in brackets: `[" + sources.text(e->span).trim("()") + "]`").str());
    return types.error();
  }
  Dims dims;
  bool failed = false;
  for (const Elem &x : list->elems) {
    const Type *t = check(x.value);
    if (isError(t)) {
      failed = true;
      continue;
    }
    if (x.spread) {
      auto *s = dyn_cast<ShapeType>(resolved(t));
      if (!s) {
        diags.report(Code::E0312, x.value->span, "`...` splices a list of sizes, not " + str(t));
        failed = true;
        continue;
      }
      dims.append(s->dims.begin(), s->dims.end());
      continue;
    }
    Mismatch why;
    if (!meet(types.int64(), t, why)) {
      auto &d = diags.report(Code::E0312, x.value->span, "a size is an int, not " + str(t), str(t));
      if ((isInteger(t) || isFloating(t)) && dimsOf(t).empty())
        d.help("convert with `int(...)`");
      failed = true;
      continue;
    }
    llvm::SaveAndRestore divides(anyDivisor, true);
    auto size = sizeOf(x.value);
    if (size)
      size->eachSym([&](const Sym *s) {
        if ((s->kind == SymKind::Div || s->kind == SymKind::Mod) && lessEqual(Size(1), *s->rhs, body->facts) != Answer::Always)
          checkSize(e, Size(1), *s->rhs, false, x.value->span, "a size divides by a number of at least 1");
      });
    if (!size) {
      dims.push_back(Size(sizes.sym(SymKind::Fresh, "_", x.value->span)));
      continue;
    }
    if (Answer a = lessEqual(Size(0), *size, body->facts); a == Answer::Never) {
      auto &d = diags.report(Code::E0313, x.value->span, "a size is at least 0, this is " + size->str());
      if (size->constant() == -1)
        d.help("name the size; of an array that is there, `size(x, 0)` tells it");
      failed = true;
      continue;
    } else if (a == Answer::Sometimes) {
      checkSize(e, Size(0), *size, false, x.value->span, "a size is at least 0", true);
    }
    dims.push_back(*size);
  }
  return failed ? types.error() : types.shape(dims);
}

/// The axes that a constant names, as they were written (negative from the end), each checked against `dims`. None gives all.
std::optional<SmallVector<int64_t>> Checker::constAxes(CallExpr *of, unsigned argument, llvm::ArrayRef<Dim> dims) {
  Expr *e = of->ordered[argument];
  const Span call = of->span;
  SmallVector<int64_t> axes;
  auto one = [&](Expr *x) {
    Span span = x->span.file == call.file ? x->span : call; // a default stands elsewhere
    auto n = sizeOf(x);
    if (!n || !n->constant()) {
      diags.report(Code::E0309, span, "an axis must be known when the program is compiled").help("write a literal");
      return false;
    }
    int64_t a = *n->constant(), rank = dims.size();
    bool hasPack = llvm::any_of(dims, [](const Dim &d) { return d.pack; });
    int64_t at = a < 0 ? a + rank : a;
    if (at < 0 || at >= rank || dims[at].pack) {
      diags.report(Code::E0309, span,
                   hasPack ? "axis " + std::to_string(a) + " is not known to exist in " + str(dims)
                           : "axis " + std::to_string(a) + " does not exist: the array has " + std::to_string(rank) +
                                 (rank == 1 ? " axis" : " axes"));
      return false;
    }
    axes.push_back(at);
    return true;
  };
  auto *list = dyn_cast<ArrayLitExpr>(e);
  if (auto *t = dyn_cast<TupleExpr>(e)) {
    for (Expr *x : t->elems)
      if (!one(x))
        return std::nullopt;
  } else if (list && llvm::none_of(list->elems, [](const Elem &x) { return x.spread; })) {
    for (const Elem &x : list->elems)
      if (!one(x.value))
        return std::nullopt;
  } else if (!one(e)) {
    return std::nullopt;
  }
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    diags.report(Code::E0309, e->span, "an axis is named twice");
    return std::nullopt;
  }
  if (!isConstant(e)) { // `let ax = 1` is known here, and only here
    SmallVector<Expr *> ordered(of->ordered);
    ordered[argument] = literalAxes(axes, e->span);
    of->ordered = module->list<Expr *>(ordered);
  }
  return axes;
}

static std::optional<Size> product(llvm::ArrayRef<Dim> dims) {
  Size p(1);
  for (const Dim &d : dims) {
    if (d.pack)
      return std::nullopt;
    p = p * d.size;
  }
  return p;
}

/// concat and stack: arrays of one rank, then the axis.
const Type *Checker::joined(CallExpr *e, DefDecl *d, const Type *elem, bool stacked) {
  auto arrays = e->ordered.drop_back();
  Dims dims(dimsOf(resolved(arrays[0]->type)));
  auto misfit = [&](Expr *other, const std::string &text, const Mismatch &why) {
    auto &report =
        diags.report(Code::E0315, e->span, text).label(arrays[0]->span, str(arrays[0]->type)).label(other->span, str(other->type));
    explain(report, why);
    if (isa<NumberExpr>(other))
      report.help(("the axis is written with its name: `axis=" + sources.text(other->span) + "`").str());
    return types.error();
  };
  const std::string name = "`" + d->name.str() + "`";
  if (!stacked)
    for (Expr *x : arrays)
      if (dimsOf(resolved(x->type)).size() != dims.size() || dims.empty())
        return misfit(
            x == arrays[0] ? arrays[1] : x,
            name + " joins arrays of one rank, not " + str(arrays[0]->type) + " and " + str((x == arrays[0] ? arrays[1] : x)->type), {});
  if (stacked)
    dims.push_back(Size(1));
  auto axes = constAxes(e, e->ordered.size() - 1, dims);
  if (!axes)
    return types.error();
  const int64_t axis = (*axes)[0];
  if (stacked) {
    dims.pop_back();
    dims.insert(dims.begin() + axis, Dim(Size(int64_t(arrays.size()))));
    return types.array(elem, dims); // the signature has compared the sizes
  }
  for (Expr *x : arrays.drop_front())
    for (auto [i, other] : llvm::enumerate(dimsOf(resolved(x->type)))) {
      if (int64_t(i) == axis) {
        dims[i] = Dim(dims[i].size + other.size);
        continue;
      }
      Mismatch why;
      Solver none;
      if (dims[i].pack || other.pack ? dims[i].pack != other.pack : !unifySize(dims[i].size, other.size, none, why))
        return misfit(x, name + " along axis " + std::to_string(axis) + " needs equal sizes elsewhere", why);
    }
  return types.array(elem, dims);
}

/// The widths of `pad`: one int for all ends, or a pair for each axis; of a single axis the pair itself.
const Type *Checker::padded(CallExpr *e, const Type *elem, Dims dims) {
  Expr *widths = e->ordered[1];
  auto misfit = [&](Expr *at, const Type *got) {
    diags
        .report(Code::E0330, (at ? at : widths)->span,
                "`pad` takes an int, or a pair (before, after) for each axis of " + str(e->ordered[0]->type), str(got))
        .label(e->ordered[0]->span, str(e->ordered[0]->type));
    return types.error();
  };
  /// The parts of a tuple, by type and, where it is written as one, by expression.
  auto partsOf = [&](const Type *t, Expr *x) {
    SmallVector<std::pair<const Type *, Expr *>> parts;
    auto *tuple = dyn_cast<TupleType>(resolved(t));
    auto *written = llvm::dyn_cast_or_null<TupleExpr>(x);
    for (size_t i = 0; tuple && i < tuple->elems.size(); ++i)
      parts.push_back({tuple->elems[i], written ? written->elems[i] : nullptr});
    return parts;
  };
  if (!product(dims))
    return misfit(widths, widths->type);
  SmallVector<std::pair<const Type *, Expr *>> ends;
  auto parts = partsOf(widths->type, widths);
  if (parts.empty())
    ends.assign(2 * dims.size(), {widths->type, widths});
  else if (dims.size() == 1 && partsOf(parts[0].first, nullptr).empty())
    ends = parts;
  else
    for (auto [type, x] : parts) {
      auto pair = partsOf(type, x);
      if (pair.size() != 2)
        return misfit(x, type);
      ends.append(pair);
    }
  if (ends.size() != 2 * dims.size())
    return misfit(widths, widths->type);
  Size open;
  for (auto [i, end] : llvm::enumerate(ends)) {
    auto [type, x] = end;
    if (i % 2 == 0)
      open = Size(sizes.sym(SymKind::Fresh, "_", e->span));
    Mismatch why;
    if (!meet(types.int64(), type, why))
      return misfit(x, type);
    auto n = x ? sizeOf(x) : std::nullopt;
    if (n && !notNegative(Code::E0313, x, *n, "a width of padding"))
      return types.error();
    Dim &dim = dims[i / 2];
    if (dim.size == open)
      continue;
    dim = Dim(n ? dim.size + *n : open);
  }
  return types.array(elem, dims);
}

/// Whether code can be generated for the value of an expression: literals, constants, and the `const` parameters of the definition around.
bool Checker::isConstant(Expr *e) {
  if (auto *minus = dyn_cast<UnaryExpr>(e))
    return minus->op == UnaryOp::Neg && isa<NumberExpr>(minus->operand);
  if (auto *tuple = dyn_cast<TupleExpr>(e))
    return llvm::all_of(tuple->elems, [&](Expr *x) { return isConstant(x); });
  if (auto *name = dyn_cast<NameExpr>(e)) {
    auto *param = llvm::dyn_cast_or_null<VarDecl>(name->decl);
    auto *constant = llvm::dyn_cast_or_null<ConstDecl>(name->decl);
    return (param && param->isConst) || (constant && isConstant(constant->let->init));
  }
  if (auto *text = dyn_cast<StringExpr>(e))
    return text->parts.size() <= 1;
  return isa<NumberExpr, BoolExpr, NoneExpr>(e);
}

/// Whether each `const` parameter of `d` has a constant; reports the first that has none.
bool Checker::knowsConstants(DefDecl *d, llvm::ArrayRef<Expr *> args) {
  for (auto [p, arg] : llvm::zip(d->params, args))
    if (p->isConst && !isConstant(arg)) {
      diags.report(Code::E0355, arg->span, ("`" + p->name + "` of `" + d->name + "` has to be known when the program is compiled").str())
          .label(p->nameSpan, "a `const` parameter")
          .help("give a literal, a constant of the file, or a `const` parameter");
      return false;
    }
  return true;
}

/// One or two constants, each at least `least`; null after a report.
std::optional<std::pair<Size, Size>> Checker::constPair(Expr *e, StringRef what, int64_t least) {
  auto *tuple = dyn_cast<TupleExpr>(e);
  SmallVector<Expr *> parts(2, e);
  if (tuple)
    parts.assign(tuple->elems.begin(), tuple->elems.end());
  SmallVector<Size, 2> numbers;
  for (Expr *x : parts)
    if (auto n = sizeOf(x); n && isConstant(x) && lessEqual(Size(least), *n, body->facts) == Answer::Always)
      numbers.push_back(*n);
  if (parts.size() == 2 && numbers.size() == 2)
    return std::pair(numbers[0], numbers[1]);
  diags.report(Code::E0331, e->span,
               (what + " is an int or a pair of ints, at least " + Twine(least) + " and known when the program is compiled").str());
  return std::nullopt;
}

/// conv2d: (h + 2 * pad - kh) // stride + 1, and so on; with "same" h over the stride, rounded up.
const Type *Checker::convolved(CallExpr *e, const Type *elem) {
  Dims x(dimsOf(resolved(e->ordered[0]->type))), kernel(dimsOf(resolved(e->ordered[1]->type)));
  auto strides = constPair(e->ordered[2], "a stride", 1);
  if (!strides)
    return types.error();
  std::optional<std::pair<Size, Size>> pads = std::pair(Size(0), Size(0));
  bool same = false;
  if (auto *s = dyn_cast<StringExpr>(e->ordered[3])) {
    StringRef text = s->parts.size() == 1 ? s->parts.front().text : "";
    same = text == "same";
    if (!same && text != "valid") {
      diags.report(Code::E0331, s->span, "`pad` is \"valid\", \"same\", an int or a pair of ints");
      return types.error();
    }
  } else if (pads = constPair(e->ordered[3], "`pad`", 0); !pads) {
    return types.error();
  }
  for (int axis : {0, 1}) {
    Size &size = x[1 + axis].size;
    const Size &stride = axis ? strides->second : strides->first;
    if (same) {
      size = sizes.divide(size + stride - Size(1), stride);
      continue;
    }
    size = size + Size(2) * (axis ? pads->second : pads->first);
    const char *what =
        axis ? "a kernel is at most as wide as the image with its padding" : "a kernel is at most as high as the image with its padding";
    Witness w;
    switch (lessEqual(kernel[axis].size, size, body->facts, &w)) {
    case Answer::Always:
      break;
    case Answer::Never:
      diags.report(Code::E0331, e->span, what)
          .label(e->ordered[0]->span, str(e->ordered[0]->type))
          .label(e->ordered[1]->span, str(e->ordered[1]->type));
      return types.error();
    case Answer::Sometimes:
      checkSize(e, kernel[axis].size, size, false, e->span, what);
      break;
    }
    size = sizes.divide(size - kernel[axis].size, stride) + Size(1);
  }
  x[3] = kernel[3];
  return types.array(elem, x);
}

const Type *Checker::shapeRule(CallExpr *e, DefDecl *d, const Type *declared) {
  StringRef rule = d->shapeRule;
  auto args = e->ordered;
  Dims dims(dimsOf(resolved(args[0]->type)));
  const Type *elem = resolved(elemOf(declared));
  auto scalarArgument = [&] {
    const Type *t = args[0]->type;
    auto &report = diags.report(Code::E0302, args[0]->span, ("`" + d->name + "` takes an array, not ").str() + str(t), str(t));
    if (d->opName == "flip" && isInteger(t))
      report.help(("a `for` counts down over `flip(0.." + sources.text(args[0]->span) + ")`").str());
    return types.error();
  };
  if (rule == "reduce" || rule == "axis") {
    bool keep = false;
    if (args.size() > 2) {
      auto *b = dyn_cast<BoolExpr>(args[2]);
      if (!b) {
        diags.report(Code::E0309, args[2]->span, "`keep` is `true` or `false`, known when the program is compiled");
        return types.error();
      }
      keep = b->value;
    }
    if (dims.empty())
      return scalarArgument();
    if (isa<NoneExpr>(args[1])) {
      if (!keep)
        return elem;
      if (llvm::any_of(dims, [](const Dim &x) { return x.pack; })) {
        diags.report(Code::E0309, e->span, "`keep` needs the number of axes");
        return types.error();
      }
      return types.array(elem, Dims(dims.size(), Dim(Size(1))));
    }
    auto axes = constAxes(e, 1, dims);
    if (!axes)
      return types.error();
    if (rule == "axis" && axes->size() != 1) {
      diags.report(Code::E0309, args[1]->span, ("`" + d->name + "` goes along one axis").str());
      return types.error();
    }
    Dims out;
    for (auto [i, x] : llvm::enumerate(dims)) {
      if (!llvm::is_contained(*axes, int64_t(i)))
        out.push_back(x);
      else if (keep)
        out.push_back(Size(1));
    }
    return types.array(elem, out);
  }
  if (rule == "same") {
    if (dims.empty())
      return scalarArgument();
    return constAxes(e, args.size() - 1, dims) ? types.array(elem, dims) : types.error();
  }
  if (rule == "size")
    return constAxes(e, 1, dims) ? declared : types.error();
  if (rule == "flatten") {
    if (dims.empty())
      return scalarArgument();
    auto axes = constAxes(e, 1, dims);
    if (!axes)
      return types.error();
    auto p = product(llvm::ArrayRef(dims).drop_front((*axes)[0]));
    if (!p) {
      diags.report(Code::E0309, e->span, "the sizes of all axes that are joined must be known");
      return types.error();
    }
    Dims out(llvm::ArrayRef(dims).take_front((*axes)[0]));
    out.push_back(*p);
    return types.array(elem, out);
  }
  if (rule == "reshape") {
    auto have = product(dims), want = product(dimsOf(declared));
    if (!have || !want) {
      if (have == want || same(types.array(elem, dims), declared))
        return declared;
      diags.report(Code::E0314, e->span,
                   "the number of elements of " + str(args[0]->type) + " and " + str(declared) + " cannot be compared");
      return types.error();
    }
    // Equal where there are no elements alone is never what is meant.
    Facts some = body->facts;
    for (const Size &count : {*have, *want})
      some.nonNegative.push_back(count - Size(1));
    Answer answer = equal(*have, *want, body->facts);
    if (answer == Answer::Sometimes && !have->constant() && !want->constant())
      answer = std::min(answer, equal(*have, *want, some));
    switch (answer) {
    case Answer::Always:
      break;
    case Answer::Never:
      diags
          .report(Code::E0314, e->span,
                  "cannot reshape " + str(args[0]->type) + ", " + have->str() + " elements, to " + str(declared) + ", " + want->str() +
                      " elements")
          .label(args[0]->span, str(args[0]->type));
      return types.error();
    case Answer::Sometimes:
      checkSize(e, *have, *want, true, e->span, "`reshape` keeps the number of elements");
      break;
    }
    return declared;
  }
  if (rule == "transpose") {
    auto axes = constAxes(e, 1, dims);
    if (!axes)
      return types.error();
    if (axes->size() != dims.size()) {
      diags.report(Code::E0309, args[1]->span,
                   "`transpose` names every axis once: " + std::to_string(dims.size()) + " axes, " + std::to_string(axes->size()) +
                       " named");
      return types.error();
    }
    Dims out;
    for (int64_t a : *axes)
      out.push_back(dims[a]);
    return types.array(elem, out);
  }
  if (rule == "concat" || rule == "stack")
    return joined(e, d, elem, rule == "stack");
  if (rule == "repeat") {
    if (dims.empty())
      return scalarArgument();
    auto axes = constAxes(e, 2, dims);
    auto n = sizeOf(args[1]);
    if (!axes || (n && !notNegative(Code::E0313, args[1], *n, "a number of repetitions")))
      return types.error();
    Dim &at = dims[(*axes)[0]];
    at = Dim(n ? at.size * *n : Size(sizes.sym(SymKind::Fresh, "_", e->span)));
    return types.array(elem, dims);
  }
  if (rule == "tile") {
    Dims counts(cast<ShapeType>(resolved(args[1]->type))->dims);
    if (counts.size() < dims.size() || !product(counts) || !product(dims)) {
      diags
          .report(Code::E0330, args[1]->span,
                  "`tile` takes a number for each axis of " + str(args[0]->type) + ", " + std::to_string(counts.size()) +
                      (counts.size() == 1 ? " is given" : " are given"))
          .label(args[0]->span, str(args[0]->type));
      return types.error();
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      Dim &count = counts[counts.size() - 1 - i];
      count = Dim(count.size * dims[dims.size() - 1 - i].size);
    }
    return types.array(elem, counts);
  }
  if (rule == "conv2d")
    return convolved(e, elem);
  if (rule == "pad")
    return dims.empty() ? scalarArgument() : padded(e, elem, dims);
  if (rule == "broadcast_to") {
    Mismatch why;
    auto both = broadcast(dims, dimsOf(declared), why);
    if (both && same(types.array(elem, *both), declared))
      return declared;
    diags.report(Code::E0315, e->span, str(args[0]->type) + " does not repeat to " + str(declared));
    return types.error();
  }
  llvm_unreachable("a rule that the prelude names and nobody wrote");
}
} // namespace tl::frontend
