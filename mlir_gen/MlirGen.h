// CHECKED AST -> tl DIALECT. The program is valid: this stage asserts and never reports.
#pragma once
#include "ast/Ast.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tl::mlirgen {
/// What the module is made for.
enum class Entry {
  Main,    ///< `def main`: becomes @tl_entry, reads its parameters from the command line (module attribute
           ///< `tl.flags`)
  Tests,   ///< one @tl_test_N per `test` block, titles in the module attribute `tl.titles`
  Benches, ///< the same for `bench` blocks, @tl_bench_N; what a block gives is computed, though nobody needs it
  Library, ///< one @tl_export_N per exported definition, as mlir_gen/Exports.h describes it
  Check,   ///< every non-generic definition, to look at with --emit
};
mlir::OwningOpRef<mlir::ModuleOp> generate(ast::Program &program, const SourceManager &sources, mlir::MLIRContext &context, Entry entry);
} // namespace tl::mlirgen
