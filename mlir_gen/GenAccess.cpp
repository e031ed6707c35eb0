// Subscripts: a[i, 1:n, idx], read and assigned. What a subscript means is worked out once, with its checks,
// and then applied to each leaf of the array; the axes within a record follow those that are indexed and are
// taken whole.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

/// Made of literals and size parameters alone: its value does not depend on where it stands.
static bool isStatic(const Expr *e) {
  if (!e || isa<NumberExpr>(e))
    return true;
  if (auto *n = dyn_cast<NameExpr>(e))
    return n->sym;
  if (auto *u = dyn_cast<UnaryExpr>(e))
    return isStatic(u->operand);
  if (auto *x = dyn_cast<BinaryExpr>(e))
    return isStatic(x->lhs) && isStatic(x->rhs);
  return false;
}

//===- Places
//-------------------------------------------------------------------------------------------------------===//

/// A written minus counts from the end.
mlir::Value FunctionGen::position(Expr *e, mlir::Value size) {
  if (auto *minus = dyn_cast<UnaryExpr>(e); minus && minus->op == UnaryOp::Neg)
    return fold<mlir::arith::SubIOp>(size, indexOf(minus->operand));
  return indexOf(e);
}

void FunctionGen::single(Access &access, const Index &i, mlir::Value size, unsigned axis) {
  mlir::Value at = position(i.lo, size);
  if (!i.proved) {
    At here(*this, i.span);
    mlir::Value place = toInt(at), n = toInt(size);
    Text message("index ");
    message.number(place).text(" is out of bounds for axis " + std::to_string(axis) + " of size ").number(n);
    check(compare("lt", place, n, /*isUnsigned=*/true), message, "E0801");
  }
  access.always &= i.proved && isStatic(i.lo);
  access.whole = false;
  access.dropped.push_back(axis);
  access.offsets.push_back(at);
  access.sizes.push_back(index(1));
  access.strides.push_back(1);
}

void FunctionGen::slice(Access &access, const Index &i, mlir::Value size, unsigned axis, const Size &part) {
  const int64_t stride = i.stride;
  access.strides.push_back(stride);
  if (!i.lo && !i.hi && stride == 1) {
    access.offsets.push_back(index(0));
    access.sizes.push_back(size);
    return;
  }
  access.whole = false;
  // The slice is lo .. hi - 1; backwards it goes from the first end, which is taken, down to the second, which is not.
  Expr *first = stride > 0 ? i.lo : i.hi, *last = stride > 0 ? i.hi : i.lo;
  mlir::Value from = first ? position(first, size) : index(0), to = last ? position(last, size) : size;
  auto above = [&](mlir::Value v) { return stride < 0 ? fold<mlir::arith::AddIOp>(v, index(1)) : v; };
  mlir::Value lo = first ? above(from) : from, hi = last ? above(to) : to;
  if (!i.proved && (i.lo || i.hi)) {
    At here(*this, i.span);
    mlir::Value l = toInt(lo), h = toInt(hi), n = toInt(size);
    mlir::Value ok = compare("le", l, h);
    if (first)
      ok = op("tl.and", {compare("le", integer(0), l), ok});
    if (last)
      ok = op("tl.and", {ok, compare("le", h, n)});
    Text message("slice ");
    if (stride > 0)
      message.number(l).text(":").number(h);
    else {
      if (i.lo)
        message.number(toInt(to));
      message.text(":");
      if (i.hi)
        message.number(toInt(from));
      message.text(":" + std::to_string(stride));
    }
    message.text(" does not lie in axis " + std::to_string(axis) + " of size ").number(n);
    check(ok, message, "E0802");
  }
  access.always &= !(i.lo || i.hi) || (i.proved && isStatic(i.lo) && isStatic(i.hi));
  access.offsets.push_back(stride > 0 ? lo : fold<mlir::arith::SubIOp>(hi, index(1)));
  if (known(part)) { // `x[i + 1:i + 4]` has the size 3, whatever i is
    access.sizes.push_back(eval(part));
    return;
  }
  mlir::Value length = fold<mlir::arith::SubIOp>(hi, lo);
  const int64_t magnitude = std::abs(stride);
  if (magnitude != 1)
    length = fold<mlir::arith::FloorDivSIOp>(fold<mlir::arith::AddIOp>(length, index(magnitude - 1)), index(magnitude));
  access.sizes.push_back(length);
}

Values FunctionGen::placesOf(const Operand &mask, mlir::Value count) {
  // A stable sort by "not in the mask" brings the places to the front, in order.
  mlir::Value flat = mask.value;
  Values dims = eval(mask.dims);
  if (dims.size() > 1) {
    mlir::Value total = dims[0];
    for (mlir::Value d : ArrayRef(dims).drop_front())
      total = fold<mlir::arith::MulIOp>(total, d);
    flat = ReshapeOp::create(b, flat, total);
  }
  mlir::Value last = convert(op("tl.not", flat), ScalarKind::Bool, ScalarKind::I64);
  mlir::Value order = op("tl.argsort", last, attr("axis", b.getI64IntegerAttr(0)));
  mlir::Value places = SliceOp::create(b, order, index(0), count, {1}, {}, /*always=*/false, /*here=*/true);
  Values result(dims.size());
  for (size_t axis = dims.size(); axis--;) {
    if (axis == 0) {
      result[0] = places;
      break;
    }
    mlir::Value n = toInt(dims[axis]);
    result[axis] = op("tl.mod", {places, n});
    places = op("tl.floordiv", {places, n});
  }
  return result;
}

Access FunctionGen::resolve(const Value &base, ArrayRef<Index> indices, const Type *result) {
  Access access;
  const Sizes dims = sizesOf(ast::dimsOf(base.type));
  const Values sizes = eval(dims);
  SmallVector<Operand> arrays;
  unsigned axis = 0, outAxis = 0;
  size_t consumed = 0;
  SmallVector<std::optional<Operand>> operands;
  for (const Index &i : indices) {
    operands.emplace_back();
    if (i.kind == IndexKind::NewAxis || i.kind == IndexKind::Ellipsis)
      continue;
    ++consumed;
    if (i.kind == IndexKind::Single)
      if (const Type *type = typeOf(i.lo); type->kind == TypeKind::Array) {
        operands.back() = operand(gen(i.lo));
        consumed += operands.back()->kind == ScalarKind::Bool ? operands.back()->dims.size() - 1 : 0;
      }
  }
  size_t met = 0; // the axes of all index arrays together
  for (const std::optional<Operand> &given : operands)
    if (given && given->kind != ScalarKind::Bool)
      met = std::max(met, given->dims.size());
  auto whole = [&] {
    access.offsets.push_back(index(0));
    access.sizes.push_back(sizes[axis++]);
    access.strides.push_back(1);
  };
  auto gathered = [&](Operand array) {
    arrays.push_back(array);
    access.gathered.push_back(axis - access.dropped.size());
    whole();
  };
  for (auto [i, given] : llvm::zip_equal(indices, operands)) {
    if (i.kind == IndexKind::NewAxis) {
      access.newAxes = true;
      ++outAxis;
    } else if (i.kind == IndexKind::Ellipsis) {
      for (size_t rest = dims.size() - consumed; rest; --rest, ++outAxis)
        whole();
    } else if (i.kind == IndexKind::Slice) {
      slice(access, i, sizes[axis], axis, ast::dimsOf(result)[outAxis].size);
      ++axis, ++outAxis;
    } else if (!given) {
      single(access, i, sizes[axis], axis);
      ++axis;
    } else if (given->kind == ScalarKind::Bool) {
      mlir::Value ones = op("tl.reduce_count", given->value, attr("axes", b.getDenseI64ArrayAttr(axesUpTo(given->dims.size()))));
      mlir::Value count = toIndex(ones);
      learn(ast::dimsOf(result)[outAxis].size, count);
      access.mask = *given;
      for (mlir::Value places : placesOf(*given, count))
        gathered({places, ScalarKind::I64, {ast::dimsOf(result)[outAxis].size}});
      ++outAxis;
    } else {
      At here(*this, i.span);
      Operand array{convert(given->value, given->kind, ScalarKind::I64), ScalarKind::I64, given->dims};
      mlir::Value n = toInt(sizes[axis]);
      Text message("index ");
      message.number(array.value).text(" is out of bounds for axis " + std::to_string(axis) + " of size ").number(n);
      check(compare("lt", array.value, n, /*isUnsigned=*/true), message, "E0801");
      outAxis += arrays.empty() ? met : 0; // where the first of them stood
      gathered(array);
    }
  }
  while (axis < dims.size())
    whole();

  // Index arrays meet as operands do.
  for (const Operand &array : arrays)
    if (array.dims.size() > access.shape.size())
      access.shape = array.dims;
  for (const Operand &array : arrays)
    for (size_t k = array.dims.size(), d = access.shape.size(); k--;)
      if (access.shape[--d].isOne())
        access.shape[d] = array.dims[k];
  for (const Operand &array : arrays)
    access.indices.push_back(stretch(array.value, array.dims, access.shape));

  // Sizes that only this subscript tells.
  if (arrays.empty() && !access.newAxes) {
    size_t out = 0;
    for (size_t d = 0; d < dims.size(); ++d)
      if (!llvm::is_contained(access.dropped, int64_t(d)))
        learn(ast::dimsOf(result)[out++].size, access.sizes[d]);
  }
  return access;
}

//===- Reading
//------------------------------------------------------------------------------------------------------===//

/// The box of an access on a leaf whose inner axes are taken whole.
struct LeafBox {
  Values offsets, sizes;
  SmallVector<int64_t> strides;
};
static LeafBox boxOn(FunctionGen &f, const Access &access, const Leaf &leaf) {
  LeafBox box{access.offsets, access.sizes, access.strides};
  for (const Size &inner : ArrayRef(leaf.dims).drop_front(access.offsets.size())) {
    box.offsets.push_back(f.index(0));
    box.sizes.push_back(f.eval(inner));
    box.strides.push_back(1);
  }
  return box;
}

Value FunctionGen::read(const Access &access, const Value &base, const Type *type) {
  Value value{type, {}};
  for (auto [x, leaf, out] : llvm::zip_equal(base.leaves, leavesOf(base.type), leavesOf(type))) {
    mlir::Value v = x;
    if (!access.whole) {
      LeafBox box = boxOn(*this, access, leaf);
      v = SliceOp::create(b, v, box.offsets, box.sizes, box.strides, access.dropped, access.always, !access.always);
    }
    if (!access.indices.empty()) {
      v = GatherOp::create(b, v, access.indices, access.gathered, /*guarded=*/false, /*always=*/false,
                           /*here=*/true);
      // The axes of the indices come first; they belong where the first index array stands.
      const size_t rank = rankOf(v), k = access.shape.size(), before = access.gathered.front();
      if (before) {
        SmallVector<int64_t> perm;
        for (size_t d = 0; d < before; ++d)
          perm.push_back(k + d);
        for (size_t d = 0; d < k; ++d)
          perm.push_back(d);
        for (size_t d = k + before; d < rank; ++d)
          perm.push_back(d);
        v = op("tl.transpose", v, attr("perm", b.getDenseI64ArrayAttr(perm)));
      }
    }
    if (access.newAxes)
      v = isTensor(v) ? ReshapeOp::create(b, v, eval(out.dims)).getY()
                      : BroadcastOp::create(b, v, eval(out.dims), b.getDenseI64ArrayAttr({})).getY();
    value.leaves.push_back(v);
  }
  return value;
}

Value FunctionGen::subscript(SubscriptExpr *e) {
  Value base = gen(e->base);
  const Type *type = typeOf(e);
  Access access = resolve(base, e->indices, type);
  return read(access, base, type);
}

Value FunctionGen::row(const Value &array, mlir::Value i, size_t axis) {
  Dims rest;
  Access access;
  for (auto [d, size] : llvm::enumerate(sizesOf(ast::dimsOf(array.type)))) {
    const bool isAxis = d == axis;
    access.offsets.push_back(isAxis ? i : index(0));
    access.sizes.push_back(isAxis ? index(1) : eval(size));
    access.strides.push_back(1);
    if (!isAxis)
      rest.push_back(Dim(size));
  }
  access.dropped = {int64_t(axis)};
  access.whole = access.always = false;
  return read(access, array, m.types.array(elemOf(array.type), rest));
}

/// `x[i] ?? y`: the element where i is inside; else one that is, which is then not chosen.
Value FunctionGen::fallback(FallbackExpr *e) {
  auto *access = cast<SubscriptExpr>(e->access);
  Value base = gen(access->base);
  const Type *type = typeOf(access);
  Access places;
  mlir::Value inside;
  const Sizes dims = sizesOf(ast::dimsOf(base.type));
  for (auto [axis, size] : llvm::enumerate(eval(dims))) {
    if (axis >= access->indices.size()) {
      places.offsets.push_back(index(0));
      places.sizes.push_back(size);
      places.strides.push_back(1);
      continue;
    }
    const Index &i = access->indices[axis];
    mlir::Value at = toInt(position(i.lo, size)), n = toInt(size);
    mlir::Value ok = compare("lt", at, n, /*isUnsigned=*/true);
    inside = inside ? op("tl.and", {inside, ok}) : ok;
    mlir::Value clamped = op("tl.max", {op("tl.min", {at, op("tl.sub", {n, integer(1)})}), integer(0)});
    places.whole = false;
    places.offsets.push_back(toIndex(clamped));
    places.sizes.push_back(index(1));
    places.strides.push_back(1);
    places.dropped.push_back(axis);
  }
  places.always = false;
  Value found = read(places, base, type), other = gen(e->otherwise);
  Value value{type, {}};
  for (auto [x, y, leaf, from] : llvm::zip_equal(found.leaves, other.leaves, leavesOf(type), leavesOf(other.type)))
    value.leaves.push_back(op("tl.select", {inside, x, from.dims.empty() ? y : stretch(y, from.dims, leaf.dims)}));
  return value;
}

//===- Assigning
//----------------------------------------------------------------------------------------------------===//

/// For each place of the gathered axes the number of the value that it receives, the last of several; -1 where it receives none.
mlir::Value FunctionGen::ownersOf(const Access &access, const Values &extents) {
  mlir::Value total = index(1), count = index(1), flat;
  for (auto [extent, places] : llvm::zip_equal(extents, access.indices)) {
    total = fold<mlir::arith::MulIOp>(total, extent);
    flat = flat ? op("tl.add", {op("tl.mul", {flat, toInt(extent)}), places}) : places;
  }
  for (mlir::Value size : eval(access.shape))
    count = fold<mlir::arith::MulIOp>(count, size);
  flat = ReshapeOp::create(b, flat, count);
  mlir::Value none = BroadcastOp::create(b, integer(-1), total, b.getDenseI64ArrayAttr({}));
  auto loop = mlir::scf::ForOp::create(b, index(0), count, index(1), none);
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    mlir::Value step = loop.getInductionVar();
    mlir::Value place = SliceOp::element(b, b.getLoc(), flat, step);
    mlir::Value at = mlir::arith::IndexCastOp::create(b, b.getIndexType(), place);
    mlir::Value number = mlir::arith::IndexCastOp::create(b, b.getI64Type(), step);
    mlir::Value owners = SizedOp::create(b, loop.getRegionIterArg(0), total);
    mlir::Value next = UpdateOp::create(b, owners, at, index(1), number, {1}, {0}, /*always=*/false, /*here=*/true);
    mlir::scf::YieldOp::create(b, next);
  }
  mlir::Value owners = SizedOp::create(b, loop.getResult(0), total);
  return ReshapeOp::create(b, owners, extents);
}

/// `axes` of 0 .. rank-1 in front, the others behind them in order.
static SmallVector<int64_t> inFront(ArrayRef<int64_t> axes, size_t rank) {
  SmallVector<int64_t> perm(axes);
  for (size_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, int64_t(axis)))
      perm.push_back(axis);
  return perm;
}

mlir::Value FunctionGen::transposed(mlir::Value x, ArrayRef<int64_t> perm) {
  return llvm::is_sorted(perm) ? x : op("tl.transpose", x, attr("perm", b.getDenseI64ArrayAttr(perm)));
}

/// x with the rows at `owners` (sizes `extents`, of its axes access.gathered) taken from `source`, whose axes are those of a subscript's
/// result.
mlir::Value FunctionGen::scattered(const Access &access, mlir::Value x, mlir::Value owners, const Values &extents, mlir::Value source) {
  const size_t before = access.gathered.front(), shaped = access.shape.size(), rank = rankOf(x);
  SmallVector<int64_t> shape;
  for (size_t axis = 0; axis < shaped; ++axis)
    shape.push_back(before + axis);
  source = transposed(source, inFront(shape, rank - extents.size() + shaped));
  Values sizes{index(1)};
  for (auto [axis, size] : llvm::enumerate(tl::sizesOf(b, source))) {
    if (axis < shaped)
      sizes[0] = fold<mlir::arith::MulIOp>(sizes[0], size);
    else
      sizes.push_back(size);
  }
  mlir::Value rows = ReshapeOp::create(b, source, sizes);
  mlir::Value taken = GatherOp::create(b, rows, owners, {0}, /*guarded=*/true, /*always=*/false, /*here=*/false);
  mlir::Value isTaken = compare("ge", owners, integer(0));
  SmallVector<int64_t> perm = inFront(access.gathered, rank), back(rank);
  if (rank > extents.size())
    isTaken = BroadcastOp::create(b, isTaken, tl::sizesOf(b, taken), b.getDenseI64ArrayAttr(axesUpTo(extents.size())));
  for (auto [to, from] : llvm::enumerate(perm))
    back[from] = to;
  return transposed(op("tl.select", {isTaken, taken, transposed(x, perm)}), back);
}

Value FunctionGen::update(const Access &access, const Value &base, const Value &value, const Type *slot) {
  Value result{base.type, {}};
  Values kept; // sizes of the box, without the axes that are dropped
  for (auto [axis, size] : llvm::enumerate(access.sizes))
    if (!llvm::is_contained(access.dropped, int64_t(axis)))
      kept.push_back(size);
  Values extents = llvm::map_to_vector(access.gathered, [&](int64_t axis) { return kept[axis]; });
  mlir::Value owners;
  for (auto [x, leaf, v, from, to] :
       llvm::zip_equal(base.leaves, leavesOf(base.type), value.leaves, leavesOf(value.type), leavesOf(slot))) {
    if (access.mask.value && access.whole && access.gathered.front() == 0 && from.dims.empty()) {
      mlir::Value mask = access.mask.value;
      if (leaf.dims.size() > access.mask.dims.size())
        mask = BroadcastOp::create(b, mask, eval(leaf.dims), b.getDenseI64ArrayAttr(axesUpTo(access.mask.dims.size())));
      result.leaves.push_back(op("tl.select", {mask, v, x}));
      continue;
    }
    LeafBox box = boxOn(*this, access, leaf);
    mlir::Value source = stretch(v, from.dims, to.dims);
    if (access.newAxes) {
      Values sizes = kept;
      if (!access.indices.empty()) {
        sizes.clear();
        for (auto [axis, size] : llvm::enumerate(kept)) {
          if (int64_t(axis) == access.gathered.front())
            llvm::append_range(sizes, eval(access.shape));
          if (!llvm::is_contained(access.gathered, int64_t(axis)))
            sizes.push_back(size);
        }
      }
      llvm::append_range(sizes, ArrayRef(box.sizes).drop_front(access.sizes.size()));
      if (sizes.empty())
        source = SliceOp::element(b, b.getLoc(), source, Values(rankOf(source), index(0)));
      else
        source = ReshapeOp::create(b, source, sizes);
    }
    if (!access.indices.empty()) {
      if (!owners)
        owners = ownersOf(access, extents);
      mlir::Value part =
          access.whole ? x
                       : SliceOp::create(b, x, box.offsets, box.sizes, box.strides, access.dropped, access.always, !access.always).getY();
      source = scattered(access, part, owners, extents, source);
    }
    result.leaves.push_back(
        access.whole
            ? source
            : UpdateOp::create(b, x, box.offsets, box.sizes, source, box.strides, access.dropped, access.always, !access.always).getY());
  }
  return result;
}

void FunctionGen::assignTo(Expr *target, NewValue value) {
  At at(*this, target->span);
  if (auto *n = dyn_cast<NameExpr>(target)) {
    auto *var = cast<VarDecl>(n->decl);
    const Type *type = env.lookup(var)->type;
    return assign(var, value(type, [&] { return lookup(var); }));
  }
  if (auto *field = dyn_cast<SelectExpr>(target))
    return assignTo(field->base, [&](const Type *type, llvm::function_ref<Value()> old) {
      Value whole = old();
      Value part = value(fieldOf(type, field->field, m.types), [&] { return fieldOf(whole, field->field, m.types); });
      llvm::copy(part.leaves, whole.leaves.begin() + fieldRange(type, field->field, m.types).first);
      return whole;
    });
  auto *place = cast<SubscriptExpr>(target);
  assignTo(place->base, [&](const Type *, llvm::function_ref<Value()> old) {
    Value whole = old();
    const Type *slot = typeOf(place);
    Access access = resolve(whole, place->indices, slot);
    Value part = value(slot, [&] { return read(access, whole, slot); });
    return update(access, whole, part, slot);
  });
}
} // namespace tl::mlirgen
