// Operators: arithmetic and comparison of numbers and arrays, of records, and the matrix product.
#include "frontend/Check.h"

namespace tl::frontend {

const Type *Checker::unary(UnaryExpr *e) {
  const Type *t = resolved(checkValue(e->operand));
  if (isError(t))
    return t;
  if (e->op == UnaryOp::Not) {
    if (isBool(t))
      return t;
    auto &d = diags.report(Code::E0301, e->span, "cannot apply `not` to " + str(t)).label(e->operand->span, str(t));
    if (isInteger(t) || isFloating(t))
      d.help("compare first, as in `x == 0`");
    return types.error();
  }
  if (isa<NumberExpr>(e->operand))
    body->numbers.back().negated = true;
  for (LiteralUse &c : body->constants)
    c.negated |= c.use == e->operand;
  if (isNumber(t) || isVector(t)) {
    if (!isNumber(t))
      makeFloat(t, e->span);
    return t;
  }
  diags.report(Code::E0301, e->span, "cannot apply `-` to " + str(t)).label(e->operand->span, str(t));
  return types.error();
}

/// The message of all operators: the operator marked, both operands labelled with their types.
static Diagnostic &cannotApply(Diagnostics &diags, BinaryExpr *e, const Type *l, const Type *r) {
  return diags.report(Code::E0301, e->opSpan, ("cannot apply `" + spelling(e->op) + "` to ").str() + str(l) + " and " + str(r))
      .label(e->lhs->span, str(l))
      .label(e->rhs->span, str(r));
}

const Type *Checker::binary(BinaryExpr *e) {
  const Type *l = resolved(checkValue(e->lhs));
  const Type *r = resolved(checkValue(e->rhs));
  if (isError(l) || isError(r))
    return types.error();
  for (auto [x, t] : {std::pair(e->lhs, l), std::pair(e->rhs, r)})
    if (same(t, types.unit())) {
      diags.report(Code::E0205, x->span, ("this has no value to apply `" + spelling(e->op) + "` to").str());
      return types.error();
    }
  if (e->op == BinaryOp::MatMul)
    return matmul(e, l, r);
  auto isRecord = [&](const Type *t) {
    const TypeKind of = resolved(elemOf(t))->kind; // itself, or what it is an array of
    if (of == TypeKind::Struct || of == TypeKind::Tuple)
      return true;
    auto *p = dyn_cast<ParamType>(t);
    return p && p->param->constraint == Constraint::Vector && !p->widestFloat;
  };
  if (isRecord(l) || isRecord(r))
    return vectorBinary(e, l, r);
  const Type *le = resolved(elemOf(l)), *re = resolved(elemOf(r));
  Mismatch why;
  auto dims = broadcast(dimsOf(l), dimsOf(r), why);
  if (!dims) {
    auto &d = cannotApply(diags, e, l, r);
    explain(d, why);
    if (why.reason.empty())
      d.note("sizes meet from the last axis on: equal, missing, or a literal 1");
    // A column meets the rows of a matrix when it gets an axis of its own.
    for (auto [x, t, other] : {std::tuple(e->lhs, l, r), std::tuple(e->rhs, r, l)}) {
      auto column = dimsOf(t), matrix = dimsOf(other);
      StringRef text = sources.text(x->span);
      if (column.size() == 1 && matrix.size() == 2 && !column[0].pack && !matrix[0].pack && isa<NameExpr>(x) &&
          equal(column[0].size, matrix[0].size, body->facts) == Answer::Always)
        d.help(("make it a column: `" + text + "[:, None]`").str());
    }
    return types.error();
  }
  if (e->op == BinaryOp::And || e->op == BinaryOp::Or) {
    if (isBool(l) && isBool(r))
      return types.array(types.boolean(), *dims);
    auto &d = cannotApply(diags, e, l, r);
    d.note("both sides must be bool");
    if (isInteger(l) && isInteger(r))
      d.help(e->op == BinaryOp::And ? "for bits write `bitwise_and(a, b)`" : "for bits write `bitwise_or(a, b)`");
    return types.error();
  }
  // x ** k: an integer k goes with any number and keeps a type of its own.
  if (e->op == BinaryOp::Pow && isNumber(l) && isInteger(r) && !isFloating(r))
    return types.array(le, *dims);
  const Type *elem = nullptr;
  auto isParam = [](const Type *t) { return t->kind == TypeKind::Param; };
  if (meet(le, re, why))
    elem = resolved(le);
  else if (isParam(le) && isFloating(le) && dimsOf(r).empty() && isFloating(re)) // a float scalar converts to a type parameter
    elem = le;
  else if (isParam(re) && isFloating(re) && dimsOf(l).empty() && isFloating(le))
    elem = re;
  bool equality = e->op == BinaryOp::Eq || e->op == BinaryOp::Ne;
  if (!elem || !(isNumber(elem) || (equality && isBool(elem)))) {
    auto &d = cannotApply(diags, e, l, r);
    if (le->kind == TypeKind::Str || re->kind == TypeKind::Str) {
      d.note("`str` has no operators")
          .help(isComparison(e->op)      ? "texts are not compared: choose by a number or a bool"
                : e->op == BinaryOp::Add ? "put values into one string: `\"{a}{b}\"`"
                                         : "put the value into the string: `\"{x}\"`, or `\"{x:.3f}\"`");
    } else if (!elem && isNumber(le) && isNumber(re)) {
      d.note("numbers of different types do not mix");
      // An integer becomes a float, which loses nothing behind the point; else a scalar becomes what the array is.
      bool convertLeft = isInteger(le) != isInteger(re) ? isInteger(le) : dimsOf(r).size() && dimsOf(l).empty();
      const Type *to = convertLeft ? re : le;
      StringRef text = sources.text(convertLeft ? e->lhs->span : e->rhs->span);
      if (to->kind == TypeKind::Infer)
        to = types.scalar(ScalarKind::F32);
      if (text.size() < 40)
        d.help("convert with `" + str(to) + "(" + text.str() + ")`");
    } else if (elem && isBool(elem) && !isComparison(e->op)) {
      d.help("convert with `int(...)` to count");
    }
    return types.error();
  }
  if (isComparison(e->op))
    return types.array(types.boolean(), *dims);
  // A name alone: what is computed may wrap to 0.
  if ((e->op == BinaryOp::FloorDiv || e->op == BinaryOp::Mod) && isa<NameExpr>(e->rhs) && isInteger(re) && dimsOf(r).empty()) {
    auto divisor = sizeOf(e->rhs);
    e->proved = divisor && lessEqual(Size(1), *divisor, body->facts) == Answer::Always;
  }
  if (e->op == BinaryOp::Div) {
    if (auto *i = dyn_cast<InferType>(elem)) {
      if (!bindInfer(i, types.infer(Constraint::Float, e->span)))
        return types.error();
      elem = resolved(elem);
    } else if (!isFloating(elem)) {
      cannotApply(diags, e, l, r).note("`/` divides floats").help("`//` divides integers and rounds down; or convert with `f32(...)`");
      return types.error();
    }
  }
  return types.array(elem, *dims);
}

const Type *Checker::vectorBinary(BinaryExpr *e, const Type *l, const Type *r) {
  Mismatch why;
  auto scalarFloat = [&](const Type *t) {
    return dimsOf(t).empty() && t->kind != TypeKind::Struct && t->kind != TypeKind::Tuple && (isFloating(t) || t->kind == TypeKind::Infer);
  };
  auto integerLeaf = [&](const Type *t) -> std::string {
    auto *s = dyn_cast<StructType>(resolved(elemOf(t)));
    for (unsigned i = 0; s && i < s->decl->fields.size(); ++i)
      if (!isVector(fieldType(s, i, types)))
        return "field `" + s->decl->fields[i].name.str() + "` is " + str(fieldType(s, i, types));
    return "";
  };
  for (const Type *t : {l, r})
    if (!isVector(t)) {
      auto &d = cannotApply(diags, e, l, r);
      if (std::string leaf = integerLeaf(t); !leaf.empty())
        d.note("arithmetic on records needs floats throughout; " + leaf);
      return types.error();
    }
  for (const Type *t : {l, r})
    makeFloat(t, e->span);
  // A literal beside a record is as wide as the widest of its leaves: it is rounded once, in each leaf.
  auto open = [&](const Type *literal, const Type *vector) {
    auto *i = dyn_cast<InferType>(resolved(literal));
    const Type *widest = i ? widestFloat(vector, types) : nullptr;
    if (widest && (widest->kind == TypeKind::Scalar || widest->kind == TypeKind::Infer))
      bindInfer(i, widest);
  };
  switch (e->op) {
  case BinaryOp::Add:
  case BinaryOp::Sub:
    if (!scalarFloat(l) && !scalarFloat(r) && meet(l, r, why))
      return l;
    break;
  case BinaryOp::Mul:
    if (scalarFloat(l))
      return open(l, r), r;
    if (scalarFloat(r))
      return open(r, l), l;
    break;
  case BinaryOp::Div:
    if (scalarFloat(r))
      return open(r, l), l;
    break;
  default:
    break;
  }
  auto &d = cannotApply(diags, e, l, r);
  explain(d, why);
  if (isComparison(e->op))
    d.note("records and tuples are not compared; compare their fields");
  else
    d.note("records have `+ -` with their own type, `*` with a scalar, `/` by a scalar");
  return types.error();
}

const Type *Checker::matmul(BinaryExpr *e, const Type *l, const Type *r) {
  auto ld = dimsOf(l), rd = dimsOf(r);
  Mismatch why;
  auto fail = [&](std::string note) {
    auto &d = cannotApply(diags, e, l, r);
    if (!note.empty())
      d.note(note);
    return types.error();
  };
  if (ld.empty() || rd.empty())
    return fail("both sides must be arrays; `*` multiplies by a scalar");
  if (!isNumber(l) || !isNumber(r) || !meet(elemOf(l), elemOf(r), why))
    return fail("both sides must have one number type");
  for (auto dims : {ld, rd})
    for (const Dim &d : dims.take_back(2))
      if (d.pack)
        return fail("the sizes of the last two axes must be known");
  const Size &inner = ld.back().size, &other = rd.size() == 1 ? rd.back().size : rd[rd.size() - 2].size;
  Solver none;
  if (!unifySize(inner, other, none, why)) {
    auto &d = cannotApply(diags, e, l, r);
    d.note("the last size of the left, " + inner.str() + ", must equal the first of the " +
           (rd.size() <= 2 ? "right, " : "right matrix, ") + other.str());
    if (!inner.constant() || !other.constant())
      explain(d, why);
    if (rd.size() == 2) {
      Mismatch ignore;
      Solver again;
      if (unifySize(inner, rd.back().size, again, ignore))
        d.help(("transpose the right: `" + sources.text(e->rhs->span) + ".T`").str());
    }
    // Another field of the same record that fits.
    auto *field = dyn_cast<SelectExpr>(e->rhs);
    const Type *base = field && !field->decl ? resolved(field->base->type) : nullptr;
    if (auto *record = llvm::dyn_cast_or_null<StructType>(base))
      for (auto [i, f] : llvm::enumerate(record->decl->fields)) {
        const Type *t = resolved(fieldType(record, i, types));
        Mismatch ignore;
        Solver again;
        if (int(i) != field->field && dimsOf(t).size() == rd.size() && llvm::none_of(dimsOf(t), [](const Dim &x) { return x.pack; }) &&
            meet(elemOf(l), elemOf(t), ignore) &&
            unifySize(inner, rd.size() == 1 ? dimsOf(t).back().size : dimsOf(t)[rd.size() - 2].size, again, ignore))
          d.help(("`" + sources.text(field->base->span) + "." + f.name + "` is ").str() + str(t));
      }
    return types.error();
  }
  Dims out;
  auto batch =
      broadcast(ld.size() > 2 ? ld.drop_back(2) : llvm::ArrayRef<Dim>(), rd.size() > 2 ? rd.drop_back(2) : llvm::ArrayRef<Dim>(), why);
  if (!batch)
    return fail("the leading sizes must meet");
  out = *batch;
  if (ld.size() > 1)
    out.push_back(ld[ld.size() - 2]);
  if (rd.size() > 1)
    out.push_back(rd.back());
  return types.array(resolved(elemOf(l)), out);
}
} // namespace tl::frontend
