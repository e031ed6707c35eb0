// The module: its functions, entries and attributes.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;

mlir::OwningOpRef<mlir::ModuleOp> generate(Program &program, const SourceManager &sources, mlir::MLIRContext &context, Entry entry) {
  return ModuleGen(program, sources, context).run(entry);
}

ModuleGen::ModuleGen(Program &program, const SourceManager &sources, mlir::MLIRContext &context)
    : program(program), sources(sources), context(&context), types(program.types) {
  context.loadDialect<TlDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
  module = mlir::ModuleOp::create(location(Span{program.main()->file, 0, 0}));
  for (auto &part : program.modules)
    for (auto &[expr, list] : part->checks)
      checks[expr] = list;
}

mlir::Location ModuleGen::location(Span span) {
  mlir::Location loc = mlir::UnknownLoc::get(context);
  if (span.valid()) {
    const SourceFile &file = sources.file(span.file);
    LineCol from = file.lineCol(span.begin), to = file.lineCol(span.end);
    loc = mlir::FileLineColRange::get(mlir::StringAttr::get(context, file.name()), from.line, from.col, to.line, to.col);
    // The line itself goes along: messages of the running program show it.
    loc = mlir::FusedLoc::get({loc}, mlir::StringAttr::get(context, file.line(from.line)), context);
  }
  return loc;
}

mlir::func::FuncOp ModuleGen::declare(mlir::Location loc, const llvm::Twine &name, mlir::TypeRange args, mlir::TypeRange results) {
  std::string unique = name.str();
  while (!names.try_emplace(unique, 0).second) // a number may make another's name
    unique = name.str() + "_" + std::to_string(++names[name.str()]);
  auto func = mlir::func::FuncOp::create(loc, unique, mlir::FunctionType::get(context, args, results));
  func.setPrivate();
  func.addEntryBlock();
  module->push_back(func);
  return func;
}

mlir::OwningOpRef<mlir::ModuleOp> ModuleGen::run(Entry entry) {
  switch (entry) {
  case Entry::Main:
    mainEntry();
    break;
  case Entry::Tests:
    testEntry();
    break;
  case Entry::Benches:
    benchEntry();
    break;
  case Entry::Library:
    libraryEntry();
    break;
  case Entry::Check:
    checkEntry();
    break;
  }
  while (!pending.empty()) {
    auto make = std::move(pending.front());
    pending.pop_front();
    make();
  }
  return std::move(module);
}

void ModuleGen::mainEntry() {
  Module &main = *program.main();
  auto entry = declare(location(Span{main.file, 0, 0}), "tl_entry", {}, {});
  entry.setPublic();
  FunctionGen f(*this, entry, Env(arena));
  SmallVector<mlir::Attribute> flags;
  for (Stmt *s : main.stmts)
    f.stmt(s);
  for (Decl *decl : main.decls) {
    auto *def = dyn_cast<DefDecl>(decl);
    if (!def || def->name != "main")
      continue;
    for (const VarDecl *param : def->params)
      f.bindFlag(param, flags);
    if (def->where)
      f.checkSizes(def->where);
    f.gen(def->body);
  }
  mlir::func::ReturnOp::create(f.b);
  (*module)->setAttr("tl.flags", mlir::ArrayAttr::get(context, flags));
}

void ModuleGen::testEntry() {
  SmallVector<mlir::Attribute> titles;
  auto add = [&](Span span, const llvm::Twine &title, llvm::function_ref<void(FunctionGen &)> body) {
    auto func = declare(location(span), "tl_test_" + llvm::Twine(titles.size()), {}, {});
    func.setPublic();
    FunctionGen f(*this, func, Env(arena));
    body(f);
    mlir::func::ReturnOp::create(f.b);
    titles.push_back(mlir::StringAttr::get(context, title));
  };
  for (Decl *decl : program.main()->decls) {
    if (auto *test = dyn_cast<TestDecl>(decl); test && !test->isBench)
      add(test->span, test->title, [&](FunctionGen &f) { f.block(test->body); });
  }
  for (auto &tested : program.modules) // a rule stands in any file
    for (Decl *decl : tested->decls)
      if (auto *def = dyn_cast<DefDecl>(decl))
        for (const Rule *rule : {def->vjp, def->jvp})
          if (rule && rule->def->module == program.main())
            add(rule->span, "`" + rule->def->name + "` is the " + (rule == def->vjp ? "vjp" : "jvp") + " of `" + def->name + "`",
                [&](FunctionGen &f) { f.ruleTest(def, *rule); });
  (*module)->setAttr("tl.titles", mlir::ArrayAttr::get(context, titles));
}

void ModuleGen::benchEntry() {
  SmallVector<mlir::Attribute> titles;
  for (Decl *decl : program.main()->decls) {
    auto *bench = dyn_cast<TestDecl>(decl);
    if (!bench || !bench->isBench)
      continue;
    auto func = declare(location(bench->span), "tl_bench_" + llvm::Twine(titles.size()), {}, {});
    func.setPublic();
    FunctionGen f(*this, func, Env(arena));
    Value value = f.block(bench->body);
    SmallVector<mlir::Attribute> kinds;
    for (const Leaf &leaf : f.leavesOf(value.type))
      kinds.push_back(mlir::StringAttr::get(context, leaf.kind == LeafKind::Str ? "str" : scalarName(leaf.scalar)));
    ObserveOp::create(f.b, value.leaves, mlir::ArrayAttr::get(context, kinds));
    mlir::func::ReturnOp::create(f.b);
    titles.push_back(mlir::StringAttr::get(context, bench->title));
  }
  (*module)->setAttr("tl.titles", mlir::ArrayAttr::get(context, titles));
}

void ModuleGen::checkEntry() {
  // A function that declares the others, and goes.
  auto scratch = declare(module->getLoc(), "tl_scratch", {}, {});
  FunctionGen f(*this, scratch, Env(arena));
  for (Decl *decl : program.main()->decls) {
    if (auto *test = dyn_cast<TestDecl>(decl)) {
      auto func = declare(location(test->span), "tl_test", {}, {});
      func.setPublic();
      FunctionGen inside(*this, func, Env(arena));
      inside.block(test->body);
      mlir::func::ReturnOp::create(inside.b);
    }
    auto *def = dyn_cast<DefDecl>(decl);
    if (!def || !def->body || !def->typeParams.empty() || !def->packs.empty())
      continue;
    if (llvm::any_of(def->params, [](const VarDecl *p) { return p->isConst || resolved(p->type)->kind == TypeKind::Func; }))
      continue;
    SmallVector<Value> args;
    for (const VarDecl *param : def->params)
      args.push_back({param->type, {}});
    FuncInstance made = f.declare(def, Env(arena), def->sizeParams, args, def->name);
    made.func.setPublic();
    FunctionGen(*this, made.func, made.env).body(made, def, args);
  }
  scratch.erase();
}
} // namespace tl::mlirgen
