// What an exported name cannot be.
#include "ast/ForeignWords.h"
#include "llvm/ADT/StringSet.h"

bool tl::ast::isForeignWord(llvm::StringRef word) {
  static const llvm::StringSet<> words = {
      // C
      "auto", "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "do", "double", "else", "enum", "extern",
      "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr", "register", "restrict", "return", "short", "signed",
      "sizeof", "static", "static_assert", "struct", "switch", "thread_local", "true", "typedef", "typeof", "typeof_unqual", "union",
      "unsigned", "void", "volatile", "while", "alignas", "alignof", "asm", "fortran", "main",
      // C++
      "and", "and_eq", "bitand", "bitor", "catch", "char8_t", "char16_t", "char32_t", "class", "co_await", "co_return", "co_yield", "compl",
      "concept", "const_cast", "consteval", "constinit", "decltype", "delete", "dynamic_cast", "explicit", "export", "friend", "mutable",
      "namespace", "new", "noexcept", "not", "not_eq", "operator", "or", "or_eq", "private", "protected", "public", "reinterpret_cast",
      "requires", "static_cast", "template", "this", "throw", "try", "typeid", "typename", "using", "virtual", "wchar_t", "xor", "xor_eq",
      // Python
      "False", "None", "True", "as", "assert", "async", "await", "def", "del", "elif", "except", "finally", "from", "global", "import",
      "in", "is", "lambda", "nonlocal", "pass", "raise", "with", "yield",
      // macros of the standard headers
      "NULL", "EOF", "NAN", "INFINITY", "errno", "stdin", "stdout", "stderr", "I", "complex", "noreturn", "offsetof", "linux", "unix"};
  return words.contains(word);
}
