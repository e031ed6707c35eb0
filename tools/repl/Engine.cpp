// Entries of the interactive loop. See Note [A session].
#include "frontend/Frontend.h"
#include "tools/driver/Program.h"
#include "tools/repl/Unit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::repl;
using llvm::StringRef;

Engine::Engine(driver::Options options) : session(std::move(options)) {}

const Engine::Variable *Engine::variable(StringRef name) const {
  auto found = llvm::find_if(variables, [&](const Variable &v) { return v.name == name; });
  return found == variables.end() ? nullptr : &*found;
}

//===- Running ------------------------------------------------------------------------------------------------------===//

int Engine::report(const SourceFile *entry) {
  tellOrigins();
  auto inEntry = [&](const Diagnostic &d) { return entry && d.labels.front().span.file == entry->id(); };
  std::vector<Diagnostic> list = session.diagnostics.all();
  if (llvm::any_of(list, inEntry)) {
    session.diagnostics.clear();
    for (Diagnostic &d : list)
      if (inEntry(d))
        session.diagnostics.report(d.code, {}, "") = std::move(d);
  }
  int code = session.diagnostics.empty() ? session.exitCode : driver::Rejected;
  llvm::outs().flush();
  llvm::errs() << session.takeMessages();
  session.exitCode = driver::Success;
  return code;
}

int Engine::compileAndRun(Unit &unit) {
  std::optional<driver::LoadedCode> code;
  {
    HoldInterrupts hold;
    llvm::CrashRecoveryContext recovery;
    bool survived = recovery.RunSafely([&] { code = driver::load(session, *unit.program, mlirgen::Entry::Main); });
    if (!survived)
      session.fail(driver::Internal, "internal error: tlc crashed on this entry; this is a bug in tlc\n");
    if (HoldInterrupts::requested())
      return driver::Interrupted;
  }
  if (!code)
    return report();
  llvm::outs().flush();
  return driver::runEntry(session, *code, "tl_entry");
}

const SourceFile &Engine::next(StringRef text) { return session.add("<entry " + std::to_string(++entries) + ">", text.str()); }

int Engine::enter(StringRef text, bool showResult) {
  Kept kept(*this);
  const SourceFile &entry = next(text);
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report(&entry);
  llvm::errs() << news;
  int code = compileAndRun(*unit);
  if (code) {
    slots.rollBack();
    return code;
  }
  kept.done = true;
  slots.commit();
  remember(*unit);
  if (auto *last = llvm::dyn_cast_or_null<ast::ExprStmt>(unit->last); last && showResult) {
    if (isFunction(last->expr->type))
      llvm::outs() << describe(last->expr) << "\n";
    else if (!unit->lets.empty() && unit->lets.back()->init == last->expr)
      show("it");
  }
  llvm::outs().flush();
  return driver::Success;
}

//===- What stays ---------------------------------------------------------------------------------------------------===//

void Engine::forget(StringRef name) {
  auto isIt = [&](const auto &thing) { return thing.name == name; };
  llvm::erase_if(declarations, isIt);
  llvm::erase_if(variables, isIt);
  llvm::erase_if(functions, isIt);
}

void Engine::remember(const Unit &unit) {
  for (const auto &declared : unit.declared)
    forget(declared.first);
  for (const auto &[name, span] : unit.declared)
    declarations.push_back({name, unit.source, span});
  for (const ast::LetStmt *let : unit.locals)
    for (Variable &v : variables)
      if (v.name == let->pattern->var->name)
        v.used = let->pattern->var->used;
  for (const ast::LetStmt *let : unit.lets)
    eachName(let->pattern, [&](ast::VarDecl *var) {
      const Slot *slot = slots.find(var->name);
      if (isFunction(var->type) && var->name == "it")
        return;
      forget(var->name);
      if (isFunction(var->type)) {
        functions.push_back({var->name.str(), unit.source});
      } else if (slot) {
        variables.push_back(remembered(*var, *slot, *unit.program));
        variables.back().isVar = let->isVar;
        variables.back().used = var->used;
      }
    });
}

//===- Commands -----------------------------------------------------------------------------------------------------===//

int Engine::load(StringRef path) {
  Kept kept(*this);
  const SourceFile *source = session.read(path);
  std::unique_ptr<Unit> unit = source ? check(*source) : nullptr;
  if (!unit)
    return report(source);
  llvm::errs() << news;
  kept.done = true;
  remember(*unit);
  return driver::Success;
}

int Engine::type(StringRef text) {
  Kept kept(*this);
  const SourceFile &entry = next(text);
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report(&entry);
  auto *last = llvm::dyn_cast_or_null<ast::ExprStmt>(unit->last);
  llvm::outs() << (last && last->expr->type ? describe(last->expr) : "()") << "\n";
  return driver::Success;
}

int Engine::emit(StringRef text, StringRef stage) {
  Kept kept(*this);
  const SourceFile &entry = next(text);
  if (stage == "tokens") {
    llvm::outs() << frontend::tokens(entry, session.diagnostics);
    return session.diagnostics.empty() ? driver::Success : report();
  }
  if (stage == "ast") {
    llvm::outs() << ast::print(*frontend::parse(entry, session.diagnostics, frontend::Entry::Snippet), session.sources);
    return session.diagnostics.empty() ? driver::Success : report();
  }
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report(&entry);
  if (stage == "checked") {
    llvm::outs() << ast::print(*unit->program->main(), session.sources);
    return driver::Success;
  }
  if (stage == "llvm" || stage == "asm") {
    if (!driver::emitCode(session, *unit->program, mlirgen::Entry::Main, stage, llvm::outs()))
      return report();
    return driver::Success;
  }
  auto module = session.lower(*unit->program, mlirgen::Entry::Main, stage);
  if (!module)
    return report();
  module->print(llvm::outs());
  return driver::Success;
}

std::string Engine::takeTimes() {
  std::string table = session.phases.table();
  session.phases.clear();
  return table;
}

//===- Ctrl-C while compiling ---------------------------------------------------------------------------------------===//

static volatile std::sig_atomic_t interruptRequested;

HoldInterrupts::HoldInterrupts() {
  interruptRequested = 0;
  struct sigaction action = {};
  action.sa_handler = [](int) { interruptRequested = 1; };
  sigaction(SIGINT, &action, &old);
}
HoldInterrupts::~HoldInterrupts() { sigaction(SIGINT, &old, nullptr); }
bool HoldInterrupts::requested() { return interruptRequested; }
