// Entries of the interactive loop: each is compiled with the session's declarations as one program, and run.
//
// Note [A session]. A session is the text of its declarations and the values of its variables. An entry becomes a program:
// the declarations parsed again, its own, and a `main` of its statements, in front of which stands `let x: f32[3] =
// load("session:x")` for each variable that it names, and behind which stands `save("session:y", y)` for what it binds.
// Types of variables are kept as text, with the sizes that their values have. So the compiler knows nothing of sessions. An
// entry that fails changes nothing: `Kept` restores what it put aside.
#pragma once
#include "tools/driver/Session.h"
#include "tools/repl/Slots.h"
#include <csignal>

namespace tl::repl {
/// The name of texts that the session makes itself.
inline constexpr llvm::StringRef sessionText = "<session>";

class Engine {
public:
  explicit Engine(driver::Options options);

  /// Compiles and runs one entry and prints the value of its last expression, where `show`. What is wrong has been written.
  /// Gives an exit code.
  int enter(llvm::StringRef text, bool show);
  /// Declares what a file does.
  int load(llvm::StringRef path);
  /// The type of an expression.
  int type(llvm::StringRef text);
  /// The declarations of a name, `softplus` or `nn.dense`, with their documentation; of a module the names that it declares.
  int document(llvm::StringRef name);
  /// What an entry becomes at a stage of the compiler.
  int emit(llvm::StringRef text, llvm::StringRef stage);
  /// The phases of what was entered since the last call.
  std::string takeTimes();
  /// Without a header, as `tlc eval` prints.
  bool bare = false;

private:
  /// A definition, record, import or literal constant, kept as the place that it was written at.
  struct Declaration {
    std::string name;
    const SourceFile *source;
    Span span;           ///< the whole declaration
    bool broken = false; ///< does not check any more since something was redefined
  };
  struct Variable {
    std::string name;
    std::string type;       ///< as the session writes it, modules included
    std::string imports;    ///< of modules that the type needs and the session has not imported
    std::string shown;      ///< the type as people see it
    Span place;             ///< where it was bound
    std::vector<bool> keys; ///< leaves that are keys
    bool isVar = false;
    std::vector<ast::KeyUse> used; ///< keys that an entry has used up
  };
  /// A `let` of a function: evaluated again by each entry that names it.
  struct Function {
    std::string name;
    const SourceFile *source;
  };
  /// What to do with the statements of an entry, known for certain only once they have been checked.
  struct Plan {
    bool save = true;                   ///< false: only check
    bool valueOfLast = true;            ///< the last statement is an expression with a value: `it`
    std::vector<std::string> functions; ///< lets that are functions
    bool operator==(const Plan &) const = default;
  };
  struct Unit;
  class Kept;

  std::unique_ptr<Unit> assemble(const SourceFile &entry, const Plan &plan);
  std::unique_ptr<Unit> check(const SourceFile &entry);
  std::optional<Plan> learnPlan(const Unit &unit, const Plan &tried) const;
  bool dropBroken(const SourceFile &entry);
  bool dropStale(const Unit &unit);
  void forgetVariable(llvm::StringRef name);
  bool isOurs(uint32_t file) const;
  std::string valueOf(const Variable &v) const;
  const Variable *variableOfLine(Span at) const;
  void tellOrigins();
  void remember(const Unit &unit);
  void forget(llvm::StringRef name);
  void show(llvm::StringRef name);
  const SourceFile &next(llvm::StringRef text);
  std::string describe(const ast::Expr *e) const;
  Variable remembered(const ast::VarDecl &var, const Slot &slot, ast::Program &program) const;
  const Variable *variable(llvm::StringRef name) const;
  int compileAndRun(Unit &unit);
  /// Writes what is wrong; of mistakes in the entry and in older declarations those in the entry.
  int report(const SourceFile *entry = nullptr);

  driver::Session session;
  Slots slots;
  std::vector<Declaration> declarations;
  std::vector<Variable> variables;
  std::vector<Function> functions;
  unsigned entries = 0;
  // While an entry is checked:
  std::string news;                    ///< what it does to older names, told once it has checked
  std::vector<Declaration> wereBroken; ///< known to be so, and not told again
  bool retried = false;
};

/// While it lives, Ctrl-C sets a flag instead of ending the process: for what cannot be left, the compiler.
class HoldInterrupts {
public:
  HoldInterrupts();
  ~HoldInterrupts();
  static bool requested();

private:
  struct sigaction old;
};
} // namespace tl::repl
