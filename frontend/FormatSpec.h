// Format specs of holes, as in Python: what one may look like, and which values it fits.
#pragma once
#include "ast/Type.h"
#include <optional>

namespace tl::frontend {

/// [[fill]align][sign][#][0][width][grouping][.precision][type]; 0 where a part is left out.
struct FormatSpec {
  char align = 0, sign = 0, group = 0, type = 0;
  bool alternate = false, precise = false;
};

/// Empty where `text` is no spec; width and precision end at 1000000.
std::optional<FormatSpec> parseFormatSpec(llvm::StringRef text);

/// Why a value of this type, or an element of it, cannot be written so; empty where it can. A type parameter stands for every type
/// that its constraint admits.
std::string misfit(const FormatSpec &spec, const ast::Type *type, ast::TypeContext &types);
} // namespace tl::frontend
