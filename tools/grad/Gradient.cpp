// The frame of a derivative: which function, its signature, the program that asks for its derivative, and the file around the body that
// Writer makes of that.
//
// Note [The program that asks]. For `def loss(p: Mlp[k], x: f32[n, k]) -> f32` in a.tl a second program is made and compiled up to the
// stage `grad`: `def d_loss(p: a.Mlp[k], x: f32[n, k]) -> a.Mlp[k] = grad(a.loss)(p, x)`. So an instance of a generic function, what may
// be differentiated, and the derivative itself are all the compiler's; this folder only writes down what it finds there. What is
// written is checked like any program before it is given out.
#include "tools/grad/Gradient.h"
#include "frontend/Frontend.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Transforms.h"
#include "tools/driver/Suggest.h"
#include "tools/grad/Writer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace tl;
using namespace tl::grad;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
namespace path = llvm::sys::path;

namespace {
//===- Which function -----------------------------------------------------------------------------------------------===//

std::vector<ast::DefDecl *> definitions(ast::Program &program) {
  std::vector<ast::DefDecl *> all;
  for (ast::Decl *decl : program.main()->decls)
    if (auto *def = dyn_cast<ast::DefDecl>(decl); def && def->body && def->name != "main")
      all.push_back(def);
  return all;
}

bool isFloatScalar(const ast::Type *type) {
  type = ast::resolved(type);
  if (auto *param = dyn_cast<ast::ParamType>(type))
    return param->widestFloat || param->param->constraint == ast::Constraint::Float;
  auto *scalar = dyn_cast<ast::ScalarType>(type);
  return scalar && ast::isFloat(scalar->scalar);
}

ast::DefDecl *find(driver::Session &session, ast::Program &program, const std::string &file, const std::string &name) {
  std::vector<ast::DefDecl *> all = definitions(program);
  std::vector<std::string> names;
  ast::DefDecl *only = nullptr;
  for (ast::DefDecl *def : all) {
    if (def->name == name)
      return def;
    if (!isFloatScalar(def->result) || def->params.empty())
      continue;
    names.push_back(def->name.str());
    only = def;
  }
  if (name.empty() && names.size() == 1)
    return only;
  std::string message =
      name.empty() ? "`--of` has to name the function whose derivative is wanted" : "`" + file + "` has no function `" + name + "`";
  std::vector<std::string> every;
  for (ast::DefDecl *def : all)
    every.push_back(def->name.str());
  std::string near = driver::nearest(name, every);
  std::string help = !near.empty() && !name.empty() ? "did you mean `" + near + "`?"
                     : names.empty()                ? "it has no function that gives a float"
                                                    : "these give a float: `" + llvm::join(names, "`, `") + "`";
  return session.fail(driver::Usage, "error: " + message + "\n  = help: " + help + "\n");
}

//===- The signature ------------------------------------------------------------------------------------------------===//

/// Types as a file beside the original writes them: records by the module that they are from.
class Signature {
public:
  Signature(driver::Session &session, ast::Program &program, ast::DefDecl *def, std::string folder)
      : session(session), program(program), def(def), folder(std::move(folder)) {
    alias = wordOf(path::stem(session.sources.file(program.main()->file).name()));
    while (isTaken(alias))
      alias += "_";
  }

  /// Whether a derivative of the function can be written at all; reports if not.
  bool check();
  std::string type(const ast::Type *type);
  std::string record(const ast::StructType *record);
  std::string importOf(const ast::Module *module);
  /// The original is another module in each program that has it.
  bool isOriginal(const ast::Module *module) { return realPath(module) == realPath(program.main()); }
  std::string moduleName(const ast::Module *module) { return isOriginal(module) ? alias : wordOf(module->name); }
  std::string params() {
    SmallVector<std::string> all;
    for (const ast::VarDecl *param : def->params)
      all.push_back(param->name.str() + ": " + type(param->type));
    return list(all);
  }

  std::string element;                               ///< what type parameters stand for
  std::map<std::string, const ast::Module *> needed; ///< modules that a type has named
  std::string alias;                                 ///< of the original file

private:
  static std::string wordOf(StringRef name) {
    std::string word = name.str();
    for (char &c : word)
      if (!llvm::isAlnum(c) && c != '_' && !(c & 0x80))
        c = '_';
    return word.empty() || llvm::isDigit(word[0]) ? "m" + word : word;
  }
  std::string realPath(const ast::Module *module) {
    StringRef name = session.sources.file(module->file).name();
    llvm::SmallString<128> real;
    return llvm::sys::fs::real_path(name, real) ? name.str() : real.str().str();
  }
  bool isTaken(StringRef name) {
    return llvm::any_of(def->params, [&](const ast::VarDecl *p) { return p->name == name; }) ||
           llvm::any_of(def->sizeParams, [&](const Sym *s) { return s->name == name; });
  }
  driver::Session &session;
  ast::Program &program;
  ast::DefDecl *def;
  std::string folder;
};

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
    if (kind == ast::TypeKind::Str || kind == ast::TypeKind::Key)
      return refuse(param->nameSpan, "`" + param->name.str() + "` is a " + (kind == ast::TypeKind::Str ? "text" : "random key"),
                    "let it take what it makes of that");
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
    return type(array->elem) + ast::str(ArrayRef<ast::Dim>(array->dims));
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

//===- The body -----------------------------------------------------------------------------------------------------===//

/// What a value of `type` is written as, made of the texts of its leaves.
class Rebuilder {
public:
  Rebuilder(Signature &signature, ast::TypeContext &types, ArrayRef<std::string> leaves)
      : signature(signature), types(types), leaves(leaves) {}
  std::string build(const ast::Type *type) {
    type = ast::resolved(type);
    if (auto *tuple = dyn_cast<ast::TupleType>(type)) {
      SmallVector<std::string> parts;
      for (const ast::Type *elem : tuple->elems)
        parts.push_back(build(elem));
      return "(" + list(parts) + (parts.size() == 1 ? ",)" : ")");
    }
    auto *s = dyn_cast<ast::StructType>(ast::resolved(ast::elemOf(type)));
    if (!s)
      return at(leaves[next++]);
    // An array of records is a record of arrays in here; it is put together element by element.
    SmallVector<std::string> binders, outer = subscript;
    if (type->kind == ast::TypeKind::Array)
      for (const ast::Dim &dim : ast::dimsOf(type)) {
        std::string i = subscript.size() < 6 ? std::string(1, char('i' + subscript.size())) : "i" + std::to_string(subscript.size());
        binders.push_back(i + " in 0.." + dim.size.str());
        subscript.push_back(i);
      }
    SmallVector<std::string> fields;
    for (auto [i, field] : llvm::enumerate(s->decl->fields))
      fields.push_back(field.name.str() + "=" + build(ast::fieldType(s, i, types)));
    std::string text = signature.record(s) + "(" + list(fields) + ")";
    subscript = outer;
    return binders.empty() ? text : "[for " + list(binders) + ": " + text + "]";
  }

private:
  std::string at(const std::string &leaf) { return subscript.empty() ? leaf : leaf + "[" + list(subscript) + "]"; }
  Signature &signature;
  ast::TypeContext &types;
  ArrayRef<std::string> leaves;
  SmallVector<std::string> subscript;
  size_t next = 0;
};

/// Whether a record stands in an array somewhere in the type.
bool hasArrayOfRecords(const ast::Type *type, ast::TypeContext &types) {
  type = ast::resolved(type);
  if (auto *tuple = dyn_cast<ast::TupleType>(type))
    return llvm::any_of(tuple->elems, [&](const ast::Type *elem) { return hasArrayOfRecords(elem, types); });
  if (auto *s = dyn_cast<ast::StructType>(type)) {
    for (unsigned i = 0; i < s->decl->fields.size(); ++i)
      if (hasArrayOfRecords(ast::fieldType(s, i, types), types))
        return true;
    return false;
  }
  return type->kind == ast::TypeKind::Array && isa<ast::StructType>(ast::resolved(ast::elemOf(type)));
}

/// Whether a call prints, saves or asserts: else it is there for its results alone.
bool says(mlir::func::CallOp call) {
  llvm::SetVector<mlir::func::FuncOp> reached;
  reached.insert(calleeOf(call));
  bool found = false;
  for (size_t i = 0; i < reached.size(); ++i)
    mlir::func::FuncOp(reached[i]).walk([&](Operation *op) {
      auto check = dyn_cast<CheckOp>(op);
      found |= isa<PrintOp, SaveOp, TrapOp>(op) || (check && check.getCode() == "E0806");
      if (auto next = dyn_cast<mlir::func::CallOp>(op))
        reached.insert(calleeOf(next));
    });
  return found;
}

/// Calls become bodies, but for functions that call themselves; checks that the written program makes again go. False after a report.
bool prepare(mlir::func::FuncOp function) {
  auto module = function->getParentOfType<mlir::ModuleOp>();
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<mlir::func::CallOp> calls;
    function.walk([&](mlir::func::CallOp call) { calls.push_back(call); });
    for (mlir::func::CallOp call : calls)
      if (mlir::func::FuncOp callee = calleeOf(call)) {
        callee->removeAttr("tl.checkpoint"); // a matter of memory alone
        if (mayInline(call)) {
          inlineCall(call);
          changed = true;
        }
      }
  }
  SmallVector<Operation *> checks;
  function.walk([&](Operation *op) {
    auto check = dyn_cast<CheckOp>(op);
    auto call = dyn_cast<mlir::func::CallOp>(op);
    if ((check && check.getCode() != "E0806") || (call && call.use_empty() && !says(call)))
      checks.push_back(op);
  });
  for (Operation *check : checks)
    check->erase();
  mlir::PassManager manager(module.getContext());
  manager.addPass(mlir::createCSEPass());
  return mlir::succeeded(simplify(function)) && mlir::succeeded(manager.run(module)) && mlir::succeeded(simplify(function));
}

/// Says what the leaves of a parameter are called; a tuple is taken apart first. They are the first of `arguments`, which lose them.
void bindLeaves(Writer &writer, const std::string &text, const ast::Type *type, ast::TypeContext &types,
                mlir::Block::BlockArgListType &arguments) {
  type = ast::resolved(type);
  if (auto *tuple = dyn_cast<ast::TupleType>(type)) {
    SmallVector<std::string> names;
    for (size_t i = 0; i < tuple->elems.size(); ++i)
      names.push_back(writer.fresh(text + "_" + std::to_string(i)));
    writer.line("let (" + list(names) + ") = " + text);
    for (auto [name, elem] : llvm::zip(names, tuple->elems))
      bindLeaves(writer, name, elem, types, arguments);
    return;
  }
  if (auto *s = dyn_cast<ast::StructType>(ast::resolved(ast::elemOf(type)))) {
    for (auto [i, field] : llvm::enumerate(s->decl->fields))
      bindLeaves(writer, text + "." + field.name.str(), ast::fieldType(type, i, types), types, arguments);
    return;
  }
  auto *scalar = dyn_cast<ast::ScalarType>(ast::resolved(ast::elemOf(type)));
  const bool isUnsigned = scalar && ast::isUnsigned(scalar->scalar); // see Writer::asUnsigned
  isUnsigned ? writer.bindUnsigned(arguments.front(), text) : writer.bind(arguments.front(), text);
  arguments = arguments.drop_front();
}

struct Written {
  std::string statements, value;
  std::vector<std::string> beside; ///< definitions
  bool failed = false;
};

Written writeBody(mlir::func::FuncOp function, ast::Program &asking, const ast::DefDecl *asked, Signature &signature) {
  Written written;
  llvm::StringSet<> taken;
  for (const ast::Decl *decl : asking.modules.front()->decls)
    taken.insert(decl->name);
  for (const auto &module : asking.modules)
    taken.insert(signature.moduleName(module.get()));
  for (StringRef word : {"where", "test", "bench", "const", "if", "for", "in", "let", "var", "while", "assert", "def", "import", "as"})
    taken.insert(word);
  taken.insert(asked->name);
  Functions functions(std::move(taken));
  written.failed = !prepare(function);
  functions.add(function);
  for (size_t i = 0; i < functions.all().size(); ++i) { // these may call more
    mlir::func::FuncOp callee = functions.all()[i].first;
    written.failed |= !prepare(callee);
    functions.add(callee);
  }
  if (written.failed)
    return written;
  Writer writer(function.getContext(), functions);
  functions.reserve(writer);
  for (const Sym *sym : asked->sizeParams)
    writer.reserve(sym->name);
  for (const ast::VarDecl *param : asked->params)
    writer.reserve(param->name);
  auto arguments = function.getArguments();
  for (const Sym *sym : asked->sizeParams) {
    writer.bindSize(arguments.front(), sym->name);
    arguments = arguments.drop_front();
  }
  for (const ast::VarDecl *param : asked->params) {
    bindLeaves(writer, param->name.str(), param->type, asking.types, arguments);
  }
  writer.keepNames(function);
  mlir::Block &body = function.getBody().front();
  writer.block(body);
  SmallVector<std::string> leaves;
  bool needsNames = hasArrayOfRecords(asked->result, asking.types);
  for (Value v : body.getTerminator()->getOperands())
    leaves.push_back(needsNames ? writer.named(v, "t") : writer.whole(v));
  if (!writer.failed)
    written.value = Rebuilder(signature, asking.types, leaves).build(asked->result);
  written.statements = writer.out;
  written.beside = functions.write();
  written.failed = writer.failed || functions.failed;
  return written;
}

//===- The file -----------------------------------------------------------------------------------------------------===//

class Derivation {
public:
  Derivation(driver::Session &session, ast::Program &program, const Wanted &wanted, ast::DefDecl *def, std::string folder)
      : session(session), program(program), wanted(wanted), def(def), folder(std::move(folder)),
        signature(session, program, def, this->folder), name("d_" + def->name.str()), before(session.diagnostics.size()) {}
  std::optional<std::string> file();

private:
  /// What is wrong with a program made here, or in the library, is wrong with the function.
  void relocate(uint32_t made);
  ast::Program *parseAndCheck(const std::string &text);
  std::string imports(bool withOriginal);
  /// The definition where the type parameters are `element`, then those of what it calls.
  std::optional<std::vector<std::string>> definition(StringRef element);
  /// The definitions that keep the type parameter, if those for f32 and f64 differ in nothing but that.
  std::optional<std::vector<std::string>> generic(llvm::ArrayRef<std::string> single);

  driver::Session &session;
  ast::Program &program;
  const Wanted &wanted;
  ast::DefDecl *def;
  std::string folder;
  Signature signature;
  std::string name;
  SmallVector<const ast::VarDecl *> points; ///< differentiated by
  std::string point;                        ///< what several are called together
  size_t before;                            ///< diagnostics

  std::nullopt_t refuseName(const std::string &name, bool isThere) {
    std::vector<std::string> names;
    for (const ast::VarDecl *param : def->params)
      names.push_back(param->name.str());
    const std::string near = driver::nearest(name, names);
    session.fail(
        driver::Usage,
        "error: " + (isThere ? "`--wrt " + name + "` is given twice" : "`" + def->name.str() + "` has no parameter `" + name + "`") +
            "\n  = help: " + (!near.empty() && !isThere ? "did you mean `" + near + "`?" : "it has `" + llvm::join(names, "`, `") + "`") +
            "\n");
    return std::nullopt;
  }
};

void Derivation::relocate(uint32_t made) {
  for (Diagnostic &d : session.diagnostics.from(before)) {
    for (Label &label : d.labels)
      if (!label.span.valid() || label.span.file == made)
        label = {def->nameSpan, ""};
    if (d.labels.front().span.file != program.main()->file)
      d.labels.insert(d.labels.begin(), {def->nameSpan, ""});
  }
}

ast::Program *Derivation::parseAndCheck(const std::string &text) {
  llvm::SmallString<128> place(folder);
  path::append(place, "<" + name + ">");
  const SourceFile &made = session.add(place.str().str(), text);
  ast::Program *checked = session.check(frontend::parse(made, session.diagnostics));
  relocate(made.id());
  return checked;
}

std::string Derivation::imports(bool withOriginal) {
  std::string text;
  for (auto &[alias, module] : signature.needed)
    if (!signature.isOriginal(module))
      text += signature.importOf(module) + "\n";
  if (withOriginal || signature.needed.count(signature.alias))
    text += signature.importOf(program.main()) + "\n";
  return text;
}

std::optional<std::vector<std::string>> Derivation::definition(StringRef element) {
  signature.element = element;
  SmallVector<std::string> names;
  for (const ast::VarDecl *param : def->params)
    names.push_back(param->name.str());
  SmallVector<std::string> by, kinds;
  for (const ast::VarDecl *param : points) {
    by.push_back(param->name.str());
    kinds.push_back(signature.type(param->type));
  }
  auto tuple = [](ArrayRef<std::string> parts) { return parts.size() == 1 ? parts[0] : "(" + list(parts) + ")"; };
  std::string gradient = tuple(kinds);
  std::string result = wanted.withValue ? "(" + signature.type(def->result) + ", " + gradient + ")" : gradient;
  std::string head = "def " + name + "(" + signature.params() + ") -> " + result;
  if (def->where)
    head += " where " + session.sources.text(def->where->span).str();

  // See Note [The program that asks].
  const std::string original = signature.alias + "." + def->name.str();
  const bool isFirst = by.size() == 1 && by[0] == names[0];
  std::string unpacked = by.size() == 1 ? "" : "let " + tuple(by) + " = " + point + "; ";
  std::string asks = std::string(wanted.withValue ? "value_and_grad(" : "grad(") +
                     (isFirst          ? original + ")(" + list(names)
                      : by.size() == 1 ? by[0] + " -> " + original + "(" + list(names) + "))(" + by[0]
                                       : point + " -> { " + unpacked + original + "(" + list(names) + ") })(" + tuple(by)) +
                     ")\n";
  ast::Program *asking = parseAndCheck(imports(true) + head + " = " + asks);
  if (!asking)
    return std::nullopt;
  auto module = session.lower(*asking, mlirgen::Entry::Check, "grad");
  Written written;
  if (module)
    session.collect(*asking, [&] {
      auto function = module->lookupSymbol<mlir::func::FuncOp>(name);
      written.failed = !function;
      if (function)
        written = writeBody(function, *asking, cast<ast::DefDecl>(asking->main()->decls.back()), signature);
    });
  relocate(asking->main()->file);
  if (!module)
    return std::nullopt;
  if (written.failed) {
    if (session.diagnostics.empty())
      session.fail(driver::Internal, "internal error: the derivative has no body\n");
    return std::nullopt;
  }
  std::vector<std::string> all{written.statements.empty()
                                   ? wrapped(head + " =", 0) + wrapped(written.value, 2)
                                   : wrapped(head + " {", 0) + written.statements + wrapped(written.value, 2) + "}\n"};
  llvm::append_range(all, written.beside);
  return all;
}

/// `text` with each word `from` replaced, and with each number 0 unless numbers count.
std::string replaced(StringRef text, StringRef from, StringRef to, bool withNumbers) {
  std::string out;
  while (!text.empty()) {
    StringRef word = text.take_while([](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || (c & 0x80); });
    if (word.empty())
      word = text.take_front(1);
    out += word == from ? to : !withNumbers && llvm::isDigit(word[0]) ? StringRef("0") : word;
    text = text.drop_front(word.size());
  }
  return out;
}

std::optional<std::vector<std::string>> Derivation::generic(ArrayRef<std::string> single) {
  size_t known = session.diagnostics.size();
  std::optional<std::vector<std::string>> twice = definition("f64");
  session.diagnostics.rewind(known);
  StringRef param = def->typeParams.front()->name;
  auto without = [&](ArrayRef<std::string> texts, StringRef element) {
    return llvm::map_to_vector(texts, [&](StringRef text) { return replaced(text, element, param, false); });
  };
  if (!twice || def->typeParams.size() != 1 || without(single, "f32") != without(*twice, "f64"))
    return std::nullopt;
  std::vector<std::string> texts;
  for (const std::string &text : *twice) {
    texts.push_back(replaced(text, "f64", param, true));
    if (texts.back() != text)
      texts.back().insert(texts.back().find('('), ("[" + param + ": float]").str());
  }
  bool fits = parseAndCheck(imports(false) + llvm::join(texts, "\n"));
  session.diagnostics.rewind(known);
  return fits ? std::optional(texts) : std::nullopt;
}

std::optional<std::string> Derivation::file() {
  if (!signature.check())
    return std::nullopt;
  if (wanted.by.empty())
    points.push_back(def->params.front());
  for (const std::string &name : wanted.by) {
    auto param = llvm::find_if(def->params, [&](const ast::VarDecl *p) { return p->name == name; });
    if (param == def->params.end() || llvm::is_contained(points, *param))
      return refuseName(name, param != def->params.end());
    points.push_back(*param);
  }
  for (point = "point"; llvm::any_of(def->params, [&](const ast::VarDecl *p) { return p->name == point; });)
    point += "_";
  std::optional<std::vector<std::string>> texts = definition("f32");
  if (!texts)
    return std::nullopt;
  std::string what = wanted.withValue ? "value and gradient" : "gradient", asks = wanted.withValue ? " --value" : "", by;
  for (const ast::VarDecl *param : points) {
    by += (by.empty() ? "`" : " and `") + param->name.str() + "`";
    asks += wanted.by.empty() ? "" : " --wrt " + param->name.str();
  }
  std::string doc = "## The " + what + " of `" + def->name.str() + "` by " + by + ", as `tlc grad " +
                    path::filename(session.sources.file(program.main()->file).name()).str() + " --of " + def->name.str() + asks +
                    "` writes it.\n";
  if (!def->typeParams.empty()) {
    if (std::optional<std::vector<std::string>> kept = generic(*texts))
      texts = kept;
    else
      for (const ast::TypeParam *param : def->typeParams)
        doc += "## `" + param->name.str() + "` is f32 here.\n";
  }
  std::string head = imports(false), whole = head + (head.empty() ? "" : "\n") + doc + llvm::join(*texts, "\n");
  if (parseAndCheck(whole))
    return whole;
  std::string message = session.diagnostics.from(before).front().message;
  session.diagnostics.rewind(before);
  session.diagnostics.report(Code::E0521, def->nameSpan, "cannot write the derivative of `" + def->name.str() + "` as source")
      .note("what was written does not check: " + message);
  session.exitCode = driver::Rejected;
  return std::nullopt;
}
} // namespace

std::optional<std::string> grad::write(driver::Session &session, const std::string &file, const Wanted &wanted, const std::string &output) {
  ast::Program *program = session.check(file);
  ast::DefDecl *def = program ? find(session, *program, file, wanted.function) : nullptr;
  if (!def)
    return std::nullopt;
  StringRef beside = output.empty() ? session.sources.file(program->main()->file).name() : StringRef(output);
  Derivation derivation(session, *program, wanted, def, path::parent_path(beside).str());
  return derivation.file();
}
