// A value of the language as the IR sees it: its leaves. Records, tuples and arrays of records become the
// scalars and arrays they are made of, in field order, depth first; nothing else of them is left in the IR.
#pragma once
#include "ast/Ast.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace tl::mlirgen {
struct Closure;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using Sizes = SmallVector<Size, 3>;

/// What one element of a leaf is.
enum class LeafKind : uint8_t {
  Number, ///< `scalar` says which
  Key,    ///< i64, the seed that makes the key
  Str,    ///< i64, a handle
  Index,  ///< an entry of a `shape`
};

/// A leaf of a type: a builtin scalar where `dims` is empty, else an array with these sizes.
struct Leaf {
  LeafKind kind;
  ast::ScalarKind scalar = ast::ScalarKind::I64;
  Sizes dims;
  std::string path; ///< "l1.w"; empty where the value is its own only leaf
};

/// A value and its type, in the names of the environment that it is used in.
struct Value {
  const ast::Type *type = nullptr;
  SmallVector<mlir::Value, 1> leaves;
  const Closure *closure = nullptr; ///< functions
  mlir::Attribute constant = {};    ///< `const` parameters: IntegerAttr, BoolAttr, ArrayAttr, StringAttr; UnitAttr is None
  /// The only leaf.
  mlir::Value leaf() const {
    assert(leaves.size() == 1 && "not a single leaf");
    return leaves.front();
  }
};

/// The leaves of a type without packs or type parameters.
SmallVector<Leaf> leavesOf(const ast::Type *type, ast::TypeContext &ctx);
/// The sizes of dims without packs.
Sizes sizesOf(ArrayRef<ast::Dim> dims);
/// f32, tensor<?x?xf32>, ...
mlir::Type mlirType(const Leaf &leaf, mlir::MLIRContext *context);
mlir::Type mlirType(ast::ScalarKind kind, mlir::MLIRContext *context);
/// `element`, or a tensor of it where rank > 0.
mlir::Type ranked(mlir::Type element, size_t rank);
/// True for records, tuples and arrays of records: what arithmetic takes leaf by leaf.
bool isAggregate(const ast::Type *type);
/// The scalar kind of a number or an array of numbers.
ast::ScalarKind scalarOf(const ast::Type *type);
/// How many components a record or tuple has, their types, and where their leaves begin and end.
unsigned fieldCount(const ast::Type *type);
const ast::Type *fieldOf(const ast::Type *type, unsigned field, ast::TypeContext &ctx);
std::pair<size_t, size_t> fieldRange(const ast::Type *type, unsigned field, ast::TypeContext &ctx);
/// One component of a record or tuple.
Value fieldOf(const Value &value, unsigned field, ast::TypeContext &ctx);

/// `type` with every size replaced by a new symbol; the new ones go to `syms` in order, what they stand for
/// to `sizes`.
const ast::Type *generalized(const ast::Type *type, ast::TypeContext &ctx, llvm::SmallVectorImpl<const Sym *> &syms,
                             llvm::SmallVectorImpl<Size> &sizes);
/// Element types, ranks and names, but no sizes: what tells instances apart. "f32_2", "Mlp".
void writeKey(llvm::raw_ostream &os, const ast::Type *type);
} // namespace tl::mlirgen
