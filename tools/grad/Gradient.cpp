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
#include "tools/grad/Signature.h"
#include "tools/grad/Writer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

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
  mlir::PassManager manager(module.getContext());
  manager.addPass(mlir::createCSEPass());
  for (bool isFirst = true;; isFirst = false) { // a call may be for what the round before took away
    SmallVector<Operation *> needless;
    function.walk([&](Operation *op) {
      auto check = dyn_cast<CheckOp>(op);
      auto call = dyn_cast<mlir::func::CallOp>(op);
      if ((check && !isWritten(check)) || (call && call.use_empty() && !says(call)))
        needless.push_back(op);
    });
    if (needless.empty() && !isFirst)
      return true;
    for (Operation *op : needless)
      op->erase();
    if (mlir::failed(simplify(function)) || mlir::failed(manager.run(module)) || mlir::failed(simplify(function)))
      return false;
  }
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
  for (StringRef word :
       {"where", "test", "bench", "const", "if",  "for", "in",  "let", "var", "while", "assert", "def", "import",
        "as",    "i8",   "i16",   "i32",   "i64", "u8",  "u16", "u32", "u64", "f16",   "f32",    "f64"}) // a letter and a number too
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
  SmallVector<mlir::func::FuncOp> all{function};
  for (const auto &[callee, definition] : functions.all())
    all.push_back(callee);
  llvm::for_each(all, findDraws);
  functions.setKeys(keysAmong(all));
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
  /// Null after a report. A key that `text` uses again is cloned there: see Note [Keys again].
  ast::Program *parseAndCheck(std::string text) { return parseAndCheckInPlace(text); }
  ast::Program *parseAndCheckInPlace(std::string &text);
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

// Note [Keys again]. A program uses a key once, and its derivative has the numbers of it where the reverse sweep draws them again too. The
// checker says which uses come second; these are written `clone(k)`.

/// Clones the key at `use`; the one that is folded, where that is the use.
void cloneKey(std::string &text, Span use) {
  StringRef whole = StringRef(text).slice(use.begin, use.end);
  size_t begin = use.begin, end = use.end;
  if (whole.consume_front("fold_in(")) {
    begin = whole.begin() - text.data();
    unsigned depth = 0;
    for (end = begin; text[end] != ',' || depth; ++end)
      depth += StringRef("([").contains(text[end]) ? 1 : StringRef(")]").contains(text[end]) ? -1 : 0;
  }
  text.insert(end, ")").insert(begin, "clone(");
  const size_t lineBegin = text.rfind('\n', begin) + 1, lineEnd = text.find('\n', begin);
  const StringRef line = StringRef(text).slice(lineBegin, lineEnd), statement = line.ltrim();
  text.replace(lineBegin, lineEnd + 1 - lineBegin, wrapped(statement, line.size() - statement.size()));
}

ast::Program *Derivation::parseAndCheckInPlace(std::string &text) {
  llvm::SmallString<128> place(folder);
  path::append(place, "<" + name + ">");
  const size_t known = session.diagnostics.size();
  const auto before = session.exitCode;
  while (true) {
    const SourceFile &made = session.add(place.str().str(), text);
    ast::Program *checked = session.check(frontend::parse(made, session.diagnostics));
    auto found = session.diagnostics.from(known);
    const Span use = found.empty() ? Span() : found.front().labels.front().span;
    if (found.empty() || found.front().code != Code::E0317 || use.file != made.id() ||
        StringRef(text).take_front(use.begin).ends_with("clone(")) {
      relocate(made.id());
      return checked;
    }
    session.diagnostics.rewind(known);
    session.exitCode = before;
    cloneKey(text, use);
  }
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
  if (parseAndCheckInPlace(whole))
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
