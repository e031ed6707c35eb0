// `tlc explain E0301`: the page of an error code.
#include "ast/base/Diagnostic.h"
#include "stdlib/Embedded.h"
#include "tools/driver/Suggest.h"
#include "tools/tlc/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::tlc;
using llvm::StringRef;

/// "301" and "e0301" mean E0301.
static std::string normalized(StringRef code) {
  StringRef digits = code.starts_with_insensitive("e") ? code.drop_front() : code;
  std::string zeros(digits.size() < 4 ? 4 - digits.size() : 0, '0');
  return "E" + zeros + digits.str();
}

static int explain(const std::string &asked) {
  std::string name = normalized(asked) + ".md";
  std::vector<std::string> codes;
  for (size_t i = 0; i < explainFilesCount; ++i) {
    if (name == explainFiles[i].name) {
      llvm::outs() << StringRef(explainFiles[i].text, explainFiles[i].size).rtrim() << "\n";
      return driver::Success;
    }
    codes.push_back(StringRef(explainFiles[i].name).drop_back(3).str());
  }
  llvm::errs() << "error: there is no page for `" << asked << "`\n";
  if (std::string near = driver::nearest(normalized(asked), codes); !near.empty())
    llvm::errs() << "  = help: did you mean `" << near << "`?\n";
  return driver::Usage;
}

static int list() {
  for (size_t i = 0; i < explainFilesCount; ++i) {
    StringRef title = StringRef(explainFiles[i].text, explainFiles[i].size).split('\n').first.ltrim("# ");
    llvm::outs() << title << "\n";
  }
  return driver::Success;
}

void tlc::addExplain(CLI::App &app, Request &request) {
  CLI::App *command = app.add_subcommand("explain", "Explain an error code; without one, list them");
  auto code = std::make_shared<std::string>();
  command->add_option("code", *code, "Such as E0301");
  command->callback([&request, code] { request.run = [code](Request &) { return code->empty() ? list() : explain(*code); }; });
}
