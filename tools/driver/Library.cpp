// The exported definitions of a program as a library: the C functions, and the files beside it. Header.cpp and PythonModule.cpp have
// the texts.
#include "tools/driver/Library.h"
#include "tools/driver/CodeGen.h"
#include "tools/driver/Session.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace tl;
using namespace tl::driver;
using llvm::StringRef;

/// What every library has besides its definitions: the end of the name, and the function of the runtime behind it.
static constexpr std::pair<StringRef, StringRef> supports[] = {
    {"last_error", "tl_library_error"}, {"set_threads", "tl_set_threads"}, {"free", "tl_library_free"}};

static std::string nameOf(StringRef output) {
  StringRef stem = llvm::sys::path::stem(output);
  if (stem.size() > 3)
    stem.consume_front("lib");
  std::string name = stem.empty() || llvm::isDigit(stem.front()) ? "_" : "";
  for (char c : stem)
    name += llvm::isAlnum(c) ? c : '_';
  return mlirgen::cName(name);
}

Library::Library(ast::Program &program, const SourceManager &sources, StringRef output)
    : program(program), sources(sources), output(output.str()), name(nameOf(output)), exports(mlirgen::exportsOf(program)) {}

std::string Library::misfit() const {
  StringRef file = sources.file(program.main()->file).name();
  if (exports.functions.empty())
    return "error: " + file.str() + " exports nothing to make a library of\n  = help: write `export` before a `def`\n";
  for (const mlirgen::CFunction &function : exports.functions)
    for (auto [end, runtime] : supports)
      if (function.def->name == support(end))
        return "error: `" + function.def->name.str() + "` of " + file.str() +
               " is exported, and a function that the library has by itself is called so too\n  = help: give the library another name with "
               "-o\n";
  return "";
}

std::vector<std::string> Library::names() const {
  std::vector<std::string> list;
  for (const mlirgen::CFunction &function : exports.functions)
    list.push_back(function.def->name.str());
  for (auto [end, runtime] : supports)
    list.push_back(support(end));
  return list;
}

std::string Library::beside(StringRef end) const {
  llvm::SmallString<128> path = llvm::sys::path::parent_path(output);
  llvm::sys::path::append(path, name + end);
  return path.str().str();
}

std::vector<std::string> Library::files() const {
  std::vector<std::string> list = {output, beside(".h")};
  if (isShared())
    list.push_back(beside(".py"));
  return list;
}

bool Library::write(Session &session) const {
  const std::vector<std::string> all = files();
  return llvm::all_of(llvm::ArrayRef(all).drop_front(), [&](const std::string &file) {
    return session.write(file, [&](llvm::raw_ostream &out) { out << (StringRef(file).ends_with(".h") ? header() : python()); });
  });
}

/// Each argument goes into a slot of a frame, which tl_library_call hands to the function that mlir_gen made.
void Library::addFunctions(llvm::Module &module, int cpuLevel) const {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
  auto function = [&](StringRef name, llvm::Type *result, llvm::ArrayRef<llvm::Type *> parameters) {
    return llvm::Function::Create(llvm::FunctionType::get(result, parameters, false), llvm::GlobalValue::ExternalLinkage,
                                  cFunctionPrefix + name, module);
  };
  auto typeOf = [&](const mlirgen::CParam &param) -> llvm::Type * {
    if (!param.scalar)
      return pointer;
    if (*param.scalar == ast::ScalarKind::F32)
      return llvm::Type::getFloatTy(context);
    if (*param.scalar == ast::ScalarKind::F64)
      return llvm::Type::getDoubleTy(context);
    return llvm::Type::getIntNTy(context, std::max(8u, ast::bitWidth(*param.scalar)));
  };
  auto run = module.getOrInsertFunction("tl_library_call", i32, i32, pointer, pointer);
  for (auto [number, exported] : llvm::enumerate(exports.functions)) {
    llvm::SmallVector<llvm::Type *> types;
    for (const mlirgen::CParam &param : exported.params)
      types.push_back(typeOf(param));
    llvm::Function *made = function(exported.def->name, i32, types);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", made));
    llvm::Value *frame = builder.CreateAlloca(llvm::ArrayType::get(i64, std::max<size_t>(types.size(), 1)));
    for (llvm::Argument &argument : made->args())
      builder.CreateStore(&argument, builder.CreateConstGEP1_64(i64, frame, argument.getArgNo()));
    llvm::Function *body = module.getFunction("tl_export_" + std::to_string(number));
    builder.CreateRet(builder.CreateCall(run, {builder.getInt32(cpuLevel), body, frame}));
  }
  for (auto [end, runtime] : supports) {
    const bool gives = end == "last_error";
    llvm::SmallVector<llvm::Type *> types;
    if (!gives)
      types.push_back(end == "free" ? static_cast<llvm::Type *>(pointer) : i64);
    llvm::Function *made = function(support(end), gives ? static_cast<llvm::Type *>(pointer) : llvm::Type::getVoidTy(context), types);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", made));
    llvm::SmallVector<llvm::Value *> arguments;
    for (llvm::Argument &argument : made->args())
      arguments.push_back(&argument);
    llvm::Value *result = builder.CreateCall(module.getOrInsertFunction(runtime, made->getFunctionType()), arguments);
    gives ? builder.CreateRet(result) : builder.CreateRetVoid();
  }
}
