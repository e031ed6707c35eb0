// Reading format specs, and the one table of what fits which value. stdlib/runtime/Spec.c relies on it: what passes here is laid out there.
#include "frontend/FormatSpec.h"
#include "ast/Ast.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

namespace tl::frontend {
using namespace ast;
using llvm::StringRef;

std::optional<FormatSpec> parseFormatSpec(StringRef text) {
  FormatSpec spec;
  auto take = [&](StringRef any) -> char {
    if (text.empty() || !any.contains(text.front()))
      return 0;
    char c = text.front();
    text = text.drop_front();
    return c;
  };
  auto number = [&] { // at most 1000000
    StringRef digits = text.take_while(llvm::isDigit);
    text = text.drop_front(digits.size());
    digits = digits.ltrim('0');
    unsigned value = 0;
    return digits.empty() || (!digits.getAsInteger(10, value) && value <= 1000000);
  };
  size_t fill = text.empty() ? 0 : llvm::getNumBytesForUTF8(text.front());
  if (text.size() > fill && StringRef("<>^=").contains(text[fill]))
    text = text.drop_front(fill);
  spec.align = take("<>^=");
  spec.sign = take("+- ");
  spec.alternate = take("#");
  if (!number())
    return std::nullopt;
  spec.group = take(",_");
  if (take(".")) {
    spec.precise = true;
    if (text.empty() || !llvm::isDigit(text.front()) || !number())
      return std::nullopt;
  }
  spec.type = take("bdeEfFgGosxX%");
  return text.empty() ? std::optional(spec) : std::nullopt;
}

namespace {
enum Kind { Integer, Float, Bool, Text };
struct Row {
  StringRef name, types, message;
};
} // namespace

static const Row rows[] = {
    {"an integer", "dbxXoeEfFgG%", "an integer takes the types `d`, `b`, `o`, `x`, `e`, `f`, `g` and `%`"},
    {"a float", "eEfFgG%", "a float takes the types `e`, `f`, `g` and `%`"},
    {"a bool", "sdbxXoeEfFgG%", ""}, // every type there is
    {"a text", "s", "a text takes the type `s`"},
};

static std::string misfit(const FormatSpec &spec, Kind kind) {
  const Row &row = rows[kind];
  if (spec.type && !row.types.contains(spec.type))
    return row.message.str();
  bool whole = (kind == Integer || kind == Bool) && (spec.type ? StringRef("dbxXo").contains(spec.type) : kind == Integer);
  if (whole && spec.precise)
    return (row.name + " has no precision, unless with `e`, `f`, `g` or `%`").str();
  bool text = kind == Text || (kind == Bool && (!spec.type || spec.type == 's'));
  if (text && (spec.sign || spec.group || spec.alternate || spec.align == '='))
    return (row.name + " takes no sign, no grouping, no `#` and no `=`").str();
  if (spec.group == ',' && spec.type && StringRef("bxXo").contains(spec.type))
    return "`,` groups decimal digits only";
  return "";
}

std::string misfit(const FormatSpec &spec, const Type *type, TypeContext &types) {
  auto first = [&](std::initializer_list<Kind> kinds) {
    for (Kind kind : kinds)
      if (std::string why = misfit(spec, kind); !why.empty())
        return why;
    return std::string();
  };
  type = resolved(elemOf(resolved(type)));
  switch (type->kind) {
  case TypeKind::Scalar: {
    ScalarKind kind = llvm::cast<ScalarType>(type)->scalar;
    return first({kind == ScalarKind::Bool ? Bool : isFloat(kind) ? Float : Integer});
  }
  case TypeKind::Str:
    return first({Text});
  case TypeKind::Key:
  case TypeKind::Shape:
    return first({Integer});
  case TypeKind::Param:
    switch (llvm::cast<ParamType>(type)->widestFloat ? Constraint::Float : llvm::cast<ParamType>(type)->param->constraint) {
    case Constraint::Int:
      return first({Integer});
    case Constraint::Float:
    case Constraint::Vector:
      return first({Float});
    case Constraint::Num:
      return first({Integer, Float});
    case Constraint::Any:
      return first({Integer, Float, Bool, Text});
    }
    llvm_unreachable("all constraints handled");
  case TypeKind::Tuple:
    for (const Type *elem : llvm::cast<TupleType>(type)->elems)
      if (std::string why = misfit(spec, elem, types); !why.empty())
        return why;
    return "";
  case TypeKind::Struct: {
    auto *record = llvm::cast<StructType>(type);
    for (unsigned i = 0; i < record->decl->fields.size(); ++i)
      if (std::string why = misfit(spec, fieldType(record, i, types), types); !why.empty())
        return "field `" + record->decl->fields[i].name.str() + "`: " + why;
    return "";
  }
  default:
    return "";
  }
}
} // namespace tl::frontend
