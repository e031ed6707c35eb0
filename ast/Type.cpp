// Types: making them, replacing names in them, comparing and printing them.
#include "ast/Type.h"
#include "ast/Ast.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace tl;
using namespace tl::ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::StringRef;

//===- Scalars ------------------------------------------------------------------------------------------===//

StringRef ast::scalarName(ScalarKind k) {
  switch (k) {
#define X(Name, text)                                                                                                                      \
  case ScalarKind::Name:                                                                                                                   \
    return text;
    TL_SCALARS(X)
#undef X
  }
  llvm_unreachable("every scalar is listed");
}

std::optional<ScalarKind> ast::scalarByName(StringRef name) {
  return llvm::StringSwitch<std::optional<ScalarKind>>(name)
#define X(Name, text) .Case(text, ScalarKind::Name)
      TL_SCALARS(X)
#undef X
          .Case("int", ScalarKind::I64)
          .Case("float", ScalarKind::F32)
          .Default(std::nullopt);
}

bool ast::isFloat(ScalarKind k) { return k >= ScalarKind::F16; }
const llvm::fltSemantics &ast::semanticsOf(ScalarKind k) {
  assert(isFloat(k) && "only floats have semantics");
  return k == ScalarKind::F16    ? llvm::APFloat::IEEEhalf()
         : k == ScalarKind::BF16 ? llvm::APFloat::BFloat()
         : k == ScalarKind::F32  ? llvm::APFloat::IEEEsingle()
                                 : llvm::APFloat::IEEEdouble();
}
bool ast::isSigned(ScalarKind k) { return k >= ScalarKind::I8 && k <= ScalarKind::I64; }
bool ast::isUnsigned(ScalarKind k) { return k >= ScalarKind::U8 && k <= ScalarKind::U64; }

unsigned ast::bitWidth(ScalarKind k) {
  switch (k) {
  case ScalarKind::Bool:
    return 1;
  case ScalarKind::I8:
  case ScalarKind::U8:
    return 8;
  case ScalarKind::I16:
  case ScalarKind::U16:
  case ScalarKind::F16:
  case ScalarKind::BF16:
    return 16;
  case ScalarKind::I32:
  case ScalarKind::U32:
  case ScalarKind::F32:
    return 32;
  case ScalarKind::I64:
  case ScalarKind::U64:
  case ScalarKind::F64:
    return 64;
  }
  llvm_unreachable("every scalar is listed");
}

//===- Making types -------------------------------------------------------------------------------------===//

TypeContext::~TypeContext() {
  for (auto [object, destroy] : owned)
    destroy(object);
}

template <typename T, typename... Args> T *TypeContext::make(Args &&...args) {
  T *object = new (arena.Allocate<T>()) T(std::forward<Args>(args)...);
  if constexpr (!std::is_trivially_destructible_v<T>)
    owned.push_back({object, [](void *p) { static_cast<T *>(p)->~T(); }});
  return object;
}

/// A copy of a list in the arena.
template <typename T> static llvm::ArrayRef<T> keep(llvm::BumpPtrAllocator &arena, llvm::ArrayRef<T> items) {
  T *copy = arena.Allocate<T>(items.size());
  std::uninitialized_copy(items.begin(), items.end(), copy);
  return {copy, items.size()};
}

const Type *TypeContext::scalar(ScalarKind k) {
  const Type *&made = scalars[unsigned(k)];
  if (!made) {
    auto *type = make<ScalarType>();
    type->scalar = k;
    made = type;
  }
  return made;
}

const Type *TypeContext::array(const Type *elem, Dims dims) {
  elem = resolved(elem);
  if (dims.empty() || elem->kind == TypeKind::Error)
    return elem;
  if (auto *inner = dyn_cast<ArrayType>(elem)) {
    dims.append(inner->dims.begin(), inner->dims.end());
    elem = inner->elem;
  }
  auto *type = make<ArrayType>();
  type->elem = elem;
  type->dims = std::move(dims);
  return type;
}

const Type *TypeContext::tuple(llvm::ArrayRef<const Type *> elems) {
  auto *type = make<TupleType>();
  type->elems = keep(arena, elems);
  return type;
}

const Type *TypeContext::record(StructDecl *decl, llvm::ArrayRef<Size> sizes, llvm::ArrayRef<const Type *> types) {
  auto *type = make<StructType>();
  type->decl = decl;
  type->sizes.assign(sizes.begin(), sizes.end());
  type->types.assign(types.begin(), types.end());
  return type;
}

const Type *TypeContext::param(const TypeParam *param, bool widestFloat) {
  auto *type = make<ParamType>();
  type->param = param;
  type->widestFloat = widestFloat;
  return type;
}

const InferType *TypeContext::infer(Constraint constraint, Span origin) {
  auto *type = make<InferType>();
  type->id = nextId++;
  type->constraint = constraint;
  type->origin = origin;
  return type;
}

const Type *TypeContext::func(llvm::ArrayRef<const Type *> params, const Type *result) {
  auto *type = make<FuncType>();
  type->params = keep(arena, params);
  type->result = result;
  return type;
}

const Type *TypeContext::fn(const FnValue *value) {
  auto *type = make<FnType>();
  type->value = value;
  return type;
}

const Type *TypeContext::shape(Dims dims) {
  auto *type = make<ShapeType>();
  type->dims = std::move(dims);
  return type;
}

const Type *TypeContext::range(Size lo, Size hi) {
  auto *type = make<RangeType>();
  type->lo = std::move(lo);
  type->hi = std::move(hi);
  return type;
}

const Pack *TypeContext::pack(StringRef name, Span origin, bool solve) {
  return make<Pack>(Pack{nextId++, name.copy(arena), origin, solve});
}

const TypeParam *TypeContext::typeParam(StringRef name, Constraint constraint, Span origin) {
  return make<TypeParam>(TypeParam{nextId++, name.copy(arena), constraint, origin});
}

//===- Substitution -------------------------------------------------------------------------------------===//

static Size substituteSize(const Size &size, TypeContext &ctx, const Substitution &s) {
  return s.size ? substitute(size, ctx.sizes, s.size) : size;
}

Dims ast::substitute(llvm::ArrayRef<Dim> dims, TypeContext &ctx, const Substitution &s) {
  Dims result;
  for (const Dim &dim : dims) {
    if (!dim.pack) {
      result.push_back(substituteSize(dim.size, ctx, s));
      continue;
    }
    if (std::optional<Dims> replaced = s.pack ? s.pack(dim.pack) : std::nullopt)
      result.append(replaced->begin(), replaced->end());
    else
      result.push_back(dim);
  }
  return result;
}

const Type *ast::substitute(const Type *type, TypeContext &ctx, const Substitution &s) {
  type = resolved(type);
  auto each = [&](llvm::ArrayRef<const Type *> types) {
    llvm::SmallVector<const Type *> result;
    for (const Type *t : types)
      result.push_back(substitute(t, ctx, s));
    return result;
  };
  switch (type->kind) {
  case TypeKind::Error:
  case TypeKind::Scalar:
  case TypeKind::Key:
  case TypeKind::Str:
  case TypeKind::Infer:
  case TypeKind::Fn:
  case TypeKind::None:
    return type;
  case TypeKind::Array: {
    auto *array = cast<ArrayType>(type);
    return ctx.array(substitute(array->elem, ctx, s), substitute(array->dims, ctx, s));
  }
  case TypeKind::Tuple:
    return ctx.tuple(each(cast<TupleType>(type)->elems));
  case TypeKind::Struct: {
    auto *record = cast<StructType>(type);
    llvm::SmallVector<Size> sizes;
    for (const Size &size : record->sizes)
      sizes.push_back(substituteSize(size, ctx, s));
    return ctx.record(record->decl, sizes, each(record->types));
  }
  case TypeKind::Param: {
    auto *param = cast<ParamType>(type);
    const Type *replaced = s.type ? s.type(param->param) : nullptr;
    if (!replaced)
      return type;
    if (!param->widestFloat)
      return replaced;
    // P.float of another parameter stays symbolic; of a known type it is the widest float of the leaves.
    return widestFloat(replaced, ctx);
  }
  case TypeKind::Func: {
    auto *func = cast<FuncType>(type);
    return ctx.func(each(func->params), substitute(func->result, ctx, s));
  }
  case TypeKind::Shape:
    return ctx.shape(substitute(cast<ShapeType>(type)->dims, ctx, s));
  case TypeKind::Range: {
    auto *range = cast<RangeType>(type);
    return ctx.range(substituteSize(range->lo, ctx, s), substituteSize(range->hi, ctx, s));
  }
  }
  llvm_unreachable("every kind is handled");
}

const Type *ast::widestFloat(const Type *type, TypeContext &ctx) {
  type = resolved(type);
  switch (type->kind) {
  case TypeKind::Array:
    return widestFloat(cast<ArrayType>(type)->elem, ctx);
  case TypeKind::Param:
    return ctx.param(cast<ParamType>(type)->param, /*widestFloat=*/true);
  case TypeKind::Scalar:
  case TypeKind::Infer:
    return type;
  case TypeKind::Tuple:
  case TypeKind::Struct: {
    llvm::SmallVector<const Type *> parts;
    if (auto *tuple = dyn_cast<TupleType>(type))
      parts.assign(tuple->elems.begin(), tuple->elems.end());
    else
      for (unsigned i = 0, e = cast<StructType>(type)->decl->fields.size(); i != e; ++i)
        parts.push_back(fieldType(type, i, ctx));
    const Type *widest = nullptr;
    for (const Type *part : parts) {
      const Type *leaf = widestFloat(part, ctx);
      if (leaf->kind != TypeKind::Scalar)
        return leaf; // symbolic or wrong: nothing to compare
      if (!widest || bitWidth(cast<ScalarType>(leaf)->scalar) > bitWidth(cast<ScalarType>(widest)->scalar))
        widest = leaf;
    }
    return widest ? widest : ctx.scalar(ScalarKind::F32);
  }
  default:
    return ctx.error();
  }
}

//===- Questions ----------------------------------------------------------------------------------------===//

const Type *ast::resolved(const Type *type) {
  while (auto *infer = llvm::dyn_cast_or_null<InferType>(type)) {
    if (!infer->link)
      break;
    type = infer->link;
  }
  return type;
}

const Type *ast::elemOf(const Type *type) {
  type = resolved(type);
  if (auto *array = dyn_cast<ArrayType>(type))
    return resolved(array->elem);
  return type;
}

llvm::ArrayRef<Dim> ast::dimsOf(const Type *type) {
  if (auto *array = dyn_cast<ArrayType>(resolved(type)))
    return array->dims;
  return {};
}

const Type *ast::fieldType(const Type *record, unsigned field, TypeContext &ctx) {
  auto *type = cast<StructType>(elemOf(record));
  StructDecl *decl = type->decl;
  auto typeOf = [&](const TypeParam *p) -> const Type * {
    auto at = llvm::find(decl->typeParams, p) - decl->typeParams.begin();
    return at < ptrdiff_t(type->types.size()) ? type->types[at] : nullptr;
  };
  auto sizeOf = [&](const Sym *s) -> std::optional<Size> {
    auto at = llvm::find(decl->sizeParams, s) - decl->sizeParams.begin();
    return at < ptrdiff_t(type->sizes.size()) ? std::optional(type->sizes[at]) : std::nullopt;
  };
  const Type *own = decl->fields[field].type;
  if (!own)
    return ctx.error();
  llvm::ArrayRef<Dim> outer = dimsOf(record);
  return ctx.array(substitute(own, ctx, {typeOf, nullptr, sizeOf}), Dims(outer.begin(), outer.end()));
}

static bool sameDims(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b) {
  return llvm::equal(a, b, [](const Dim &x, const Dim &y) { return x.pack == y.pack && x.size == y.size; });
}

bool ast::same(const Type *a, const Type *b) {
  a = resolved(a);
  b = resolved(b);
  if (a == b)
    return true;
  if (a->kind != b->kind)
    return false;
  auto sameList = [](llvm::ArrayRef<const Type *> x, llvm::ArrayRef<const Type *> y) { return llvm::equal(x, y, same); };
  switch (a->kind) {
  case TypeKind::Error:
  case TypeKind::Key:
  case TypeKind::Str:
  case TypeKind::None:
    return true;
  case TypeKind::Infer: // two open literals are two types until they are joined
    return false;
  case TypeKind::Scalar:
    return cast<ScalarType>(a)->scalar == cast<ScalarType>(b)->scalar;
  case TypeKind::Array:
    return same(cast<ArrayType>(a)->elem, cast<ArrayType>(b)->elem) && sameDims(cast<ArrayType>(a)->dims, cast<ArrayType>(b)->dims);
  case TypeKind::Tuple:
    return sameList(cast<TupleType>(a)->elems, cast<TupleType>(b)->elems);
  case TypeKind::Struct: {
    auto *x = cast<StructType>(a), *y = cast<StructType>(b);
    return x->decl == y->decl && x->sizes == y->sizes && sameList(x->types, y->types);
  }
  case TypeKind::Param:
    return cast<ParamType>(a)->param == cast<ParamType>(b)->param && cast<ParamType>(a)->widestFloat == cast<ParamType>(b)->widestFloat;
  case TypeKind::Func:
    return sameList(cast<FuncType>(a)->params, cast<FuncType>(b)->params) && same(cast<FuncType>(a)->result, cast<FuncType>(b)->result);
  case TypeKind::Fn:
    return cast<FnType>(a)->value == cast<FnType>(b)->value;
  case TypeKind::Shape:
    return sameDims(cast<ShapeType>(a)->dims, cast<ShapeType>(b)->dims);
  case TypeKind::Range:
    return cast<RangeType>(a)->lo == cast<RangeType>(b)->lo && cast<RangeType>(a)->hi == cast<RangeType>(b)->hi;
  }
  llvm_unreachable("every kind is handled");
}

//===- Printing -----------------------------------------------------------------------------------------===//

std::string ast::str(llvm::ArrayRef<Dim> dims) {
  std::string text;
  for (const Dim &dim : dims)
    text += (text.empty() ? "" : ", ") + (dim.pack ? "..." + dim.pack->name.str() : dim.size.str());
  return "[" + text + "]";
}

static std::string list(llvm::ArrayRef<const Type *> types) {
  std::string text;
  for (const Type *t : types)
    text += (text.empty() ? "" : ", ") + str(t);
  return text;
}

llvm::ArrayRef<const Type *> ast::writtenTypes(const StructType *record) {
  llvm::ArrayRef<const Type *> defaults = record->decl->typeDefaults;
  size_t shown = record->types.size();
  while (shown && shown <= defaults.size() && defaults[shown - 1] && same(record->types[shown - 1], defaults[shown - 1]))
    --shown;
  return llvm::ArrayRef(record->types).take_front(shown);
}

/// Sizes and type arguments in the order in which the record declares them.
static std::string recordText(const StructType *record) {
  std::string args;
  unsigned nextSize = 0, nextType = 0;
  const size_t shown = writtenTypes(record).size();
  auto add = [&](std::string text) { args += (args.empty() ? "" : ", ") + text; };
  for (const GenericParam &param : record->decl->generics) {
    if (param.init && nextType == shown)
      break;
    bool isType = nextType < record->types.size() && nextType < record->decl->typeParams.size() &&
                  record->decl->typeParams[nextType]->name == param.name;
    if (isType)
      add(str(record->types[nextType++]));
    else if (nextSize < record->sizes.size())
      add(record->sizes[nextSize++].str());
  }
  return record->decl->name.str() + (args.empty() ? "" : "[" + args + "]");
}

static std::string fnText(const FnValue *value) {
  switch (value->kind) {
  case CallableKind::Transform:
    if (value->applied)
      return "a pullback";
    return value->asked.str() + "(" + (value->inner ? fnText(value->inner) : "") + ")";
  case CallableKind::Lambda:
    return "a lambda";
  default:
    if (value->def)
      return "the function " + value->def->name.str();
    if (value->var)
      return "the function " + value->var->name.str();
    return "a function";
  }
}

std::string ast::str(const Type *type) {
  type = resolved(type);
  if (!type)
    return "?";
  switch (type->kind) {
  case TypeKind::Error:
    return "?";
  case TypeKind::Scalar:
    return scalarName(cast<ScalarType>(type)->scalar).str();
  case TypeKind::Key:
    return "key";
  case TypeKind::Str:
    return "str";
  case TypeKind::None:
    return "None";
  case TypeKind::Array: {
    auto *array = cast<ArrayType>(type);
    std::string elem = str(array->elem);
    if (llvm::isa<FuncType>(resolved(array->elem)))
      elem = "(" + elem + ")";
    return elem + str(array->dims);
  }
  case TypeKind::Tuple: {
    auto *tuple = cast<TupleType>(type);
    return "(" + list(tuple->elems) + (tuple->elems.size() == 1 ? ",)" : ")");
  }
  case TypeKind::Struct:
    return recordText(cast<StructType>(type));
  case TypeKind::Param: {
    auto *param = cast<ParamType>(type);
    return param->param->name.str() + (param->widestFloat ? ".float" : "");
  }
  case TypeKind::Infer: // what it becomes if nothing else decides
    return cast<InferType>(type)->becomesFloat() ? "float" : "int";
  case TypeKind::Func: {
    auto *func = cast<FuncType>(type);
    return "(" + list(func->params) + ") -> " + str(func->result);
  }
  case TypeKind::Fn:
    return fnText(cast<FnType>(type)->value);
  case TypeKind::Shape:
    return "shape " + str(cast<ShapeType>(type)->dims);
  case TypeKind::Range:
    return cast<RangeType>(type)->lo.str() + ".." + cast<RangeType>(type)->hi.str();
  }
  llvm_unreachable("every kind is handled");
}
