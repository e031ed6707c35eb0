// --emit: the program at any stage, as text.
#include "frontend/Frontend.h"
#include "tools/driver/Program.h"
#include "tools/tlc/Commands.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::tlc;
using llvm::StringRef;

namespace {
/// One stage of a file; false where something was reported.
bool emitStage(driver::Session &session, const Request &request, mlirgen::Entry entry, StringRef stage, llvm::raw_ostream &out) {
  if (stage == "tokens" || stage == "ast") {
    const SourceFile *source = session.read(request.file);
    if (!source)
      return false;
    if (stage == "tokens")
      out << frontend::tokens(*source, session.diagnostics);
    else
      out << ast::print(*frontend::parse(*source, session.diagnostics), session.sources);
    if (!session.diagnostics.empty())
      session.exitCode = driver::Rejected;
    return session.diagnostics.empty();
  }
  if (stage == "ambiguities") { // for test/grammar: what could be read in two ways
    const SourceFile *source = session.read(request.file);
    out << (source ? frontend::ambiguities(*source) : "");
    return source;
  }
  if (stage == "crash") // for test/tools/tlc: what a bug in tlc ends in
    __builtin_trap();
  ast::Program *program = session.check(request.file);
  if (!program)
    return false;
  if (stage == "checked") {
    out << ast::print(*program->main(), session.sources);
    return true;
  }
  if (stage == "llvm" || stage == "asm" || stage == "obj")
    return driver::emitCode(session, *program, entry, stage, out);
  auto module = session.lower(*program, entry, stage);
  if (module)
    module->print(out);
  return bool(module);
}
} // namespace

int tlc::emitStages(driver::Session &session, const Request &request, mlirgen::Entry entry) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (const std::string &stage : request.emit) {
    if (request.emit.size() > 1)
      out << "// ---- " << stage << " ----\n";
    if (!emitStage(session, request, entry, stage, out))
      return finish(session);
  }
  if (!session.write(request.output.empty() ? "-" : request.output, [&](llvm::raw_ostream &file) { file << text; }))
    return finish(session);
  return driver::Success;
}
