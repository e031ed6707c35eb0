// Exported definitions -> C functions: the parameters of each, the structs of its records, and where every leaf of an argument or
// result is found. The code of an exported function reads by it, the header and the Python module are written by it.
#pragma once
#include "mlir_gen/Value.h"
#include <optional>
#include <vector>

namespace tl::mlirgen {
/// A parameter of a C function. Each takes one slot of eight bytes in the frame that the compiled code is given.
struct CParam {
  std::string name;
  std::string type;                      ///< as it stands before the name: "int64_t ", "const float *"
  std::optional<ast::ScalarKind> scalar; ///< of one that is passed by value; else it is a pointer
};

/// Where a leaf is: in a slot, or `offset` bytes into the struct that the slot points to.
struct CLeaf {
  unsigned slot = 0;
  int64_t offset = -1;
  bool fresh = false; ///< a result that the function allocates: a text, or an array with sizes that only the data knows
};

/// A size and the slot that has it: its value, or where it is to be written.
struct CSize {
  const Sym *sym;
  unsigned slot;
};

struct CField {
  std::string name, type, source; ///< `source`: its type in the program
  StringRef doc;
};

/// What a record is in C, whatever its sizes: those are parameters of the functions.
struct CStruct {
  std::string name, key; ///< `key`: its element types
  const ast::StructDecl *decl;
  bool isArray = false; ///< of an array of such records: every leaf is an array
  std::vector<CField> fields;
  SmallVector<int64_t> leaves; ///< the offset of each, in bytes
  uint64_t size = 0, align = 1;
};

/// An exported definition. Behind each parameter stand the sizes that it is the first to name, behind all of them the results, each
/// followed by the sizes that only the data knows.
struct CFunction {
  ast::DefDecl *def;
  std::vector<CParam> params;
  std::vector<CSize> sizes, found;       ///< given by the caller; found by the function
  std::vector<CLeaf> arguments, results; ///< of all parameters; of the result
};

struct Exports {
  std::vector<CStruct> structs; ///< one that another holds stands before it
  std::vector<CFunction> functions;
};

/// Those of the program's own file, in source order. The checker has refused what C cannot be given.
Exports exportsOf(ast::Program &program);
/// The C type of a number: "float"; "uint16_t" where C has none of its own (f16, bf16).
StringRef cName(ast::ScalarKind kind);
/// A name that is ASCII letters, digits and `_`, and no word of C, C++ or Python: other letters become `u` and their number.
std::string cName(StringRef name);
} // namespace tl::mlirgen
