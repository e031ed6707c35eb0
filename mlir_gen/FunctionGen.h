// The inside of mlir_gen: ModuleGen is what the functions of a module share, FunctionGen makes the body of
// one of them. Its members stand in FunctionGen.cpp (names, types, sizes, checks), GenExpr, GenArith,
// GenStmt, GenCall, GenTransform, GenIntrinsic, GenRandom, GenAccess, GenNotation, GenText and GenFiles.
#pragma once
#include "mlir_gen/Env.h"
#include "mlir_gen/MlirGen.h"
#include "mlir_gen/dialect/Dialect.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SaveAndRestore.h"
#include <deque>
#include <functional>

namespace tl::mlirgen {
using mlir::ValueRange;
using Values = SmallVector<mlir::Value>;

/// A symbol that a type mentions and nothing before has told: what a result of data-dependent size brings. It
/// is the size of axis `axis` of leaf number `leaf`.
struct Hole {
  const Sym *sym;
  unsigned leaf, axis;
  Size size; ///< of that axis: the symbol, or a linear form of it
};

/// A definition for given element types, ranks, constants and functions: one func.func. Its arguments are
/// sizes (those of the size parameters, of the packs, of the type arguments), then the leaves of the
/// parameters, then what it captures; its results are the leaves of the result, then the sizes that only the
/// data tells.
struct FuncInstance {
  mlir::func::FuncOp func;
  const ast::Type *result = nullptr; ///< in the names of the instance
  SmallVector<Hole, 1> holes;
  Env env;                        ///< generic parameters, for the body
  SmallVector<const Sym *> sizes; ///< the symbols of the first arguments
};

/// Text with holes in the making: what tl.format and tl.check take.
class Text {
public:
  Text() = default;
  Text(StringRef text) : pending(text) {}
  Text &text(StringRef s) { return pending += s, *this; }
  Text &hole(mlir::Value value, StringRef kind, StringRef spec = "");
  /// An int.
  Text &number(mlir::Value value) { return hole(value, "i64"); }
  ValueRange operands() const { return values; }
  mlir::ArrayAttr parts(mlir::Builder &b) const;
  mlir::ArrayAttr kinds(mlir::Builder &b) const { return b.getStrArrayAttr(names); }

private:
  std::string pending;
  std::vector<std::string> done; ///< text and spec alternating
  SmallVector<StringRef> names;
  Values values;
};

class FunctionGen;
struct CFunction;
struct CLeaf;

class ModuleGen {
public:
  ModuleGen(ast::Program &program, const SourceManager &sources, mlir::MLIRContext &context);
  mlir::OwningOpRef<mlir::ModuleOp> run(Entry entry);

  mlir::Location location(Span span);
  /// The source line of a place, for messages when the program runs.
  /// A new private function with a name like `name`.
  mlir::func::FuncOp declare(mlir::Location loc, const llvm::Twine &name, mlir::TypeRange args, mlir::TypeRange results);

  ast::Program &program;
  const SourceManager &sources;
  mlir::MLIRContext *context;
  ast::TypeContext &types;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  EnvArena arena;
  llvm::StringMap<FuncInstance> instances;   ///< those without functions as arguments, by key
  std::deque<std::function<void()>> pending; ///< bodies still to make
  llvm::DenseMap<const ast::Expr *, ArrayRef<ast::SizeCheck>> checks;

private:
  void checkEntry();
  void testEntry();
  void benchEntry();
  void mainEntry();
  void libraryEntry();
  llvm::StringMap<unsigned> names;
};

/// A scalar or array of numbers as an operand: its element type and sizes are those of its leaf.
struct Operand {
  mlir::Value value;
  ast::ScalarKind kind;
  Sizes dims;
};

/// A subscript with its places worked out: what reading and assigning share. First a box is taken (`offsets`,
/// `sizes`, `strides`, axes with a single index `dropped`); then, in what is left, the axes `gathered` are
/// replaced by the places `indices`.
struct Access {
  Values offsets, sizes; ///< for each axis of the array
  SmallVector<int64_t> strides, dropped;
  bool whole = true;             ///< the box is all of the array
  bool always = true;            ///< the box is inside from sizes alone
  Values indices;                ///< i64 arrays of one shape
  Sizes shape;                   ///< of the index arrays
  SmallVector<int64_t> gathered; ///< axes of the box
  Operand mask;                  ///< a[mask], which covers the leading axes: for assignments
  bool newAxes = false;
};

/// A definition that takes functions, while its body is made as a part of its caller.
struct Making {
  std::string key;
  ArrayRef<Value> args;
  FuncInstance instance;
  FunctionGen *gen;
  SmallVector<mlir::func::CallOp> recursions; ///< what is captured is passed on to them in the end
};

class FunctionGen {
public:
  FunctionGen(ModuleGen &m, mlir::func::FuncOp func, Env env, FunctionGen *parent = nullptr);

  //===- Names, types and sizes (FunctionGen.cpp)
  //-----------------------------------------------------------------===//
  /// Types with the packs and type parameters of the instance replaced.
  const ast::Type *typeOf(const ast::Type *type);
  const ast::Type *typeOf(const ast::Expr *e);
  ast::Dims dimsOf(ArrayRef<ast::Dim> dims);
  SmallVector<Leaf> leavesOf(const ast::Type *type) { return mlirgen::leavesOf(type, m.types); }
  SmallVector<mlir::Type> leafTypes(const ast::Type *type);
  /// A value of an enclosing function becomes an argument of this one, its sizes too.
  mlir::Value use(mlir::Value v);
  Value lookup(const ast::VarDecl *var);
  void assign(const ast::VarDecl *var, Value value);
  /// Names the ops that give the leaves of a value after the variable that it is bound to (`p.l1.w`), where they have no name yet.
  void name(const Value &value, StringRef variable);
  /// Binds the names of a pattern; an array of known length comes apart too.
  void bind(const ast::Pattern *pattern, const Value &value);
  bool known(const Size &size);
  bool known(const Sym *sym);
  /// A size as a value of type index.
  mlir::Value eval(const Size &size);
  Values eval(ArrayRef<Size> sizes);
  SmallVector<Hole, 1> holesOf(const ast::Type *type);
  /// Binds the symbol of `size`, if one is new and the others tell it, so that `size` is `index`: 2 * n + 1 is 7, so n is 3.
  void learn(const Size &size, mlir::Value index);
  void solve(const Size &size, const Sym *sym, mlir::Value index);
  /// Leaves that come from elsewhere (arguments, calls, loops): their sizes are stated.
  Value enter(const ast::Type *type, ValueRange leaves);
  /// `value`, whose type speaks in the names of `from`, as `type` in ours. What `type` leaves open is
  /// learned.
  Value adopt(Value value, const Env &from, const ast::Type *type);
  /// The sizes at the holes of a type, from a value in its place.
  Values fill(ArrayRef<Hole> holes, const Value &value);

  //===- Small ops
  //------------------------------------------------------------------------------------------------===//
  mlir::Value op(StringRef name, ValueRange operands, ArrayRef<mlir::NamedAttribute> attrs = {});
  mlir::Value index(int64_t i) { return mlir::arith::ConstantIndexOp::create(b, b.getLoc(), i); }
  mlir::Value integer(int64_t i) { return mlir::arith::ConstantIntOp::create(b, b.getLoc(), i, 64); }
  mlir::Value boolean(bool v) { return mlir::arith::ConstantIntOp::create(b, b.getLoc(), v, 1); }
  mlir::Value toIndex(mlir::Value i64);
  mlir::Value toInt(mlir::Value index);
  mlir::Value compare(StringRef pred, mlir::Value l, mlir::Value r, bool isUnsigned = false);
  template <typename Op> mlir::Value fold(mlir::Value l, mlir::Value r) { return b.createOrFold<Op>(l, r); }
  mlir::NamedAttribute attr(StringRef name, mlir::Attribute value) { return b.getNamedAttr(name, value); }
  mlir::NamedAttribute flag(StringRef name) { return attr(name, b.getUnitAttr()); }
  /// `unsigned` where the kind is.
  SmallVector<mlir::NamedAttribute, 2> signs(ast::ScalarKind kind);
  void check(mlir::Value ok, const Text &message, StringRef code);
  mlir::Value format(const Text &text);
  /// The comparisons of sizes that were left to the running program where `e` stands.
  void checkSizes(const ast::Expr *e);
  void checkSize(const ast::SizeCheck &c);
  void checkApplied(const ast::Callable *callable, ArrayRef<Value> args);
  /// Reports what cannot be compiled, `message` with its code in front; gives something of that type, so that generation can go on.
  Value refuse(const llvm::Twine &message, const ast::Type *type);

  //===- How many elements arrays have (GenCount.cpp)
  //------------------------------------------------------------------------------------------------------===//
  /// The arrays of a value exist: none has too many elements.
  void isThere(const Value &value);
  /// Checks the arrays of the value of `e`, unless they are no larger than one that is there or that `e` reads.
  void checkCount(ast::Expr *e, const Value &value);
  /// What a size is computed from fits 64 bits.
  void checkComputable(const Size &size);
  /// The product of sizes is no more than an array may have.
  void checkFactors(const Factors &array);
  /// An `int` that becomes a size: what it is computed from is no larger than an array may be.
  void checkNewSize(const Size &size);
  /// What is compared is what its arithmetic says: none of it wraps. `message` begins what is said else.
  void checkExact(const Size &size, StringRef message);
  /// Each term of a size is at most `most`; with `isSigned` those without a factor too.
  void checkTerms(const Size &size, int64_t most, bool isSigned, const Text &message, StringRef code);

  //===- Expressions (GenExpr.cpp)
  //--------------------------------------------------------------------------------===//
  Value gen(ast::Expr *e);
  Value make(ast::Expr *e); ///< gen without the checks around it
  /// The only leaf of a scalar or array expression.
  mlir::Value leaf(ast::Expr *e) { return gen(e).leaf(); }
  /// An integer expression as an index: sums and products of indices stay visible as such.
  mlir::Value indexOf(ast::Expr *e);
  mlir::Attribute constantOf(ast::Expr *e);
  mlir::Value number(ast::ScalarKind kind, const ast::NumberExpr *e, bool negated);
  mlir::Value constant(ast::ScalarKind kind, double value);
  Value record(const ast::Type *type, ArrayRef<Value> fields);
  Value nameExpr(ast::NameExpr *e);
  Value globalValue(const ast::ConstDecl *global, const ast::Type *type);
  Value selectExpr(ast::SelectExpr *e);
  Value arrayLit(ast::ArrayLitExpr *e);
  /// Collects the elements of a literal, row by row, where all of them are literals.
  bool allLiterals(ast::ArrayLitExpr *e, ast::ScalarKind kind, llvm::SmallVectorImpl<mlir::Attribute> &out);
  /// An `scf.if` whose branches give values of `type`; variables that they assign are carried out.
  Value branch(mlir::Value cond, const ast::Type *type, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise);

  //===- Arithmetic (GenArith.cpp)
  //--------------------------------------------------------------------------------===//
  Value binaryExpr(ast::BinaryExpr *e);
  /// `divides`: the right side of a division is never 0.
  Value binary(ast::BinaryOp op, const Value &l, const Value &r, const ast::Type *result, bool divides = false);
  mlir::Value elementwise(ast::BinaryOp op, Operand l, Operand r, ast::ScalarKind kind, const Sizes &dims, bool divides);
  Value matmul(const Value &l, const Value &r, const ast::Type *result);
  Value negated(const Value &x);
  Operand operand(const Value &v);
  /// `x` with element type `kind`, and repeated to `dims` unless it is a scalar.
  mlir::Value fit(Operand x, ast::ScalarKind kind, const Sizes &dims);
  /// `x` repeated to `to`: over missing leading axes, and over axes of size 1 that meet others.
  mlir::Value stretch(mlir::Value x, const Sizes &from, const Sizes &to);
  mlir::Value convert(mlir::Value x, ast::ScalarKind from, ast::ScalarKind to);
  Value castTo(const Value &x, const ast::Type *type);

  //===- Statements (GenStmt.cpp)
  //---------------------------------------------------------------------------------===//
  void stmt(ast::Stmt *s);
  Value block(ast::BlockExpr *e);
  void let(ast::LetStmt *s);
  void assignParts(ast::TupleExpr *targets, const Value &value);
  void assignment(ast::AssignStmt *s);
  void forLoop(ast::ForStmt *s);
  void whileLoop(ast::WhileStmt *s);
  Values carriedLeaves(ArrayRef<ast::VarDecl *> vars);
  void setCarried(ArrayRef<ast::VarDecl *> vars, ValueRange leaves);
  /// What a binder goes over: the indices first .. end - 1, or the rows of `array` (whose type is null else).
  struct Range {
    mlir::Value first, end;
    Value array;
  };
  Range rangeOf(const ast::Binder &binder);
  void bindStep(const ast::Binder &binder, const Range &range, mlir::Value step);

  //===- Calls (GenCall.cpp)
  //--------------------------------------------------------------------------------------===//
  Value call(ast::CallExpr *e);
  /// Calls a function value with arguments (one a parameter, fewer where defaults follow); `type` is that of
  /// the result here.
  Value call(const Closure &f, ArrayRef<Value> args, const ast::Type *type);
  Closure closureOf(const ast::Callable *callable);
  Value callDef(const ast::Instance &instance, SmallVector<Value> args, const ast::Type *type);
  /// What a call passes to an instance, and what tells the instance from others.
  struct Passing {
    std::string key;
    Values operands;               ///< sizes, then leaves
    SmallVector<const Sym *> syms; ///< in the names of the instance: what the sizes are
    Env own;                       ///< its packs and type parameters
    bool takesFunctions;
  };
  Passing passing(const ast::Instance &instance, ArrayRef<Value> args);
  /// The function of an instance, without its body. `own` says what its packs and type parameters are, `syms`
  /// are its first arguments.
  FuncInstance declare(const ast::DefDecl *def, const Env &own, ArrayRef<const Sym *> syms, ArrayRef<Value> args, StringRef name);
  /// A type of a definition's signature, for an instance, in our names.
  const ast::Type *viewed(const ast::Type *type, const ast::Instance &instance);
  /// A function value and the environment of its names; `source` is what was written for it.
  Closure closureOf(const ast::Callable *callable, ast::Expr *source);
  /// Binds the functions that calls in `source`, a function value, return.
  void bindReturned(ast::Expr *source);
  /// The generic parameters of a definition as the caller knows them: defaults of parameters are evaluated
  /// here.
  Env viewOf(const ast::Instance &instance);
  /// The default of the parameter behind `args`. It is written in the definition's names and may name the parameters to its left.
  Value defaultOf(const ast::Instance &instance, ArrayRef<Value> args);
  Value defaultOf(ast::Expr *field, const ast::StructType *record);
  void completeArgs(const ast::Callable *callable, SmallVector<Value> &args);
  /// The instance that is called; its body is still to be made where the definition takes functions.
  FuncInstance instanceOf(const ast::DefDecl *def, const Passing &passed, ArrayRef<Value> args);
  /// Binds the sizes and parameters of an instance to its arguments; gives those that are left.
  ValueRange bindArguments(const FuncInstance &instance, const ast::DefDecl *def, ArrayRef<Value> statics, ValueRange arguments);
  /// Makes the body of an instance.
  void body(const FuncInstance &instance, const ast::DefDecl *def, ArrayRef<Value> statics);
  /// Returns a value, and the sizes at `holes`.
  void giveBack(ArrayRef<Hole> holes, const Value &value);

  //===- Transformations (GenTransform.cpp)
  //-----------------------------------------------------------------------===//
  Value transform(const ast::Callable *callable, ArrayRef<Value> args, const ast::Type *type);
  Value gradient(const Closure &f, ArrayRef<Value> args, const ast::Type *type, bool withValue);
  /// [value.., point..], by as many derivatives along elements of the point, or of the value, as there are: whichever are fewer.
  Value jacobian(const Closure &f, ArrayRef<Value> args, const ast::Type *type);
  mlir::Value unit(const ast::Type *type, const Values &sizes, ValueRange at);
  Value vmap(const ast::Callable *callable, ArrayRef<Value> args, const ast::Type *type);
  /// `f` on each leaf of the arguments.
  Value treeMap(const Closure &f, ArrayRef<Value> args, const ast::Type *type);
  /// A function value as a function of the module: its operands are the leaves of `args`, then the captured
  /// values.
  struct Outlined {
    mlir::func::FuncOp func;
    Values operands;
  };
  Outlined outline(const Closure &f, ArrayRef<Value> args, const ast::Type *result);
  /// The cotangents of the first `points` operands, behind the results if these are asked for.
  Values vjp(Outlined f, size_t points, ValueRange seeds, bool withValue);
  /// The results, then their tangents.
  Values jvp(Outlined f, ValueRange tangents);
  /// tl.map over `extents`, with a value of `type` in all: the body is given the indices.
  Value map(const Values &extents, const ast::Type *type, llvm::function_ref<Value(ValueRange)> body);

  //===- Derivatives by hand (GenRule.cpp)
  //-------------------------------------------------------------------------===//
  /// Makes the functions that stand for the derivatives of an instance.
  void addRules(const FuncInstance &made, const ast::DefDecl *def);
  void ruleBody(const FuncInstance &instance, const ast::DefDecl *def, const ast::Rule &rule);
  /// Compares a rule with the definition, along random directions at random arguments.
  void ruleTest(const ast::DefDecl *def, const ast::Rule &rule);
  mlir::Value arrayOf(mlir::Type type, ArrayRef<int64_t> sizes, llvm::function_ref<double()> next);
  Value drawn(const ast::Type *type, llvm::function_ref<double()> next);
  mlir::Value inner(ValueRange xs, ValueRange ys, bool absolute);
  mlir::Value sizedLike(mlir::Value x, mlir::Value like) {
    return isTensor(x) ? SizedOp::create(b, x, tl::sizesOf(b, like)).getResult() : x;
  }

  //===- Intrinsics (GenIntrinsic.cpp, GenRandom.cpp, GenFiles.cpp)
  //-----------------------------------------------===//
  Value intrinsic(const ast::Callable *callable, ArrayRef<Value> args, const ast::Type *type);
  /// A reduction named `what` over `axes` has elements to choose from.
  void checkNotEmpty(const Value &x, ArrayRef<int64_t> axes, StringRef what);
  /// An index that becomes the size of an array: checked to be at least 0, unless `size`, what the checker
  /// knows of it, is.
  mlir::Value sizeFrom(mlir::Value index, const Size &size);
  Value load(mlir::Value path, const ast::Type *type);
  void save(mlir::Value path, const Value &value);
  /// Binds a parameter of `main` to its flag's value, or to its default; describes it in `flags`.
  void bindFlag(const ast::VarDecl *param, llvm::SmallVectorImpl<mlir::Attribute> &flags);

  //===- Exported definitions (GenExport.cpp)
  //-----------------------------------------------------------------------------------------------------------===//
  /// The body of the function that a C function runs.
  void exported(const CFunction &function);
  mlir::Value argument(const Leaf &leaf, ValueRange sizes, StringRef name, const CLeaf &at);
  Value argument(const ast::VarDecl *param, const ast::Type *type, ArrayRef<Leaf> leaves, ArrayRef<CLeaf> places);

  //===- Subscripts (GenAccess.cpp)
  //-------------------------------------------------------------------------------===//
  Value subscript(ast::SubscriptExpr *e);
  /// Works out the places and checks those that are not proved; sizes that `result` leaves open are learned.
  Access resolve(const Value &base, ArrayRef<ast::Index> indices, const ast::Type *result);
  void single(Access &access, const ast::Index &i, mlir::Value size, unsigned axis);
  /// `part` is the size of the slice, if it is known before.
  void slice(Access &access, const ast::Index &i, mlir::Value size, unsigned axis, const Size &part);
  mlir::Value position(ast::Expr *e, mlir::Value size);
  Value read(const Access &access, const Value &base, const ast::Type *type);
  Value update(const Access &access, const Value &base, const Value &value, const ast::Type *slot);
  mlir::Value ownersOf(const Access &access, const Values &extents);
  mlir::Value scattered(const Access &access, mlir::Value x, mlir::Value owners, const Values &extents, mlir::Value source);
  mlir::Value transposed(mlir::Value x, ArrayRef<int64_t> perm);
  Value fallback(ast::FallbackExpr *e);
  /// The element of an array at `i` along `axis`.
  Value row(const Value &array, mlir::Value i, size_t axis = 0);
  /// The places where `mask` is true, in row-major order: an i64 array for each of its axes, `count` long.
  Values placesOf(const Operand &mask, mlir::Value count);
  /// Stores in a name, field, subscript or tuple of these. `value` is given the type stored and, to ask for
  /// it, what stood there.
  using NewValue = llvm::function_ref<Value(const ast::Type *, llvm::function_ref<Value()>)>;
  void assignTo(ast::Expr *target, NewValue value);

  //===- Index notation (GenNotation.cpp)
  //-------------------------------------------------------------------------===//
  Value notation(ast::ForExpr *e);
  /// In the body, an index is known to lie in its range.
  void know(const ast::Binder &binder);

  //===- Text (GenText.cpp)
  //---------------------------------------------------------------------------------------===//
  Value string(ast::StringExpr *e);
  Text textOf(ast::StringExpr *e);
  void print(ArrayRef<Value> values);
  void describe(Text &text, const Value &value, StringRef spec);
  void assertion(ast::AssertStmt *s);

  ModuleGen &m;
  mlir::ImplicitLocOpBuilder b;
  Env env;
  mlir::func::FuncOp func;
  Values captured; ///< of the enclosing function, in the order of the arguments

private:
  friend class At;
  struct FlagSpec {
    std::string name; ///< "cfg.lr"
    StringRef doc;
    ast::Expr *init;                     ///< the default, if one is written
    const Value *fallback;               ///< the default, if it is part of another
    const ast::StructType *of = nullptr; ///< the record in whose names `init` is written
  };
  Value flagValue(const FlagSpec &spec, const ast::Type *type, llvm::SmallVectorImpl<mlir::Attribute> &flags);
  FunctionGen *parent;
  std::vector<Env> callers;           ///< of the closures that are being inlined: their sizes may be named in the types of arguments
  Span span;                          ///< of the expression or statement being generated
  Facts facts;                        ///< what holds here of indices and of sizes that were checked
  const ast::Type *literal = nullptr; ///< what a literal without a type of its own is
  llvm::DenseMap<mlir::Value, mlir::Value> imported; ///< values of the enclosing function, as ours
  llvm::DenseMap<mlir::Value, mlir::Value> indices;  ///< ints as indices
  mlir::Operation *prologue = nullptr;               ///< the last op of the function's head
  SmallVector<const ast::VarDecl *> assigned;        ///< a log: what a branch added to it, it assigned
};

/// While it lives, ops are located at `span`.
class At {
public:
  At(FunctionGen &f, Span span) : f(f), loc(f.b.getLoc()), before(f.span) {
    if (!span.valid())
      return;
    f.span = span;
    f.b.setLoc(f.m.location(span));
  }
  ~At() {
    f.span = before;
    f.b.setLoc(loc);
  }

private:
  FunctionGen &f;
  mlir::Location loc;
  Span before;
};
} // namespace tl::mlirgen
