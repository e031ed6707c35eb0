// An entry as a program: between Assemble.cpp, which makes it, and Engine.cpp and Document.cpp, which use it.
#pragma once
#include "mlir_gen/Value.h"
#include "tools/repl/Engine.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tl::repl {
/// An entry as a program, and what of it outlives the entry.
struct Engine::Unit {
  std::unique_ptr<ast::Module> module; ///< gone once it is checked
  ast::Program *program = nullptr;
  const SourceFile *source;
  std::vector<std::unique_ptr<ast::Module>> parts;    ///< own the nodes of declarations and variables
  std::vector<std::pair<std::string, Span>> declared; ///< by this entry
  std::vector<ast::LetStmt *> lets;                   ///< of this entry, `it` included; not the literals, which are declarations
  std::vector<std::string> saved;
  std::vector<ast::LetStmt *> restored; ///< the session's variables, as constants of this program
  std::vector<ast::LetStmt *> locals;   ///< those of the session's variables that the entry names
  ast::Stmt *last = nullptr;
};

/// What an entry puts aside comes back if the entry fails.
class Engine::Kept {
public:
  Kept(Engine &engine) : engine(engine), declarations(engine.declarations), variables(engine.variables), functions(engine.functions) {}
  ~Kept() {
    engine.news.clear();
    if (done)
      return;
    engine.declarations = std::move(declarations);
    engine.variables = std::move(variables);
    engine.functions = std::move(functions);
  }
  bool done = false;

private:
  Engine &engine;
  std::vector<Declaration> declarations;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

/// Calls f for each name that a pattern binds.
void eachName(const ast::Pattern *pattern, llvm::function_ref<void(ast::VarDecl *)> f);
/// A function is no value that could be kept or shown.
bool isFunction(const ast::Type *type);
} // namespace tl::repl
