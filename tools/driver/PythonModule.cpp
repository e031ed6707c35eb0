// The exported definitions of a program as a Python module, on ctypes and NumPy: sizes are read from the arrays, and an error of the
// program becomes an exception.
#include "tools/driver/Library.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace tl;
using namespace tl::driver;
using namespace tl::mlirgen;
using llvm::StringRef;

/// What every module begins with. NAME is the library's, FILE its file.
static constexpr StringRef preamble = R"py(import ctypes as _ctypes
import dataclasses as _dataclasses
import os as _os

import numpy as _np

_library = _ctypes.CDLL(_os.path.join(_os.path.dirname(_os.path.abspath(__file__)), "FILE"))
_library.NAME_last_error.restype = _ctypes.c_char_p
_library.NAME_free.argtypes = [_ctypes.c_void_p]
_library.NAME_free.restype = None
_library.NAME_set_threads.argtypes = [_ctypes.c_int64]
_library.NAME_set_threads.restype = None


class Error(Exception):
    """A call that failed: the message says where in the program, `status` is its exit code."""

    def __init__(self, status):
        super().__init__(_library.NAME_last_error().decode())
        self.status = status


_failure = Error


def set_threads(threads):
    """How many threads compute: 0, as at the start, one for each processor. Before the first call."""
    _library.NAME_set_threads(threads)


def _part(name, value, field):
    try:
        return value[field] if isinstance(field, int) else getattr(value, field)
    except (AttributeError, TypeError, IndexError):
        what = f"a tuple with an element {field}" if isinstance(field, int) else f"a record with a field {field}"
        raise TypeError(f"{name}: expected {what}, found {type(value).__name__}") from None


def _plain(name, value, what):
    if isinstance(value, (str, bytes, dict)) or value is None:
        raise TypeError(f"{name}: expected {what}, found {type(value).__name__}")


def _size(name, value, rank, axis):
    _plain(name, value, "an array")
    shape = _np.shape(value)
    if len(shape) != rank:
        raise ValueError(f"{name}: expected an array of {rank} axes, found the shape {shape}")
    return shape[axis]


def _floor(a, b):
    return a // b if b > 0 else -1  # no size: the call will say why


def _modulo(a, b):
    return a % b if b > 0 else -1


def _array(name, value, dtype, shape):
    _plain(name, value, "an array")
    array = value if isinstance(value, _np.ndarray) else _np.asarray(value, dtype)
    if array.dtype != dtype:
        raise TypeError(f"{name}: expected {dtype}, found {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name}: expected the shape {shape}, found {array.shape}")
    return _np.require(array, requirements="CA")


def _number(name, value, dtype):
    _plain(name, value, dtype)
    if _np.ndim(value):
        raise ValueError(f"{name}: expected a number, found the shape {_np.shape(value)}")
    if _np.issubdtype(dtype, _np.floating):
        number = _np.asarray(value, dtype)
        return int(number.view("uint16")) if dtype == "float16" else float(number)
    if dtype != "bool" and not _np.issubdtype(_np.asarray(value).dtype, _np.integer):
        raise TypeError(f"{name}: expected {dtype}, found {type(value).__name__}")
    if dtype != "bool" and not _np.iinfo(dtype).min <= value <= _np.iinfo(dtype).max:
        raise ValueError(f"{name}: {value} does not fit {dtype}")
    return bool(value) if dtype == "bool" else int(value)


def _text(name, value):
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected str, found {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{name}: a text with a zero in it")
    return value.encode()


def _room(dtype, *shape):
    return _np.empty(tuple(max(size, 0) for size in shape), dtype)


def _field(value, dtype):
    return _np.uint16(value).view("float16") if dtype == "float16" else _np.dtype(dtype).type(value)


def _taken(pointer, dtype, *shape):
    if dtype == "str":
        value = _ctypes.string_at(pointer).decode()
    else:
        value = _np.empty(shape, dtype)
        _ctypes.memmove(value.ctypes.data, pointer, value.nbytes)
    _library.NAME_free(pointer)
    return value


def _run(function, *arguments):
    status = function(*arguments)
    if status:
        raise _failure(status)
)py";

static StringRef dtype(const Leaf &leaf) {
  static constexpr const char *names[] = {"bool",   "int8",   "int16",   "int32",  "int64",   "uint8",  "uint16",
                                          "uint32", "uint64", "float16", "uint16", "float32", "float64"};
  return leaf.kind == LeafKind::Str ? "str" : names[unsigned(leaf.scalar)];
}

static StringRef ctype(StringRef cName) {
  if (cName == "float")
    return "_ctypes.c_float";
  if (cName == "double")
    return "_ctypes.c_double";
  return cName == "bool" ? "_ctypes.c_bool" : "";
}

/// The ctypes type of what C writes as `type`.
static std::string ctypeOf(StringRef type) {
  type = type.rtrim();
  if (type.ends_with("*"))
    return "_ctypes.c_void_p";
  if (type.consume_front("struct "))
    return "_" + type.str();
  if (StringRef known = ctype(type); !known.empty())
    return known.str();
  type.consume_back("_t");
  return "_ctypes.c_" + type.str();
}

namespace {
/// One function of the module.
class Writer {
public:
  Writer(llvm::raw_ostream &out, ast::Program &program, const Exports &exports, const CFunction &function, const std::string &signature)
      : out(out), program(program), exports(exports), function(function), signature(signature) {}

  void run() {
    const std::string name = function.def->name.str();
    takeArguments();
    takeResults();
    out << "\n\n_library." << name << ".argtypes = [";
    for (const CParam &param : function.params)
      out << (&param == &function.params.front() ? "" : ", ") << (param.scalar ? ctypeOf(param.type) : "_ctypes.c_void_p");
    out << "]\n\n\ndef " << name << "(" << llvm::join(parameters, ", ") << "):\n    \"\"\"";
    if (!function.def->doc.empty())
      out << escaped(function.def->doc) << "\n\n    ";
    out << escaped(signature) << "\n    \"\"\"\n" << body;
    out << "    _run(_library." << name;
    for (const std::string &value : passed)
      out << ", " << value;
    out << ")\n";
    size_t leaf = 0;
    if (!function.results.empty())
      out << "    return " << gathered(function.def->result, leaf) << "\n";
  }

private:
  /// A text inside of a docstring.
  static std::string escaped(StringRef text) {
    std::string safe;
    for (char c : text)
      if (c == '\n')
        safe += "\n    ";
      else
        safe += c == '\\' || c == '"' ? std::string("\\") + c : std::string(1, c);
    return safe;
  }

  /// A local variable: no parameter is called so.
  std::string local() {
    std::string name;
    do
      name = "_" + std::to_string(locals++);
    while (llvm::is_contained(parameters, name));
    return name;
  }
  void line(const llvm::Twine &text) { body += ("    " + text + "\n").str(); }

  /// A size in the names of the module.
  std::string text(const Size &size) {
    auto name = [&](const std::string &text) { return Size(program.sizes.sym(SymKind::Param, text, {})); };
    auto renamed = [&](const Sym *sym) -> std::optional<Size> {
      if ((sym->kind == SymKind::Div || sym->kind == SymKind::Mod) && !sym->rhs->constant())
        return name((sym->kind == SymKind::Div ? "_floor(" : "_modulo(") + text(*sym->lhs) + ", " + text(*sym->rhs) + ")");
      auto known = names.find(sym);
      return known == names.end() ? std::nullopt : std::optional(name(known->second));
    };
    return substitute(size, program.sizes, renamed).str();
  }
  /// The sizes of a leaf, each after ", ".
  std::string shape(const Leaf &leaf) {
    std::string list;
    for (const Size &size : leaf.dims)
      list += ", " + text(size);
    return list;
  }

  /// Where a leaf is in a parameter: "_part("p", p, "w")" for "p.w".
  static std::string path(StringRef root, StringRef leaf) {
    std::string text = root.str(), name = root.str();
    llvm::SmallVector<StringRef> parts;
    leaf.split(parts, '.', -1, /*KeepEmpty=*/false);
    for (StringRef part : parts) {
      const bool isPlace = llvm::isDigit(part.front());
      text = "_part(\"" + name + "\", " + text + ", " + (isPlace ? part.str() : "\"" + part.str() + "\"") + ")";
      name += "." + part.str();
    }
    return text;
  }

  struct Place {
    std::string path, name; ///< as Python, for messages
    Leaf leaf;
    const CLeaf *at;
  };

  void takeArguments() {
    std::vector<Place> places;
    const CLeaf *at = function.arguments.data();
    for (const ast::VarDecl *param : function.def->params) {
      parameters.push_back(cName(param->name));
      if (param->sym)
        names[param->sym] = parameters.back();
      for (const Leaf &leaf : leavesOf(param->type, program.types))
        places.push_back(
            {path(parameters.back(), leaf.path), leaf.path.empty() ? param->name.str() : param->name.str() + "." + leaf.path, leaf, at++});
    }
    passed.resize(function.params.size());
    for (const Place &place : places) // an int may be a size of what follows
      if (place.leaf.dims.empty() && place.leaf.kind == LeafKind::Number && place.leaf.path.empty())
        line(place.path + " = " + converted(place, "_number"));
    findSizes(places);
    std::map<unsigned, std::vector<std::string>> records;
    for (const Place &place : places) {
      std::string value;
      if (place.leaf.kind == LeafKind::Str)
        value = "_text(\"" + place.name + "\", " + place.path + ")";
      else if (place.leaf.dims.empty())
        value = place.leaf.path.empty() ? place.path : converted(place, "_number");
      else
        value = "_array(\"" + place.name + "\", " + place.path + ", \"" + dtype(place.leaf).str() + "\", (" + shape(place.leaf).substr(2) +
                (place.leaf.dims.size() == 1 ? ",))" : "))");
      if (!place.leaf.dims.empty() || place.leaf.kind == LeafKind::Str) { // kept alive through the call
        std::string kept = local();
        line(kept + " = " + value);
        value = place.leaf.dims.empty() ? (place.at->offset < 0 ? kept : address(kept)) : kept + ".ctypes.data";
      }
      if (place.at->offset < 0)
        passed[place.at->slot] = value;
      else
        records[place.at->slot].push_back(value);
    }
    for (auto &[slot, values] : records)
      passed[slot] = "_ctypes.byref(" + made(slot, values) + ")";
    for (const CSize &size : function.sizes)
      passed[size.slot] = names[size.sym];
  }

  static std::string address(const std::string &text) { return "_ctypes.cast(" + text + ", _ctypes.c_void_p)"; }
  std::string converted(const Place &place, StringRef by) {
    return (by + "(\"" + place.name + "\", " + place.path + ", \"" + dtype(place.leaf) + "\")").str();
  }

  /// A struct of the values of its leaves.
  std::string made(unsigned slot, llvm::ArrayRef<std::string> values) { return part(record(function.params[slot].type), values); }
  /// The same of a part of it, whose leaves are taken from the front of `values`.
  std::string part(const CStruct &record, llvm::ArrayRef<std::string> &values) {
    std::string text;
    for (const CField &field : record.fields) {
      if (field.name == "unused" && record.leaves.empty())
        continue;
      std::string value;
      if (StringRef(field.type).starts_with("struct ")) {
        value = part(this->record(field.type), values);
      } else {
        value = values.front();
        values = values.drop_front();
      }
      text += (text.empty() ? "" : ", ") + value;
    }
    return "_" + record.name + "(" + text + ")";
  }
  /// The struct that C writes as "const struct Mlp *".
  const CStruct &record(StringRef type) {
    type.consume_front("const ");
    type.consume_front("struct ");
    type = type.rtrim(" *");
    return *llvm::find_if(exports.structs, [&](const CStruct &it) { return it.name == type; });
  }

  /// Sizes are read from the shapes, or solved for where they stand in linear forms only; others become parameters.
  void findSizes(llvm::ArrayRef<Place> places) {
    auto isKnown = [&](const Size &size) {
      bool known = true;
      size.eachSym([&](const Sym *sym) { known &= sym->lhs || names.count(sym); });
      return known;
    };
    auto find = [&](const CSize &wanted) {
      for (bool alone : {true, false})
        for (const Place &place : places)
          for (auto [axis, size] : llvm::enumerate(place.leaf.dims)) {
            int64_t factor = 0;
            for (const Term &term : size.terms())
              if (term.syms.size() == 1 && term.syms.front() == wanted.sym)
                factor = term.coef;
            Size rest = size - Size(factor) * Size(wanted.sym);
            if (factor <= 0 || rest.mentions(wanted.sym) || !isKnown(rest) || (alone && (factor != 1 || rest != Size(0))))
              continue;
            std::string value = "_size(\"" + place.name + "\", " + place.path + ", " + std::to_string(place.leaf.dims.size()) + ", " +
                                std::to_string(axis) + ")";
            if (rest != Size(0))
              value = "(" + value + " - (" + text(rest) + "))";
            if (factor != 1)
              value += " // " + std::to_string(factor);
            names[wanted.sym] = function.params[wanted.slot].name;
            line(names[wanted.sym] + " = " + value);
            return true;
          }
      return false;
    };
    std::vector<CSize> open = function.sizes;
    for (size_t before = 0; before != open.size();) {
      before = open.size();
      llvm::erase_if(open, find);
    }
    for (const CSize &size : open) {
      names[size.sym] = function.params[size.slot].name;
      parameters.push_back(names[size.sym]);
    }
  }

  void takeResults() {
    std::map<unsigned, std::pair<std::string, std::vector<std::string>>> records;
    for (const CSize &size : function.found) {
      std::string variable = local();
      line(variable + " = _ctypes.c_int64()");
      passed[size.slot] = "_ctypes.byref(" + variable + ")";
      names[size.sym] = variable + ".value";
    }
    const CLeaf *at = function.results.data();
    for (const Leaf &leaf : leavesOf(function.def->result, program.types)) {
      const CLeaf &to = *at++;
      std::string kind = "\"" + dtype(leaf).str() + "\"";
      const bool inRecord = to.offset >= 0;
      if (inRecord && records[to.slot].first.empty())
        records[to.slot].first = local();
      std::string here = inRecord ? records[to.slot].first + "." + fieldPath(to) : local();
      if (to.fresh) {
        if (!inRecord) {
          line(here + " = _ctypes.c_void_p()");
          passed[to.slot] = "_ctypes.byref(" + here + ")";
        }
        values.push_back("_taken(" + here + ", " + kind + shape(leaf) + ")");
        if (inRecord)
          records[to.slot].second.push_back("None");
      } else if (inRecord && leaf.dims.empty()) {
        records[to.slot].second.push_back("0");
        values.push_back("_field(" + here + ", " + kind + ")");
      } else {
        std::string room = inRecord ? local() : here;
        line(room + " = _room(" + kind + shape(leaf) + ")");
        (inRecord ? records[to.slot].second.emplace_back() : passed[to.slot]) = room + ".ctypes.data";
        values.push_back(leaf.dims.empty() ? room + "[()]" : room);
      }
    }
    for (auto &[slot, made] : records) {
      line(made.first + " = " + this->made(slot, made.second));
      passed[slot] = "_ctypes.byref(" + made.first + ")";
    }
  }

  /// The field of a struct at an offset: "l1.w".
  std::string fieldPath(const CLeaf &leaf) {
    std::string found;
    auto walk = [&](auto &self, const CStruct &record, size_t first, const std::string &prefix, int64_t base) -> size_t {
      for (const CField &field : record.fields) {
        if (StringRef(field.type).starts_with("struct ")) {
          const CStruct &inner = this->record(field.type);
          int64_t start = inner.leaves.empty() ? 0 : base + record.leaves[first] - inner.leaves.front();
          self(self, inner, 0, prefix + field.name + ".", start);
          first += inner.leaves.size();
        } else if (first < record.leaves.size() && base + record.leaves[first++] == leaf.offset) {
          found = prefix + field.name;
        }
      }
      return first;
    };
    walk(walk, record(function.params[leaf.slot].type), 0, "", 0);
    return found;
  }

  /// The results as one value: records as named tuples.
  std::string gathered(const ast::Type *type, size_t &leaf) {
    type = ast::resolved(type);
    const ast::Type *elem = ast::resolved(ast::elemOf(type));
    auto *record = llvm::dyn_cast<ast::StructType>(elem);
    if (!record && !llvm::isa<ast::TupleType>(elem))
      return values[leaf++];
    std::string text;
    for (unsigned i = 0; i < fieldCount(type); ++i)
      text += (i ? ", " : "") + gathered(fieldOf(type, i, program.types), leaf);
    return record ? recordName(record->decl, program) + "(" + text + ")" : "(" + text + (fieldCount(type) == 1 ? ",)" : ")");
  }

public:
  static std::string recordName(const ast::StructDecl *record, const ast::Program &program) {
    return (record->module && record->module != program.main() ? record->module->name.str() + "_" : "") + record->name.str();
  }

private:
  llvm::raw_ostream &out;
  ast::Program &program;
  const Exports &exports;
  const CFunction &function;
  const std::string &signature;
  std::vector<std::string> parameters, passed, values; ///< of the Python function; to the C function; one for each leaf of the result
  std::map<const Sym *, std::string> names;            ///< looked up only, so its order does not matter
  std::string body;
  unsigned locals = 0;
};
} // namespace

std::string Library::python() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "\"\"\"" << llvm::sys::path::filename(sources.file(program.main()->file).name()) << " as Python functions; made by tlc.\"\"\"\n";
  std::string head = preamble.str();
  for (auto [mark, value] : {std::pair<StringRef, StringRef>{"NAME", name}, {"FILE", llvm::sys::path::filename(output)}})
    for (size_t at = 0; (at = head.find(mark, at)) != std::string::npos; at += value.size())
      head.replace(at, mark.size(), value.str());
  out << head;
  llvm::StringSet<> made;
  for (const CStruct &record : exports.structs) {
    std::string plain = Writer::recordName(record.decl, program);
    if (made.insert(plain).second) {
      out << "\n\n" << plain << " = _dataclasses.make_dataclass(\"" << plain << "\", [";
      for (const ast::FieldDecl &field : record.decl->fields)
        out << (&field == &record.decl->fields.front() ? "" : ", ") << "\"" << field.name << "\"";
      out << "], eq=False)\n";
    }
    out << "\n\nclass _" << record.name << "(_ctypes.Structure):\n    _fields_ = [";
    for (const CField &field : record.fields)
      out << (&field == &record.fields.front() ? "" : ", ") << "(\"" << field.name << "\", " << ctypeOf(field.type) << ")";
    out << "]\n";
  }
  for (const CFunction &function : exports.functions)
    Writer(out, program, exports, function, signature(function.def)).run();
  return text;
}
