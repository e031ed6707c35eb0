// An entry and the session's declarations and variables -> one program. See Note [A session] in Engine.h.
#include "frontend/Frontend.h"
#include "tools/repl/Unit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

//===- Small questions about trees ----------------------------------------------------------------------------------===//

void repl::eachName(const ast::Pattern *pattern, llvm::function_ref<void(ast::VarDecl *)> f) {
  if (pattern->var)
    f(pattern->var);
  for (const ast::Pattern *part : pattern->elems)
    eachName(part, f);
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

/// A `let` of one literal stays a literal at the prompt too: it is a declaration.
static bool isLiteral(const ast::LetStmt *let) {
  const ast::Expr *init = let->init;
  if (auto *negated = llvm::dyn_cast<ast::UnaryExpr>(init))
    init = negated->operand;
  return !let->isVar && !let->typeExpr && let->pattern->var && llvm::isa<ast::NumberExpr>(init);
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

static void wrapInMain(ast::Module &module, llvm::ArrayRef<ast::Stmt *> statements, Span span) {
  auto *body = module.make<ast::BlockExpr>(span);
  body->stmts = module.list<ast::Stmt *>(statements);
  auto *main = module.make<ast::DefDecl>(span);
  main->name = "main";
  main->nameSpan = span;
  main->body = body;
  module.decls.push_back(main);
}

//===- An entry as a program ----------------------------------------------------------------------------------------===//

std::unique_ptr<Engine::Unit> Engine::assemble(const SourceFile &entry, const Plan &plan) {
  auto unit = std::make_unique<Unit>();
  unit->source = &entry;
  unit->module = frontend::parse(entry, session.diagnostics, frontend::Entry::Snippet);
  if (!session.diagnostics.empty())
    return nullptr;
  ast::Module &module = *unit->module;
  auto parse = [&](const SourceFile &source) -> ast::Module & {
    unit->parts.push_back(frontend::parse(source, session.diagnostics, frontend::Entry::Snippet));
    return *unit->parts.back();
  };
  auto parseText = [&](std::string text) -> ast::Module & { return parse(session.add("<session>", std::move(text))); };

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
    unit->declared.push_back(decl->name.str());
  auto isNew = [&](StringRef name) { return llvm::is_contained(unit->declared, name); };

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
          !isNew(decl->name))
        module.decls.push_back(decl);
  }

  // The session's variables: constants for its definitions, locals for the entry, which loads each once.
  std::vector<ast::Stmt *> statements;
  llvm::StringSet<> words = wordsOf(entry.text());
  for (const Function &function : functions)
    if (words.contains(function.name))
      for (const auto &word : wordsOf(function.source->text()))
        words.insert(word.getKey());
  std::string constants, locals;
  for (const Variable &v : variables) {
    if (isNew(v.name))
      continue;
    std::string rest = v.name + ": " + v.type + " = load(\"session:" + v.name + "\")\n";
    constants += "let " + rest;
    if (words.contains(v.name))
      locals += (v.isVar ? "var " : "let ") + rest;
  }
  ast::Module &globals = parseText(constants);
  for (ast::Stmt *statement : globals.stmts)
    module.decls.push_back(constantOf(llvm::cast<ast::LetStmt>(statement), globals));
  llvm::append_range(statements, parseText(locals).stmts);
  for (const Function &function : functions)
    if (words.contains(function.name) && !isNew(function.name))
      for (ast::Stmt *statement : parse(*function.source).stmts)
        if (auto *let = llvm::dyn_cast<ast::LetStmt>(statement); let && let->pattern->var && let->pattern->var->name == function.name)
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
  llvm::erase_if(module.decls, [](const ast::Decl *decl) { return decl->name == "main"; });
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
    plan.valueOfLast = !(tuple && tuple->elems.empty()) && type->kind != ast::TypeKind::None && !isFunction(type);
  }
  for (const ast::LetStmt *let : unit.lets)
    if (let->pattern->var && isFunction(let->pattern->var->type ? let->pattern->var->type : let->type))
      plan.functions.push_back(let->pattern->var->name.str());
  if (plan == tried)
    return std::nullopt;
  return plan;
}

/// Checks an entry. The likely plan is tried first; what that reports is not shown, for it may be wrong about the plan.
std::unique_ptr<Engine::Unit> Engine::check(const SourceFile &entry) {
  auto attempt = [&](const Plan &plan) {
    session.diagnostics.clear();
    std::unique_ptr<Unit> unit = assemble(entry, plan);
    if (unit)
      unit->program = session.check(std::move(unit->module));
    return unit;
  };
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
    if (unit && unit->program)
      return unit;
    if (!dropBroken(entry))
      return nullptr;
  }
}

/// Where only older declarations do not check any more: says so, puts them aside, and gives true.
bool Engine::dropBroken(const SourceFile &entry) {
  llvm::SmallVector<Declaration *> broken;
  for (const Diagnostic &d : session.diagnostics.all()) {
    Span at = d.labels.front().span;
    if (at.file == entry.id())
      return false;
    for (Declaration &declaration : declarations)
      if (declaration.source->id() == at.file && !declaration.broken)
        broken.push_back(&declaration);
  }
  if (broken.empty())
    return false;
  llvm::errs() << session.takeMessages();
  for (Declaration *declaration : broken) {
    declaration->broken = true;
    llvm::errs() << "  = note: `" << declaration->name << "` cannot be used until it or what it uses is defined again\n";
  }
  return true;
}
