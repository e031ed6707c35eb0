// The values of a session, between its entries.
#include "tools/repl/Slots.h"

using namespace tl::repl;

static std::string nameOf(llvm::StringRef path) { return path.substr(sizeof("session:") - 1).str(); }

static size_t widthOf(int32_t kind) {
  switch (kind) {
  case TL_BOOL:
  case TL_I8:
  case TL_U8:
    return 1;
  case TL_I16:
  case TL_U16:
  case TL_F16:
  case TL_BF16:
    return 2;
  case TL_I32:
  case TL_U32:
  case TL_F32:
    return 4;
  default:
    return 8;
  }
}

Slots::Slots() {
  hooks = {this, [](void *self, const char *path, const char *leaf) { return static_cast<Slots *>(self)->get(path, leaf); },
           [](void *self, const char *path, const char *const *leaves, const TlValue *list, int64_t count) {
             static_cast<Slots *>(self)->put(path, leaves, list, count);
           }};
  tl_session(&hooks);
}

Slots::~Slots() { tl_session(nullptr); }

void Slots::commit() {
  for (auto &[name, slot] : pending)
    values[name] = std::move(slot);
  pending.clear();
}

const Slot *Slots::find(llvm::StringRef name) const {
  auto found = values.find(name.str());
  return found == values.end() ? nullptr : &found->second;
}

const TlValue *Slots::get(const char *path, const char *leaf) {
  const Slot *slot = find(nameOf(path));
  for (size_t i = 0; slot && i < slot->size(); ++i) {
    const SlotLeaf &found = (*slot)[i];
    if (found.path != leaf)
      continue;
    current = {found.kind, int32_t(found.sizes.size()), found.bytes.data(), found.sizes.data()};
    if (found.kind == TL_STR) {
      handle = tl_string(found.bytes.data(), found.bytes.size());
      current.data = &handle;
    }
    return &current;
  }
  return nullptr;
}

void Slots::put(const char *path, const char *const *leaves, const TlValue *list, int64_t count) {
  Slot &slot = pending[nameOf(path)];
  slot.clear();
  for (const TlValue &value : llvm::ArrayRef(list, count)) {
    SlotLeaf leaf{leaves[slot.size()], value.kind, {value.sizes, value.sizes + value.rank}, {}};
    auto *bytes = static_cast<const char *>(value.data);
    size_t length = widthOf(value.kind);
    for (int64_t size : leaf.sizes)
      length *= size;
    if (value.kind == TL_STR) {
      int64_t size;
      bytes = tl_text(*static_cast<const int64_t *>(value.data), &size);
      length = size;
    }
    leaf.bytes.assign(bytes, bytes + length);
    slot.push_back(std::move(leaf));
  }
}
