// A function's types -> the signature and the imports of a file beside the original.
#pragma once
#include "tools/driver/Session.h"
#include "tools/grad/Text.h"
#include <map>

namespace tl::grad {
/// Whether a gradient may be asked of what has this result.
bool isFloatScalar(const ast::Type *type);

/// Types as a file beside the original writes them: records by the module that they are from.
class Signature {
public:
  /// `folder`: where the written file will stand.
  Signature(driver::Session &session, ast::Program &program, ast::DefDecl *def, std::string folder);

  /// Whether a derivative of the function can be written at all; reports if not.
  bool check();
  std::string type(const ast::Type *type);
  /// The name of a record, its module before it.
  std::string record(const ast::StructType *record);
  std::string importOf(const ast::Module *module);
  /// The original is another module in each program that has it.
  bool isOriginal(const ast::Module *module);
  std::string moduleName(const ast::Module *module);
  std::string params();

  std::string element;                               ///< what type parameters stand for
  std::map<std::string, const ast::Module *> needed; ///< modules that a type has named
  std::string alias;                                 ///< of the original file

private:
  std::string realPath(const ast::Module *module);
  driver::Session &session;
  ast::Program &program;
  ast::DefDecl *def;
  std::string folder;
};
} // namespace tl::grad
