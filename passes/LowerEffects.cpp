// Effects -> calls of the runtime: text, files, checks, traps, flags. Runs after Place: a tensor operand is a cast of a contiguous memref,
// and so is the use of a tensor result.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir_gen/dialect/Dialect.h"
#include "passes/Passes.h"
#include "passes/RuntimeCalls.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tl {
#define GEN_PASS_DEF_LOWEREFFECTS
#include "passes/Passes.h.inc"
} // namespace tl

using namespace mlir;

namespace {
/// Makes the calls for the effects of one module.
class Effects {
public:
  explicit Effects(ModuleOp module)
      : module(module), context(module.getContext()), b(context), pointer(LLVM::LLVMPointerType::get(context)), i32(b.getI32Type()),
        i64(b.getI64Type()), valueType(LLVM::LLVMStructType::getLiteral(context, {i32, i32, pointer, pointer})),
        arrayType(LLVM::LLVMStructType::getLiteral(context, {pointer, LLVM::LLVMArrayType::get(i64, MaxRank)})), constants(module) {}

  void run() {
    passCallers();
    SmallVector<Operation *> effects;
    module.walk([&](Operation *op) {
      if (isa<tl::StringOp, tl::FormatOp, tl::PrintOp, tl::CheckOp, tl::TrapOp, tl::LoadOp, tl::SaveOp, tl::ArgumentOp, tl::GiveOp,
              tl::ObserveOp, tl::FlagOp, tl::FlagGivenOp>(op))
        effects.push_back(op);
    });
    for (Operation *op : effects) {
      b.setInsertionPoint(op);
      loc = op->getLoc();
      lower(op);
      op->erase();
    }
    markRecursion();
  }

private:
  static constexpr int64_t MaxRank = 32;                  // TL_MAX_RANK
  static constexpr int64_t CallMark = 0x746c63616c6c2140; // TL_CALL_MARK

  /// A function that calls itself, through others too, has the place of such a call in its frame, behind a mark: where the stack ends, the
  /// runtime finds it there and says which recursion it was. That costs two stores a call, and nothing is shared between threads.
  void markRecursion() {
    llvm::MapVector<StringAttr, SmallVector<func::CallOp>> calls;
    module.walk([&](func::CallOp call) { calls[call->getParentOfType<func::FuncOp>().getSymNameAttr()].push_back(call); });
    auto reaches = [&](StringAttr from, StringAttr to) {
      llvm::SetVector<StringAttr> met;
      met.insert(from);
      for (size_t i = 0; i < met.size() && !met.contains(to); ++i)
        for (func::CallOp call : calls.lookup(met[i]))
          met.insert(call.getCalleeAttr().getAttr());
      return met.contains(to);
    };
    for (auto &[name, own] : calls) {
      auto *call = llvm::find_if(own, [&](func::CallOp call) { return reaches(call.getCalleeAttr().getAttr(), name); });
      if (call == own.end())
        continue;
      loc = call->getLoc();
      b.setInsertionPointToStart(&(*call)->getParentOfType<func::FuncOp>().front());
      Value frame = LLVM::AllocaOp::create(b, loc, pointer, LLVM::LLVMStructType::getLiteral(context, {i64, pointer}), number(1, i64));
      auto keep = [&](int32_t field, Value value) {
        Value at = LLVM::GEPOp::create(b, loc, pointer, i64, frame, ArrayRef<LLVM::GEPArg>{field});
        LLVM::StoreOp::create(b, loc, value, at, /*alignment=*/0, /*isVolatile=*/true);
      };
      keep(0, number(CallMark, i64));
      keep(1, place(*call, "E0902"));
    }
  }

  void lower(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](tl::StringOp op) {
          Value string = call("tl_string", i64, {text(op.getText()), number(op.getText().size(), i64)});
          literals[string] = op.getText().str();
          op.replaceAllUsesWith(string);
        })
        .Case([&](tl::FormatOp op) { op.replaceAllUsesWith(format(op.getParts(), op.getKinds(), op.getValues())); })
        .Case([&](tl::PrintOp op) { call("tl_print", nullptr, {op.getText()}); })
        .Case([&](tl::TrapOp op) { trap(op, op.getText(), op.getCode()); })
        .Case([&](tl::CheckOp op) { check(op); })
        .Case([&](tl::LoadOp op) { load(op); })
        .Case([&](tl::SaveOp op) { save(op); })
        .Case([&](tl::ArgumentOp op) { argument(op); })
        .Case([&](tl::GiveOp op) { give(op); })
        .Case([&](tl::ObserveOp op) {
          call("tl_observe", nullptr, {describeAll(op.getValues(), op.getKinds()), number(op.getValues().size(), i64)});
        })
        .Case([&](tl::FlagOp op) { op.replaceAllUsesWith(flag(op)); })
        .Case([&](tl::FlagGivenOp op) {
          Value given = call("tl_flag_given", b.getI8Type(), {text(op.getName())});
          op.replaceAllUsesWith(Value(arith::TruncIOp::create(b, loc, b.getI1Type(), given)));
        });
  }

  Value call(StringRef name, Type result, ValueRange args) { return tl::callRuntime(b, loc, name, result, args); }
  Value number(int64_t n, Type type) { return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, n)); }
  Value index(int64_t n) { return arith::ConstantIndexOp::create(b, loc, n); }

  //===- Who called the library -----------------------------------------------===//

  /// Does an op of the library stand in a function without the call that led to it?
  static bool comesFromCaller(Operation *op) { return tl::callerOf(op->getLoc()).file.empty() && !tl::placeOf(op->getLoc()).file.empty(); }

  /// A function of the library that may trap gets one argument more: where somebody's program called it, as the address of a TlPlace.
  void passCallers() {
    llvm::SetVector<func::FuncOp> open;
    llvm::DenseMap<StringAttr, SmallVector<func::CallOp>> calls;
    module.walk([&](func::CallOp call) { calls[call.getCalleeAttr().getAttr()].push_back(call); });
    auto add = [&](Operation *op) {
      auto function = op->getParentOfType<func::FuncOp>();
      if (comesFromCaller(op) && !function.isPublic())
        open.insert(function);
    };
    module.walk([&](Operation *op) {
      if (isa<tl::CheckOp, tl::TrapOp>(op))
        add(op);
    });
    for (size_t i = 0; i < open.size(); ++i) {
      func::FuncOp function = open[i];
      for (func::CallOp call : calls.lookup(function.getSymNameAttr()))
        add(call);
    }
    for (func::FuncOp function : open) {
      if (failed(function.insertArgument(function.getNumArguments(), i64, {}, function.getLoc())))
        llvm_unreachable("a function takes one argument more");
      callers[function] = function.getArguments().back();
    }
    for (func::FuncOp function : open)
      for (func::CallOp call : calls.lookup(function.getSymNameAttr())) {
        b.setInsertionPoint(call);
        loc = call.getLoc();
        call.getOperandsMutable().append(LLVM::PtrToIntOp::create(b, loc, i64, caller(call)).getResult());
      }
  }

  /// Address of the place in somebody's program that led to this op of the library, or null.
  Value caller(Operation *op) {
    if (!comesFromCaller(op))
      return constants.address(b, tl::callerOf(op->getLoc()));
    Value given = callers.lookup(op->getParentOfType<func::FuncOp>());
    return given ? LLVM::IntToPtrOp::create(b, loc, pointer, given) : constants.address(b, {});
  }

  void trap(Operation *op, Value text, StringRef code) {
    Value by = tl::isLibrary(tl::placeOf(op->getLoc()).file) ? caller(op) : constants.address(b, {});
    call("tl_trap", nullptr, {text, place(op, code), by});
  }

  //===- Constants ----------------------------------------------------------===//

  Value text(StringRef s, OpBuilder *at = nullptr) { return constants.text(at ? *at : b, s); }

  /// Address of a constant struct or array of these members.
  template <typename Fill> Value aggregate(Type type, Fill fill) {
    LLVM::GlobalOp g = constants.constant(type);
    OpBuilder inside(context);
    inside.createBlock(&g.getInitializerRegion());
    Value value = LLVM::UndefOp::create(inside, loc, type);
    for (auto [i, member] : llvm::enumerate(fill(inside)))
      value = LLVM::InsertValueOp::create(inside, loc, value, member, ArrayRef<int64_t>{int64_t(i)});
    LLVM::ReturnOp::create(inside, loc, value);
    return LLVM::AddressOfOp::create(b, loc, g);
  }

  Value textArray(ArrayAttr list) {
    return aggregate(LLVM::LLVMArrayType::get(pointer, list.size()), [&](OpBuilder &inside) {
      SmallVector<Value> members;
      for (Attribute a : list)
        members.push_back(text(cast<StringAttr>(a).getValue(), &inside));
      return members;
    });
  }

  Value place(Operation *op, StringRef code) { return constants.address(b, tl::placeOf(op->getLoc()), code); }

  //===- Values in memory -----------------------------------------------------===//

  /// Room on the stack, in the entry block: what stands in a loop is used again in every iteration.
  Value room(Type type, int64_t count) {
    Operation *function = b.getInsertionBlock()->getParentOp();
    if (!isa<func::FuncOp>(function))
      function = function->getParentOfType<func::FuncOp>();
    OpBuilder entry = OpBuilder::atBlockBegin(&function->getRegion(0).front());
    Value n = LLVM::ConstantOp::create(entry, loc, i64, entry.getI64IntegerAttr(std::max<int64_t>(count, 1)));
    return LLVM::AllocaOp::create(entry, loc, pointer, type, n, /*alignment=*/16);
  }
  Value element(Type type, Value base, int64_t i) {
    return LLVM::GEPOp::create(b, loc, pointer, type, base, ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(i))});
  }
  void store(Value value, Value address) { LLVM::StoreOp::create(b, loc, value, address); }

  /// The memref behind a tensor operand.
  Value memrefOf(Value tensor) {
    auto cast = tensor.getDefiningOp<UnrealizedConversionCastOp>();
    assert(cast && "Place leaves a cast");
    return cast.getOperand(0);
  }

  /// Writes the TlValue of a scalar or tensor.
  void describe(Value value, int32_t kind, Value to) {
    Value data, sizes;
    int64_t rank = 0;
    if (isa<TensorType>(value.getType())) {
      Value memref = memrefOf(value);
      rank = llvm::cast<MemRefType>(memref.getType()).getRank();
      data = tl::dataPointer(b, loc, memref);
      sizes = room(i64, rank);
      for (int64_t axis = 0; axis < rank; ++axis)
        store(asI64(memref::DimOp::create(b, loc, memref, axis)), element(i64, sizes, axis));
    } else {
      if (value.getType().isIndex())
        value = asI64(value);
      if (value.getType().isInteger(1))
        value = arith::ExtUIOp::create(b, loc, b.getI8Type(), value);
      data = room(value.getType(), 1);
      store(value, data);
      sizes = LLVM::ZeroOp::create(b, loc, pointer);
    }
    Value members[] = {number(kind, i32), number(rank, i32), data, sizes};
    for (auto [i, member] : llvm::enumerate(members))
      store(member, LLVM::GEPOp::create(b, loc, pointer, valueType, to, ArrayRef<LLVM::GEPArg>{0, int32_t(i)}));
  }
  Value describeAll(ValueRange values, ArrayAttr kinds) {
    Value list = room(valueType, values.size());
    for (auto [i, value] : llvm::enumerate(values))
      describe(value, tl::scalarKind(llvm::cast<StringAttr>(kinds[i]).getValue()), element(valueType, list, i));
    return list;
  }
  Value asI64(Value index) { return arith::IndexCastOp::create(b, loc, i64, index); }

  /// The format of a file: that of its name where the source says it, else all of them, which the program is then linked with.
  Value format(Value path) {
    auto name = literals.find(path);
    StringRef end = name == literals.end() ? StringRef() : StringRef(name->second).rsplit('.').second;
    if (!llvm::is_contained({"npy", "npz", "safetensors", "csv", "png"}, end))
      end = "any";
    return call(("tl_format_" + end).str(), pointer, {});
  }

  //===- The ops -----------------------------------------------------------------===//

  Value format(ArrayAttr parts, ArrayAttr kinds, ValueRange values) {
    return call("tl_format", i64, {textArray(parts), describeAll(values, kinds), number(values.size(), i64)});
  }

  void check(tl::CheckOp op) {
    auto fail = [&](Value ok, ValueRange values) {
      Value bad = arith::XOrIOp::create(b, loc, ok, number(1, ok.getType()));
      auto branch = scf::IfOp::create(b, loc, bad, /*withElse=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      trap(op, format(op.getParts(), op.getKinds(), values), op.getCode());
    };
    if (!isa<TensorType>(op.getOk().getType()))
      return fail(op.getOk(), op.getValues());
    // Row-major order, so that the first bad position is the one reported.
    Value ok = memrefOf(op.getOk());
    int64_t rank = cast<MemRefType>(ok.getType()).getRank();
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Value> at;
    for (int64_t axis = 0; axis < rank; ++axis) {
      auto loop = scf::ForOp::create(b, loc, index(0), memref::DimOp::create(b, loc, ok, axis), index(1));
      at.push_back(loop.getInductionVar());
      b.setInsertionPointToStart(loop.getBody());
    }
    auto elementOf = [&](Value memref) -> Value { return memref::LoadOp::create(b, loc, memref, at); };
    Value bit = arith::TruncIOp::create(b, loc, b.getI1Type(), elementOf(ok));
    SmallVector<Value> values;
    for (Value v : op.getValues())
      values.push_back(isa<TensorType>(v.getType()) ? elementOf(memrefOf(v)) : v);
    fail(bit, values);
  }

  void load(tl::LoadOp op) {
    int64_t rank = op.getRank();
    int32_t kind = tl::scalarKind(op.getKind());
    Value expected = room(i64, rank), out = room(arrayType, 1);
    for (auto [axis, size] : llvm::enumerate(op.getExpect()))
      store(asI64(size), element(i64, expected, axis));
    call("tl_load", nullptr,
         {op.getPath(), format(op.getPath()), text(op.getName()), number(kind, i32), number(rank, i32), expected, out, place(op, "")});
    Value data = LLVM::LoadOp::create(b, loc, pointer, out);
    SmallVector<Value> sizes;
    for (int64_t axis = 0; axis < rank; ++axis) {
      Value address = LLVM::GEPOp::create(b, loc, pointer, arrayType, out, ArrayRef<LLVM::GEPArg>{0, 1, int32_t(axis)});
      sizes.push_back(LLVM::LoadOp::create(b, loc, i64, address));
    }
    for (auto [result, size] : llvm::zip(op.getSizes(), sizes))
      result.replaceAllUsesWith(Value(arith::IndexCastOp::create(b, loc, b.getIndexType(), size)));
    replaceByMemory(op.getY(), data, sizes);
  }

  /// A scalar or array is what stands at `data`.
  void replaceByMemory(Value y, Value data, ArrayRef<Value> sizes) {
    const int64_t rank = sizes.size();
    if (rank == 0) {
      Type type = y.getType();
      Value value = LLVM::LoadOp::create(b, loc, type.isInteger(1) ? b.getI8Type() : type, data);
      if (type.isInteger(1))
        value = arith::TruncIOp::create(b, loc, type, value);
      y.replaceAllUsesWith(value);
      return;
    }
    // The descriptor that the lowering of memrefs would make.
    Type list = LLVM::LLVMArrayType::get(i64, rank);
    Value d = LLVM::UndefOp::create(b, loc, LLVM::LLVMStructType::getLiteral(context, {pointer, pointer, i64, list, list}));
    auto set = [&](Value member, ArrayRef<int64_t> at) { d = LLVM::InsertValueOp::create(b, loc, d, member, at); };
    set(data, {0});
    set(data, {1});
    set(number(0, i64), {2});
    Value stride = number(1, i64);
    for (int64_t axis = rank - 1; axis >= 0; --axis) {
      set(sizes[axis], {3, axis});
      set(stride, {4, axis});
      stride = arith::MulIOp::create(b, loc, stride, sizes[axis]);
    }
    for (Operation *user : llvm::make_early_inc_range(y.getUsers())) {
      auto cast = llvm::dyn_cast<UnrealizedConversionCastOp>(user);
      if (!cast) // an effect lowered before, still to be erased
        continue;
      cast.replaceAllUsesWith(UnrealizedConversionCastOp::create(b, loc, cast.getResultTypes(), ValueRange(d)));
      cast.erase();
    }
  }

  void save(tl::SaveOp op) {
    call("tl_save", nullptr,
         {op.getPath(), format(op.getPath()), textArray(op.getNames()), describeAll(op.getValues(), op.getKinds()),
          number(op.getValues().size(), i64), place(op, "")});
  }

  void argument(tl::ArgumentOp op) {
    Value slot = number(op.getSlot(), i64), offset = number(op.getOffset(), i64), name = text(op.getName());
    if (op.getKind() == "str")
      return op.getY().replaceAllUsesWith(call("tl_argument_text", i64, {slot, offset, name, place(op, "")}));
    SmallVector<Value> sizes;
    Value count = number(1, i64);
    for (Value extent : op.getExtents()) {
      sizes.push_back(asI64(extent));
      count = arith::MulIOp::create(b, loc, count, sizes.back());
    }
    Value data = sizes.empty() ? call("tl_argument", pointer, {slot, offset, name, place(op, "")})
                               : call("tl_argument_array", pointer, {slot, offset, name, count, place(op, "")});
    replaceByMemory(op.getY(), data, sizes);
  }

  void give(tl::GiveOp op) {
    Type row = LLVM::LLVMStructType::getLiteral(context, {i64, i64, i64, pointer}); // TlResult
    Value results = aggregate(LLVM::LLVMArrayType::get(row, op.getValues().size()), [&](OpBuilder &inside) {
      auto constant = [&](int64_t n) -> Value { return LLVM::ConstantOp::create(inside, loc, i64, inside.getI64IntegerAttr(n)); };
      SmallVector<Value> rows;
      for (size_t i = 0; i < op.getValues().size(); ++i) {
        Value members[] = {constant(op.getSlots()[i]), constant(op.getOffsets()[i]), constant(op.getFresh()[i]),
                           text(llvm::cast<StringAttr>(op.getNames()[i]).getValue(), &inside)};
        Value result = LLVM::UndefOp::create(inside, loc, row);
        for (auto [at, member] : llvm::enumerate(members))
          result = LLVM::InsertValueOp::create(inside, loc, result, member, ArrayRef<int64_t>{int64_t(at)});
        rows.push_back(result);
      }
      return rows;
    });
    call("tl_give", nullptr, {describeAll(op.getValues(), op.getKinds()), results, number(op.getValues().size(), i64), place(op, "")});
  }

  Value flag(tl::FlagOp op) {
    Type type = op.getY().getType();
    Value name = text(op.getName());
    if (op.getKind() == "str" || op.getKind() == "file")
      return call("tl_flag_str", i64, {name});
    if (isa<FloatType>(type)) {
      Value x = call("tl_flag_float", b.getF64Type(), {name});
      return type.isF64() ? x : arith::TruncFOp::create(b, loc, type, x).getResult();
    }
    Value n = call("tl_flag_int", i64, {name});
    return type.isInteger(64) ? n : arith::TruncIOp::create(b, loc, type, n).getResult();
  }

  ModuleOp module;
  MLIRContext *context;
  OpBuilder b;
  Type pointer, i32, i64, valueType, arrayType;
  tl::RuntimeConstants constants;
  Location loc = UnknownLoc::get(context);
  llvm::DenseMap<Operation *, Value> callers;  // the argument of a function of the library that says who called it
  llvm::DenseMap<Value, std::string> literals; // texts that the source holds
};

struct LowerEffects : tl::impl::LowerEffectsBase<LowerEffects> {
  void runOnOperation() override {
    Effects(getOperation()).run();
    tl::declareRuntime(getOperation());
    // Casts of memrefs to the tensors of effects have no use any more.
    getOperation().walk([](UnrealizedConversionCastOp cast) {
      if (cast.use_empty())
        cast.erase();
    });
  }
};
} // namespace
