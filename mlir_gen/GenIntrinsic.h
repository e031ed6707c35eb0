// What an intrinsic is given, and the intrinsics that have a file of their own.
#pragma once
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
struct IntrinsicCall {
  const ast::DefDecl *def;
  StringRef op; ///< "tl.exp"
  ArrayRef<Value> args;
  ArrayRef<const ast::Type *> types; ///< type arguments
  const ast::Type *type;             ///< of the result
};

/// The axes that a constant names, counted from the front; all of them for None.
SmallVector<int64_t> axesOf(const Value &axes, size_t rank);

/// Elements moved along axes.
namespace movement {
Value concat(FunctionGen &f, const IntrinsicCall &c);
Value conv2d(FunctionGen &f, const IntrinsicCall &c);
Value pad(FunctionGen &f, const IntrinsicCall &c);
Value repeat(FunctionGen &f, const IntrinsicCall &c);
Value roll(FunctionGen &f, const IntrinsicCall &c);
Value stack(FunctionGen &f, const IntrinsicCall &c);
Value tile(FunctionGen &f, const IntrinsicCall &c);
} // namespace movement

/// Random numbers: Threefry of a key and a counter.
namespace random {
Value seed(FunctionGen &f, const IntrinsicCall &c);
Value split(FunctionGen &f, const IntrinsicCall &c);
Value splitMany(FunctionGen &f, const IntrinsicCall &c);
Value foldIn(FunctionGen &f, const IntrinsicCall &c);
Value clone(FunctionGen &f, const IntrinsicCall &c);
Value bits(FunctionGen &f, const IntrinsicCall &c);
Value uniform(FunctionGen &f, const IntrinsicCall &c);
Value normalLike(FunctionGen &f, const IntrinsicCall &c);
} // namespace random
} // namespace tl::mlirgen
