// The state of Place: buffers, the values that live in them, and the scopes that own them.
//
// Note [Tokens]. A buffer is a token: at any time one SSA value of memref type names it. A loop takes tokens in as iteration
// arguments and gives as many of each shape back as results, in any order; so a carried array whose new value was not computed in
// place changes places with a spare one, and nothing is copied. A branch of an `if` uses the tokens around it; where the two
// branches leave other names, the `if` gives the names as results. A token is free when none of the values in it may be read
// again; a free token of the right shape is taken before a new one is made. What a loop asks for in every iteration is made
// outside, if the sizes are known there (of tiles, of which the last is shorter: the most), and handed in; what a branch asks for
// is made in the branch, which may never run.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Chunks.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace tl::place {
using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// Element type and sizes. Two tokens of equal shape are interchangeable.
struct Shape {
  mlir::Type element;
  Sizes sizes;
  bool operator==(const Shape &other) const { return element == other.element && sizes == other.sizes; }
};

struct Scope;

/// A buffer. See Note [Tokens].
struct Token {
  mlir::Value memref; ///< its name now: contiguous, of dynamic sizes
  mlir::Value born;   ///< its first name in its scope
  Shape shape;
  Scope *owner;
  llvm::SmallVector<mlir::Value> occupants; ///< tensors that live in it, some perhaps dead
  bool taken = false;                       ///< by the op being translated
  bool lent = false;                        ///< to the loop being translated
  bool isPart = false;                      ///< of another token, which frees it
};

/// Where a tensor lives.
struct Buffer {
  mlir::Value memref;     ///< null for `tensor.empty`: sizes without contents
  Token *token = nullptr; ///< null if it must never be written: arguments and constants
  bool whole = false;     ///< all of the token, not a view of a part
  Sizes sizes;
};

/// A block under construction and the tokens it owns.
struct Scope {
  enum Kind { Function, Loop, Branch } kind;
  Scope *parent;
  mlir::Operation *op;  ///< of the old function: what this is the body of
  mlir::Region *region; ///< of the new function
  mlir::OpBuilder b;
  std::vector<Token *> tokens;
  std::function<Token *(Token *)> admit; ///< of a loop: makes a token of the parent known inside, as a spare

  /// A loop that must not work in what its iterations would share.
  bool isIndependent() const { return op->hasAttr(independentName); }
};

/// A builder at the end of a block that stands in no op yet.
inline mlir::OpBuilder atEnd(mlir::MLIRContext *context, mlir::Block *block) {
  mlir::OpBuilder b(context);
  b.setInsertionPointToEnd(block);
  return b;
}

/// A token that a loop takes in: carried ones first, then spares.
struct Entry {
  mlir::Value init;
  Token *outer; ///< null if the sizes vary: then the loop owns a buffer of each iteration
  Token *inner;
};

/// What a branch did to the tokens around it.
struct TokenState {
  mlir::Value memref;
  llvm::SmallVector<mlir::Value> occupants;
};
using Snapshot = llvm::DenseMap<Token *, TokenState>;

/// Translates one function on tensors into one on memrefs. `naive`: every value gets a buffer of its own, whatever it costs.
class Placer {
public:
  Placer(mlir::ModuleOp module, bool naive) : module(module), context(module.getContext()), naive(naive) {}
  /// Replaces the body and type of `function`.
  void run(mlir::func::FuncOp function);

private:
  // PlaceTokens.cpp: tokens and scopes.
  Token *newToken(Scope &owner, mlir::Value memref, Shape shape);
  /// A new buffer in this scope.
  Token *allocate(Scope &s, mlir::Location loc, const Shape &shape);
  /// A new token in a loop whose iterations differ in size: the first part of one from outside that has room for each of them. Null if
  /// no such size is known there.
  Token *allocatePart(Scope &s, mlir::Operation *at, const Shape &shape);
  /// A token of this shape whose contents nobody needs after `at`.
  Token *acquire(Scope &s, mlir::Operation *at, const Shape &shape);
  bool isFree(Token *token, mlir::Operation *at);
  /// Whether `s` may take the token: it or a branch's surroundings own it.
  bool reaches(Scope &s, Token *token);
  llvm::SmallVector<Token *> reachable(Scope &s);
  bool visible(mlir::OpFoldResult size, Scope &s);
  bool visible(const Sizes &sizes, Scope &s);
  /// Whether `at` may overwrite `value`'s token, reading it only through operands that satisfy `harmless`.
  bool overwritable(Scope &s, mlir::Value value, mlir::Operation *at, llvm::function_ref<bool(mlir::OpOperand &)> harmless);
  /// A token of its own with the contents of `value`.
  Token *copyOf(Scope &s, mlir::Operation *at, mlir::Value value);
  Token *take(Token *token);
  void copy(Scope &s, mlir::Location loc, mlir::Value from, mlir::Value to);
  void release(Scope &s, llvm::ArrayRef<Token *> kept);
  Snapshot save(Scope &s);
  void restore(Scope &s, const Snapshot &snapshot);
  void unlock();
  Sizes dimsOf(Scope &s, mlir::Location loc, mlir::Value memref);
  mlir::MemRefType bufferType(mlir::Type tensor);
  mlir::Type storage(mlir::Type element);

  // PlaceOps.cpp: ops without regions of control flow.
  void translate(Scope &s, mlir::Operation *op);
  void translateGeneric(Scope &s, mlir::linalg::GenericOp op);
  void translateExtract(Scope &s, mlir::tensor::ExtractOp op);
  void translateInsert(Scope &s, mlir::tensor::InsertOp op);
  void translateInsertSlice(Scope &s, mlir::tensor::InsertSliceOp op);
  void translateExtractSlice(Scope &s, mlir::tensor::ExtractSliceOp op);
  void translateReshape(Scope &s, mlir::Operation *op);
  void translateSelect(Scope &s, mlir::arith::SelectOp op);
  void translateSized(Scope &s, mlir::Operation *op);
  void translateConstant(Scope &s, mlir::arith::ConstantOp op);
  void translateFromElements(Scope &s, mlir::tensor::FromElementsOp op);
  void translateArgSort(Scope &s, mlir::Operation *op);
  void translateOther(Scope &s, mlir::Operation *op);
  /// The buffer that the op writes its result in: that of `dest` if nobody needs its contents, else a copy.
  Buffer destination(Scope &s, mlir::Operation *op, mlir::OpOperand &dest);
  /// The token of an operand of an elementwise op that its result may take over; null if there is none.
  Token *inPlace(Scope &s, mlir::linalg::GenericOp op, unsigned result);
  /// The part of an array that the next op would copy the result to, if it may be written right away; else no memory.
  Buffer atHome(Scope &s, mlir::linalg::GenericOp op, unsigned result);
  void cloneBody(Scope &s, mlir::linalg::GenericOp from, mlir::linalg::GenericOp to);
  mlir::Value load(mlir::OpBuilder &b, mlir::tensor::ExtractOp op);
  /// `value`'s buffer, or a copy of it where that is strided.
  mlir::Value contiguous(Scope &s, mlir::Operation *at, mlir::Value value);

  // PlaceControl.cpp and PlaceIf.cpp: functions, loops, branches.
  void translateBlock(Scope &s, mlir::Block &block);
  void translateFor(Scope &s, mlir::scf::ForOp op);
  void translateWhile(Scope &s, mlir::scf::WhileOp op);
  void translateIf(Scope &s, mlir::scf::IfOp op);
  void translateReturn(Scope &s, mlir::Operation *op);
  void translateCall(Scope &s, mlir::Operation *op);
  /// Makes a carried tensor known in the body of a loop.
  Entry enter(Scope &inner, mlir::Block *body, mlir::Value init, mlir::Value argument, bool fixed);
  Entry enterSpare(Scope &inner, mlir::Block *body, Token *outer);
  Token *ownInit(Scope &s, mlir::Operation *loop, mlir::Value init);
  /// The token that leaves `s` with `value`: its own, or else a copy. `shape` null: of any shape.
  Token *pick(Scope &s, mlir::Operation *yield, mlir::Value value, const Shape *shape, llvm::ArrayRef<Token *> used);
  /// A token that goes back for a spare.
  Token *pickSpare(Scope &s, const Entry &entry, llvm::ArrayRef<Token *> used);
  llvm::SmallVector<Token *> leaveLoop(Scope &s, mlir::Operation *yield, llvm::ArrayRef<mlir::Value> tensors, std::vector<Entry> &entries);
  struct Side;
  void pickResults(Scope &s, Side &side, mlir::scf::IfOp op, llvm::ArrayRef<std::optional<Shape>> shapes);
  void agree(Side &yes, Side &no, llvm::ArrayRef<std::optional<Shape>> shapes);

  mlir::Value scalar(mlir::Value v) { return values.lookupOrDefault(v); }
  Sizes mapped(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Says that `tensor` lives in all of `token`.
  void put(mlir::Value tensor, Token *token);
  void put(mlir::Value tensor, Buffer buffer);

  mlir::ModuleOp module;
  mlir::MLIRContext *context;
  bool naive;
  mlir::IRMapping values;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  llvm::DenseMap<mlir::Operation *, Buffer> home; ///< insertions of what already stands where it belongs: the whole array
  std::vector<std::unique_ptr<Token>> tokens;
  llvm::SmallVector<Token *> locked;
};

/// Whether a tensor carried by a loop has the sizes of its first value in every iteration, as far as that is evident.
bool keepsSizes(mlir::BlockArgument carried);
/// Is the content of an output needed? A reduction of nothing is what it starts from, also where its body does not read that.
bool needsContent(mlir::linalg::GenericOp op, mlir::OpOperand *init);
/// The sizes that a `tl.sized` on the value states; none if there is no such op.
std::optional<Sizes> statedSizes(mlir::Value tensor);
} // namespace tl::place
