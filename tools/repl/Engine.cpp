// Entries of the interactive loop. See Note [A session].
#include "mlir_gen/Value.h"
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

int Engine::report() {
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

int Engine::enter(StringRef text, bool showResult) {
  const SourceFile &entry = session.add("<entry " + std::to_string(++entries) + ">", text.str());
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report();
  int code = compileAndRun(*unit);
  if (code) {
    slots.rollBack();
    return code;
  }
  slots.commit();
  remember(*unit);
  if (auto *last = llvm::dyn_cast_or_null<ast::ExprStmt>(unit->last); last && showResult) {
    if (!unit->lets.empty() && unit->lets.back()->init == last->expr)
      show("it");
    else if (isFunction(last->expr->type))
      llvm::outs() << "a function\n";
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

/// The type as text, with the sizes that the leaves of its value have.
static std::string concreteType(const ast::Type *type, const Slot &slot, ast::TypeContext &types) {
  llvm::DenseMap<const Sym *, int64_t> known;
  auto leaves = mlirgen::leavesOf(type, types);
  for (auto [leaf, value] : llvm::zip(leaves, slot))
    for (auto [dim, size] : llvm::zip(leaf.dims, value.sizes))
      if (const Sym *symbol = dim.symbol())
        known.try_emplace(symbol, size);
  auto size = [&](const Sym *symbol) -> std::optional<Size> {
    auto found = known.find(symbol);
    return found == known.end() ? std::nullopt : std::optional<Size>(found->second);
  };
  auto keepType = [](const ast::TypeParam *) -> const ast::Type * { return nullptr; };
  auto keepPack = [](const ast::Pack *) -> std::optional<ast::Dims> { return std::nullopt; };
  return ast::str(ast::substitute(type, types, {keepType, keepPack, size}));
}

void Engine::remember(const Unit &unit) {
  for (const std::string &name : unit.declared)
    forget(name);
  for (const std::string &name : unit.declared)
    if (name != "main")
      declarations.push_back({name, unit.source});
  // What was broken may be whole again.
  for (Declaration &declaration : declarations)
    declaration.broken &= unit.declared.empty();
  for (const ast::LetStmt *let : unit.lets)
    eachName(let->pattern, [&](ast::VarDecl *var) {
      const Slot *slot = slots.find(var->name);
      forget(var->name);
      if (isFunction(var->type))
        functions.push_back({var->name.str(), unit.source});
      else if (slot)
        variables.push_back({var->name.str(), concreteType(var->type, *slot, unit.program->types), let->isVar});
    });
}

//===- Showing ------------------------------------------------------------------------------------------------------===//

namespace {
/// What tl_call runs to print a value.
struct Printing {
  const Slot &slot;
  const std::string &type;
  bool header;

  static void run(void *self) { static_cast<Printing *>(self)->print(); }

  void line(const std::string &text) { tl_print(tl_string(text.data(), text.size())); }

  void print() {
    bool aggregate = slot.size() != 1 || !slot[0].path.empty();
    if (header && (aggregate || !slot[0].sizes.empty()))
      line(type);
    for (const SlotLeaf &leaf : slot) {
      int64_t handle = leaf.kind == TL_STR ? tl_string(leaf.bytes.data(), leaf.bytes.size()) : 0;
      const void *data = leaf.kind == TL_STR ? static_cast<const void *>(&handle) : leaf.bytes.data();
      TlValue value = {leaf.kind, int32_t(leaf.sizes.size()), data, leaf.sizes.data()};
      std::string name = aggregate ? leaf.path + (leaf.sizes.empty() ? ": " : ":\n") : "";
      const char *parts[] = {name.c_str(), "", ""};
      tl_print(tl_format(parts, &value, 1));
    }
  }
};
} // namespace

void Engine::show(StringRef name) {
  const Slot *slot = slots.find(name);
  const Variable *known = variable(name);
  if (!slot || !known)
    return;
  Printing printing{*slot, known->type, !bare};
  tl_call(Printing::run, &printing);
}

//===- Commands -----------------------------------------------------------------------------------------------------===//

int Engine::load(StringRef path) {
  const SourceFile *source = session.read(path);
  std::unique_ptr<Unit> unit = source ? check(*source) : nullptr;
  if (!unit)
    return report();
  remember(*unit);
  return driver::Success;
}

int Engine::type(StringRef text) {
  const SourceFile &entry = session.add("<entry " + std::to_string(++entries) + ">", text.str());
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report();
  auto *last = llvm::dyn_cast_or_null<ast::ExprStmt>(unit->last);
  llvm::outs() << (last && last->expr->type ? ast::str(last->expr->type) : "()") << "\n";
  return driver::Success;
}

int Engine::emit(StringRef text, StringRef stage) {
  const SourceFile &entry = session.add("<entry " + std::to_string(++entries) + ">", text.str());
  std::unique_ptr<Unit> unit = check(entry);
  if (!unit)
    return report();
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
