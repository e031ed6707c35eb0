// Which functions have a derivative that can be written, and how their types are.
#include "tools/grad/Signature.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace tl;
using namespace tl::grad;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SmallVector;
using llvm::StringRef;
namespace path = llvm::sys::path;

bool grad::isFloatScalar(const ast::Type *type) {
  type = ast::resolved(type);
  if (auto *param = dyn_cast<ast::ParamType>(type))
    return param->widestFloat || param->param->constraint == ast::Constraint::Float;
  auto *scalar = dyn_cast<ast::ScalarType>(type);
  return scalar && ast::isFloat(scalar->scalar);
}

static std::string wordOf(StringRef name) {
  std::string word = name.str();
  for (char &c : word)
    if (!llvm::isAlnum(c) && c != '_' && !(c & 0x80))
      c = '_';
  return word.empty() || llvm::isDigit(word[0]) ? "m" + word : word;
}

Signature::Signature(driver::Session &session, ast::Program &program, ast::DefDecl *def, std::string folder)
    : session(session), program(program), def(def), folder(std::move(folder)) {
  auto isTaken = [&](StringRef name) {
    return llvm::any_of(def->params, [&](const ast::VarDecl *p) { return p->name == name; }) ||
           llvm::any_of(def->sizeParams, [&](const Sym *s) { return s->name == name; });
  };
  alias = wordOf(path::stem(session.sources.file(program.main()->file).name()));
  while (isTaken(alias))
    alias += "_";
}

std::string Signature::realPath(const ast::Module *module) {
  StringRef name = session.sources.file(module->file).name();
  llvm::SmallString<128> real;
  return llvm::sys::fs::real_path(name, real) ? name.str() : real.str().str();
}

bool Signature::isOriginal(const ast::Module *module) { return realPath(module) == realPath(program.main()); }

std::string Signature::moduleName(const ast::Module *module) { return isOriginal(module) ? alias : wordOf(module->name); }

std::string Signature::params() {
  SmallVector<std::string> all;
  for (const ast::VarDecl *param : def->params)
    all.push_back(param->name.str() + ": " + type(param->type));
  return list(all);
}

bool Signature::check() {
  auto refuse = [&](Span span, const std::string &what, const std::string &help) {
    session.diagnostics.report(Code::E0520, span, "cannot write the derivative of `" + def->name.str() + "`: " + what).help(help);
    session.exitCode = driver::Rejected;
    return false;
  };
  const std::string wrap =
      "write a function that calls it, with arrays of the ranks and element types that you mean, and ask for the derivative of that";
  if (def->params.empty())
    return refuse(def->nameSpan, "it has no parameters", "a gradient is by the first parameter");
  if (!def->packs.empty())
    return refuse(def->nameSpan, "it takes arrays of any rank (`..." + def->packs.front()->name.str() + "`)", wrap);
  for (const ast::TypeParam *param : def->typeParams)
    if (param->constraint != ast::Constraint::Float && param->constraint != ast::Constraint::Num)
      return refuse(def->nameSpan, "its type parameter `" + param->name.str() + "` stands for more than numbers", wrap);
  for (const ast::VarDecl *param : def->params) {
    ast::TypeKind kind = ast::resolved(param->type)->kind;
    if (param->isConst || kind == ast::TypeKind::Func || kind == ast::TypeKind::Shape)
      return refuse(param->nameSpan, "`" + param->name.str() + "` has to be known when the program is compiled", wrap);
  }
  const ast::Type *result = ast::resolved(def->result);
  if (!isFloatScalar(result)) {
    session.diagnostics.report(Code::E0502, def->nameSpan,
                               "`grad` needs a function that gives one float, `" + def->name.str() + "` gives " + ast::str(result));
    session.exitCode = driver::Rejected;
    return false;
  }
  return true;
}

std::string Signature::record(const ast::StructType *record) {
  const ast::Module *module = record->decl->module;
  needed[moduleName(module)] = module;
  return moduleName(module) + "." + record->decl->name.str();
}

std::string Signature::type(const ast::Type *t) {
  t = ast::resolved(t);
  if (isa<ast::ParamType>(t))
    return element;
  if (auto *tuple = dyn_cast<ast::TupleType>(t)) {
    SmallVector<std::string> parts;
    for (const ast::Type *elem : tuple->elems)
      parts.push_back(type(elem));
    return "(" + list(parts) + (parts.size() == 1 ? ",)" : ")");
  }
  if (auto *array = dyn_cast<ast::ArrayType>(t))
    return type(array->elem) + ast::str(llvm::ArrayRef<ast::Dim>(array->dims));
  auto *s = dyn_cast<ast::StructType>(t);
  if (!s)
    return ast::str(t);
  SmallVector<std::string> args;
  unsigned nextSize = 0, nextType = 0;
  for (const ast::GenericParam &param : s->decl->generics) {
    bool isType = nextType < s->types.size() && s->decl->typeParams[nextType]->name == param.name;
    if (isType)
      args.push_back(type(s->types[nextType++]));
    else if (nextSize < s->sizes.size())
      args.push_back(s->sizes[nextSize++].str());
  }
  return record(s) + (args.empty() ? "" : "[" + list(args) + "]");
}

std::string Signature::importOf(const ast::Module *module) {
  StringRef file = session.sources.file(module->file).name();
  if (file.starts_with("stdlib/") && !isOriginal(module))
    return "import " + module->name.str();
  llvm::SmallString<128> from(folder), to(file);
  llvm::sys::fs::make_absolute(from);
  llvm::sys::fs::make_absolute(to);
  path::remove_dots(from, true);
  path::remove_dots(to, true);
  std::string shown = path::parent_path(to) == from.str() ? path::filename(to).str() : to.str().str();
  return "import \"" + shown + "\" as " + moduleName(module);
}
