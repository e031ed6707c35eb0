// What names mean at one point of a function that is being generated. An environment is persistent: binding
// makes a new one that shares the old, so that copying is taking a snapshot. That is how closures capture,
// and how the two branches of an `if` start alike.
#pragma once
#include "mlir_gen/Value.h"
#include "llvm/ADT/ImmutableMap.h"
#include <deque>
#include <optional>

namespace tl::mlirgen {
class EnvArena;

struct Making;
/// A definition that takes functions and is being generated, as a part of those around it.
struct OpenDef {
  const ast::DefDecl *def;
  const OpenDef *outer;
  Making *making;
};

/// A bound of a number of elements: constant * sizes[0] * sizes[1] * ...
struct Factors {
  int64_t constant = 1;
  llvm::SmallVector<Size, 4> sizes;
};
/// The arrays that are there, whose elements are not too many: Note [Counts] in GenCount.cpp.
struct Counted {
  Factors factors;
  const Counted *outer;
};

class Env {
public:
  explicit Env(EnvArena &arena);
  const Value *lookup(const ast::VarDecl *var) const { return find<Value>(var); }
  std::optional<mlir::Value> lookup(const Sym *sym) const;
  const ast::Dims *lookup(const ast::Pack *pack) const { return find<ast::Dims>(pack); }
  const ast::Type *lookup(const ast::TypeParam *param) const { return find<ast::Type>(param); }
  void bind(const ast::VarDecl *var, Value value);
  void bind(const Sym *sym, mlir::Value index) { add(sym, index.getAsOpaquePointer()); }
  void bind(const ast::Pack *pack, ast::Dims dims);
  void bind(const ast::TypeParam *param, const ast::Type *type) { add(param, type); }
  /// What is written here stands in these definitions: a closure's env has those around the closure, not those that call it.
  const OpenDef *open = nullptr;
  const Counted *counted = nullptr;

private:
  friend class EnvArena;
  using Map = llvm::ImmutableMap<const void *, const void *>;
  template <typename T> const T *find(const void *key) const {
    auto *found = map.lookup(key);
    return found ? static_cast<const T *>(*found) : nullptr;
  }
  void add(const void *key, const void *value);
  EnvArena *arena;
  Map map;
};

/// A function value: what is called, and where its names are found.
struct Closure {
  const ast::Callable *callable = nullptr; ///< null for a `let` of a function: each use says at which types it is applied
  Env env;
};

/// Owns what environments share.
class EnvArena {
public:
  EnvArena() : maps(/*canonicalize=*/false) {}
  const Closure *closure(const ast::Callable *callable, const Env &env) { return &closures.emplace_back(Closure{callable, env}); }
  const OpenDef *open(const ast::DefDecl *def, const OpenDef *outer, Making *making) {
    return &opened.emplace_back(OpenDef{def, outer, making});
  }
  const Counted *counted(Factors factors, const Counted *outer) { return &arrays.emplace_back(Counted{std::move(factors), outer}); }

private:
  friend class Env;
  Env::Map::Factory maps;
  std::deque<Value> values;
  std::deque<ast::Dims> dims;
  std::deque<Closure> closures;
  std::deque<OpenDef> opened;
  std::deque<Counted> arrays;
};

inline Env::Env(EnvArena &arena) : arena(&arena), map(arena.maps.getEmptyMap()) {}
inline void Env::add(const void *key, const void *value) { map = arena->maps.add(map, key, value); }
inline void Env::bind(const ast::VarDecl *var, Value value) { add(var, &arena->values.emplace_back(std::move(value))); }
inline void Env::bind(const ast::Pack *pack, ast::Dims dims) { add(pack, &arena->dims.emplace_back(std::move(dims))); }
inline std::optional<mlir::Value> Env::lookup(const Sym *sym) const {
  auto *found = map.lookup(sym);
  if (!found)
    return std::nullopt;
  return mlir::Value::getFromOpaquePointer(*found);
}
} // namespace tl::mlirgen
