// Names and titles of the codes, from Diagnostics.def.
#include "ast/base/Diagnostic.h"

using namespace tl;

llvm::StringRef tl::codeName(Code code) {
  switch (code) {
#define DIAG(code, title)                                                                                                                  \
  case Code::code:                                                                                                                         \
    return #code;
#include "ast/base/Diagnostics.def"
  }
  return "";
}

llvm::StringRef tl::codeTitle(Code code) {
  switch (code) {
#define DIAG(code, title)                                                                                                                  \
  case Code::code:                                                                                                                         \
    return title;
#include "ast/base/Diagnostics.def"
  }
  return "";
}
