// Keys and draws -> the calls that a program has for them; with an array of keys, one for each.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/Transforms.h"
#include "tools/grad/Writer.h"

using namespace tl;
using namespace tl::grad;
using llvm::dyn_cast;
using llvm::isa;
namespace arith = mlir::arith;
namespace func = mlir::func;
namespace scf = mlir::scf;
using mlir::tensor::FromElementsOp;

//===- Which integers are keys --------------------------------------------------------------------------------------===//

/// The values that are one in several places, or parts of one: all of them are keys if one is.
static SmallVector<SmallVector<Value>> joinedBy(Operation *op) {
  SmallVector<SmallVector<Value>> groups;
  auto zip = [&](auto... lists) {
    for (size_t i = 0; i < std::min({size_t(lists.size())...}); ++i)
      groups.push_back({lists[i]...});
  };
  auto yielded = [](mlir::Region &region) { return region.front().getTerminator()->getOperands(); };
  if (auto loop = dyn_cast<scf::ForOp>(op))
    zip(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getYieldedValues(), op->getResults());
  else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    zip(loop.getInits(), loop.getBeforeArguments(), loop.getYieldedValues());
    zip(loop.getConditionOp().getArgs(), loop.getAfterArguments(), op->getResults());
  } else if (auto choice = dyn_cast<scf::IfOp>(op); choice && op->getNumResults())
    zip(yielded(choice.getThenRegion()), yielded(choice.getElseRegion()), op->getResults());
  else if (auto call = dyn_cast<func::CallOp>(op)) {
    if (func::FuncOp callee = calleeOf(call)) {
      zip(call.getOperands(), callee.getArguments());
      zip(op->getResults(), yielded(callee.getBody()));
    }
  } else if (isa<SelectOp, arith::SelectOp>(op))
    groups.push_back({op->getOperand(1), op->getOperand(2), op->getResult(0)});
  else if (auto update = dyn_cast<UpdateOp>(op))
    groups.push_back({update.getX(), update.getSrc(), update.getY()});
  else if (isa<SizedOp, mlir::tensor::CastOp, SliceOp, GatherOp, BroadcastOp, ReshapeOp, TransposeOp>(op))
    groups.push_back({op->getOperand(0), op->getResult(0)});
  else if (isa<ConcatOp, FromElementsOp>(op)) {
    groups.emplace_back(op->getOperands());
    groups.back().push_back(op->getResult(0));
  }
  return groups;
}

llvm::DenseSet<Value> tl::grad::keysAmong(ArrayRef<func::FuncOp> functions) {
  llvm::DenseSet<Value> keys;
  bool changed = true;
  auto mark = [&](Value v) {
    if (elementOf(v).isInteger(64) && !mlir::matchPattern(v, mlir::m_Constant()))
      changed |= keys.insert(v).second;
  };
  while (std::exchange(changed, false))
    for (func::FuncOp function : functions)
      function.walk([&](Operation *op) {
        auto call = dyn_cast<func::CallOp>(op);
        if (isa<SplitOp, FoldInOp, RandomBitsOp>(op) || (call && isDraw(call)))
          mark(op->getOperand(0));
        if (isa<SeedOp, SplitOp, FoldInOp>(op))
          mark(op->getResult(0));
        for (ArrayRef<Value> group : joinedBy(op))
          if (llvm::any_of(group, [&](Value v) { return keys.contains(v); }))
            llvm::for_each(group, mark);
      });
  return keys;
}

//===- What is made of them -----------------------------------------------------------------------------------------===//

static bool isInteger(Value v, int64_t wanted) {
  llvm::APInt number;
  return mlir::matchPattern(v, mlir::m_ConstantInt(&number)) && number.getSExtValue() == wanted;
}

/// Whether keys are folded one by one where they are used, and no array of them is written.
static bool isWrittenWhereUsed(Operation *op) {
  if (!isa<FoldInOp>(op) || !isTensor(op->getResult(0)) || !op->hasOneUse())
    return false;
  Operation *user = *op->user_begin();
  auto call = dyn_cast<func::CallOp>(user);
  return user->getBlock() == op->getBlock() && (isa<FoldInOp, SplitOp>(user) || (call && isDraw(call)));
}

/// An element of an array, where `at`.
std::string Writer::elementText(Value v, ArrayRef<std::string> at, Expr &whole) {
  Operation *op = v.getDefiningOp();
  auto reads = [&](const Expr &e) { whole.reads.insert(e.reads.begin(), e.reads.end()); };
  if (auto repeated = dyn_cast_or_null<BroadcastOp>(op)) {
    SmallVector<std::string> its;
    for (int64_t axis : repeated.getAxes())
      its.push_back(at[axis]);
    return elementText(repeated.getX(), its, whole);
  }
  if (op && isWrittenWhereUsed(op))
    return "fold_in(" + elementText(op->getOperand(0), at, whole) + ", " + elementText(op->getOperand(1), at, whole) + ")";
  if (isa_and_nonnull<IotaOp>(op))
    return at.back();
  if (!isTensor(v)) {
    reads(*get(v));
    return get(v)->text;
  }
  std::string text = named(v, functions.isKey(v) ? "ks" : "t") + "[" + list(at) + "]";
  reads(*get(v));
  return text;
}

Expr Writer::eachKey(Value keys, llvm::function_ref<std::string(ArrayRef<std::string> at, Expr &whole)> text) {
  Expr e;
  SmallVector<std::string> at, binders;
  for (const Size &size : sizesOf(keys)) {
    std::string i;
    for (char c = 'i'; used.count(i = std::string(1, c)) || llvm::is_contained(at, i); ++c)
      ;
    at.push_back(i);
    binders.push_back(i + " in 0.." + size.str());
  }
  e.text = text(at, e);
  if (!at.empty())
    e.text = "[for " + list(binders) + ": " + e.text + "]";
  return e;
}

/// `let (a, b) = split(k)`: both, where the other stands in the same block.
void Writer::splitInTwo(SplitOp op) {
  if (values.count(op.getY()))
    return; // with the other
  SplitOp both[] = {op, {}};
  for (Operation *user : op.getKey().getUsers())
    if (auto other = dyn_cast<SplitOp>(user);
        other && user->getBlock() == op->getBlock() && isInteger(other.getNumber(), isInteger(op.getNumber(), 0)))
      both[1] = other;
  if (isInteger(op.getNumber(), 1))
    std::swap(both[0], both[1]);
  Expr e =
      eachKey(op.getKey(), [&](ArrayRef<std::string> at, Expr &whole) { return "split(" + elementText(op.getKey(), at, whole) + ")"; });
  SmallVector<std::string> names;
  for (SplitOp key : both) {
    const std::string known = key ? nameOf(key.getY()) : "";
    names.push_back(!key || usesOf(key.getY()).empty() ? "_" : known.empty() ? unnamed(key.getY(), "k") : fresh(known));
  }
  line("let (" + list(names) + ") = " + e.text);
  for (auto [key, name] : llvm::zip(both, names))
    if (name != "_")
      bind(key.getY(), name);
}

void Writer::draw(func::CallOp call) {
  const StringRef function = call.getCallee();
  const bool isTyped = function == "uniform" || function == "normal";
  Value key = call.getOperand(0), y = call.getResult(0);
  mlir::OperandRange sizes = call.getOperands().drop_front();
  Expr chance;
  if (function == "bernoulli") {
    chance = *get(sizes.front());
    sizes = sizes.drop_front();
  }
  SmallVector<std::string> dims;
  for (Value size : sizes)
    dims.push_back(sizeText(size));
  Expr e = eachKey(key, [&](ArrayRef<std::string> at, Expr &whole) {
    return (function + (isTyped ? "[" + element(elementOf(y)) + "]" : "") + "(" + elementText(key, at, whole) +
            (chance.text.empty() ? "" : ", " + chance.text) + ", [" + list(dims) + "])")
        .str();
  });
  e.reads.insert(chance.reads.begin(), chance.reads.end());
  e.axes.assign(rankOf(y), true);
  define(y, function == "random_bits" ? withSign(y, std::move(e)) : std::move(e));
}

bool Writer::random(Operation *op) {
  if (auto call = dyn_cast<func::CallOp>(op); call && isDraw(call))
    return draw(call), true;
  if (isa<RandomBitsOp>(op))
    return refuse(op, "random numbers that are a part of what was drawn"), true;
  if (!isa<SeedOp, SplitOp, FoldInOp>(op))
    return false;
  Value key = op->getOperand(0), y = op->getResult(0);
  if (isWrittenWhereUsed(op))
    return true;
  if (isa<SplitOp>(op) && (isInteger(op->getOperand(1), 0) || isInteger(op->getOperand(1), 1)))
    return splitInTwo(llvm::cast<SplitOp>(op)), true;
  Expr e;
  // Of the numbers 0, 1, ..., one behind another, `split` makes an array.
  Value number = op->getNumOperands() > 1 ? op->getOperand(1) : Value();
  auto repeated = number ? number.getDefiningOp<BroadcastOp>() : BroadcastOp();
  const int64_t last = int64_t(rankOf(y)) - 1;
  if (repeated && repeated.getAxes() == ArrayRef(last))
    number = repeated.getX();
  auto spread = key.getDefiningOp<BroadcastOp>();
  Value each = spread && spread.getAxes() == ArrayRef<int64_t>(axesUpTo(last)) ? spread.getX() : key;
  if (auto counted = number ? number.getDefiningOp<IotaOp>() : IotaOp(); counted && isa<SplitOp>(op) && rankOf(each) == last)
    e = eachKey(each, [&](ArrayRef<std::string> at, Expr &whole) {
      return "split(" + elementText(each, at, whole) + ", " + sizeText(counted.getSize()) + ")";
    });
  else
    e = eachKey(y, [&](ArrayRef<std::string> at, Expr &whole) {
      const std::string text = elementText(key, at, whole);
      return isa<SeedOp>(op) ? "key(" + text + ")" : "fold_in(" + text + ", " + elementText(op->getOperand(1), at, whole) + ")";
    });
  e.axes.assign(rankOf(y), true);
  define(y, std::move(e));
  return true;
}

/// Keys for the places of an array, all of which a loop will set.
std::string Writer::someKeys(Value keys) {
  SmallVector<Size> sizes = sizesOf(keys);
  std::string text = "key(0)", binders;
  for (auto [axis, size] : llvm::enumerate(ArrayRef(sizes).drop_back())) {
    const std::string i = fresh("i");
    text = "fold_in(" + text + ", " + i + ")";
    binders += (axis ? ", " : "for ") + i + " in 0.." + size.str();
  }
  text = "split(" + text + ", " + sizes.back().str() + ")";
  return binders.empty() ? text : "[" + binders + ": " + text + "]";
}
