// Types of checked programs. A type is immutable once made, lives in the module's arena, and is compared by structure.
#pragma once
#include "ast/base/Shape.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Casting.h"
#include <string>

namespace tl::ast {
struct StructDecl;
struct VarDecl;
struct FnValue;

/// One line a scalar type: the enumerator and the name in the language, in the order of conversion tables.
// clang-format off
#define TL_SCALARS(X)                                                                                                  \
  X(Bool, "bool") X(I8, "i8") X(I16, "i16") X(I32, "i32") X(I64, "i64") X(U8, "u8") X(U16, "u16") X(U32, "u32")        \
  X(U64, "u64") X(F16, "f16") X(BF16, "bf16") X(F32, "f32") X(F64, "f64")
// clang-format on

enum class ScalarKind : uint8_t {
#define X(Name, text) Name,
  TL_SCALARS(X)
#undef X
};
llvm::StringRef scalarName(ScalarKind k);
std::optional<ScalarKind> scalarByName(llvm::StringRef name);
bool isFloat(ScalarKind k);
bool isSigned(ScalarKind k); ///< i8..i64
bool isUnsigned(ScalarKind k);
inline bool isInt(ScalarKind k) { return isSigned(k) || isUnsigned(k); }
unsigned bitWidth(ScalarKind k);                     ///< bool is 1
const llvm::fltSemantics &semanticsOf(ScalarKind k); ///< of a float

enum class TypeKind : uint8_t {
  Error, ///< Something wrong was reported here; fits everything, silently.
  Scalar,
  Key, ///< A random key.
  Str,
  Array,  ///< Element type and dims; the element may be a scalar, key, record, type parameter or literal type.
  Tuple,  ///< () is the empty tuple.
  Struct, ///< A record with its size and type arguments.
  Param,  ///< A type parameter of the definition being checked.
  Infer,  ///< The type of a literal before it is settled; never in a checked program.
  Func,   ///< A declared function type (A, B) -> C, of a parameter.
  Fn,     ///< The type of a function value that has not been applied: it is the value itself.
  Shape,  ///< A list of sizes; the type carries them.
  Range,  ///< lo..hi
  None,   ///< None, as default of an axis.
};

struct Type {
  const TypeKind kind;

protected:
  explicit Type(TypeKind kind) : kind(kind) {}
};
template <TypeKind K> struct TypeOf : Type {
  TypeOf() : Type(K) {}
  static bool classof(const Type *t) { return t->kind == K; }
};

/// A pack `...s`: any number of sizes.
struct Pack {
  uint32_t id;
  llvm::StringRef name;
  Span origin;
  bool solve = false; ///< A hole while a call is checked.
};

/// One entry of an array's dims: a size, or a whole pack.
struct Dim {
  const Pack *pack = nullptr;
  Size size;
  Dim(Size size) : size(std::move(size)) {}
  Dim(const Pack *pack) : pack(pack) {}
};
using Dims = llvm::SmallVector<Dim, 3>;

enum class Constraint : uint8_t { Any, Num, Float, Int, Vector };

/// `T: float` of a definition or record.
struct TypeParam {
  uint32_t id;
  llvm::StringRef name;
  Constraint constraint;
  Span origin;
  /// Whether it may be f32 or another float alone.
  bool takesFloat() const { return constraint != Constraint::Int && constraint != Constraint::Vector; }
};

struct ErrorType : TypeOf<TypeKind::Error> {};
struct ScalarType : TypeOf<TypeKind::Scalar> {
  ScalarKind scalar;
};
struct KeyType : TypeOf<TypeKind::Key> {};
struct StrType : TypeOf<TypeKind::Str> {};
struct NoneType : TypeOf<TypeKind::None> {};
struct ArrayType : TypeOf<TypeKind::Array> {
  const Type *elem;
  Dims dims;
};
struct TupleType : TypeOf<TypeKind::Tuple> {
  llvm::ArrayRef<const Type *> elems;
};
struct StructType : TypeOf<TypeKind::Struct> {
  StructDecl *decl;
  llvm::SmallVector<Size, 2> sizes;         ///< one for each size parameter of the record
  llvm::SmallVector<const Type *, 1> types; ///< one for each type parameter
};
struct ParamType : TypeOf<TypeKind::Param> {
  const TypeParam *param;
  /// P.float: the widest float of the leaves of P.
  bool widestFloat = false;
};
/// `numberOnly` literals may become any number, others only a float. `link` is set when it is settled.
struct InferType : TypeOf<TypeKind::Infer> {
  uint32_t id;
  mutable Constraint constraint = Constraint::Num;
  mutable const Type *link = nullptr;
  mutable bool preferFloat = false; ///< an element type left out: float, where a literal without a point would be int
  Span origin;
  mutable Span floatBy; ///< the use that asked for a float where this could have been an int
  /// What it becomes where nothing else is asked: a float, else an int.
  bool becomesFloat() const {
    return constraint == Constraint::Float || constraint == Constraint::Vector || (preferFloat && constraint != Constraint::Int);
  }
};
struct FuncType : TypeOf<TypeKind::Func> {
  llvm::ArrayRef<const Type *> params;
  const Type *result;
};
struct FnType : TypeOf<TypeKind::Fn> {
  const FnValue *value;
};
struct ShapeType : TypeOf<TypeKind::Shape> {
  Dims dims;
};
struct RangeType : TypeOf<TypeKind::Range> {
  Size lo, hi;
};

/// Arena and factory for types, packs and type parameters.
class TypeContext {
public:
  TypeContext(SizeContext &sizes) : sizes(sizes) {}
  TypeContext(const TypeContext &) = delete;
  ~TypeContext();
  const Type *error() { return &errorType; }
  const Type *scalar(ScalarKind k);
  const Type *boolean() { return scalar(ScalarKind::Bool); }
  const Type *int64() { return scalar(ScalarKind::I64); }
  const Type *key() { return &keyType; }
  const Type *str() { return &strType; }
  const Type *none() { return &noneType; }
  const Type *unit() { return tuple({}); }
  /// elem[dims]; rank 0 is elem itself, dims of an array of arrays join.
  const Type *array(const Type *elem, Dims dims);
  const Type *tuple(llvm::ArrayRef<const Type *> elems);
  const Type *record(StructDecl *decl, llvm::ArrayRef<Size> sizes, llvm::ArrayRef<const Type *> types);
  const Type *param(const TypeParam *param, bool widestFloat = false);
  const InferType *infer(Constraint constraint, Span origin);
  const Type *func(llvm::ArrayRef<const Type *> params, const Type *result);
  const Type *fn(const FnValue *value);
  const Type *shape(Dims dims);
  const Type *range(Size lo, Size hi);
  const Pack *pack(llvm::StringRef name, Span origin, bool solve = false);
  const TypeParam *typeParam(llvm::StringRef name, Constraint constraint, Span origin);
  SizeContext &sizes;

private:
  llvm::BumpPtrAllocator arena;
  uint32_t nextId = 1;
  ErrorType errorType;
  KeyType keyType;
  StrType strType;
  NoneType noneType;
  const Type *scalars[16] = {};
  llvm::SmallVector<std::pair<void *, void (*)(void *)>> owned; ///< what has a destructor to run
  template <typename T, typename... Args> T *make(Args &&...args);
};

/// What replaces names when a definition is used: its type parameters, packs and size symbols.
struct Substitution {
  llvm::function_ref<const Type *(const TypeParam *)> type;   ///< null result: keep
  llvm::function_ref<std::optional<Dims>(const Pack *)> pack; ///< nullopt: keep
  llvm::function_ref<std::optional<Size>(const Sym *)> size;  ///< nullopt: keep
};
const Type *substitute(const Type *type, TypeContext &ctx, const Substitution &s);
Dims substitute(llvm::ArrayRef<Dim> dims, TypeContext &ctx, const Substitution &s);

/// Follows the links of settled literals at the top of a type.
const Type *resolved(const Type *type);
/// Element type of an array, else the type itself; dims of an array, else none.
const Type *elemOf(const Type *type);
llvm::ArrayRef<Dim> dimsOf(const Type *type);
/// The record's field types with its arguments filled in; for an array of records with the array's dims in front.
/// The type arguments of a record as they have to be written: defaults at the end are left out.
llvm::ArrayRef<const Type *> writtenTypes(const StructType *record);
const Type *fieldType(const Type *record, unsigned field, TypeContext &ctx);
/// The widest float of the leaves of a vector type: what `P.float` stands for. Of a type parameter it stays symbolic; an
/// error type where a leaf is no number.
const Type *widestFloat(const Type *type, TypeContext &ctx);
/// "f32[n, 64]", "Mlp[k, h, c]", "(f32) -> f32": as the user would write it.
std::string str(const Type *type);
std::string str(llvm::ArrayRef<Dim> dims);
/// Structural equality, sizes by normal form.
bool same(const Type *a, const Type *b);
} // namespace tl::ast
