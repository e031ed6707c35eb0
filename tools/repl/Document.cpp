// `:doc NAME`: a declaration as it is written, without its body, and the comment above it.
#include "stdlib/Embedded.h"
#include "tools/driver/Suggest.h"
#include "tools/repl/Unit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

/// A definition up to its body; all of any other declaration.
static StringRef headOf(const ast::Decl *decl, const SourceManager &sources) {
  auto *def = llvm::dyn_cast<ast::DefDecl>(decl);
  Span head = decl->span;
  if (def)
    head.begin = def->nameSpan.begin;
  if (def && def->body)
    head.end = def->body->span.begin;
  StringRef text = sources.text(head).rtrim();
  if (def)
    text.consume_back("=");
  return text.rtrim();
}

static std::vector<std::string> namesOf(const ast::Module &module) {
  std::vector<std::string> names;
  for (const ast::Decl *decl : module.decls)
    if (!decl->name.empty() && decl->name.front() != '(' && !llvm::isa<ast::ImportDecl, ast::TestDecl>(decl))
      names.push_back(decl->name.str());
  llvm::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

int Engine::document(StringRef name) {
  Kept kept(*this);
  // What is known to an entry without words. A module of the library is known before it is imported.
  auto [first, rest] = name.split('.');
  std::unique_ptr<Unit> unit = check(next(""));
  auto imported = [&]() -> const ast::Module * {
    for (const ast::Decl *decl : unit->program->main()->decls)
      if (auto *import = llvm::dyn_cast<ast::ImportDecl>(decl); import && import->name == first)
        return import->target;
    return nullptr;
  };
  auto isOfLibrary = [&](const auto &file) { return llvm::sys::path::stem(file.name) == first; };
  if (unit && !imported() && llvm::any_of(llvm::ArrayRef(stdlibFiles, stdlibFilesCount), isOfLibrary))
    unit = check(next(("import " + first).str()));
  if (!unit)
    return report();
  const ast::Module *module = imported();
  std::vector<const ast::Module *> where;
  if (module)
    where = {module};
  else
    where = {unit->program->main(), unit->program->modules.front().get()}; // one's own counts before the prelude's
  const StringRef wanted = module ? rest : name;
  if (wanted.empty()) {
    llvm::outs() << llvm::join(namesOf(*module), " ") << "\n";
    return driver::Success;
  }
  std::vector<std::string> known;
  for (const ast::Module *one : where) {
    bool found = false;
    for (const ast::Decl *decl : one->decls) {
      if (decl->name != wanted || llvm::isa<ast::ImportDecl, ast::TestDecl>(decl))
        continue;
      found = true;
      llvm::outs() << headOf(decl, session.sources) << "\n";
      for (StringRef line : llvm::split(decl->doc, '\n'))
        if (!decl->doc.empty())
          llvm::outs() << "  " << line << "\n";
    }
    if (found)
      return driver::Success;
    llvm::append_range(known, namesOf(*one));
  }
  llvm::errs() << "error: nothing is declared as `" << name << "`\n";
  if (std::string near = driver::nearest(wanted, known); !near.empty())
    llvm::errs() << "  = help: did you mean `" << (module ? first + "." : llvm::Twine()) << near << "`?\n";
  return driver::Usage;
}
