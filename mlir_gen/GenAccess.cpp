// Subscripts: a[i, 1:n, idx], read and assigned. What a subscript means is worked out once, with its checks,
// and then applied to each leaf of the array; the axes within a record follow those that are indexed and are
// taken whole.
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

void FunctionGen::slice(Access &access, const Index &i, mlir::Value size, unsigned axis) {
  auto step = i.step ? llvm::dyn_cast_or_null<mlir::IntegerAttr>(constantOf(i.step)) : mlir::IntegerAttr();
  const int64_t stride = step ? step.getInt() : 1;
  access.strides.push_back(stride);
  if (!i.lo && !i.hi && stride == 1) {
    access.offsets.push_back(index(0));
    access.sizes.push_back(size);
    return;
  }
  access.whole = false;
  // A negative step has no ends: it goes over the whole axis, from its last element on.
  mlir::Value lo = i.lo ? position(i.lo, size) : index(0), hi = i.hi ? position(i.hi, size) : size;
  if (!i.proved && (i.lo || i.hi)) {
    At here(*this, i.span);
    mlir::Value l = toInt(lo), h = toInt(hi), n = toInt(size);
    mlir::Value ok = compare("le", l, h);
    if (i.lo)
      ok = op("tl.and", {compare("le", integer(0), l), ok});
    if (i.hi)
      ok = op("tl.and", {ok, compare("le", h, n)});
    Text message("slice ");
    message.number(l)
        .text(":")
        .number(h)
        .text(" does not lie in axis " + std::to_string(axis) + " of size ")
        .number(n);
    check(ok, message, "E0802");
  }
  access.always &= !(i.lo || i.hi) || (i.proved && isStatic(i.lo) && isStatic(i.hi));
  mlir::Value length = fold<mlir::arith::SubIOp>(hi, lo);
  const int64_t magnitude = std::abs(stride);
  if (magnitude != 1)
    length = fold<mlir::arith::FloorDivSIOp>(fold<mlir::arith::AddIOp>(length, index(magnitude - 1)),
                                             index(magnitude));
  access.offsets.push_back(stride > 0 ? lo : fold<mlir::arith::SubIOp>(size, index(1)));
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
      slice(access, i, sizes[axis], axis);
      ++axis, ++outAxis;
    } else if (!given) {
      single(access, i, sizes[axis], axis);
      ++axis;
    } else if (given->kind == ScalarKind::Bool) {
      mlir::Value ones = op("tl.reduce_count", given->value,
                            attr("axes", b.getDenseI64ArrayAttr(axesUpTo(given->dims.size()))));
      mlir::Value count = toIndex(ones);
      learn(ast::dimsOf(result)[outAxis].size, count);
      access.mask = *given;
      for (mlir::Value places : placesOf(*given, count))
        gathered({places, ScalarKind::I64, {ast::dimsOf(result)[outAxis].size}});
    } else {
      At here(*this, i.span);
      Operand array{convert(given->value, given->kind, ScalarKind::I64), ScalarKind::I64, given->dims};
      mlir::Value n = toInt(sizes[axis]);
      Text message("index ");
      message.number(array.value)
          .text(" is out of bounds for axis " + std::to_string(axis) + " of size ")
          .number(n);
      check(compare("lt", array.value, n, /*isUnsigned=*/true), message, "E0801");
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
      v = SliceOp::create(b, v, box.offsets, box.sizes, box.strides, access.dropped, access.always,
                          !access.always);
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

Value FunctionGen::row(const Value &array, mlir::Value i) {
  auto dims = ast::dimsOf(array.type);
  const Type *type = m.types.array(elemOf(array.type), Dims(dims.drop_front()));
  Access access;
  access.offsets = {i};
  access.sizes = {index(1)};
  access.strides = {1};
  access.dropped = {0};
  access.whole = access.always = false;
  for (const Size &size : sizesOf(dims.drop_front())) {
    access.offsets.push_back(index(0));
    access.sizes.push_back(eval(size));
    access.strides.push_back(1);
  }
  return read(access, array, type);
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
    if (i.kind != IndexKind::Single || typeOf(i.lo)->kind != TypeKind::Scalar)
      return notBuilt("`??` behind a subscript that is no list of indices", type);
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
  for (auto [x, y, leaf, from] :
       llvm::zip_equal(found.leaves, other.leaves, leavesOf(type), leavesOf(other.type)))
    value.leaves.push_back(
        op("tl.select", {inside, x, from.dims.empty() ? y : stretch(y, from.dims, leaf.dims)}));
  return value;
}

//===- Assigning
//----------------------------------------------------------------------------------------------------===//

Value FunctionGen::update(const Access &access, const Value &base, const Value &value, const Type *slot) {
  if (access.newAxes || (!access.indices.empty() && !access.mask.value))
    return notBuilt("an assignment to such a subscript", base.type);
  Value result{base.type, {}};
  for (auto [x, leaf, v, from, to] : llvm::zip_equal(base.leaves, leavesOf(base.type), value.leaves,
                                                     leavesOf(value.type), leavesOf(slot))) {
    if (access.mask.value) {
      if (!from.dims.empty())
        return notBuilt("an assignment of an array to a mask", base.type);
      mlir::Value mask = access.mask.value;
      if (leaf.dims.size() > access.mask.dims.size())
        mask = BroadcastOp::create(b, mask, eval(leaf.dims),
                                   b.getDenseI64ArrayAttr(axesUpTo(access.mask.dims.size())));
      result.leaves.push_back(op("tl.select", {mask, v, x}));
      continue;
    }
    LeafBox box = boxOn(*this, access, leaf);
    mlir::Value source = stretch(v, from.dims, to.dims);
    result.leaves.push_back(access.whole ? source
                                         : UpdateOp::create(b, x, box.offsets, box.sizes, source, box.strides,
                                                            access.dropped, access.always, !access.always)
                                               .getY());
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
      Value part =
          value(fieldOf(type, field->field, m.types), [&] { return fieldOf(whole, field->field, m.types); });
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
