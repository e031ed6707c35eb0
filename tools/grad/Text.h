// Pieces of source text that fit together: expressions with their binding strength, lines that are not too long.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <set>
#include <string>

namespace tl::grad {
/// How tightly the outermost operator of an expression binds.
enum class Binding { Lambda, Or, And, Not, Compare, Range, Sum, Product, Minus, Power, Atom };

/// What is written for a value. The text may have fewer axes than the value: where the language repeats what is missing, nothing is
/// written. `axes` says of each axis of the value whether the text has it; the others are missing if they lead, and have size 1 else.
struct Expr {
  std::string text;
  Binding binding = Binding::Atom;
  llvm::SmallVector<bool, 4> axes;
  bool isLiteral = false;      ///< has no element type of its own
  bool isSimple = false;       ///< a name, a number, a subscript of these: as short as a name for it
  bool isWaiting = false;      ///< stands nowhere yet: its only use will write it
  std::set<std::string> reads; ///< the `var`s in it
  /// Of `name + x` and its like: what stands right of the name, for `name += x`. Of `-x`: x. Of `i8(u)`, where u has no sign: "u" and u.
  std::string first, op, rest;
  Binding restBinding = Binding::Atom;
  /// What an integer with a sign is made of: see Writer::asUnsigned.
  std::string unsignedText() const { return op == "u" ? rest : ""; }

  /// Whether nothing is repeated.
  bool isWhole() const {
    return llvm::all_of(axes, [](bool has) { return has; });
  }
  /// The text as an operand of what binds as tightly as `least`.
  std::string at(Binding least) const { return binding < least ? "(" + text + ")" : text; }
};
using ExprRef = std::shared_ptr<Expr>;

/// `text` on lines of at most 100 columns where that is possible, each but the first two more columns in than `indent`, which stands before
/// it.
std::string wrapped(llvm::StringRef text, unsigned indent);
/// "a, b, c"
std::string list(llvm::ArrayRef<std::string> parts);
/// Whether the text is one name or number.
bool isWord(llvm::StringRef text);
} // namespace tl::grad
