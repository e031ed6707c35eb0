// Text: strings with holes, what print shows, and the messages of assertions.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

Text &Text::hole(mlir::Value value, StringRef kind, StringRef spec) {
  done.push_back(std::exchange(pending, {}));
  done.push_back(spec.str());
  names.push_back(kind);
  values.push_back(value);
  return *this;
}

mlir::ArrayAttr Text::parts(mlir::Builder &b) const {
  SmallVector<StringRef> all(done.begin(), done.end());
  all.push_back(pending);
  return b.getStrArrayAttr(all);
}

/// `Name(field=..., ...)`, `(a, b)`, `[n, m]`: the value as the program would write it.
void FunctionGen::describe(Text &text, const Value &value, StringRef spec) {
  const Type *type = resolved(value.type), *elem = resolved(elemOf(type));
  auto each = [&](StringRef open, StringRef close) {
    text.text(open);
    for (unsigned i = 0, n = fieldCount(type); i < n; ++i) {
      if (i)
        text.text(", ");
      if (auto *record = dyn_cast<StructType>(elem))
        text.text(record->decl->fields[i].name).text("=");
      describe(text, fieldOf(value, i, m.types), spec);
    }
    text.text(close);
  };
  switch (elem->kind) {
  case TypeKind::Struct:
    return each((cast<StructType>(elem)->decl->name + "(").str(), ")");
  case TypeKind::Tuple:
    return each("(", fieldCount(type) == 1 ? ",)" : ")");
  case TypeKind::Shape:
    text.text("[");
    for (auto [i, size] : llvm::enumerate(value.leaves))
      text.text(i ? ", " : "").hole(toInt(size), "i64", spec);
    text.text("]");
    return;
  case TypeKind::Key:
    text.text("key(").hole(value.leaf(), "i64", spec).text(")");
    return;
  case TypeKind::Str:
    text.hole(value.leaf(), "str", spec);
    return;
  default:
    text.hole(value.leaf(), scalarName(scalarOf(type)), spec);
  }
}

Text FunctionGen::textOf(StringExpr *e) {
  Text text;
  for (const StringPart &part : e->parts) {
    if (part.hole)
      describe(text, gen(part.hole), part.spec);
    else
      text.text(part.text);
  }
  return text;
}

Value FunctionGen::string(StringExpr *e) {
  bool constant = llvm::none_of(e->parts, [](const StringPart &p) { return p.hole; });
  if (!constant)
    return {m.types.str(), {format(textOf(e))}};
  std::string text;
  for (const StringPart &part : e->parts)
    text += part.text;
  return {m.types.str(), {StringOp::create(b, text)}};
}

void FunctionGen::print(ArrayRef<Value> values) {
  if (values.size() == 1 && resolved(values[0].type)->kind == TypeKind::Str) {
    PrintOp::create(b, values[0].leaf());
    return;
  }
  Text text;
  for (auto [i, value] : llvm::enumerate(values)) {
    if (i)
      text.text(" ");
    describe(text, value, "");
  }
  PrintOp::create(b, format(text));
}

void FunctionGen::assertion(AssertStmt *s) {
  // A failed comparison of scalars tells both.
  auto *comparison = dyn_cast<BinaryExpr>(s->cond);
  bool tells = !s->message && comparison && isComparison(comparison->op) && typeOf(comparison->lhs)->kind == TypeKind::Scalar;
  if (tells) {
    Value l = gen(comparison->lhs), r = gen(comparison->rhs);
    Text text(("assertion failed: " + m.sources.text(s->cond->span) + ", with ").str());
    describe(text, l, "");
    text.text(" and ");
    describe(text, r, "");
    return check(binary(comparison->op, l, r, typeOf(comparison)).leaf(), text, "E0806");
  }
  mlir::Value ok = leaf(s->cond);
  if (!s->message)
    return check(ok, Text(("assertion failed: " + m.sources.text(s->cond->span)).str()), "E0806");

  // The message may cost: it is made when it is needed.
  auto *text = dyn_cast<StringExpr>(s->message);
  auto isCheap = [&](const StringPart &p) { return !p.hole || (isa<NameExpr>(p.hole) && typeOf(p.hole)->kind == TypeKind::Scalar); };
  if (text && llvm::all_of(text->parts, isCheap))
    return check(ok, textOf(text), "E0806");
  auto nothing = [&]() -> Value { return {m.types.unit(), {}}; };
  branch(ok, m.types.unit(), nothing, [&] {
    TrapOp::create(b, leaf(s->message), b.getStringAttr("E0806"));
    return nothing();
  });
}
} // namespace tl::mlirgen
