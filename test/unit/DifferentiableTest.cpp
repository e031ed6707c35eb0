// Each op of the dialect has a derivative, becomes ops that have one, or takes or gives no floats that could carry one.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir_gen/dialect/Dialect.h"
#include <gtest/gtest.h>

namespace {
const std::map<std::string, const char *> without = {
    {"tl.reduce_any", "gives bools"},       {"tl.reduce_all", "gives bools"},         {"tl.argmax", "gives places"},
    {"tl.argmin", "gives places"},          {"tl.argsort", "gives places"},           {"tl.iota", "gives integers"},
    {"tl.size", "gives a size"},            {"tl.empty", "takes sizes"},
    {"tl.string", "gives a text"},          {"tl.format", "gives a text"},            {"tl.print", "gives nothing"},
    {"tl.check", "gives nothing"},          {"tl.trap", "gives nothing"},             {"tl.step", "gives nothing"},
    {"tl.load", "takes a text"},            {"tl.save", "gives nothing"},             {"tl.flag", "takes nothing"},
    {"tl.flag_given", "takes nothing"},     {"tl.map", "is lifted before"},           {"tl.yield", "ends a map"},
    {"tl.argument", "takes nothing"},       {"tl.give", "gives nothing"},             {"tl.observe", "gives nothing"},
    {"tl.vjp", "is made before, or E0504"},
    {"tl.jvp", "is made before, or E0504"},
};
} // namespace

TEST(Differentiable, EveryOpIsOrSaysWhyNot) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.getOrLoadDialect<tl::TlDialect>();
  size_t ops = 0;
  for (mlir::RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != "tl")
      continue;
    ++ops;
    bool hasRule = op.hasInterface<tl::Differentiable>() || op.hasInterface<tl::Expandable>();
    EXPECT_NE(hasRule, without.contains(op.getStringRef().str())) << op.getStringRef().str();
  }
  EXPECT_GT(ops, 2 * without.size());
  for (const auto &[name, why] : without)
    EXPECT_TRUE(mlir::RegisteredOperationName::lookup(name, &context)) << name;
}
