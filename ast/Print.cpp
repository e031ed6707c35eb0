// A module as an indented tree, a node a line, with types behind a colon once it is checked. Types as written
// are shown as the source has them.
#include "ast/Ast.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::ast;

namespace {
class Printer {
public:
  Printer(llvm::raw_ostream &out, const SourceManager &sources) : out(out), sources(sources) {}

  void decl(Decl *d);
  void stmt(Stmt *s);
  void expr(Expr *e, StringRef role = "");

private:
  /// One line at the current depth; what `inner` prints is indented below it.
  template <typename F> void node(const llvm::Twine &line, F &&inner) {
    out.indent(2 * depth) << line << "\n";
    ++depth;
    inner();
    --depth;
  }
  void node(const llvm::Twine &line) {
    node(line, [] {});
  }
  std::string written(Span span) const {
    std::string text;
    for (StringRef word : llvm::split(sources.text(span), '\n'))
      text += (text.empty() ? "" : " ") + word.trim().str();
    return text;
  }
  std::string written(TypeExpr *type) const { return type ? written(type->span) : ""; }
  static std::string typed(const Type *type) { return type ? " : " + str(type) : ""; }

  std::string pattern(Pattern *p) const;
  void binder(const Binder &b);
  void body(Expr *e) { expr(e); }
  void var(VarDecl *v, StringRef kind);
  void attrs(List<Attr> list);
  void args(List<Arg> list);
  void generics(List<GenericParam> list);

  // What follows the kind on a node's line, and its parts.
  std::string detail(Expr *e);
  void parts(Expr *e);

  llvm::raw_ostream &out;
  const SourceManager &sources;
  unsigned depth = 0;
};
} // namespace

static StringRef kindName(ExprKind kind) {
  switch (kind) {
#define EXPR(Name)                                                                                                                         \
  case ExprKind::Name:                                                                                                                     \
    return #Name;
#include "ast/Nodes.def"
  }
  return "";
}

static std::string quoted(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (c == '\n')
      result += "\\n";
    else if (uint8_t(c) < 0x20)
      result += "\\x" + llvm::utohexstr(uint8_t(c), /*LowerCase=*/true, /*Width=*/2);
    else
      result += c;
  }
  return result + "\"";
}

//===- Expressions --------------------------------------------------------------------------------------===//

void Printer::expr(Expr *e, StringRef role) {
  if (!e)
    return;
  std::string line = role.empty() ? "" : role.str() + " ";
  std::string words = detail(e);
  line += kindName(e->kind).str() + (words.empty() ? "" : " " + words) + typed(e->type);
  node(line, [&] { parts(e); });
}

std::string Printer::detail(Expr *e) {
  return visit(e, Match{
                      [](NumberExpr *n) { return n->text.str(); },
                      [](BoolExpr *n) { return std::string(n->value ? "true" : "false"); },
                      [](NameExpr *n) { return n->name.str(); },
                      [](UnaryExpr *n) { return spelling(n->op).str(); },
                      [](BinaryExpr *n) { return spelling(n->op).str(); },
                      [](CallExpr *n) { return std::string(n->piped ? "piped" : ""); },
                      [](SelectExpr *n) { return "." + n->name.str(); },
                      [](Expr *) { return std::string(); },
                  });
}

void Printer::parts(Expr *e) {
  visit(e, Match{
               [&](StringExpr *n) {
                 for (const StringPart &part : n->parts) {
                   if (!part.hole)
                     node(quoted(part.text));
                   else
                     expr(part.hole, part.spec.empty() ? "hole" : ("hole :" + part.spec).str());
                 }
               },
               [&](UnaryExpr *n) { expr(n->operand); },
               [&](BinaryExpr *n) { expr(n->lhs), expr(n->rhs); },
               [&](RangeExpr *n) { expr(n->lo), expr(n->hi); },
               [&](IfExpr *n) { expr(n->cond), expr(n->then), expr(n->otherwise, "else"); },
               [&](LambdaExpr *n) {
                 for (VarDecl *v : n->params)
                   var(v, "param");
                 expr(n->body);
               },
               [&](CallExpr *n) {
                 expr(n->callee);
                 args(n->args);
               },
               [&](SubscriptExpr *n) {
                 expr(n->base);
                 for (const Index &i : n->indices) {
                   static const char *const names[] = {"index", "slice", "ellipsis", "newaxis"};
                   node(names[int(i.kind)], [&] {
                     if (i.kind == IndexKind::NewAxis)
                       return;
                     expr(i.lo, i.kind == IndexKind::Slice ? "from" : "");
                     expr(i.hi, "to");
                     expr(i.step, "by");
                   });
                 }
               },
               [&](SelectExpr *n) { expr(n->base); },
               [&](TupleExpr *n) {
                 for (Expr *elem : n->elems)
                   expr(elem);
               },
               [&](ArrayLitExpr *n) {
                 for (const Elem &elem : n->elems)
                   expr(elem.value, elem.spread ? "..." : "");
               },
               [&](ForExpr *n) {
                 for (const Binder &b : n->binders)
                   binder(b);
                 expr(n->filter, "if");
                 expr(n->body);
               },
               [&](FallbackExpr *n) { expr(n->access), expr(n->otherwise); },
               [&](BlockExpr *n) {
                 for (Stmt *s : n->stmts)
                   stmt(s);
                 expr(n->value, "value");
               },
               [&](Expr *) {},
           });
}

std::string Printer::pattern(Pattern *p) const {
  if (!p->isTuple)
    return p->var ? p->var->name.str() + typed(p->var->type) : "_";
  std::string text;
  for (Pattern *elem : p->elems)
    text += (text.empty() ? "" : ", ") + pattern(elem);
  return "(" + text + ")";
}

void Printer::binder(const Binder &b) {
  node("binder " + pattern(b.pattern), [&] { expr(b.iter, "in"); });
}

void Printer::args(List<Arg> list) {
  for (const Arg &a : list)
    expr(a.value, a.name.empty() ? "" : a.name.str() + "=");
}

void Printer::attrs(List<Attr> list) {
  for (const Attr &a : list)
    node("@" + a.name, [&] { args(a.args); });
}

//===- Statements ---------------------------------------------------------------------------------------===//

void Printer::stmt(Stmt *s) {
  visit(s, Match{
               [&](ErrorStmt *) { node("Error"); },
               [&](LetStmt *n) {
                 std::string type = n->typeExpr ? ": " + written(n->typeExpr) : "";
                 node((n->isVar ? "Var " : "Let ") + pattern(n->pattern) + type, [&] { expr(n->init); });
               },
               [&](AssignStmt *n) { node("Assign " + (n->hasOp ? spelling(n->op) : "") + "=", [&] { expr(n->target), expr(n->value); }); },
               [&](ForStmt *n) {
                 attrs(n->attrs);
                 node("For", [&] { binder(n->binder), expr(n->body); });
               },
               [&](WhileStmt *n) {
                 attrs(n->attrs);
                 node("While", [&] { expr(n->cond), expr(n->body); });
               },
               [&](AssertStmt *n) { node("Assert", [&] { expr(n->cond), expr(n->message, "message"); }); },
               [&](ExprStmt *n) { node("Do", [&] { expr(n->expr); }); },
           });
}

//===- Declarations -------------------------------------------------------------------------------------===//

void Printer::var(VarDecl *v, StringRef kind) {
  std::string type = v->type ? typed(v->type) : v->typeExpr ? ": " + written(v->typeExpr) : "";
  node((kind + (v->isConst ? " const " : " ") + v->name + type).str(), [&] { expr(v->init, "="); });
}

void Printer::generics(List<GenericParam> list) {
  for (const GenericParam &g : list)
    node(("generic " + g.name + (g.constraint.empty() ? "" : ": ") + g.constraint + (g.init ? " = " + written(g.init) : "")).str());
}

void Printer::decl(Decl *d) {
  if (!d->doc.empty())
    for (StringRef line : llvm::split(d->doc, '\n'))
      node("## " + line);
  visit(d, Match{
               [&](ImportDecl *n) {
                 std::string what = n->file.empty() ? llvm::join(n->path, ".") : quoted(n->file);
                 node("Import " + what + " as " + n->name);
               },
               [&](DefDecl *n) {
                 attrs(n->attrs);
                 node((n->isExport ? "Export def " : "Def ") + n->name + (n->body ? "" : " (intrinsic)"), [&] {
                   generics(n->generics);
                   for (VarDecl *v : n->params)
                     var(v, "param");
                   if (n->result)
                     node("result" + typed(n->result));
                   else if (n->resultExpr)
                     node("result: " + written(n->resultExpr));
                   expr(n->where, "where");
                   expr(n->body);
                 });
               },
               [&](StructDecl *n) {
                 attrs(n->attrs);
                 node("Struct " + n->name, [&] {
                   generics(n->generics);
                   for (FieldDecl &f : n->fields) {
                     if (!f.doc.empty())
                       node("## " + f.doc);
                     node("field " + f.name.str() + (f.type ? typed(f.type) : ": " + written(f.typeExpr)), [&] { expr(f.init, "="); });
                   }
                 });
               },
               [&](TestDecl *n) { node((n->isBench ? "Bench " : "Test ") + quoted(n->title), [&] { expr(n->body); }); },
               [&](ConstDecl *n) { node("Const", [&] { stmt(n->let); }); },
               [&](VarDecl *n) { var(n, "var"); },
           });
}

std::string ast::print(const Module &module, const SourceManager &sources) {
  std::string text;
  llvm::raw_string_ostream out(text);
  Printer printer(out, sources);
  for (Decl *d : module.decls)
    printer.decl(d);
  for (Stmt *s : module.stmts)
    printer.stmt(s);
  return text;
}
