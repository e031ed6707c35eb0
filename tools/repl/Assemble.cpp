// An entry and the session's declarations and variables -> one program. See Note [A session] in Engine.h.
#include "frontend/Frontend.h"
#include "mlir_gen/Value.h"
#include "tools/repl/Unit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

/// What an entry's statements are the body of while they are checked, so that a loaded `main` is a function as any other.
static constexpr StringRef entryName = "(entry)";

//===- Small questions about trees ----------------------------------------------------------------------------------===//

void repl::eachName(const ast::Pattern *pattern, llvm::function_ref<void(ast::VarDecl *)> f) {
  if (pattern->var)
    f(pattern->var);
  for (const ast::Pattern *part : pattern->elems)
    eachName(part, f);
}

/// Makes a pattern bind `name` and nothing else; false if it does not bind it.
static bool bindsOnly(ast::Pattern *pattern, StringRef name) {
  bool found = pattern->var && pattern->var->name == name;
  if (!found)
    pattern->var = nullptr;
  for (ast::Pattern *part : pattern->elems)
    found |= bindsOnly(part, name);
  return found;
}

/// Every word of a text that could be a name.
static llvm::StringSet<> wordsOf(StringRef text) {
  llvm::StringSet<> words;
  auto isLetter = [](char c) { return llvm::isAlnum(c) || c == '_' || (c & 0x80); };
  while (!text.empty()) {
    StringRef word = text.take_while(isLetter);
    if (!word.empty())
      words.insert(word);
    text = text.drop_front(std::max<size_t>(word.size(), 1));
  }
  return words;
}

/// A `let` of literals stays a literal at the prompt too: it is a declaration.
static bool isLiteral(const ast::LetStmt *let) { return !let->isVar && !let->typeExpr && let->pattern->var && ast::isLiteral(let->init); }

/// A file holds declarations, among them every `let`; what is typed may be statements too.
static frontend::Entry grammarOf(const SourceFile &source) {
  return source.name().starts_with("<") ? frontend::Entry::Snippet : frontend::Entry::File;
}

static ast::ConstDecl *constantOf(ast::LetStmt *let, ast::Module &module) {
  auto *decl = module.make<ast::ConstDecl>(let->span);
  decl->let = let;
  decl->name = let->pattern->var->name;
  decl->nameSpan = let->pattern->span;
  return decl;
}

/// `it = e`, so that the value can be shown and used.
static ast::LetStmt *bindIt(ast::ExprStmt *statement, ast::Module &module) {
  auto *var = module.make<ast::VarDecl>(statement->span);
  var->name = "it";
  var->nameSpan = statement->span;
  auto *pattern = module.make<ast::Pattern>();
  pattern->span = statement->span;
  pattern->var = var;
  auto *let = module.make<ast::LetStmt>(statement->span);
  let->pattern = pattern;
  let->init = statement->expr;
  return let;
}

/// The names that stand alone among the sizes of a type.
static void eachSizeName(const ast::TypeExpr *type, llvm::function_ref<void(StringRef)> f) {
  if (!type)
    return;
  for (const ast::TypeExpr *part : type->elems)
    eachSizeName(part, f);
  for (llvm::ArrayRef<ast::TypeArg> list : type->args)
    for (const ast::TypeArg &arg : list)
      if (auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(arg.value);
          name && llvm::isLower(name->name.front()) && !ast::scalarByName(name->name))
        f(name->name);
}

/// Once names are resolved, the statements are what runs.
static void makeMain(ast::Program &program) {
  for (ast::Decl *decl : program.main()->decls)
    if (decl->name == "main")
      decl->name = "(main of the file)";
    else if (decl->name == entryName)
      decl->name = "main";
}

/// Imports of a file are relative to it, those of an entry to the working directory: what is taken over is made absolute.
static void makeAbsolute(ast::Decl *decl, const SourceFile &source, ast::Module &module) {
  auto *import = llvm::dyn_cast<ast::ImportDecl>(decl);
  if (!import || import->file.empty())
    return;
  llvm::SmallString<128> path = import->file;
  if (!llvm::sys::path::is_absolute(path)) {
    path = llvm::sys::path::parent_path(source.name());
    llvm::sys::path::append(path, import->file);
  }
  if (!llvm::sys::fs::make_absolute(path))
    import->file = module.string(path);
}

static void wrapInMain(ast::Module &module, llvm::ArrayRef<ast::Stmt *> statements, Span span) {
  auto *body = module.make<ast::BlockExpr>(span);
  body->stmts = module.list<ast::Stmt *>(statements);
  auto *main = module.make<ast::DefDecl>(span);
  main->name = entryName;
  main->nameSpan = span;
  main->body = body;
  module.decls.push_back(main);
}

/// A variable's value, as its declaration in front of an entry gives it. An int that stays is a number: as a size it is the one that
/// the types of other variables show.
std::string Engine::valueOf(const Variable &v) const {
  const Slot *slot = slots.find(v.name);
  if (!v.isVar && v.type == "i64" && slot && slot->front().bytes.size() == sizeof(int64_t)) {
    int64_t number;
    std::memcpy(&number, slot->front().bytes.data(), sizeof number);
    return std::to_string(number);
  }
  return "load(\"session:" + v.name + "\")";
}

//===- An entry as a program ----------------------------------------------------------------------------------------===//

std::unique_ptr<Engine::Unit> Engine::assemble(const SourceFile &entry, const Plan &plan) {
  auto unit = std::make_unique<Unit>();
  unit->source = &entry;
  unit->module = frontend::parse(entry, session.diagnostics, grammarOf(entry));
  if (!session.diagnostics.empty())
    return nullptr;
  if (grammarOf(entry) == frontend::Entry::File) { // it becomes part of the session, which may have imported it too
    std::unique_ptr<ast::Module> file =
        std::exchange(unit->module, frontend::parse(next(""), session.diagnostics, frontend::Entry::Snippet));
    for (ast::Decl *decl : file->decls)
      makeAbsolute(decl, entry, *file);
    unit->module->decls = file->decls;
    unit->parts.push_back(std::move(file));
  }
  ast::Module &module = *unit->module;
  auto parse = [&](const SourceFile &source) -> ast::Module & {
    unit->parts.push_back(frontend::parse(source, session.diagnostics, grammarOf(source)));
    return *unit->parts.back();
  };
  auto parseText = [&](std::string text) -> ast::Module & { return parse(session.add(sessionText.str(), std::move(text))); };

  // What the entry declares, literals included.
  std::vector<ast::Stmt *> own;
  for (ast::Stmt *statement : module.stmts) {
    auto *let = llvm::dyn_cast<ast::LetStmt>(statement);
    if (let && isLiteral(let))
      module.decls.push_back(constantOf(let, module));
    else
      own.push_back(statement);
  }
  for (ast::Decl *decl : module.decls)
    unit->declared.emplace_back(decl->name.str(), decl->span);
  auto isNew = [&](StringRef name) { return llvm::any_of(unit->declared, [&](const auto &one) { return one.first == name; }); };

  // What the session has declared and this entry does not replace.
  llvm::SmallVector<const SourceFile *> done;
  for (const Declaration &first : declarations) {
    if (llvm::is_contained(done, first.source))
      continue;
    done.push_back(first.source);
    ast::Module &part = parse(*first.source);
    for (ast::Stmt *statement : part.stmts)
      if (auto *let = llvm::dyn_cast<ast::LetStmt>(statement); let && isLiteral(let))
        part.decls.push_back(constantOf(let, part));
    for (ast::Decl *decl : part.decls)
      if (llvm::any_of(declarations, [&](const Declaration &d) { return d.source == first.source && d.name == decl->name && !d.broken; }) &&
          !isNew(decl->name)) {
        makeAbsolute(decl, *first.source, part);
        module.decls.push_back(decl);
      }
  }

  // The session's variables: constants for its definitions, locals for the entry, which loads each once.
  std::vector<ast::Stmt *> statements;
  llvm::StringSet<> words = wordsOf(entry.text());
  for (const Function &function : llvm::reverse(functions))
    if (words.contains(function.name))
      for (const auto &word : wordsOf(function.source->text()))
        words.insert(word.getKey());
  std::string constants, locals, imports;
  for (const Variable &v : variables) {
    if (isNew(v.name))
      continue;
    if (!v.imports.empty() && !StringRef(imports).contains(v.imports))
      imports += v.imports;
    std::string rest = v.name + ": " + v.type + " = " + valueOf(v) + "\n";
    constants += "let " + rest;
    if (words.contains(v.name))
      locals += (v.isVar ? "var " : "let ") + rest;
  }
  ast::Module &globals = parseText(imports + constants);
  for (ast::Decl *import : globals.decls) {
    makeAbsolute(import, session.sources.file(globals.file), globals);
    module.decls.push_back(import);
  }
  for (ast::Stmt *statement : globals.stmts) {
    auto *let = llvm::cast<ast::LetStmt>(statement);
    unit->restored.push_back(let);
    module.decls.push_back(constantOf(let, globals));
  }
  bool shows =
      !own.empty() && llvm::isa<ast::ExprStmt>(own.back()) && llvm::isa<ast::NameExpr>(llvm::cast<ast::ExprStmt>(own.back())->expr);
  for (ast::Stmt *statement : parseText(locals).stmts) {
    statements.push_back(statement);
    if (shows) // to look at a key is not to use it
      continue;
    unit->locals.push_back(llvm::cast<ast::LetStmt>(statement));
    ast::VarDecl *var = unit->locals.back()->pattern->var;
    var->used = variable(var->name)->used;
  }
  for (const Function &function : functions)
    if (words.contains(function.name) && !isNew(function.name))
      for (ast::Stmt *statement : parse(*function.source).stmts)
        if (auto *let = llvm::dyn_cast<ast::LetStmt>(statement); let && bindsOnly(let->pattern, function.name))
          statements.push_back(let);

  // Its own statements, and what it leaves behind.
  auto save = [&](StringRef name) {
    if (!llvm::is_contained(unit->saved, name))
      unit->saved.push_back(name.str());
  };
  for (const Variable &v : variables)
    if (v.isVar && words.contains(v.name) && !isNew(v.name))
      save(v.name);
  if (!own.empty())
    unit->last = own.back();
  // A name that the type of a `let` brings into scope stays, as an int.
  std::vector<ast::Stmt *> named;
  llvm::StringSet<> sizes;
  for (ast::Stmt *statement : own) {
    named.push_back(statement);
    if (auto *let = llvm::dyn_cast<ast::LetStmt>(statement))
      eachSizeName(let->typeExpr, [&](StringRef name) {
        if (!variable(name) && !isNew(name) && llvm::none_of(declarations, [&](const Declaration &d) { return d.name == name; }) &&
            sizes.insert(name).second)
          llvm::append_range(named, parseText(("let " + name + " = " + name).str()).stmts);
      });
  }
  own = std::move(named);
  if (auto *value = own.empty() ? nullptr : llvm::dyn_cast<ast::ExprStmt>(own.back()); value && plan.valueOfLast)
    own.back() = bindIt(value, module);
  llvm::append_range(statements, own);
  for (ast::Stmt *statement : own)
    if (auto *let = llvm::dyn_cast<ast::LetStmt>(statement)) {
      unit->lets.push_back(let);
      eachName(let->pattern, [&](ast::VarDecl *var) {
        if (!llvm::is_contained(plan.functions, var->name))
          save(var->name);
      });
    }
  if (plan.save) {
    std::string text;
    for (const std::string &name : unit->saved)
      text += "save(\"session:" + name + "\", " + name + ")\n";
    llvm::append_range(statements, parseText(text).stmts);
  }
  module.stmts.clear();
  wrapInMain(module, statements, {entry.id(), 0, uint32_t(entry.text().size())});
  for (ast::Decl *decl : module.decls)
    decl->module = &module;
  return unit;
}

bool repl::isFunction(const ast::Type *type) {
  type = type ? ast::resolved(type) : nullptr;
  return type && (type->kind == ast::TypeKind::Fn || type->kind == ast::TypeKind::Func);
}

/// The plan that the types ask for, if it is another than the one tried.
std::optional<Engine::Plan> Engine::learnPlan(const Unit &unit, const Plan &tried) const {
  Plan plan;
  plan.valueOfLast = tried.valueOfLast;
  if (auto *last = llvm::dyn_cast_or_null<ast::ExprStmt>(unit.last); last && last->expr->type) {
    const ast::Type *type = ast::resolved(last->expr->type);
    auto *tuple = llvm::dyn_cast<ast::TupleType>(type);
    plan.valueOfLast = !(tuple && tuple->elems.empty()) && type->kind != ast::TypeKind::None;
  }
  for (const ast::LetStmt *let : unit.lets)
    eachName(let->pattern, [&](const ast::VarDecl *var) {
      if (isFunction(var->type ? var->type : let->pattern->var ? let->type : nullptr))
        plan.functions.push_back(var->name.str());
    });
  if (plan == tried)
    return std::nullopt;
  return plan;
}

/// Checks an entry. The likely plan is tried first; what that reports is not shown, for it may be wrong about the plan.
std::unique_ptr<Engine::Unit> Engine::check(const SourceFile &entry) {
  auto attempt = [&](const Plan &plan) {
    session.diagnostics.clear();
    std::unique_ptr<Unit> unit = assemble(entry, plan);
    if (!unit)
      return unit;
    if (!unit->declared.empty() && !retried) { // what was broken may be whole again
      retried = true;
      llvm::copy_if(declarations, std::back_inserter(wereBroken), [](const Declaration &d) { return d.broken; });
      for (Declaration &declaration : declarations)
        declaration.broken = false;
      if (!wereBroken.empty())
        unit = assemble(entry, plan);
    }
    unit->program = session.check(std::move(unit->module));
    if (unit->program)
      makeMain(*unit->program);
    return unit;
  };
  retried = false;
  wereBroken.clear();
  for (;;) {
    Plan plan;
    std::unique_ptr<Unit> unit = attempt(plan);
    if (!unit)
      return nullptr;
    std::optional<Plan> better = learnPlan(*unit, plan);
    if (!unit->program && !better) {
      Plan plain{/*save=*/false, /*valueOfLast=*/false, {}};
      unit = attempt(plain);
      if (unit && unit->program)
        better = learnPlan(*unit, plan);
    }
    if (better)
      unit = attempt(*better);
    if (unit && unit->program && !dropStale(*unit))
      return unit;
    if (unit && !unit->program && !dropBroken(entry))
      return nullptr;
  }
}

/// Variables whose type has been defined anew, with other parts: forgets them, and gives true.
bool Engine::dropStale(const Unit &unit) {
  auto fits = [&](const ast::LetStmt *let) {
    const Slot *slot = slots.find(let->pattern->var->name);
    auto leaves = mlirgen::leavesOf(let->type, unit.program->types);
    return slot && leaves.size() == slot->size() && llvm::all_of(llvm::zip(leaves, *slot), [](auto pair) {
             auto &[leaf, value] = pair;
             bool sameKind = leaf.kind != mlirgen::LeafKind::Number || int32_t(leaf.scalar) == value.kind;
             return leaf.path == value.path && sameKind && leaf.dims.size() == value.sizes.size();
           });
  };
  bool any = false;
  for (const ast::LetStmt *let : unit.restored)
    if (!fits(let)) {
      forgetVariable(let->pattern->var->name);
      any = true;
    }
  return any;
}

void Engine::forgetVariable(StringRef name) {
  const Variable *known = variable(name);
  if (!known)
    return;
  if (name != "it")
    news += "note: `" + known->name + "` is gone: its type, " + known->shown + ", is not what it was\n";
  llvm::erase_if(variables, [&](const Variable &v) { return v.name == name; });
}

/// Where only older declarations do not check any more: says so, puts them aside, and gives true.
bool Engine::dropBroken(const SourceFile &entry) {
  llvm::SmallVector<Declaration *> broken;
  std::vector<std::string> gone;
  for (const Diagnostic &d : session.diagnostics.all()) {
    Span at = d.labels.front().span;
    if (at.file == entry.id())
      return false;
    for (Declaration &declaration : declarations)
      if (declaration.source->id() == at.file && declaration.span.begin <= at.begin && at.begin < declaration.span.end &&
          !declaration.broken)
        broken.push_back(&declaration);
    if (isOurs(at.file)) // `let x: T = load(...)`, whose T has changed
      if (const Variable *v = variableOfLine(at))
        gone.push_back(v->name);
  }
  if (broken.empty() && gone.empty())
    return false;
  for (const std::string &name : gone)
    forgetVariable(name);
  bool isNews = false;
  for (Declaration *declaration : broken) {
    declaration->broken = true;
    isNews |= llvm::none_of(wereBroken, [&](const Declaration &d) { return d.name == declaration->name; });
  }
  if (isNews) {
    tellOrigins();
    news += session.takeMessages();
    for (Declaration *declaration : broken)
      news += "  = note: `" + declaration->name + "` cannot be used until it or what it uses is defined again\n";
  }
  return true;
}

//===- Places ---------------------------------------------------------------------------------------------------------===//

/// A text that the session has made, which no message should show.
bool Engine::isOurs(uint32_t file) const { return file && session.sources.file(file).name() == sessionText; }

const Engine::Variable *Engine::variableOfLine(Span at) const {
  const SourceFile &file = session.sources.file(at.file);
  StringRef line = file.line(file.lineCol(at.begin).line);
  if (!line.consume_front("let "))
    line.consume_front("var ");
  return variable(line.split(':').first);
}

/// Places in our own texts become those that the user wrote; unknown names that were put aside are explained.
void Engine::tellOrigins() {
  std::vector<Diagnostic> list = session.diagnostics.all();
  session.diagnostics.clear();
  for (Diagnostic &d : list) {
    std::vector<Label> labels;
    for (Label &label : d.labels) {
      if (isOurs(label.span.file)) {
        const Variable *v = variableOfLine(label.span);
        label.span = v ? v->place : Span();
      }
      if (label.span.valid() || labels.empty())
        labels.push_back(label);
    }
    StringRef name = labels.front().span.valid() ? session.sources.text(labels.front().span) : "";
    d.labels = std::move(labels);
    if (d.code == Code::E0140) {
      if (llvm::any_of(declarations, [&](const Declaration &it) { return it.name == name && it.broken; }))
        d.note("`" + name.str() + "` cannot be used until it or what it uses is defined again");
      else if (llvm::any_of(functions, [&](const Function &it) { return it.name == name; }))
        d.help("`" + name.str() + "` was bound by `let`: only statements can use it; define it with `def`");
    }
    session.diagnostics.report(d.code, {}, "") = std::move(d);
  }
}
