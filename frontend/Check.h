// The checker's inside: one class over several files (Resolve: names and types as written, ResolveSize: sizes, CheckDecl, CheckStmt,
// CheckExpr, CheckArith, CheckCall, CheckIndex, CheckKeys, Solve). Each definition is checked once, for all sizes.
#pragma once
#include "ast/Ast.h"
#include "ast/base/Diagnostic.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/SaveAndRestore.h"
#include <deque>

namespace tl::frontend {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;

/// What a name means: one of these is set.
struct Binding {
  Decl *decl = nullptr;
  const Sym *sym = nullptr;
  const Pack *pack = nullptr;
  const TypeParam *typeParam = nullptr;
  explicit operator bool() const { return decl || sym || pack || typeParam; }
};

struct Scope {
  const Scope *parent = nullptr;
  llvm::StringMap<Binding> names;
  explicit Scope(const Scope *parent) : parent(parent) {}
};

/// Where a type is written decides what an unknown lower-case name and `_` mean.
enum class Where {
  Signature, ///< a new size parameter; `_` is an anonymous one
  Result,    ///< an error; `_` is a size that only the data knows
  Let,       ///< names the value's size; `_` is filled in
  Field,     ///< both are errors
  Body,      ///< a type argument in an expression: an error; `_` too
};

/// The holes of one call: sizes, packs and element types to be found from the arguments.
struct Solver {
  llvm::DenseMap<const Sym *, Size> sizes;
  llvm::DenseMap<const Pack *, Dims> packs;
  struct Equation {
    Size pattern, actual;
  };
  SmallVector<Equation> equations;  ///< not yet solved for
  SmallVector<const Sym *> derived; ///< holes found through a linear form: not the size of an array by itself
};

/// How to write what a function of Python, NumPy or JAX does; "" where there is nothing to say.
std::string habit(StringRef name);
std::string argumentHabit(StringRef name);

/// Why two types do not meet.
struct Mismatch {
  std::string reason;            ///< "differ when n = 3: f32[2] against f32[3]", or empty
  SmallVector<const Sym *> syms; ///< in the sizes that differ
};

/// An index to be proved inside once the ranges of all indices are known.
struct PendingAccess {
  Index *index;
  Size position, size;
  Facts facts;
  Span span;
  bool mustProve = false; ///< the range of an index in it is inferred: left to run time it may not be
};

/// A use of an index of index notation in a position of an array.
struct IndexUse {
  const Sym *binder;
  Size position, size;
  Span span;
};

/// A use of a constant that is one literal: it has a type of its own, which must hold the number.
struct LiteralUse {
  NameExpr *use;
  ConstDecl *constant;
  bool negated = false;
};

/// What is known while one body is checked.
struct Body {
  DefDecl *def = nullptr;
  Facts facts;
  std::vector<const Type **> slots;     ///< types to settle at the end
  std::vector<const Type **> variables; ///< those among them that are of variables
  struct Literal {
    NumberExpr *number;
    bool negated;
    Expr *use; ///< of the constant that it stands in; or null
  };
  std::vector<Literal> numbers;
  std::vector<LiteralUse> constants;
  std::vector<std::pair<const InferType *, const Type *>> conversions; ///< of what may stay open until the end
  std::vector<const StringPart *> holes;                               ///< with a format spec
  std::vector<std::pair<Expr *, SizeCheck>> deferred;                  ///< equalities that are not linear: left to run time
  std::vector<PendingAccess> accesses;
  std::vector<IndexUse> uses;
  llvm::DenseSet<const Sym *> inferred;                      ///< indices whose range was or is inferred
  SmallVector<const Sym *> openBinders;                      ///< indices whose range is still to be inferred
  llvm::DenseMap<const Sym *, std::pair<Size, Size>> ranges; ///< lo..hi of indices whose range is known
  unsigned fallbackDepth = 0;
  std::vector<SmallVector<VarDecl *>> assigned;      ///< for each open loop: the variables assigned in it
  SmallVector<const char *> walls;                   ///< what assignments cannot reach out of, around the place being checked
  llvm::DenseMap<const VarDecl *, unsigned> wallsAt; ///< how many stood around the declaration of a `var`
  llvm::ArrayRef<VarDecl *> later;                   ///< in a default: its parameter and those behind it, which it cannot name
  llvm::DenseSet<const Sym *> untold;                ///< in the default of a flag: sizes that no flag to its left tells
  bool isHandedOver = false;                         ///< where a function is checked that a definition is given
  unsigned applications = 0;                         ///< of lambdas
  unsigned number = 0;                               ///< of all bodies
};

/// A call of a definition with a body, in the body of another or the same.
struct DefCall {
  const DefDecl *from;
  const CallExpr *e;
  const Callable *callee;
  bool isHandedOver; ///< stands in a function that is handed to another definition
};

/// A call in the default of a parameter that leaves out an argument: its default is needed too.
struct DefaultUse {
  const VarDecl *in, *of;
  const CallExpr *e;
};

class Checker {
public:
  Checker(Program &program, const SourceManager &sources, Diagnostics &diagnostics)
      : program(program), sources(sources), diags(diagnostics), types(program.types), sizes(program.sizes) {}
  void run();

private:
  Program &program;
  const SourceManager &sources;
  Diagnostics &diags;
  TypeContext &types;
  SizeContext &sizes;
  Module *module = nullptr; ///< of the definition being checked
  Body *body = nullptr;
  const Scope *scope = nullptr;
  std::deque<Scope> scopes;
  const FnValue *keep(const FnValue &f) { return module->make<FnValue>(f); } ///< as long as the tree, whose types point to it
  llvm::DenseMap<const Module *, Scope *> moduleScopes;
  llvm::DenseMap<const VarDecl *, Size> sizeValues; ///< immutable ints whose value is a known size
  llvm::DenseMap<const DefDecl *, Scope *> signatureScopes;
  llvm::DenseMap<const StructDecl *, Scope *> recordScopes;
  llvm::DenseMap<const DefDecl *, Facts> whereFacts;
  llvm::StringSet<> unknownTypes;                 ///< reported in this declaration
  llvm::DenseSet<const TypeParam *> brokenParams; ///< their constraint was reported
  struct Undo {
    const InferType *infer;
    const Type *link;
    Constraint constraint;
    bool preferFloat;
    Span floatBy;
  };
  std::vector<Undo> trail;
  SmallVector<const FnValue *> applied; ///< the lambdas whose bodies are being checked, the innermost last
  size_t lambdaErrors = 0;              ///< how many errors there were before the outermost lambda was applied
  Expr *constantUse = nullptr;          ///< of a constant of several literals, whose value is being checked for it
  Expr *current = nullptr;              ///< the innermost expression being checked: what is left to run time is checked before it
  llvm::DenseMap<const VarDecl *, uint32_t> boundAt;      ///< `sizeMark` at the binding
  llvm::DenseMap<const VarDecl *, const Sym *> maskSizes; ///< how many elements of an immutable mask are true
  llvm::DenseSet<const Sym *> unnamedMasks;               ///< how many elements of any other mask are true
  llvm::DenseSet<const Decl *> open;                      ///< constants and records being checked
  Expr *takenApart = nullptr;                             ///< the value of a `let` with a tuple of names
  DefDecl *treeMap = nullptr;
  unsigned bodies = 0;
  std::vector<DefCall> defCalls;
  std::vector<DefaultUse> defaultUses;
  llvm::MapVector<Decl *, Expr *> keyBodies; ///< in which keys are to be checked
  llvm::ArrayRef<Span> argumentSpans;        ///< of the call of a function value that is being checked
  bool anyDivisor = false;                   ///< a size may divide by what is not known to be positive; the caller checks it

  // Resolve.cpp
  Scope *pushScope(const Scope *parent) { return &scopes.emplace_back(parent); }
  const TypeParam *declareTypeParam(const GenericParam &g, Scope *into);
  Binding lookup(StringRef name) const;
  Binding lookupMember(Module *m, StringRef name) const;
  std::string suggestion(StringRef name) const;
  void suggest(Diagnostic &d, StringRef name) const;
  /// What to do where an array was to grow or shrink.
  static StringRef keepsItsSize();
  void namedWrongly(Diagnostic &d, const Expr *e) const;
  bool madeFloatBy(Diagnostic &d, const Expr *e) const;
  std::string suggestionOf(StringRef name, llvm::ArrayRef<StringRef> candidates) const;
  void declare(Scope *into, VarDecl *var) { into->names[var->name] = {var}; }
  const Type *resolveType(TypeExpr *e, Where where, Scope *into);
  const Type *resolveTypeArg(Expr *e, Where where, Scope *into);
  const Type *namedType(llvm::ArrayRef<StringRef> path, Span span, llvm::ArrayRef<List<TypeArg>> args, Where where, Scope *into);
  const Type *structType(StructDecl *decl, Span span, List<TypeArg> args, Where where, Scope *into);
  std::optional<Dims> resolveDims(List<TypeArg> args, Where where, Scope *into);
  const Sym *symOf(VarDecl *var);
  bool looksLikeType(Expr *e);

  // ResolveSize.cpp
  struct WrittenSize;
  std::optional<Size> resolveSize(Expr *e, Where where, Scope *into);
  std::optional<Size> sizeOf(Expr *e);
  std::optional<Size> readSize(Expr *e, const WrittenSize *in);
  std::optional<Size> sizeNamed(NameExpr *n, const WrittenSize *in);
  std::optional<Size> sizeOfConstant(ConstDecl *c, Span at, const WrittenSize *in);
  std::optional<Size> sizeCalled(CallExpr *e, const WrittenSize *in);

  // CheckDecl.cpp
  void declareModule(Module &m);
  void resolveStruct(StructDecl *s);
  void resolveSignature(DefDecl *d);
  void whereClause(DefDecl *d);
  void checkSignature(DefDecl *d);
  bool isMain(const DefDecl *d) const { return d->name == "main" && d->module == program.main(); } ///< its parameters are flags
  void checkFields(StructDecl *s);
  void addFact(Expr *e, Facts &facts, bool isExact, Expr *inside = nullptr); ///< isExact: it is checked that nothing in it wraps
  bool cannotWrap(const Size &size, const Facts &facts);
  void keepExact(Expr *e);
  void keepExact(Expr *e, const Size &size, StringRef message);
  void checkDef(DefDecl *d);
  void returnsFunction(DefDecl *d);
  void checkBody(DefDecl *d);
  void checkConst(ConstDecl *d);
  void checkTest(TestDecl *d);
  void finishBody();
  const Type *settle(const Type *t);
  void checkLiteralRange(NumberExpr *n, const Type *type, bool negated, Expr *use, bool open = false);
  void checkName(StringRef name, Span span);
  void enterBody(Body &b, Module *m, const Scope *s);
  void reportMismatch(Code code, Expr *at, const Type *want, const Type *got, const Mismatch &why, Span wantSpan, StringRef wantText);

  // CheckFlags.cpp
  void checkFlags(DefDecl *d);
  const Type *foundByFlag(DefDecl *d, unsigned param);
  bool isTold(const Sym *size, Span at);
  const Sym *untoldBy(const Type *t, llvm::DenseSet<const Sym *> open);

  // CheckStmt.cpp
  void statement(Stmt *s);
  void letStmt(LetStmt *s);
  void assignStmt(AssignStmt *s);
  void checkTarget(Expr *target);
  void forStmt(ForStmt *s);
  void whileStmt(WhileStmt *s);
  void loopAttributes(List<Attr> attrs);
  void bindPattern(Pattern *p, const Type *t, bool isVar, Expr *init, VarKind kind);
  void dropped(Expr *e);
  List<VarDecl *> carriedVars(SmallVector<VarDecl *> assigned, Span loop);
  const Type *iterated(Binder &b, VarKind kind, Facts &facts, const Scope *around);

  // CheckExpr.cpp
  const Type *check(Expr *e, const Type *expected = nullptr);
  const Type *checkValue(Expr *e, const Type *expected = nullptr); ///< check, and it is no function, range or shape
  const Type *valueOf(Expr *e, const Type *t);                     ///< t, the type of e, where that is a value; else reports
  const Type *infer(Expr *e, const Type *expected);
  const Type *number(NumberExpr *e);
  const Type *name(NameExpr *e);
  const Type *constant(ConstDecl *c, Expr *use, Expr *&meaning);
  const Type *string(StringExpr *e);
  const Type *unary(UnaryExpr *e);
  const Type *binary(BinaryExpr *e);
  const Type *vectorBinary(BinaryExpr *e, const Type *l, const Type *r);
  const Type *matmul(BinaryExpr *e, const Type *l, const Type *r);
  const Type *ifExpr(IfExpr *e, const Type *expected);
  const Type *block(BlockExpr *e, const Type *expected);
  const Type *lambda(LambdaExpr *e);
  const Type *select(SelectExpr *e);
  std::string withoutModule(StringRef name);
  const Type *tuple(TupleExpr *e, const Type *expected);
  const Type *arrayLit(ArrayLitExpr *e, const Type *expected);
  const Type *boolean(Expr *e, const char *what);
  void slot(const Type *&t) {
    if (body)
      body->slots.push_back(&t);
  }
  void checkSize(Expr *at, const Size &lhs, const Size &rhs, bool equal, Span span, std::string message, bool isNewSize = false);

  // CheckSizes.cpp: sizes that last, and sizes that do not
  bool knownBefore(const Expr *e, const Size &size);
  uint32_t sizeMark() { return sizes.sym(SymKind::Solve, "", {})->id; }
  bool madeSince(const Type *t, uint32_t mark);
  const Type *hideSizes(const Type *t, llvm::function_ref<bool(const Sym *)> hidden, Span at);
  const Type *joinSizes(const Type *a, const Type *b, Span at);
  bool defer(const Size &a, const Size &b);
  bool notNegative(Code code, Expr *at, const Size &size, StringRef what);
  void namesOnce(llvm::ArrayRef<const Pattern *> patterns);

  // CheckKeys.cpp
  void checkKeys();

  // CheckIndex.cpp
  const Type *subscript(SubscriptExpr *e);
  bool intIndex(Expr *e);
  const Type *fallback(FallbackExpr *e);
  const Type *forExpr(ForExpr *e);
  Size accessSingle(Index &ix, const Size &size, unsigned axis, const Type *base);
  std::optional<Size> slicedSize(Expr *at, Index &ix, const Size &size);
  bool inferExtent(Binder &b, const Sym *index, llvm::ArrayRef<IndexUse> uses);
  std::optional<Size> position(Expr *e, const Size &size);
  bool decide(Code code, const Size &lhs, const Size &rhs, const Facts &facts, Span span, StringRef what, const Size &size, bool &proved);
  void discharge(size_t from);
  const Type *arrayOver(const Type *element, llvm::ArrayRef<Dim> dims);
  const Type *distributed(const Type *t);

  SmallVector<const Sym *> inferredIn(const Size &position);
  const Sym *maskCount(VarDecl *mask, Span at);
  std::optional<Size> maskSize(Index &ix, llvm::ArrayRef<Dim> axes);

  // CheckCall.cpp
  const Type *call(CallExpr *e, const Type *expected);
  const Type *unknownCallee(CallExpr *e, NameExpr *n);
  const Type *callDef(CallExpr *e, DefDecl *d, const SubscriptExpr *brackets, const Type *expected);
  Expr *literalAxes(llvm::ArrayRef<int64_t> axes, Span span); ///< `(0, 1)`
  const Type *tryDef(CallExpr *e, DefDecl *d, const SubscriptExpr *brackets, llvm::ArrayRef<const Type *> argTypes, const Type *expected);
  const Type *construct(CallExpr *e, StructDecl *s, const StructType *given, const Type *expected);
  const Type *converted(const Type *t, const Type *to);
  const Type *castCall(CallExpr *e, const Type *to);
  const Type *loadCall(CallExpr *e, DefDecl *d, const Type *expected);
  const Type *printOrSave(CallExpr *e, DefDecl *d);
  std::optional<SmallVector<int>> matchArguments(CallExpr *e, llvm::ArrayRef<StringRef> names, llvm::ArrayRef<bool> optional,
                                                 Decl *declared);
  void instantiated(CallExpr *e, Callable *c);
  bool genericArguments(const SubscriptExpr *brackets, DefDecl *d, llvm::ArrayRef<const Type *> types_,
                        const llvm::DenseMap<const Sym *, const Sym *> &holes, Solver &s);
  std::string needs(const DefDecl *d);
  bool checkWhere(CallExpr *e, DefDecl *d, const Solver &s);

  // CheckRecursion.cpp
  void checkGrowth();
  void checkDefaults();
  void checkFunctionsHandedOn();

  // CheckShape.cpp: what no signature can say
  const Type *shapeRule(CallExpr *e, DefDecl *d, const Type *declared);
  std::optional<SmallVector<int64_t>> constAxes(CallExpr *of, unsigned argument, llvm::ArrayRef<Dim> dims);
  const Type *shapeArgument(Expr *e);
  const Type *joined(CallExpr *e, DefDecl *d, const Type *elem, bool stacked);
  bool isConstant(Expr *e);
  bool knowsConstants(DefDecl *d, llvm::ArrayRef<Expr *> args);
  std::optional<std::pair<Size, Size>> constPair(Expr *e, StringRef what, int64_t least);
  const Type *convolved(CallExpr *e, const Type *elem);
  const Type *padded(CallExpr *e, const Type *elem, Dims dims);

  // CheckRule.cpp: derivatives by hand
  void checkRules();

  //===- Exports (CheckExport.cpp)
  //------------------------------------------------------------------------------------------------------===//
  void checkExports();
  /// False after a report, or where the signature has been reported before.
  bool checkExportedSignature(DefDecl *d);
  void checkExportedName(StringRef what, StringRef name, Span span, DefDecl *by);
  SmallVector<const Type *> exportedTypes(DefDecl *d);
  void checkRule(DefDecl *d, const Attr &a);
  Callable *applyRule(DefDecl *rule, bool isVjp, DefDecl *def, const Attr &a, llvm::ArrayRef<bool> differentiated, const Type *element);
  bool chooseSizes(DefDecl *def, Rule &rule);

  // CheckFunction.cpp: function values
  const Type *callFunction(CallExpr *e, const FnValue *f);
  Callable *apply(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span);
  Callable *applyDef(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span);
  Callable *applyLambda(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span);
  Callable *applyTransform(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span);
  const Type *transformCall(CallExpr *e, StringRef name);

  // CheckVmap.cpp
  std::optional<MapAxes> mapAxes(Expr *e);
  bool mapOptions(CallExpr *e, FnValue &f);
  Callable *applyVmap(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *c);

  // CheckDerivative.cpp: derivatives that are more than one number's
  void makeFloat(const Type *t, Span span);
  bool mayDifferentiate(StringRef asked, const FnValue *f, StringRef role, const Type *point, Span span);
  const Type *differentiated(StringRef asked, const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *&inner);
  const Type *derivativeCall(CallExpr *e, StringRef name);
  const Type *jacobianOf(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span, Callable *&inner);
  Callable *applyPullback(const FnValue *f, llvm::ArrayRef<const Type *> args, Span span);

  // CheckFunction.cpp
  const Type *treeMapCall(CallExpr *e);
  bool isFunction(const Type *t);
  const Type *declaredFunction(Code code, const Type *declared, const Type *t, Span at, Span declaredAt);
  std::optional<SmallVector<Callable *>> takes(const FnValue *f, const FuncType *type, llvm::ArrayRef<const Type *> args, Span span);
  void nameFunction(VarDecl *v);
  const FnValue *functionOf(const Type *t, Expr *at);
  Span argumentSpan(size_t i, Span call) const { return i < argumentSpans.size() ? argumentSpans[i] : call; }
  Callable *makeCallable(CallableKind kind);

  // Solve.cpp
  bool unify(const Type *pattern, const Type *actual, Solver &s, Mismatch &why);
  bool unifyDims(llvm::ArrayRef<Dim> pattern, llvm::ArrayRef<Dim> actual, Solver &s, Mismatch &why);
  bool unifySize(const Size &pattern, const Size &actual, Solver &s, Mismatch &why);
  bool solvePending(Solver &s, Mismatch &why);
  bool bindInfer(const InferType *i, const Type *to);
  bool satisfies(const Type *t, Constraint c);
  bool isVector(const Type *t);
  bool isNumber(const Type *t), isFloating(const Type *t), isInteger(const Type *t), isBool(const Type *t), isError(const Type *t),
      holdsError(const Type *t);
  bool hasTextInArray(const Type *t); ///< no type of a value
  const Type *applySolution(const Type *t, const Solver &s);
  Dims applySolution(llvm::ArrayRef<Dim> dims, const Solver &s);
  Size applySolution(const Size &size, const Solver &s);
  bool meet(const Type *a, const Type *b, Mismatch &why); ///< unify without holes
  void explain(Diagnostic &d, const Mismatch &why);
  std::optional<Dims> broadcast(llvm::ArrayRef<Dim> a, llvm::ArrayRef<Dim> b, Mismatch &why);
  void rewind(size_t mark);
  /// Element types that were found since `mark` may name holes (`Part[m]` before `m` is known): puts in what `s` found since.
  void fillHoles(size_t mark, const Solver &s);
};

/// `grad`, `vmap` and the others that are applied to a function.
bool isTransform(StringRef name);
/// "2nd argument", "`x`": how messages name an argument.
std::string ordinal(unsigned n);
/// Is a size in it still to be found?
bool hasHole(const Size &s);
/// Is a value of this type one of `kind`, or made of such among others?
bool holds(const Type *t, TypeKind kind);
inline bool holdsKeys(const Type *t) { return holds(t, TypeKind::Key); }
inline bool holdsText(const Type *t) { return holds(t, TypeKind::Str); }
/// Calls back for each symbol and pack of a type, left to right.
void eachSize(const Type *t, llvm::function_ref<void(const Sym *)> sym, llvm::function_ref<void(const Pack *)> pack);
} // namespace tl::frontend
