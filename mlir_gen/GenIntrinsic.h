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

/// Random numbers: Threefry of a key and a counter.
namespace random {
Value key(FunctionGen &f, const IntrinsicCall &c);
Value split(FunctionGen &f, const IntrinsicCall &c);
Value splitMany(FunctionGen &f, const IntrinsicCall &c);
Value foldIn(FunctionGen &f, const IntrinsicCall &c);
Value bits(FunctionGen &f, const IntrinsicCall &c);
Value uniform(FunctionGen &f, const IntrinsicCall &c);
} // namespace random
} // namespace tl::mlirgen
