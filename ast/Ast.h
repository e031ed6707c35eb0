// What a program is: one tree, built by frontend/BuildAst, annotated in place by the checker, read by mlir_gen. Fields under
// "checked" are null or empty until the checker has run. Nodes live in their module's arena and are never freed alone.
#pragma once
#include "ast/Type.h"
#include "ast/base/Source.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/ErrorHandling.h"
#include <functional>
#include <memory>

namespace tl::ast {
template <typename T> using List = llvm::ArrayRef<T>;
using llvm::StringRef;
struct Decl;
struct VarDecl;
struct DefDecl;
struct StructDecl;
struct Stmt;
struct BlockExpr;
struct TypeExpr;
struct Callable;
struct Module;

//===- Expressions --------------------------------------------------------------------------------------------------===//

enum class ExprKind : uint8_t {
#define EXPR(Name) Name,
#include "ast/Nodes.def"
};

struct Expr {
  const ExprKind kind;
  Span span;
  const Type *type = nullptr; ///< checked
protected:
  Expr(ExprKind kind, Span span) : kind(kind), span(span) {}
};
template <ExprKind K> struct ExprOf : Expr {
  explicit ExprOf(Span span) : Expr(K, span) {}
  static bool classof(const Expr *e) { return e->kind == K; }
};

struct ErrorExpr : ExprOf<ExprKind::Error> {
  using ExprOf::ExprOf;
};

/// A literal number as written (underscores and 0x included). `value` is the integer; a float is read from `text`
/// when its type is known, so that it is rounded once.
struct NumberExpr : ExprOf<ExprKind::Number> {
  using ExprOf::ExprOf;
  StringRef text;
  bool isFloat = false;
  uint64_t value = 0;
  bool tooLarge = false; ///< does not fit 64 bits
  /// The number in a float type, rounded once from its text; infinite where it is too large.
  llvm::APFloat in(ScalarKind kind) const;
};
struct BoolExpr : ExprOf<ExprKind::Bool> {
  using ExprOf::ExprOf;
  bool value = false;
};
struct NoneExpr : ExprOf<ExprKind::None> {
  using ExprOf::ExprOf;
};

/// A piece of a string: text (escapes and {{ }} resolved), or a hole with its format spec.
struct StringPart {
  StringRef text;
  Expr *hole = nullptr;
  StringRef spec;
  Span specSpan = {};
};
struct StringExpr : ExprOf<ExprKind::String> {
  using ExprOf::ExprOf;
  List<StringPart> parts;
};

struct NameExpr : ExprOf<ExprKind::Name> {
  using ExprOf::ExprOf;
  StringRef name;
  Decl *decl = nullptr;       ///< checked: Var, Const, Def (first of its overloads), Struct, Import; null for a size or pack
  const Sym *sym = nullptr;   ///< checked: a size parameter used as an int
  const Pack *pack = nullptr; ///< checked: a pack used as a shape
  Expr *meaning = nullptr;    ///< checked: a constant of several literals, with the types of this use
};

enum class UnaryOp : uint8_t { Neg, Not };
struct UnaryExpr : ExprOf<ExprKind::Unary> {
  using ExprOf::ExprOf;
  UnaryOp op = UnaryOp::Neg;
  Expr *operand = nullptr;
};

/// One line an operator: enumerator, spelling, name of the intrinsic op it becomes on numbers.
// clang-format off
#define TL_BINARY_OPS(X)                                                                                                                   \
  X(Add, "+", "add") X(Sub, "-", "sub") X(Mul, "*", "mul") X(Div, "/", "div") X(FloorDiv, "//", "floordiv")                                \
  X(Mod, "%", "mod") X(Pow, "**", "pow") X(MatMul, "@", "matmul") X(Eq, "==", "eq") X(Ne, "!=", "ne")                                      \
  X(Lt, "<", "lt") X(Le, "<=", "le") X(Gt, ">", "gt") X(Ge, ">=", "ge") X(And, "and", "and") X(Or, "or", "or")
// clang-format on
enum class BinaryOp : uint8_t {
#define X(Name, text, op) Name,
  TL_BINARY_OPS(X)
#undef X
};
StringRef spelling(BinaryOp op);
inline bool isComparison(BinaryOp op) { return op >= BinaryOp::Eq && op <= BinaryOp::Ge; }
struct BinaryExpr : ExprOf<ExprKind::Binary> {
  using ExprOf::ExprOf;
  BinaryOp op = BinaryOp::Add;
  Span opSpan;
  Expr *lhs = nullptr, *rhs = nullptr;
  bool proved = false; ///< `//` and `%`: the right side is never 0
};
struct RangeExpr : ExprOf<ExprKind::Range> {
  using ExprOf::ExprOf;
  Expr *lo = nullptr, *hi = nullptr;
};
struct IfExpr : ExprOf<ExprKind::If> {
  using ExprOf::ExprOf;
  Expr *cond = nullptr;
  BlockExpr *then = nullptr;
  Expr *otherwise = nullptr; ///< null, a BlockExpr, or an IfExpr
};
struct LambdaExpr : ExprOf<ExprKind::Lambda> {
  using ExprOf::ExprOf;
  List<VarDecl *> params; ///< typeExpr may be null
  Expr *body = nullptr;
};
struct Arg {
  StringRef name; ///< empty unless written `name=`
  Span nameSpan;
  Expr *value = nullptr;
};
struct CallExpr : ExprOf<ExprKind::Call> {
  using ExprOf::ExprOf;
  Expr *callee = nullptr;
  List<Arg> args; ///< as written; for `x |> f(y)`, x first
  bool piped = false;
  Callable *target = nullptr; ///< checked: what is called
  List<Expr *> ordered;       ///< checked: one a parameter of the target, defaults filled in
};
enum class IndexKind : uint8_t { Single, Slice, Ellipsis, NewAxis };
struct Index {
  IndexKind kind = IndexKind::Single;
  Span span;
  Expr *lo = nullptr, *hi = nullptr, *step = nullptr; ///< Single uses `lo`; Ellipsis too, for the `s` of `...s`
  bool proved = false;                                ///< checked: inside for all sizes; needs no check
  int64_t stride = 1;                                 ///< checked: the value of `step`
};
/// a[...], and zeros[f64] / S[8, 4] where the base names a type or definition.
struct SubscriptExpr : ExprOf<ExprKind::Subscript> {
  using ExprOf::ExprOf;
  Expr *base = nullptr;
  List<Index> indices;
};
struct SelectExpr : ExprOf<ExprKind::Select> {
  using ExprOf::ExprOf;
  Expr *base = nullptr;
  StringRef name;
  Span nameSpan;
  int field = -1;          ///< checked: field of a record; -1 with decl null: `.T`
  Decl *decl = nullptr;    ///< checked: member of a module
  Expr *meaning = nullptr; ///< checked: a constant of literals, with the types of this use
};
struct TupleExpr : ExprOf<ExprKind::Tuple> {
  using ExprOf::ExprOf;
  List<Expr *> elems;
}; ///< () is empty
/// An element of a literal `[a, ...s, b]`: `spread` elements splice a shape.
struct Elem {
  Expr *value = nullptr;
  bool spread = false;
};
struct ArrayLitExpr : ExprOf<ExprKind::ArrayLit> {
  using ExprOf::ExprOf;
  List<Elem> elems;
};

struct Pattern;
/// `i`, or `pattern in iter`, of index notation and `for`.
struct Binder {
  Pattern *pattern = nullptr;
  Expr *iter = nullptr; ///< null where the range is inferred
  Size extent;          ///< checked: the inferred range is 0..extent
  bool down = false;    ///< checked: written `flip(lo..hi)`, of which `iter` is the range
};
/// The part behind `for` in `[for i, j: e]` and `sum(for k: e)`. As an expression of its own its value is the array of bodies.
struct ForExpr : ExprOf<ExprKind::For> {
  using ExprOf::ExprOf;
  List<Binder> binders;
  Expr *filter = nullptr;
  Expr *body = nullptr;
  bool brackets = false; ///< written `[for ...]`: an array like any other, also where an argument may be a `for` part
};
struct FallbackExpr : ExprOf<ExprKind::Fallback> {
  using ExprOf::ExprOf;
  Expr *access = nullptr, *otherwise = nullptr;
};
/// `{ ... }`: its value is that of the last statement where that is an expression.
struct BlockExpr : ExprOf<ExprKind::Block> {
  using ExprOf::ExprOf;
  List<Stmt *> stmts;
  Expr *value = nullptr; ///< checked: the last expression, where the block has a value; it is not in `stmts` then
};

//===- Patterns, types as written -----------------------------------------------------------------------------------===//

/// A name, `_` (var null), or a tuple.
struct Pattern {
  Span span;
  VarDecl *var = nullptr;
  bool isTuple = false;
  List<Pattern *> elems;
};

enum class TypeExprKind : uint8_t { Error, Named, Tuple, Func };
/// An argument in brackets: `...s` (spread), else an expression that is a size or a type.
struct TypeArg {
  Span span;
  StringRef spread;
  Expr *value = nullptr;
};
struct TypeExpr {
  TypeExprKind kind;
  Span span;
  List<StringRef> path;       ///< Named: nn, Dense
  List<TypeExpr *> elems;     ///< Tuple: elements; Func: parameters
  TypeExpr *result = nullptr; ///< Func
  List<List<TypeArg>> args;   ///< f32[n, m], S[8, 4][b]: a list a bracket
};

//===- Statements ---------------------------------------------------------------------------------------------------===//

enum class StmtKind : uint8_t {
#define STMT(Name) Name,
#include "ast/Nodes.def"
};
struct Stmt {
  const StmtKind kind;
  Span span;

protected:
  Stmt(StmtKind kind, Span span) : kind(kind), span(span) {}
};
template <StmtKind K> struct StmtOf : Stmt {
  explicit StmtOf(Span span) : Stmt(K, span) {}
  static bool classof(const Stmt *s) { return s->kind == K; }
};
struct Attr {
  Span span;
  StringRef name;
  List<Arg> args;
};

struct ErrorStmt : StmtOf<StmtKind::Error> {
  using StmtOf::StmtOf;
};
struct LetStmt : StmtOf<StmtKind::Let> {
  using StmtOf::StmtOf;
  bool isVar = false;
  Pattern *pattern = nullptr;
  TypeExpr *typeExpr = nullptr;
  Expr *init = nullptr;
  const Type *type = nullptr; ///< checked: of the whole value, sizes of the annotation included
};
/// target = value, or target op= value. The target is a name, a subscript, a field, or a tuple of those.
struct AssignStmt : StmtOf<StmtKind::Assign> {
  using StmtOf::StmtOf;
  Expr *target = nullptr;
  bool hasOp = false;
  BinaryOp op = BinaryOp::Add;
  Span opSpan;
  Expr *value = nullptr;
};
struct ForStmt : StmtOf<StmtKind::For> {
  using StmtOf::StmtOf;
  List<Attr> attrs;
  Binder binder;
  BlockExpr *body = nullptr;
  List<VarDecl *> carried; ///< checked: `var`s from outside that the body assigns, in order of declaration
};
struct WhileStmt : StmtOf<StmtKind::While> {
  using StmtOf::StmtOf;
  List<Attr> attrs;
  Expr *cond = nullptr;
  BlockExpr *body = nullptr;
  List<VarDecl *> carried; ///< checked
};
struct AssertStmt : StmtOf<StmtKind::Assert> {
  using StmtOf::StmtOf;
  Expr *cond = nullptr, *message = nullptr;
};
struct ExprStmt : StmtOf<StmtKind::Expr> {
  using StmtOf::StmtOf;
  Expr *expr = nullptr;
};

//===- Declarations -------------------------------------------------------------------------------------------------===//

enum class DeclKind : uint8_t {
#define DECL(Name) Name,
#include "ast/Nodes.def"
};
struct Decl {
  const DeclKind kind;
  Span span, nameSpan;
  StringRef name;
  StringRef doc; ///< the `##` lines above it, without the marks
  Module *module = nullptr;

protected:
  Decl(DeclKind kind, Span span) : kind(kind), span(span) {}
};
template <DeclKind K> struct DeclOf : Decl {
  explicit DeclOf(Span span) : Decl(K, span) {}
  static bool classof(const Decl *d) { return d->kind == K; }
};

enum class VarKind : uint8_t { Param, Let, Var, Binder };
/// Keys that are used up: a part of a variable, by its fields and indices (none: all of it), and where that is.
struct KeyUse {
  std::string fields, indices;
  Span at;
};

struct VarDecl : DeclOf<DeclKind::Var> {
  using DeclOf::DeclOf;
  VarKind varKind = VarKind::Let;
  bool isConst = false;         ///< `axis: const int`
  TypeExpr *typeExpr = nullptr; ///< parameters
  Expr *init = nullptr;         ///< default of a parameter
  const Type *type = nullptr;   ///< checked
  const Sym *sym = nullptr;     ///< checked: the symbol it is as a size, once one was needed
  /// What of it is used up, as far as it holds keys, at the end of the body that binds it. Set before that for a variable of the REPL's
  /// session, which an earlier entry has used.
  std::vector<KeyUse> used;
  bool appliedOften = false; ///< checked: a parameter that is a function, which the body applies more than once
};

/// `[n, T: float]` after a name.
struct GenericParam {
  StringRef name;
  Span span;
  StringRef constraint;
  Span constraintSpan;
  TypeExpr *init; ///< what stands for it where the type is written without it; or null
};

/// A derivative written by hand, `@vjp(of=f)` or `@jvp(of=f)`, as the definition that it is about knows it.
struct Rule {
  DefDecl *def = nullptr;        ///< what is written
  Span span;                     ///< the attribute
  Callable *call = nullptr;      ///< `def` for the definition's own parameters, then a cotangent or tangents, in the definition's names
  const Type *element = nullptr; ///< the one type of float that it is written for; null: it takes all that the definition takes
  List<bool> differentiated;     ///< for each parameter of the definition, whether it is a vector: it has a cotangent or tangent then
  List<int64_t> sizes, ints;     ///< a choice of its size parameters, and of its parameters, where these are int, that its `where` allows
};

struct DefDecl : DeclOf<DeclKind::Def> {
  using DeclOf::DeclOf;
  List<Attr> attrs;
  bool isExport = false;
  List<GenericParam> generics;
  List<VarDecl *> params;
  TypeExpr *resultExpr = nullptr;
  Expr *where = nullptr;
  Expr *body = nullptr;            ///< an expression or a block; null for an intrinsic
  DefDecl *nextOverload = nullptr; ///< the next definition of the same name in this module
  // checked: the signature, once for all sizes
  llvm::SmallVector<const TypeParam *, 1> typeParams;
  llvm::SmallVector<const Sym *, 2> sizeParams;
  llvm::SmallVector<const Pack *, 1> packs;
  const Type *result = nullptr;
  StringRef opName;    ///< intrinsics: the op it becomes (its own name unless `@op(other)`)
  StringRef shapeRule; ///< intrinsics with @shape(rule)
  bool copies = false; ///< intrinsics with @copies: an element may stand in the result twice, so none is a key
  /// Type parameters that cannot be keys, since what is of them is used twice, and where.
  llvm::SmallVector<std::pair<const TypeParam *, Span>, 1> usedTwice;
  const Rule *vjp = nullptr, *jvp = nullptr; ///< its derivatives by hand
  enum State : uint8_t { Unchecked, Signature, Checking, Checked } state = Unchecked;
};
struct FieldDecl {
  StringRef name;
  Span span;
  StringRef doc;
  TypeExpr *typeExpr;
  Expr *init;
  const Type *type = nullptr;
};
struct StructDecl : DeclOf<DeclKind::Struct> {
  using DeclOf::DeclOf;
  List<Attr> attrs;
  List<GenericParam> generics;
  llvm::MutableArrayRef<FieldDecl> fields;
  // checked
  llvm::SmallVector<const TypeParam *, 1> typeParams;
  llvm::SmallVector<const Type *, 1> typeDefaults; ///< one for each of typeParams, null where it has none
  llvm::SmallVector<const Sym *, 2> sizeParams;
  bool resolved = false;
};
struct ImportDecl : DeclOf<DeclKind::Import> {
  using DeclOf::DeclOf;
  List<StringRef> path; ///< import nn
  StringRef file;       ///< import "layers.tl"
  Module *target = nullptr;
};
struct TestDecl : DeclOf<DeclKind::Test> {
  using DeclOf::DeclOf;
  bool isBench = false;
  StringRef title;
  BlockExpr *body = nullptr;
};
struct ConstDecl : DeclOf<DeclKind::Const> {
  using DeclOf::DeclOf;
  LetStmt *let = nullptr;
  const Type *type = nullptr;
};

//===- What a checked call is ---------------------------------------------------------------------------------------===//

/// Arguments for the generic parameters of a definition, in the caller's own names.
struct Instance {
  DefDecl *def = nullptr;
  llvm::SmallVector<const Type *, 1> types; ///< one for each of def->typeParams
  llvm::SmallVector<Size, 2> sizes;         ///< one for each of def->sizeParams
  llvm::SmallVector<Dims, 1> packs;         ///< one for each of def->packs
};

enum class CallableKind : uint8_t {
  Def,       ///< a definition with a body
  Intrinsic, ///< a definition without: op `instance.def->opName`
  Lambda,    ///< a lambda, its body checked for these parameter types
  Param,     ///< a function-typed parameter or a `let`-bound function: `var`
  Record,    ///< the constructor of a record: `type` of the call
  Cast,      ///< f32(x): type of the call
  Transform, ///< grad(f), vmap(f), jvp(f, ...), the pullback that vjp(f, x) gives, ...: `name` applied to `inner`
};
/// Which axis `vmap` goes along, as it was written.
struct MapAxes {
  std::optional<int64_t> axis = 0; ///< negative: from the end; nothing: the argument is the same for all calls
  List<MapAxes> parts;             ///< of several arguments, or of a tuple: each its own
  Span span;
};

/// A function value together with the types it is applied at.
struct Callable {
  CallableKind kind;
  List<const Type *> params; ///< types of its parameters
  const Type *result = nullptr;
  Instance instance;                 ///< Def, Intrinsic
  LambdaExpr *lambda = nullptr;      ///< Lambda: a copy of its own, params and body annotated
  VarDecl *var = nullptr;            ///< Param, or the `let` that a Lambda/Transform came through (where its environment is)
  StringRef name;                    ///< Transform
  Callable *inner = nullptr;         ///< Transform
  List<std::optional<int64_t>> axes; ///< Transform vmap: for each part of the arguments, in order; see MapAxes
  int64_t out = 0;                   ///< Transform vmap: the axis of the results
  VarDecl *point = nullptr;          ///< Transform vjp and pullback: holds where it is differentiated
  /// For each parameter of function type: the function passed, applied at the parameter's types; else null.
  List<Callable *> functions;
  /// Def, Intrinsic that no call names: has the checks of its sizes, made at each application.
  const Expr *site = nullptr;
  VarDecl *returned = nullptr; ///< what the function that it returns is bound to (where that one's environment is)
};

/// A function value before it is applied, as `FnType` carries it.
struct FnValue {
  explicit FnValue(CallableKind kind) : kind(kind) {}
  CallableKind kind;      ///< Def, Lambda, Param, Transform
  DefDecl *def = nullptr; ///< first overload
  LambdaExpr *lambda = nullptr;
  VarDecl *var = nullptr;
  StringRef name;  ///< Transform
  StringRef asked; ///< Transform: the name that the program gives it; `hessian` is the `jacobian` of a `grad`
  const FnValue *inner = nullptr;
  const MapAxes *axes = nullptr, *out = nullptr; ///< vmap: where they are given
  Callable *applied = nullptr;                   ///< a pullback: `inner`, applied at the point
  VarDecl *point = nullptr;                      ///< a pullback: holds the point
  Expr *at = nullptr;                            ///< where it was written
  const FuncType *declared = nullptr;            ///< the type that its `let` or parameter gives it
  const void *scope = nullptr;                   ///< the checker's environment at that place
};

/// A size comparison that could not be decided: `lhs == rhs` (or <=) is checked when the program runs, before `at`, and that both are what
/// their arithmetic says, as nothing there is without end. Of a size and itself only this is.
struct SizeCheck {
  Size lhs, rhs;
  bool equal = true;
  Span span;
  std::string message;
  bool isNewSize = false; ///< 0 <= rhs, which an array is made with
};

//===- Module -------------------------------------------------------------------------------------------------------===//

/// A file, parsed and (after check) annotated. Owns its nodes.
struct Module {
  uint32_t file = 0;
  StringRef name;                                                       ///< "nn", or the file's stem
  std::vector<Decl *> decls;                                            ///< in source order
  std::vector<Stmt *> stmts;                                            ///< a REPL entry's statements
  llvm::DenseMap<const Expr *, llvm::SmallVector<SizeCheck, 1>> checks; ///< checked
  llvm::BumpPtrAllocator arena;

  Module() = default;
  Module(const Module &) = delete;
  ~Module();
  template <typename T, typename... Args> T *make(Args &&...args) {
    T *node = new (arena.Allocate<T>()) T(std::forward<Args>(args)...);
    own(node, 1);
    return node;
  }
  template <typename T> llvm::MutableArrayRef<T> list(llvm::ArrayRef<T> items) {
    T *mem = arena.Allocate<T>(items.size());
    std::uninitialized_copy(items.begin(), items.end(), mem);
    own(mem, items.size());
    return {mem, items.size()};
  }
  StringRef string(StringRef s);

private:
  /// Nodes with vectors inside have destructors; the arena would not run them.
  template <typename T> void own(T *first, size_t count) {
    if constexpr (!std::is_trivially_destructible_v<T>)
      if (count)
        owned.push_back({first, count, [](void *p, size_t n) { std::destroy_n(static_cast<T *>(p), n); }});
  }
  struct Owned {
    void *first;
    size_t count;
    void (*destroy)(void *, size_t);
  };
  std::vector<Owned> owned;
};

/// All modules of a program (the prelude first, then in order of import, the main file last) and what they share.
struct Program {
  SizeContext sizes;
  TypeContext types{sizes};
  std::vector<std::unique_ptr<Module>> modules;
  std::function<std::string(llvm::StringRef path)> holds; ///< what a data file holds, "" if that cannot be said: for messages
  std::vector<std::string> libraryNames;                  ///< the modules that can be imported: for messages
  std::function<bool(llvm::StringRef name)> inSystem;     ///< whether the C library has a function of that name
  Module *main() const { return modules.back().get(); }
};

//===- Visiting -----------------------------------------------------------------------------------------------------===//

/// Calls `f` with `e` as what it really is. A kind that `f` cannot take does not compile.
template <typename F> decltype(auto) visit(Expr *e, F &&f) {
  switch (e->kind) {
#define EXPR(Name)                                                                                                                         \
  case ExprKind::Name:                                                                                                                     \
    return f(static_cast<Name##Expr *>(e));
#include "ast/Nodes.def"
  }
  llvm_unreachable("every kind is listed in Nodes.def");
}
template <typename F> decltype(auto) visit(Stmt *s, F &&f) {
  switch (s->kind) {
#define STMT(Name)                                                                                                                         \
  case StmtKind::Name:                                                                                                                     \
    return f(static_cast<Name##Stmt *>(s));
#include "ast/Nodes.def"
  }
  llvm_unreachable("every kind is listed in Nodes.def");
}
template <typename F> decltype(auto) visit(Decl *d, F &&f) {
  switch (d->kind) {
#define DECL(Name)                                                                                                                         \
  case DeclKind::Name:                                                                                                                     \
    return f(static_cast<Name##Decl *>(d));
#include "ast/Nodes.def"
  }
  llvm_unreachable("every kind is listed in Nodes.def");
}
template <typename... Fs> struct Match : Fs... {
  using Fs::operator()...;
};
template <typename... Fs> Match(Fs...) -> Match<Fs...>;

StringRef spelling(UnaryOp op);
/// Is an expression made of literals only: numbers, also by the names of such constants, and arithmetic, tuples and arrays of them?
/// Then it has no type of its own.
bool isLiteral(const Expr *e);
/// A deep copy without annotations, for a lambda that is applied at several types. Names and texts are not copied.
Expr *clone(Expr *e, Module &into);
BlockExpr *clone(BlockExpr *block, Module &into);
Stmt *clone(Stmt *s, Module &into);
/// The tree as indented text, types included once checked: `--emit=ast` and `--emit=checked`.
std::string print(const Module &module, const SourceManager &sources);
} // namespace tl::ast
