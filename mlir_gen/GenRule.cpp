// Derivatives by hand. An instance of a definition that has a rule names, as attribute `tl.vjp` or `tl.jvp`, the function that stands for
// its derivative: it takes the arguments of the instance, then a cotangent for each float result (vjp) or a tangent for each float argument
// (jvp), and gives a cotangent for each float argument or a tangent for each float result. A test compares it with the definition's own.
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir_gen/FunctionGen.h"
#include "llvm/Support/FormatVariadic.h"
#include <random>

namespace tl::mlirgen {
using namespace ast;

static SmallVector<mlir::Type> floatsOf(mlir::TypeRange types) {
  SmallVector<mlir::Type> floats;
  llvm::copy_if(types, std::back_inserter(floats), [](mlir::Type type) { return tl::isFloat(type); });
  return floats;
}

void FunctionGen::addRules(const FuncInstance &made, const DefDecl *def) {
  mlir::func::FuncOp function = made.func;
  for (auto [attribute, rule] : {std::pair("tl.vjp", def->vjp), std::pair("tl.jvp", def->jvp)}) {
    auto isOther = [&, &rule = rule](const TypeParam *p) { return p->takesFloat() && !same(made.env.lookup(p), rule->element); };
    if (!rule || (rule->element && llvm::any_of(def->typeParams, isOther)))
      continue;
    const bool isVjp = rule == def->vjp;
    SmallVector<mlir::Type> inputs(function.getArgumentTypes()), arguments = floatsOf(function.getArgumentTypes()),
                                                                 results = floatsOf(function.getResultTypes());
    llvm::append_range(inputs, isVjp ? results : arguments);
    mlir::func::FuncOp derivative =
        m.declare(m.location(rule->def->nameSpan), function.getName() + "." + StringRef(attribute).drop_front(3) + "_by_hand", inputs,
                  isVjp ? arguments : results);
    function->setAttr(attribute, mlir::FlatSymbolRefAttr::get(derivative));
    m.pending.push_back([&m = m, made, def, rule, derivative] { FunctionGen(m, derivative, made.env).ruleBody(made, def, *rule); });
  }
}

void FunctionGen::ruleBody(const FuncInstance &instance, const DefDecl *def, const Rule &rule) {
  const Values arguments(func.getBody().front().args_begin(), func.getBody().front().args_end());
  ValueRange rest = bindArguments(instance, def, {}, arguments);
  auto taken = [&](const Type *type) {
    const size_t n = leavesOf(type).size();
    Value value = enter(type, rest.take_front(n));
    rest = rest.drop_front(n);
    return value;
  };
  const bool isVjp = &rule == def->vjp;
  SmallVector<Value> args;
  for (const VarDecl *param : def->params)
    args.push_back(lookup(param));
  if (isVjp)
    args.push_back(taken(instance.result));
  else
    for (auto [param, floats] : llvm::zip_equal(def->params, rule.differentiated)) {
      const Type *type = typeOf(param->type);
      if (floats)
        args.push_back(taken(type));
      else // beside an int: nothing has a tangent there
        rest = rest.drop_front(floatsOf(leafTypes(type)).size());
    }
  Value got = call({rule.call, env}, args, isVjp ? typeOf(rule.call->result) : instance.result);
  Values results(got.leaves.begin(), got.leaves.end());
  if (isVjp) {
    results.clear();
    ValueRange cotangents(got.leaves);
    for (auto [param, floats] : llvm::zip_equal(def->params, rule.differentiated))
      for (mlir::Value leaf : lookup(param).leaves)
        if (floats) {
          results.push_back(cotangents.front());
          cotangents = cotangents.drop_front();
        } else if (tl::isFloat(leaf)) {
          results.push_back(full(Val(b, b.getLoc(), leaf), 0).v);
        }
  }
  mlir::func::ReturnOp::create(b, results);
}

namespace {
/// Numbers for the test of a rule, the same each time.
class Draw {
public:
  explicit Draw(unsigned seed) : generator(seed) {}
  /// In 0.2 .. 0.8, where most functions are defined, or in -2 .. 2.
  double point(bool wide) { return wide ? 4 * uniform() - 2 : 0.2 + 0.6 * uniform(); }
  double direction() { return 2 * uniform() - 1; }

private:
  std::mt19937 generator; // its numbers are those of the standard, everywhere
  double uniform() { return generator() / 4294967296.0; }
};
} // namespace

mlir::Value FunctionGen::arrayOf(mlir::Type type, ArrayRef<int64_t> sizes, llvm::function_ref<double()> next) {
  auto number = [&](mlir::Type element) -> mlir::Attribute {
    const double value = next();
    if (auto floating = llvm::dyn_cast<mlir::FloatType>(element))
      return b.getFloatAttr(floating, value);
    return b.getIntegerAttr(element, int64_t(value));
  };
  mlir::Type element = elementOf(type);
  if (!llvm::isa<mlir::RankedTensorType>(type))
    return mlir::arith::ConstantOp::create(b, llvm::cast<mlir::TypedAttr>(number(element)));
  auto fixed = mlir::RankedTensorType::get(sizes, element);
  SmallVector<mlir::Attribute> elements;
  for (int64_t i = 0; i < fixed.getNumElements(); ++i)
    elements.push_back(number(element));
  mlir::Value array = mlir::arith::ConstantOp::create(b, mlir::DenseElementsAttr::get(fixed, elements));
  return mlir::tensor::CastOp::create(b, type, array);
}

/// Sizes that are constants.
static SmallVector<int64_t> constantsOf(const Values &sizes) {
  SmallVector<int64_t> all;
  for (mlir::Value size : sizes) {
    mlir::APInt value;
    [[maybe_unused]] bool isConstant = mlir::matchPattern(size, mlir::m_ConstantInt(&value));
    assert(isConstant && "a test chooses all sizes");
    all.push_back(value.getSExtValue());
  }
  return all;
}

Value FunctionGen::drawn(const Type *type, llvm::function_ref<double()> next) {
  Values leaves;
  for (const Leaf &leaf : leavesOf(type))
    leaves.push_back(arrayOf(mlirType(leaf, m.context), constantsOf(eval(leaf.dims)), next));
  return enter(type, leaves);
}

/// The sum of the products, as f64, of all floats; with `absolute` of their absolute values.
mlir::Value FunctionGen::inner(ValueRange xs, ValueRange ys, bool absolute) {
  Val sum(b, b.getLoc(), tl::constant(b, b.getLoc(), b.getF64Type(), 0));
  for (auto [x, y] : llvm::zip_equal(xs, ys)) {
    Val product = tl::convert(Val(b, b.getLoc(), x), b.getF64Type()) * tl::convert(Val(b, b.getLoc(), y), b.getF64Type());
    if (absolute)
      product = product * sign(product);
    sum = sum + sumAll(product);
  }
  return sum.v;
}

/// Says its body at once what its arguments must be?
static bool asserts(const DefDecl *def) {
  auto *block = llvm::dyn_cast<BlockExpr>(def->body);
  return block && llvm::any_of(block->stmts, [](const Stmt *s) { return llvm::isa<AssertStmt>(s); });
}

/// "x = [0.31, -1.2]" of the numbers of an argument, in the order of their rows.
static std::string shown(const VarDecl *param, ArrayRef<double> numbers) {
  const bool isNumber = dimsOf(param->type).empty() && numbers.size() == 1;
  std::string text = param->name.str() + (isNumber ? " = " : " = [");
  for (auto [i, number] : llvm::enumerate(numbers.take_front(8)))
    text += (i ? ", " : "") + llvm::formatv("{0:f4}", number).str();
  return text + (numbers.size() > 8 ? ", ..." : "") + (isNumber ? "" : "]");
}

void FunctionGen::ruleTest(const DefDecl *def, const Rule &rule) {
  const bool isVjp = &rule == def->vjp;
  At at(*this, rule.span);
  // Generic definitions are tested in f64, where the rule is not for another float, on arrays of two axes.
  Instance instance;
  instance.def = const_cast<DefDecl *>(def);
  for (const TypeParam *param : def->typeParams)
    instance.types.push_back(param->constraint == Constraint::Int ? m.types.int64()
                             : rule.element                       ? rule.element
                                                                  : m.types.scalar(ScalarKind::F64));
  for (int64_t size : rule.sizes)
    instance.sizes.push_back(Size(size));
  for ([[maybe_unused]] const Pack *pack : def->packs)
    instance.packs.push_back(Dims{Dim(Size(2)), Dim(Size(3))});
  env = viewOf(instance);

  mlir::Value compared = boolean(false);
  std::optional<FuncInstance> plain;
  for (unsigned draw = 0; draw < 4; ++draw) {
    Draw numbers(draw);
    const bool wide = draw % 2 && !asserts(def);
    SmallVector<Value> args;
    std::string where;
    for (auto [param, number] : llvm::zip_equal(def->params, rule.ints)) {
      const Type *type = typeOf(param->type);
      const bool isFloat = tl::isFloat(leafTypes(type).front());
      SmallVector<double> taken;
      args.push_back(drawn(type, [&] { return taken.emplace_back(isFloat ? numbers.point(wide) : double(number)); }));
      where += (where.empty() ? "" : ", ") + shown(param, taken);
      env.bind(param, args.back());
    }
    Passing passed = passing(instance, args);
    FuncInstance made = instanceOf(def, passed, args);
    if (!plain) { // the definition itself, without its rule
      plain = declare(def, passed.own, passed.syms, args, passed.key + ".definition");
      m.pending.push_back([&m = m, plain = *plain, def, args] { FunctionGen(m, plain.func, plain.env).body(plain, def, args); });
    }
    Values tangents, known(passed.operands), by, seeds;
    SmallVector<int64_t> wrt;
    size_t place = passed.operands.size();
    for (const Value &arg : args)
      place -= arg.leaves.size();
    for (auto [arg, floats] : llvm::zip_equal(args, rule.differentiated))
      for (mlir::Value leaf : arg.leaves) {
        if (tl::isFloat(leaf)) {
          auto direction = [&] { return floats ? numbers.direction() : 0.0; };
          by.push_back(sizedLike(arrayOf(leaf.getType(), constantsOf(tl::sizesOf(b, leaf)), direction), leaf));
          wrt.push_back(place);
        }
        ++place;
      }
    SmallVector<mlir::Type> results(made.func.getResultTypes()), all = results;
    llvm::append_range(all, results);
    auto own = JvpOp::create(b, all, plain->func.getSymName(), passed.operands, by, wrt);
    const Value change = enter(typeOf(def->result), own.getResults().drop_front(results.size()));
    const Value cotangent = drawn(typeOf(def->result), [&] { return numbers.direction(); });
    // <ct, J dx>, by the definition and by the rule: the transpose of J for a vjp.
    llvm::append_range(known, isVjp ? ValueRange(cotangent.leaves) : ValueRange(by));
    auto derivative = m.module->lookupSymbol<mlir::func::FuncOp>(
        made.func->getAttrOfType<mlir::FlatSymbolRefAttr>(isVjp ? "tl.vjp" : "tl.jvp").getAttr());
    Values given(mlir::func::CallOp::create(b, derivative, known).getResults());
    for (auto [x, like] : llvm::zip_equal(given, isVjp ? ValueRange(by) : ValueRange(change.leaves)))
      x = sizedLike(x, like);
    const ValueRange left = isVjp ? ValueRange(given) : ValueRange(cotangent.leaves), right = isVjp ? ValueRange(by) : ValueRange(given);
    Val want(b, b.getLoc(), inner(cotangent.leaves, change.leaves, false)), got = want.like(inner(left, right, false));
    Val size = want.like(inner(cotangent.leaves, change.leaves, true)) + want.like(inner(left, right, true));
    unsigned width = 64;
    for (mlir::Value x : by)
      width = std::min(width, elementOf(x).getIntOrFloatBitWidth());
    for (mlir::Value x : change.leaves)
      width = std::min(width, elementOf(x).getIntOrFloatBitWidth());
    const double tolerance = width == 64 ? 1e-9 : width == 32 ? 1e-3 : 0.1;
    Val difference = want - got;
    // Where the definition has no value or no derivative, a rule may give one.
    const Value value = enter(typeOf(def->result), own.getResults().take_front(results.size()));
    Val magnitude = want.like(inner(value.leaves, value.leaves, true));
    mlir::Value finite = less((magnitude + want) * 0.0, 1.0).v, close = invert(less(tolerance * size, difference * sign(difference))).v;
    close = b.createOrFold<mlir::arith::AndIOp>(close, less(got * 0.0, 1.0).v);
    mlir::Value fits = b.createOrFold<mlir::arith::OrIOp>(close, invert(want.like(finite)).v);
    check(fits,
          Text(("`" + rule.def->name + "` is not the " + (isVjp ? "vjp" : "jvp") + " of `" + def->name + "`: at " + where +
                " along a random direction it gives ")
                   .str())
              .hole(got.v, "f64")
              .text(", the definition ")
              .hole(want.v, "f64"),
          "E0514");
    compared = b.createOrFold<mlir::arith::OrIOp>(compared, finite);
  }
  check(compared,
        Text(("`" + def->name + "` has no finite value and derivative at any of the random arguments that `" + rule.def->name +
              "` is tested with")
                 .str()),
        "E0514");
}
} // namespace tl::mlirgen
