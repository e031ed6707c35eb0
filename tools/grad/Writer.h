// tl DIALECT -> SOURCE TEXT: the body of a function as statements of the language. Its members stand in Writer.cpp (names, sizes, what
// gets a line of its own), WriteElementwise, WriteArrays, WriteAccess, WriteControl and WriteRandom.
//
// Note [Folding]. Every op becomes an expression. One that is used once, later in the same block, is written into what uses it; one that
// the program has a name for, or that is used more often, gets a `let`. Where a `var` changes, expressions that read it and still wait
// get a `let` first: `flush`.
#pragma once
#include "ast/base/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir_gen/dialect/Dialect.h"
#include "tools/grad/Text.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <optional>

namespace tl::grad {
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::SmallVectorImpl;
using llvm::StringRef;
using mlir::Operation;
using mlir::Value;
using mlir::ValueRange;

class Writer;

/// Whether a check is written: an `assert` of the program, or one of a file's sizes. The others the written program is given again.
bool isWritten(CheckOp check);
/// Puts draws (Note [Draws]) for what they became in `function`.
void findDraws(mlir::func::FuncOp function);
bool isDraw(mlir::func::CallOp call);
/// The integers in these functions that are random keys in the program.
llvm::DenseSet<Value> keysAmong(ArrayRef<mlir::func::FuncOp> functions);

/// Of several results: the number of one that is the size of another, of which axis. See Note [Sizes of results].
struct Measure {
  size_t size, array, axis;
};
SmallVector<Measure> measuresOf(mlir::scf::IfOp op);
SmallVector<Measure> measuresOf(mlir::func::FuncOp function);
/// Whether result `i` is a size of another.
bool isSize(ArrayRef<Measure> measures, size_t i);

/// A function that stays one: its name in the text, and which of its arguments stand there. The others are sizes that arrays have.
struct Definition {
  std::string name;
  SmallVector<bool> isPassed;
  SmallVector<Measure> measures; ///< of the results
};

/// What is defined beside the derivative.
class Functions {
public:
  /// `taken`: names that are something else.
  explicit Functions(llvm::StringSet<> taken) : taken(std::move(taken)) {}
  /// Takes in what `function` calls.
  void add(mlir::func::FuncOp function);
  const Definition &of(mlir::func::FuncOp callee) const { return known.find(callee)->second; }
  ArrayRef<std::pair<mlir::func::FuncOp, Definition>> all() const { return known.getArrayRef(); }
  bool isKey(Value v) const { return keys.contains(v); }
  void setKeys(llvm::DenseSet<Value> all) { keys = std::move(all); }
  /// Keeps all names from the variables of `writer`.
  void reserve(Writer &writer) const;
  /// The definitions.
  std::vector<std::string> write();

  bool failed = false; ///< something has no spelling; it was reported

private:
  std::string nameOf(StringRef symbol);
  llvm::MapVector<mlir::func::FuncOp, Definition> known;
  llvm::StringSet<> taken;
  llvm::DenseSet<Value> keys;
};

class Writer {
public:
  Writer(mlir::MLIRContext *context, const Functions &functions) : b(context), functions(functions) {}

  /// A name that nothing has yet: `name` itself where that is free, else with a number.
  std::string fresh(StringRef name);
  void reserve(StringRef name) { used.insert(name); }
  /// Says what stands for an argument of the function.
  void bind(Value argument, std::string text);
  /// The same for integers without a sign.
  void bindUnsigned(Value argument, const std::string &text);
  /// The same for a size, which is at least 0.
  void bindSize(Value argument, const std::string &name);
  /// Keeps the names that the program gives to values in `function` from what has none.
  void keepNames(mlir::func::FuncOp function);
  /// Writes the ops of a block.
  void block(mlir::Block &block);
  void line(const llvm::Twine &text) { out += wrapped(text.str(), indent); }
  /// The text for a value with all of its axes, once all that it needs is written.
  std::string whole(Value v) { return ofWhole(v).text; }
  /// The same as a name.
  std::string named(Value v, StringRef hint);
  /// A function of its own.
  std::string definition(mlir::func::FuncOp function, const Definition &known);

  std::string out; ///< the lines so far
  unsigned indent = 2;
  bool failed = false; ///< something has no spelling; it was reported

private:
  friend struct Scope;
  //===- Writer.cpp
  void write(Operation *op);
  /// Reports that `op` cannot be written; `what` is what the program does there.
  void refuse(Operation *op, const llvm::Twine &what);
  ExprRef get(Value v);
  Expr ofWhole(Value v);
  /// `v` is the expression: written later where it is used, or now with a name.
  void define(Value v, Expr e);
  void let(Value v, Expr &e, StringRef hint);
  /// A new name for a value that has none in the program.
  std::string unnamed(Value v, StringRef hint = "t");
  /// `v` is known by the name of a variable.
  void name(Value v, StringRef name, bool isVar);
  void alias(Value v, Value same) { values[v] = get(same); }
  void flush(StringRef var);
  /// What the program calls a value; "" if nothing.
  std::string nameOf(Value v);
  /// Uses of the value, also under another type or with its sizes stated.
  SmallVector<mlir::OpOperand *> usesOf(Value v);
  bool isUsedAfter(Value v, Operation *op);
  /// Whether the size is evidently at least 0.
  bool isCount(const Size &size);
  /// An index as a polynomial of names.
  Size size(Value index);
  Size symbol(Value v);
  SmallVector<Size> sizesOf(Value v);
  Expr number(mlir::Attribute value, mlir::Type type);
  Expr sizeExpr(const Size &size);
  /// A position in an array; no written minus in front, which would count from the end.
  std::string position(const Size &size);
  std::string dims(Value v);
  /// "f64[n, m]"
  std::string typeText(Value v);
  std::string sizeText(Value index) { return size(index).str(); }
  static std::string element(mlir::Type type);

  //===- WriteFunctions.cpp
  bool function(Operation *op);
  void bindResults(Operation *op, const std::string &text, ArrayRef<Measure> measures);

  //===- WriteSizes.cpp
  /// Names the results: "let y: f64[k] = ".
  std::string letResults(Operation *op, ArrayRef<Measure> measures);
  /// Says that two sizes are equal where the checker cannot know it; false if it can.
  bool equate(const Size &l, const Size &r);
  void equateOperands(Operation *op);
  /// What a side of a branch gives for `result`, of the sizes of that: what the side says of sizes holds in there alone.
  Expr asResult(Value yielded, mlir::OpResult result);

  //===- WriteRandom.cpp
  bool random(Operation *op);
  void splitInTwo(SplitOp op);
  void draw(mlir::func::CallOp call);
  std::string elementText(Value v, ArrayRef<std::string> at, Expr &whole);
  /// `text` for the key `keys`, or for each of them, which is that `at`.
  Expr eachKey(Value keys, llvm::function_ref<std::string(ArrayRef<std::string> at, Expr &whole)> text);
  std::string someKeys(Value keys);

  //===- WriteElementwise.cpp
  bool asUnsigned(Operation *op);
  static Expr withSign(Value v, Expr e);
  bool elementwise(Operation *op);
  bool binary(Operation *op, StringRef symbol, Binding binding);
  Expr joined(Operation *op, ArrayRef<Expr> parts, std::string text, Binding binding);
  Expr call(Operation *op, StringRef function, StringRef more = "");
  bool compare(CompareOp op);
  bool cast(CastOp op);
  bool arithmetic(Operation *op);

  //===- WriteArrays.cpp
  bool array(Operation *op);
  void broadcast(BroadcastOp op);
  void contract(ContractOp op);
  void reduction(Operation *op, StringRef function);
  void convolution(Conv2dOp op);
  void along(Operation *op, StringRef function, bool isReversed);
  void recurrence(RecurOp op);

  //===- WriteAccess.cpp
  std::string subscripts(Value x, ValueRange offsets, ValueRange sizes, ArrayRef<int64_t> strides, ArrayRef<int64_t> dropped,
                         SmallVectorImpl<int64_t> &flipped);
  void slice(SliceOp op);
  void update(UpdateOp op);
  void gather(GatherOp op);
  void scatter(ScatterAddOp op);
  /// A `var` that holds `x`, and is `x` with changes from here on.
  std::string changed(Operation *op, Value x, Value result);

  //===- WriteControl.cpp
  bool control(Operation *op);
  void forLoop(mlir::scf::ForOp op);
  void whileLoop(mlir::scf::WhileOp op);
  void branch(mlir::scf::IfOp op);
  void check(CheckOp op);
  void load(LoadOp op);
  void save(SaveOp op);
  std::string side(mlir::Region &region, ArrayRef<Measure> measures, bool &isLine);
  /// The variables that a loop carries, declared before it.
  SmallVector<std::string> carry(Operation *op, ValueRange inits, ArrayRef<mlir::BlockArgument> arguments, ValueRange results);
  void asSize(Value v, StringRef hint);
  void leave(Operation *loop, ArrayRef<std::string> carried);
  void assign(ArrayRef<std::string> vars, ValueRange next);
  std::string quoted(mlir::ArrayAttr parts, ValueRange values);

  mlir::OpBuilder b;
  const Functions &functions;
  llvm::DenseMap<Value, ExprRef> values;
  std::vector<ExprRef> waiting;
  llvm::StringMap<mlir::Block *> vars; ///< and the block in which each may change
  llvm::StringSet<> used, kept, sizeNames;
  llvm::StringSet<> openSizes, equated; ///< sizes that only the data knows; what was said of them
  SizeContext sizes;
  llvm::StringMap<const Sym *> symbols;
};
} // namespace tl::grad
