// Declarations and types as written: parse trees to ast::Decl and ast::TypeExpr.
#include "frontend/BuildAst.h"
#include "llvm/ADT/STLExtras.h"

using namespace tl;
using namespace tl::frontend;
using namespace tl::ast;

template <typename To> static To *as(antlr4::tree::ParseTree *ctx) { return dynamic_cast<To *>(ctx); }

void BuildAst::file(TlParser::FileContext *ctx) {
  for (TlParser::ItemContext *item : ctx->item()) {
    if (item->declaration()) {
      declaration(item->declaration(), item->attribute());
      continue;
    }
    noAttributes(item->attribute(), "a `let`");
    constants(binding(item->binding()), module.string(docAbove(source, tokens, span(item).begin)));
  }
}

void BuildAst::declaration(TlParser::DeclarationContext *ctx, llvm::ArrayRef<TlParser::AttributeContext *> attributes) {
  Decl *decl;
  if (auto *c = as<TlParser::DefineContext>(ctx)) {
    DefDecl *def = define(c);
    def->attrs = attrs(attributes);
    DefDecl *&last = lastDef[def->name];
    if (last)
      last->nextOverload = def;
    last = def;
    decl = def;
  } else if (auto *c = as<TlParser::StructureContext>(ctx)) {
    StructDecl *record = structure(c);
    record->attrs = attrs(attributes);
    decl = record;
  } else if (auto *c = as<TlParser::TestBlockContext>(ctx)) {
    noAttributes(attributes, "a test");
    decl = testBlock(c);
  } else if (auto *c = as<TlParser::ImportFileContext>(ctx)) {
    noAttributes(attributes, "an import");
    decl = importFile(c);
  } else {
    noAttributes(attributes, "an import");
    decl = importModule(as<TlParser::ImportModuleContext>(ctx));
  }
  uint32_t begin = attributes.empty() ? decl->span.begin : span(attributes.front()).begin;
  decl->doc = module.string(docAbove(source, tokens, begin));
  module.decls.push_back(decl);
}

ImportDecl *BuildAst::importModule(TlParser::ImportModuleContext *ctx) {
  auto *decl = declare<ImportDecl>(span(ctx), ctx->name().back()); // nn.rnn is used as `rnn`, unless `as` says else
  size_t parts = ctx->name().size() - has(ctx, "as");
  llvm::SmallVector<StringRef> path;
  for (size_t i = 0; i < parts; ++i)
    path.push_back(text(ctx->name(i)));
  decl->path = list(path);
  return decl;
}

ImportDecl *BuildAst::importFile(TlParser::ImportFileContext *ctx) {
  auto *decl = declare<ImportDecl>(span(ctx), ctx->name());
  decl->file = plainString(ctx->STRING());
  if (!ctx->name()) { // "lib/layers.tl" is used as `layers`
    StringRef stem = decl->file.substr(decl->file.find_last_of("/\\") + 1);
    decl->name = stem.substr(0, stem.rfind('.'));
    decl->nameSpan = span(ctx->STRING());
  }
  return decl;
}

TestDecl *BuildAst::testBlock(TlParser::TestBlockContext *ctx) {
  auto *decl = declare<TestDecl>(span(ctx), nullptr);
  decl->isBench = has(ctx, "bench");
  decl->title = plainString(ctx->STRING());
  decl->nameSpan = span(ctx->STRING());
  decl->body = block(ctx->block());
  return decl;
}

DefDecl *BuildAst::define(TlParser::DefineContext *ctx) {
  auto *decl = declare<DefDecl>(span(ctx), ctx->name());
  decl->isExport = has(ctx, "export");
  decl->generics = generics(ctx->generics());
  llvm::SmallVector<VarDecl *> params;
  for (TlParser::ParamContext *p : ctx->param())
    params.push_back(param(p));
  decl->params = list(params);
  if (ctx->type())
    decl->resultExpr = type(ctx->type());
  if (ctx->where())
    decl->where = expr(ctx->where()->expr());
  if (ctx->block())
    decl->body = block(ctx->block());
  else if (ctx->expr())
    decl->body = expr(ctx->expr());
  return decl;
}

VarDecl *BuildAst::param(TlParser::ParamContext *ctx) {
  auto *decl = declare<VarDecl>(span(ctx), ctx->name());
  decl->varKind = VarKind::Param;
  decl->isConst = has(ctx, "const");
  decl->typeExpr = type(ctx->type());
  if (ctx->expr())
    decl->init = expr(ctx->expr());
  return decl;
}

StructDecl *BuildAst::structure(TlParser::StructureContext *ctx) {
  auto *decl = declare<StructDecl>(span(ctx), ctx->name());
  decl->generics = generics(ctx->generics());
  llvm::SmallVector<FieldDecl> fields;
  for (TlParser::FieldContext *f : ctx->field()) {
    FieldDecl field{text(f->name()), span(f->name()), {}, type(f->type()), f->expr() ? expr(f->expr()) : nullptr};
    field.doc = module.string(docAbove(source, tokens, field.span.begin));
    fields.push_back(field);
  }
  decl->fields = module.list<FieldDecl>(fields);
  return decl;
}

/// The parts of a pattern that bind a name, and `_` as null.
static void eachPart(Pattern *pattern, llvm::function_ref<void(Pattern *)> f) {
  if (!pattern->isTuple)
    f(pattern);
  for (Pattern *part : pattern->elems)
    eachPart(part, f);
}

/// Declares what a top-level `let` binds. `let (a, b) = e` declares `e` as a whole, by a name that no program can write, and each name
/// as a block that takes the whole apart.
void BuildAst::constants(LetStmt *let, StringRef doc) {
  if (let->isVar)
    report(Code::E0018, {source.id(), let->span.begin, let->span.begin + 3}, "a `var` stands inside of a function")
        .help("write `let` for a constant, or move the `var` into `main`");
  Pattern *pattern = let->pattern;
  auto add = [&](LetStmt *let, Pattern *at, StringRef name) {
    auto *decl = declare<ConstDecl>(let->span, nullptr);
    decl->let = let;
    decl->nameSpan = at->span;
    decl->name = name;
    decl->doc = doc;
    module.decls.push_back(decl);
  };
  auto bind = [&](Pattern *pattern, Expr *value) {
    auto *bound = make<LetStmt>(let->span);
    bound->pattern = pattern;
    bound->init = value;
    return bound;
  };
  if (auto *tuple = llvm::dyn_cast<TupleExpr>(let->init);
      tuple && pattern->isTuple && !let->typeExpr && tuple->elems.size() == pattern->elems.size()) {
    for (auto [part, value] : llvm::zip(pattern->elems, tuple->elems)) // literals stay literals
      constants(bind(part, value), doc);
    return;
  }
  add(let, pattern, pattern->var ? pattern->var->name : pattern->isTuple ? text(pattern->span) : "");
  if (!pattern->isTuple)
    return;
  auto name = [&](Span at, StringRef name) {
    auto *node = make<NameExpr>(at);
    node->name = name;
    return node;
  };
  eachPart(pattern, [&](Pattern *part) {
    if (!part->var)
      return;
    auto *apart = make<BlockExpr>(pattern->span);
    Stmt *parts = bind(pattern, name(pattern->span, text(pattern->span)));
    apart->stmts = module.list<Stmt *>({clone(parts, module)});
    apart->value = name(part->span, part->var->name);
    add(bind(part, apart), part, part->var->name);
  });
}

List<GenericParam> BuildAst::generics(TlParser::GenericsContext *ctx) {
  llvm::SmallVector<GenericParam> result;
  if (ctx)
    for (TlParser::GenericContext *g : ctx->generic()) {
      GenericParam param{text(g->name(0)), span(g->name(0)), {}, {}, nullptr};
      if (g->name().size() > 1) {
        param.constraint = text(g->name(1));
        param.constraintSpan = span(g->name(1));
        param.init = g->type() ? type(g->type()) : nullptr;
      }
      result.push_back(param);
    }
  return list(result);
}

List<Attr> BuildAst::attrs(llvm::ArrayRef<TlParser::AttributeContext *> items) {
  llvm::SmallVector<Attr> result;
  for (TlParser::AttributeContext *a : items)
    result.push_back({span(a), text(a->name()), args(a->arg())});
  return list(result);
}

void BuildAst::noAttributes(llvm::ArrayRef<TlParser::AttributeContext *> items, StringRef what) {
  if (!items.empty())
    report(Code::E0020, span(items.front()), what.str() + " takes no attributes")
        .help("attributes stand before `def`, `struct`, `for` and `while`");
}

//===- Types --------------------------------------------------------------------------------------------===//

TypeExpr *BuildAst::type(TlParser::TypeContext *ctx) {
  if (auto *named = as<TlParser::NamedTypeContext>(ctx))
    return type(named);
  return type(as<TlParser::TupleTypeContext>(ctx));
}

TypeExpr *BuildAst::type(TlParser::NamedTypeContext *ctx) {
  auto *node = module.make<TypeExpr>();
  node->kind = TypeExprKind::Named;
  node->span = span(ctx);
  llvm::SmallVector<StringRef> path;
  for (TlParser::NameContext *n : ctx->name())
    path.push_back(text(n));
  node->path = list(path);
  llvm::SmallVector<List<TypeArg>> brackets;
  for (TlParser::TypeArgsContext *bracket : ctx->typeArgs()) {
    llvm::SmallVector<TypeArg> own;
    for (TlParser::TypeArgContext *a : bracket->typeArg()) {
      TypeArg result;
      result.span = span(a);
      if (auto *pack = as<TlParser::PackArgContext>(a))
        result.spread = text(pack->name());
      else
        result.value = expr(as<TlParser::ValueArgContext>(a)->expr());
      own.push_back(result);
    }
    brackets.push_back(list(own));
  }
  node->args = list(brackets);
  return node;
}

/// (), (A), (A, B), (A, B) -> C
TypeExpr *BuildAst::type(TlParser::TupleTypeContext *ctx) {
  bool isFunc = has(ctx, "->");
  llvm::SmallVector<TypeExpr *> types;
  for (TlParser::TypeContext *t : ctx->type())
    types.push_back(type(t));
  TypeExpr *result = isFunc ? types.pop_back_val() : nullptr;
  if (!isFunc && types.size() == 1 && llvm::none_of(ctx->children, isComma))
    return types[0];
  auto *node = module.make<TypeExpr>();
  node->kind = isFunc ? TypeExprKind::Func : TypeExprKind::Tuple;
  node->span = span(ctx);
  node->elems = list(types);
  node->result = result;
  return node;
}
