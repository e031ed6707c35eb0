// TEXT -> CHECKED AST: the whole public face of the front end. Each function is one stage; all report through `Diagnostics`.
#pragma once
#include "ast/Ast.h"
#include "ast/base/Diagnostic.h"
#include <functional>

namespace tl::frontend {
/// `--emit=tokens`: a line a token with its place; comments and blank lines included.
std::string tokens(const SourceFile &source, Diagnostics &diagnostics);

enum class Entry { File, Snippet }; ///< a file, or what is typed at the prompt
/// Text to tree. Always gives a module; what could not be parsed are Error nodes, reported.
std::unique_ptr<ast::Module> parse(const SourceFile &source, Diagnostics &diagnostics, Entry entry = Entry::File);

/// A line for each place at which the grammar would allow two readings; empty as long as the grammar is right. For the tests.
std::string ambiguities(const SourceFile &source);

/// True where the text is one complete entry (no open bracket, string or trailing operator): the REPL asks for a further line else.
bool isComplete(llvm::StringRef text);

/// How imports find their text: the embedded library by name ("nn"), a file by path relative to the importing file.
struct Imports {
  SourceManager &sources;
  /// Text of library module `name`, if there is one.
  std::function<std::optional<llvm::StringRef>(llvm::StringRef name)> library;
  /// Its modules, for "did you mean"; may stay empty.
  std::vector<std::string> libraryNames = {};
};
/// Parses what `main` imports, directly or not, prelude first; cycles and missing files are reported.
std::unique_ptr<ast::Program> load(std::unique_ptr<ast::Module> main, Imports imports, Diagnostics &diagnostics);

/// Resolves names, settles types and sizes, annotates the tree. After it, and without a diagnostic, the program is valid.
void check(ast::Program &program, const SourceManager &sources, Diagnostics &diagnostics);
} // namespace tl::frontend
