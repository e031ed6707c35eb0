// Imports: from one parsed module to all that it needs, each parsed once, in an order in which everything
// comes after what it uses.
#include "frontend/Frontend.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace tl;
using namespace tl::frontend;
using llvm::StringRef;

/// The name that was probably meant: at most a third of the letters wrong.
static std::string nearest(StringRef name, llvm::ArrayRef<std::string> candidates) {
  std::string best;
  unsigned bestDistance = name.size() / 3 + 1;
  for (const std::string &candidate : candidates)
    if (unsigned distance = name.edit_distance(candidate, true, bestDistance);
        distance <= bestDistance && distance > 0 && (best.empty() || distance < bestDistance)) {
      best = candidate;
      bestDistance = distance;
    }
  return best;
}

namespace {
class Loader {
public:
  Loader(ast::Program &program, Imports &imports, Diagnostics &diagnostics)
      : program(program), imports(imports), diagnostics(diagnostics) {}

  /// Loads what `module` imports, then adds it to the program. `key` says which text it is.
  void add(std::unique_ptr<ast::Module> module, const std::string &key);
  void prelude();

private:
  ast::Module *fromLibrary(ast::ImportDecl *decl);
  ast::Module *fromFile(ast::ImportDecl *decl, const ast::Module &importer);
  /// The module of `key`, if it is loaded or being loaded; the latter is a cycle, reported.
  std::optional<ast::Module *> known(const std::string &key, ast::ImportDecl *decl);
  ast::Module *parseAndAdd(std::string sourceName, StringRef text, const std::string &key);

  ast::Program &program;
  Imports &imports;
  Diagnostics &diagnostics;
  llvm::StringMap<ast::Module *> loaded;
  std::vector<std::string> loading; ///< keys, outermost first
};
} // namespace

/// The directory in which a file's relative imports are looked up; "" for the working directory.
static std::string directoryOf(const SourceFile &file) { return llvm::sys::path::parent_path(file.name()).str(); }

static std::string libraryKey(StringRef name) { return "library " + name.str(); }

void Loader::add(std::unique_ptr<ast::Module> module, const std::string &key) {
  loading.push_back(key);
  for (ast::Decl *decl : module->decls)
    if (auto *import = llvm::dyn_cast<ast::ImportDecl>(decl))
      import->target = import->file.empty() ? fromLibrary(import) : fromFile(import, *module);
  loading.pop_back();
  loaded[key] = module.get();
  program.modules.push_back(std::move(module));
}

ast::Module *Loader::parseAndAdd(std::string sourceName, StringRef text, const std::string &key) {
  const SourceFile &source = imports.sources.add(std::move(sourceName), text.str());
  std::unique_ptr<ast::Module> module = parse(source, diagnostics);
  ast::Module *result = module.get();
  add(std::move(module), key);
  return result;
}

void Loader::prelude() {
  if (std::optional<StringRef> text = imports.library("prelude"))
    parseAndAdd("stdlib/prelude.tl", *text, libraryKey("prelude"));
}

std::optional<ast::Module *> Loader::known(const std::string &key, ast::ImportDecl *decl) {
  if (auto found = loaded.find(key); found != loaded.end())
    return found->second;
  auto cycle = llvm::find(loading, key);
  if (cycle == loading.end())
    return std::nullopt;
  auto shown = [](StringRef key) { return key.consume_front("library ") ? key.str() : llvm::sys::path::filename(key).str(); };
  std::string path;
  for (auto at = cycle; at != loading.end(); ++at)
    path += shown(*at) + " -> ";
  diagnostics.report(Code::E0051, decl->span, "this import leads back to the file that it stands in")
      .note(path + shown(key))
      .help("move what both need into a third file");
  return nullptr;
}

static std::vector<std::string> libraryNames(const Imports &imports) {
  std::vector<std::string> names = imports.libraryNames;
  if (names.empty())
    for (StringRef name : {"nn", "optim", "linalg", "random", "stats", "signal", "plot"})
      if (imports.library(name))
        names.push_back(name.str());
  llvm::erase(names, "prelude");
  return names;
}

ast::Module *Loader::fromLibrary(ast::ImportDecl *decl) {
  std::string name = llvm::join(decl->path, ".");
  std::string key = libraryKey(name);
  if (std::optional<ast::Module *> module = known(key, decl))
    return *module;
  if (std::optional<StringRef> text = imports.library(name))
    return parseAndAdd("stdlib/" + llvm::join(decl->path, "/") + ".tl", *text, key);

  Diagnostic &d = diagnostics.report(Code::E0050, decl->span, "the library has no module `" + name + "`");
  const std::vector<std::string> &names = program.libraryNames;
  llvm::SmallString<128> beside(directoryOf(imports.sources.file(decl->span.file)));
  llvm::sys::path::append(beside, name + ".tl");
  if (std::string near = nearest(name, names); !near.empty())
    d.help("did you mean `import " + near + "`?");
  else if (llvm::sys::fs::exists(beside))
    d.help("write `import \"" + name + ".tl\"` for the file beside this one");
  else if (!names.empty())
    d.help("it has `" + llvm::join(names, "`, `") + "`");
  return nullptr;
}

/// Text of a file, or why not. Only ordinary files: a device or a pipe might never end.
static llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> readFile(StringRef path) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return error;
  if (status.type() == llvm::sys::fs::file_type::directory_file)
    return std::make_error_code(std::errc::is_a_directory);
  if (status.type() != llvm::sys::fs::file_type::regular_file)
    return std::make_error_code(std::errc::invalid_argument);
  return llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
}

ast::Module *Loader::fromFile(ast::ImportDecl *decl, const ast::Module &importer) {
  llvm::SmallString<128> path(decl->file);
  std::string directory = directoryOf(imports.sources.file(importer.file));
  if (!llvm::sys::path::is_absolute(path)) {
    path = directory;
    llvm::sys::path::append(path, decl->file);
  }
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  llvm::SmallString<128> real;
  if (llvm::sys::fs::real_path(path, real))
    real = path; // missing: reported below
  std::string key = real.str().str();
  if (std::optional<ast::Module *> module = known(key, decl))
    return *module;
  auto buffer = readFile(path);
  if (buffer)
    return parseAndAdd(path.str().str(), (*buffer)->getBuffer(), key);

  Diagnostic &d = diagnostics.report(Code::E0050, decl->span,
                                     "cannot read `" + decl->file.str() + "`: " + llvm::StringRef(buffer.getError().message()).lower());
  if (!directory.empty())
    d.note("a path is relative to the file that imports: looked for " + path.str().str());
  std::vector<std::string> names;
  std::error_code error;
  StringRef parent = llvm::sys::path::parent_path(path);
  for (llvm::sys::fs::directory_iterator at(parent.empty() ? "." : parent, error), end; at != end && !error; at.increment(error))
    if (StringRef name = llvm::sys::path::filename(at->path()); name.ends_with(".tl"))
      names.push_back(name.str());
  llvm::sort(names);
  if (std::string near = nearest(llvm::sys::path::filename(path), names); !near.empty())
    d.help("did you mean `" + near + "`?");
  else if (llvm::is_contained(program.libraryNames, decl->file.str()))
    d.help("write `import " + decl->file.str() + "` for the module of the library");
  return nullptr;
}

std::unique_ptr<ast::Program> frontend::load(std::unique_ptr<ast::Module> main, Imports imports, Diagnostics &diagnostics) {
  auto program = std::make_unique<ast::Program>();
  program->libraryNames = libraryNames(imports);
  Loader loader(*program, imports, diagnostics);
  const SourceFile &source = imports.sources.file(main->file);
  std::optional<StringRef> prelude = imports.library("prelude");
  if (!prelude || source.text() != *prelude) // the prelude does not import itself
    loader.prelude();
  llvm::SmallString<128> real;
  if (llvm::sys::fs::real_path(source.name(), real))
    real = source.name();
  loader.add(std::move(main), real.str().str());
  return program;
}
