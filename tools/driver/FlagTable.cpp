// The flags of main, for the JIT as data and for executables as LLVM globals.
#include "tools/driver/FlagTable.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/IR/IRBuilder.h"

using namespace tl::driver;

FlagTable::FlagTable(mlir::ModuleOp module) {
  auto rows = module->getAttrOfType<mlir::ArrayAttr>("tl.flags");
  if (!rows)
    return;
  for (auto row : rows.getAsRange<mlir::DictionaryAttr>()) {
    auto text = [&](llvm::StringRef key) -> const char * {
      auto value = row.getAs<mlir::StringAttr>(key);
      return value ? texts.emplace_back(value.getValue().str()).c_str() : nullptr;
    };
    auto required = row.getAs<mlir::BoolAttr>("required");
    list.push_back({text("name"), text("kind"), required && required.getValue() ? nullptr : text("fallback"), text("doc")});
  }
}

void FlagTable::addMain(llvm::Module &module, int cpuLevel) const {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
  auto *row = llvm::StructType::get(context, {pointer, pointer, pointer, pointer});

  auto *main =
      llvm::Function::Create(llvm::FunctionType::get(i32, {i32, pointer}, false), llvm::GlobalValue::ExternalLinkage, "main", module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", main));
  std::vector<llvm::Constant *> rows;
  for (const TlFlag &flag : list) {
    auto text = [&](const char *value) -> llvm::Constant * {
      if (!value)
        return llvm::ConstantPointerNull::get(pointer);
      return builder.CreateGlobalString(value);
    };
    rows.push_back(llvm::ConstantStruct::get(row, {text(flag.name), text(flag.kind), text(flag.fallback), text(flag.doc)}));
  }
  auto *type = llvm::ArrayType::get(row, rows.size());
  auto *table = new llvm::GlobalVariable(module, type, /*isConstant=*/true, llvm::GlobalValue::PrivateLinkage,
                                         llvm::ConstantArray::get(type, rows), "flags");

  if (cpuLevel) {
    auto require = module.getOrInsertFunction("tl_require_cpu", builder.getVoidTy(), i32);
    builder.CreateCall(require, builder.getInt32(cpuLevel));
  }
  auto run = module.getOrInsertFunction("tl_main", i32, i32, pointer, pointer, i64, pointer);
  builder.CreateRet(
      builder.CreateCall(run, {main->getArg(0), main->getArg(1), table, builder.getInt64(rows.size()), module.getFunction("tl_entry")}));
}
