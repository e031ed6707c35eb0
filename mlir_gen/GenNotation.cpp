// Index notation: [for i, j: e] is one tl.map over all its indices.
#include "mlir_gen/FunctionGen.h"

namespace tl::mlirgen {
using namespace ast;

void FunctionGen::know(const Binder &binder) {
  const Sym *index = binder.pattern->var ? binder.pattern->var->sym : nullptr, *extent = binder.extent.symbol();
  if (!index || (binder.iter && typeOf(binder.iter)->kind == TypeKind::Array) || (extent && extent->kind == SymKind::Fresh))
    return;
  Size first;
  if (binder.iter)
    if (auto *range = llvm::dyn_cast<RangeType>(typeOf(binder.iter)))
      first = range->lo;
  facts.nonNegative.push_back(Size(index) - first);
  facts.nonNegative.push_back(first + binder.extent - Size(index) - Size(1));
}

Value FunctionGen::notation(ForExpr *e) {
  const Type *type = typeOf(e);
  SmallVector<Range> ranges;
  Values extents;
  for (const Binder &binder : e->binders) {
    ranges.push_back(rangeOf(binder));
    const Range &range = ranges.back();
    extents.push_back(fold<mlir::arith::SubIOp>(range.end, range.first));
    // The size of an array is never negative; the ends of a range may be anywhere.
    bool isArray = binder.iter ? range.array.type != nullptr : binder.extent.symbol() != nullptr;
    if (!isArray)
      sizeFrom(extents.back(), binder.extent);
    learn(binder.extent, extents.back());
  }
  auto body = [&](ValueRange at, Expr *what) {
    for (auto [binder, range, i] : llvm::zip_equal(e->binders, ranges, at)) {
      bindStep(binder, range, fold<mlir::arith::AddIOp>(i, range.first));
      know(binder);
    }
    return gen(what);
  };
  if (!e->filter)
    return map(extents, type, [&](ValueRange at) { return body(at, e->body); });

  // A filter goes with one index: where it holds is found first, then the body runs there.
  Sizes all{e->binders.front().extent};
  const Type *maskType = m.types.array(m.types.boolean(), {Dim(all.front())});
  Operand mask = operand(map(extents, maskType, [&](ValueRange at) { return body(at, e->filter); }));
  mlir::Value count = toIndex(op("tl.reduce_count", mask.value, attr("axes", b.getDenseI64ArrayAttr({0}))));
  learn(leavesOf(type).front().dims.front(), count);
  Values places = placesOf(mask, count);
  return map({count}, type, [&](ValueRange at) {
    mlir::Value place = SliceOp::element(b, b.getLoc(), places.front(), at);
    return body(ValueRange(toIndex(place)), e->body);
  });
}
} // namespace tl::mlirgen
