// What `export` asks of a definition: types that C can be given, and names that it can have.
#include "ast/ForeignWords.h"
#include "frontend/Check.h"

namespace tl::frontend {

/// The part of a type that C cannot be given; null where there is none. `path` grows by the fields that lead to it.
static const Type *unsuited(const Type *type, std::string &path, TypeContext &types) {
  type = resolved(type);
  auto within = [&](const Type *part, const Twine &name) -> const Type * {
    std::string inner = path + "." + name.str();
    const Type *found = unsuited(part, inner, types);
    if (found)
      path = inner;
    return found;
  };
  switch (type->kind) {
  case TypeKind::Error:
  case TypeKind::Scalar:
  case TypeKind::Str:
    return nullptr;
  case TypeKind::Array:
    return unsuited(cast<ArrayType>(type)->elem, path, types);
  case TypeKind::Tuple:
    for (auto [i, elem] : llvm::enumerate(cast<TupleType>(type)->elems))
      if (const Type *found = within(elem, Twine(i)))
        return found;
    return nullptr;
  case TypeKind::Struct:
    for (auto [i, field] : llvm::enumerate(cast<StructType>(type)->decl->fields))
      if (const Type *found = within(fieldType(type, i, types), field.name))
        return found;
    return nullptr;
  default:
    return type;
  }
}

/// The records that a type is made of.
static void eachRecord(const Type *type, TypeContext &types, llvm::function_ref<void(StructDecl *)> f) {
  type = resolved(elemOf(resolved(type)));
  if (auto *tuple = dyn_cast<TupleType>(type))
    for (const Type *elem : tuple->elems)
      eachRecord(elem, types, f);
  if (auto *record = dyn_cast<StructType>(type)) {
    f(record->decl);
    for (size_t i = 0; i < record->decl->fields.size(); ++i)
      eachRecord(fieldType(record, i, types), types, f);
  }
}

void Checker::checkExportedName(StringRef what, StringRef name, Span span, DefDecl *by) {
  auto report = [&](const std::string &why, StringRef label) -> Diagnostic & {
    auto &d = diags.report(Code::E0221, span, why, label.str());
    if (span.begin != by->nameSpan.begin || span.file != by->nameSpan.file)
      d.label(by->nameSpan, "exported here");
    return d;
  };
  if (llvm::any_of(name, [](char c) { return c & 0x80; }))
    report(("the " + what + " `" + name + "` is exported, and C names are ASCII").str(), "other letters")
        .help("spell it with the letters a to z, digits and `_`");
  else if (isForeignWord(name))
    report(("the " + what + " `" + name + "` is exported, but C, C++ or Python reserve that name").str(), "a reserved name")
        .help("take another name");
}

void Checker::checkExports() {
  llvm::StringMap<DefDecl *> first;
  llvm::DenseSet<StructDecl *> seen;
  for (Decl *decl : program.main()->decls) {
    auto *d = dyn_cast<DefDecl>(decl);
    if (!d || !d->isExport)
      continue;
    if (auto [it, isNew] = first.try_emplace(d->name, d); !isNew) {
      if (llvm::any_of(diags.all(), [&](const Diagnostic &other) {
            return other.labels.front().span.file == d->nameSpan.file && other.labels.front().span.begin == d->nameSpan.begin;
          }))
        continue; // declared twice
      diags.report(Code::E0222, d->nameSpan, ("`" + d->name + "` is exported twice, and C has one function of a name").str(), "again here")
          .label(it->second->nameSpan, "first here")
          .help("export one of them, or definitions of other names that call them");
      continue;
    }
    checkExportedName("definition", d->name, d->nameSpan, d);
    if (program.inSystem && program.inSystem(d->name))
      diags
          .report(Code::E0221, d->nameSpan,
                  ("the definition `" + d->name + "` is exported, but the C library has a function of that name").str(),
                  "every program that loads the library would call this one")
          .help("take another name");
    if (checkExportedSignature(d))
      for (const Type *type : exportedTypes(d))
        eachRecord(type, types, [&](StructDecl *record) {
          if (!seen.insert(record).second)
            return;
          checkExportedName("record", record->name, record->nameSpan, d);
          for (const FieldDecl &field : record->fields)
            checkExportedName("field", field.name, field.span, d);
        });
  }
}

SmallVector<const Type *> Checker::exportedTypes(DefDecl *d) {
  SmallVector<const Type *> list;
  for (const VarDecl *p : d->params)
    list.push_back(p->type);
  list.push_back(d->result);
  return list;
}

bool Checker::checkExportedSignature(DefDecl *d) {
  auto refuse = [&](Span span, const Twine &why, const Twine &label) -> Diagnostic & {
    return diags.report(Code::E0220, span, ("`" + d->name + "` cannot be exported: " + why).str(), label.str());
  };
  for (const TypeParam *t : d->typeParams) {
    refuse(t->origin, "its type `" + t->name + "` is open, and a C function has one type", "any type")
        .help(("write the type in place of `" + t->name + "`, or export a definition of that type which calls `" + d->name + "`").str());
    return false;
  }
  for (const VarDecl *p : d->params) {
    std::string path = p->name.str();
    const Type *found = p->isConst ? nullptr : unsuited(p->type, path, types);
    if (p->isConst)
      refuse(p->nameSpan, "its parameter `" + p->name + "` must be known when it is compiled", "`const`")
          .help("export a definition that calls it with a value");
    else if (!found)
      continue;
    else if (found->kind == TypeKind::Key)
      refuse(p->nameSpan, "`" + path + "` is a key, which C cannot make", str(p->type))
          .help("take a seed, `seed: int`, and make the key of it: `key(seed)`");
    else if (found->kind == TypeKind::Func)
      refuse(p->nameSpan, "its parameter `" + p->name + "` is a function, which C cannot give", str(found))
          .help("export a definition that calls it with a function");
    else if (found->kind == TypeKind::Shape)
      refuse(p->nameSpan, "its parameter `" + p->name + "` is a list of sizes, which C cannot give", "any number of sizes")
          .help("take each size as an `int`");
    else
      refuse(p->nameSpan, "its parameter `" + p->name + "` is " + str(found) + ", which C cannot give", str(found));
    return false;
  }
  if (!d->packs.empty()) {
    refuse(d->packs.front()->origin, ("its arrays have any number of axes, `..." + d->packs.front()->name + "`").str(),
           "any number of sizes")
        .help("write the sizes: `[n]`, `[n, m]`");
    return false;
  }
  std::string path = "its result";
  if (const Type *found = d->result ? unsuited(d->result, path, types) : nullptr) {
    auto &report = refuse(d->resultExpr ? d->resultExpr->span : d->nameSpan,
                          "its result holds a " + str(found) + ", which C cannot be given", str(d->result));
    if (found->kind == TypeKind::Key)
      report.help("give numbers that are drawn with it");
    return false;
  }
  return llvm::none_of(exportedTypes(d), [&](const Type *t) { return !t || isError(t); });
}
} // namespace tl::frontend
