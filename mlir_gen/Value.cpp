// Types and their leaves.
#include "mlir_gen/Value.h"
#include "llvm/Support/raw_ostream.h"

namespace tl::mlirgen {
using namespace ast;
using llvm::cast;
using llvm::dyn_cast;

Sizes sizesOf(ArrayRef<Dim> dims) {
  Sizes sizes;
  for (const Dim &d : dims) {
    assert(!d.pack && "packs are replaced before sizes are asked for");
    sizes.push_back(d.size);
  }
  return sizes;
}

static void collect(const Type *type, const Sizes &outer, const std::string &path, TypeContext &ctx, llvm::SmallVectorImpl<Leaf> &out) {
  auto within = [&](const llvm::Twine &name) { return path.empty() ? name.str() : (path + "." + name).str(); };
  type = resolved(type);
  switch (type->kind) {
  case TypeKind::Scalar:
    out.push_back({LeafKind::Number, cast<ScalarType>(type)->scalar, outer, path});
    return;
  case TypeKind::Key:
    out.push_back({LeafKind::Key, ScalarKind::I64, outer, path});
    return;
  case TypeKind::Str:
    out.push_back({LeafKind::Str, ScalarKind::I64, outer, path});
    return;
  case TypeKind::Array: {
    Sizes dims = outer;
    llvm::append_range(dims, sizesOf(cast<ArrayType>(type)->dims));
    return collect(cast<ArrayType>(type)->elem, dims, path, ctx, out);
  }
  case TypeKind::Tuple:
    for (auto [i, elem] : llvm::enumerate(cast<TupleType>(type)->elems))
      collect(elem, outer, within(llvm::Twine(i)), ctx, out);
    return;
  case TypeKind::Struct:
    for (auto [i, field] : llvm::enumerate(cast<StructType>(type)->decl->fields))
      collect(fieldType(type, i, ctx), outer, within(field.name), ctx, out);
    return;
  case TypeKind::Shape:
    for (size_t i = 0; i < cast<ShapeType>(type)->dims.size(); ++i)
      out.push_back({LeafKind::Index, ScalarKind::I64, outer, within(llvm::Twine(i))});
    return;
  case TypeKind::Range:
    out.push_back({LeafKind::Number, ScalarKind::I64, outer, within("lo")});
    out.push_back({LeafKind::Number, ScalarKind::I64, outer, within("hi")});
    return;
  case TypeKind::Func:
  case TypeKind::Fn:
  case TypeKind::None:
    return; // no values when the program runs
  case TypeKind::Error:
  case TypeKind::Param:
  case TypeKind::Infer:
    break;
  }
  llvm_unreachable("a checked and instantiated type has no such part");
}

SmallVector<Leaf> leavesOf(const Type *type, TypeContext &ctx) {
  SmallVector<Leaf> out;
  collect(type, {}, "", ctx, out);
  return out;
}

mlir::Type mlirType(ScalarKind kind, mlir::MLIRContext *context) {
  switch (kind) {
  case ScalarKind::F16:
    return mlir::Float16Type::get(context);
  case ScalarKind::BF16:
    return mlir::BFloat16Type::get(context);
  case ScalarKind::F32:
    return mlir::Float32Type::get(context);
  case ScalarKind::F64:
    return mlir::Float64Type::get(context);
  default:
    return mlir::IntegerType::get(context, bitWidth(kind));
  }
}

mlir::Type ranked(mlir::Type element, size_t rank) {
  if (rank == 0)
    return element;
  return mlir::RankedTensorType::get(SmallVector<int64_t>(rank, mlir::ShapedType::kDynamic), element);
}

mlir::Type mlirType(const Leaf &leaf, mlir::MLIRContext *context) {
  mlir::Type element = leaf.kind == LeafKind::Index ? mlir::IndexType::get(context) : mlirType(leaf.scalar, context);
  return ranked(element, leaf.dims.size());
}

bool isAggregate(const Type *type) {
  type = resolved(elemOf(resolved(type)));
  return type->kind == TypeKind::Struct || type->kind == TypeKind::Tuple;
}

ScalarKind scalarOf(const Type *type) { return cast<ScalarType>(resolved(elemOf(resolved(type))))->scalar; }

unsigned fieldCount(const Type *type) {
  type = resolved(elemOf(resolved(type)));
  if (auto *tuple = dyn_cast<TupleType>(type))
    return tuple->elems.size();
  return cast<StructType>(type)->decl->fields.size();
}

const Type *fieldOf(const Type *type, unsigned field, TypeContext &ctx) {
  type = resolved(type);
  if (auto *tuple = dyn_cast<TupleType>(resolved(elemOf(type))))
    return ctx.array(tuple->elems[field], Dims(dimsOf(type).begin(), dimsOf(type).end()));
  return fieldType(type, field, ctx);
}

std::pair<size_t, size_t> fieldRange(const Type *type, unsigned field, TypeContext &ctx) {
  size_t begin = 0;
  for (unsigned i = 0; i < field; ++i)
    begin += leavesOf(fieldOf(type, i, ctx), ctx).size();
  return {begin, begin + leavesOf(fieldOf(type, field, ctx), ctx).size()};
}

Value fieldOf(const Value &value, unsigned field, TypeContext &ctx) {
  auto [begin, end] = fieldRange(value.type, field, ctx);
  Value part;
  part.type = fieldOf(value.type, field, ctx);
  part.leaves.assign(value.leaves.begin() + begin, value.leaves.begin() + end);
  return part;
}

const Type *generalized(const Type *type, TypeContext &ctx, llvm::SmallVectorImpl<const Sym *> &syms, llvm::SmallVectorImpl<Size> &sizes) {
  auto fresh = [&](const Size &size) {
    syms.push_back(ctx.sizes.sym(SymKind::Param, "n" + std::to_string(syms.size()), {}));
    sizes.push_back(size);
    return Size(syms.back());
  };
  type = resolved(type);
  switch (type->kind) {
  case TypeKind::Array: {
    const Type *elem = generalized(cast<ArrayType>(type)->elem, ctx, syms, sizes);
    Dims dims;
    for (const Size &size : sizesOf(cast<ArrayType>(type)->dims))
      dims.push_back(fresh(size));
    return ctx.array(elem, dims);
  }
  case TypeKind::Tuple: {
    SmallVector<const Type *> elems;
    for (const Type *elem : cast<TupleType>(type)->elems)
      elems.push_back(generalized(elem, ctx, syms, sizes));
    return ctx.tuple(elems);
  }
  case TypeKind::Struct: {
    auto *record = cast<StructType>(type);
    SmallVector<Size> args;
    for (const Size &size : record->sizes)
      args.push_back(fresh(size));
    SmallVector<const Type *> types;
    for (const Type *arg : record->types)
      types.push_back(generalized(arg, ctx, syms, sizes));
    return ctx.record(record->decl, args, types);
  }
  default:
    return type;
  }
}

void writeKey(llvm::raw_ostream &os, const Type *type) {
  type = resolved(type);
  switch (type->kind) {
  case TypeKind::Scalar:
    os << scalarName(cast<ScalarType>(type)->scalar);
    return;
  case TypeKind::Key:
    os << "key";
    return;
  case TypeKind::Str:
    os << "str";
    return;
  case TypeKind::Array:
    writeKey(os, cast<ArrayType>(type)->elem);
    os << '_' << cast<ArrayType>(type)->dims.size();
    return;
  case TypeKind::Tuple:
    os << "tuple" << cast<TupleType>(type)->elems.size();
    for (const Type *elem : cast<TupleType>(type)->elems)
      writeKey(os << '_', elem);
    return;
  case TypeKind::Struct: {
    auto *record = cast<StructType>(type);
    if (record->decl->module)
      os << record->decl->module->name << '.';
    os << record->decl->name;
    for (const Type *arg : record->types)
      writeKey(os << '_', arg);
    return;
  }
  default:
    llvm_unreachable("no value of such a type is an argument");
  }
}
} // namespace tl::mlirgen
