// Object code -> executable or library, by lld in this process: no compiler, no crt1.o and no headers are needed on the user's
// machine, only the libc.so.6 and libm.so.6 that are there anyway.
#include "tools/driver/Link.h"
#include "lld/Common/Driver.h"
#include "stdlib/Embedded.h"
#include "tools/driver/CodeGen.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>
#include <link.h>

LLD_HAS_DRIVER(elf)

using namespace tl;
using llvm::StringRef;

/// A shared library by its soname: the one that this process runs with, else where systems keep it.
static std::string findLibrary(StringRef soname) {
  struct Search {
    StringRef soname;
    std::string found;
  } search{soname, ""};
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *context) {
        auto *search = static_cast<Search *>(context);
        if (llvm::sys::path::filename(info->dlpi_name) == search->soname)
          search->found = info->dlpi_name;
        return int(!search->found.empty());
      },
      &search);
  for (StringRef folder : {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
    if (!search.found.empty())
      break;
    if (std::string path = (folder + "/" + soname).str(); llvm::sys::fs::exists(path))
      search.found = path;
  }
  return search.found;
}

static std::string writeFile(StringRef path, StringRef bytes) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error) {
    out << bytes;
    out.close();
    error = out.error();
    out.clear_error();
  }
  return error ? "cannot write " + path.str() + ": " + error.message() : "";
}

namespace {
/// A folder for the inputs of the linker, gone at the end; `error` says what went wrong.
class Workshop {
public:
  explicit Workshop(llvm::ArrayRef<char> object) {
    if (std::error_code failed = llvm::sys::fs::createUniqueDirectory("tlc", folder)) {
      error = "cannot make a temporary folder: " + failed.message();
      return;
    }
    program = add("program.o", {object.data(), object.size()});
    for (const EmbeddedFile &archive : llvm::ArrayRef(runtimeArchives, runtimeArchivesCount))
      archives.push_back(add(archive.name, {archive.text, archive.size}));
  }
  ~Workshop() { llvm::sys::fs::remove_directories(folder); }

  std::string path(StringRef name) const { return (folder + "/" + name).str(); }
  std::string add(StringRef name, StringRef bytes) {
    if (error.empty())
      error = writeFile(path(name), bytes);
    return path(name);
  }
  /// Runs lld; "" where it succeeds.
  static std::string link(llvm::ArrayRef<std::string> words) {
    llvm::SmallVector<const char *> arguments = {"ld.lld"};
    for (const std::string &word : words)
      arguments.push_back(word.c_str());
    std::string messages;
    llvm::raw_string_ostream stream(messages);
    lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
    if (result.retCode == 0)
      return "";
    return messages.empty() ? "lld failed" : StringRef(messages).rtrim().str();
  }

  std::string error, program;
  std::vector<std::string> archives;

private:
  llvm::SmallString<128> folder;
};

/// What executables and shared libraries have in common.
std::vector<std::string> imageOptions() {
  return {"--gc-sections", "--as-needed", "-z", "relro", "-z", "now", "--hash-style=gnu", "--build-id=none", "--threads=1"};
}
} // namespace

std::string driver::link(llvm::ArrayRef<char> object, StringRef output) {
  std::string c = findLibrary("libc.so.6"), m = findLibrary("libm.so.6");
  if (c.empty() || m.empty())
    return "cannot find libc.so.6 and libm.so.6 on this system";
  Workshop shop(object);
  if (!shop.error.empty())
    return shop.error;
  std::vector<std::string> words = imageOptions();
  for (StringRef word : {"-pie", "-e", "tl_start", "--dynamic-linker=/lib64/ld-linux-x86-64.so.2", "-o"})
    words.push_back(word.str());
  words.insert(words.end(), {output.str(), shop.program});
  words.insert(words.end(), shop.archives.begin(), shop.archives.end());
  words.insert(words.end(), {m, c});
  return Workshop::link(words);
}

//===- Libraries ------------------------------------------------------------------------------------------------------===//

/// An object in which only the C functions are seen, by their own names.
static llvm::Error isolate(StringRef from, llvm::ArrayRef<std::string> names, llvm::SmallVectorImpl<char> &out) {
  auto binary = llvm::object::createBinary(from);
  if (!binary)
    return binary.takeError();
  llvm::objcopy::ConfigManager config;
  config.Common.StripDebug = true;
  std::deque<std::string> insides; // the config refers to them
  for (const std::string &name : names) {
    const std::string &inside = insides.emplace_back((driver::cFunctionPrefix + name).str());
    auto keep = llvm::objcopy::NameOrPattern::create(inside, llvm::objcopy::MatchStyle::Literal, [](llvm::Error e) { return e; });
    if (!keep)
      return keep.takeError();
    if (llvm::Error error = config.Common.SymbolsToKeepGlobal.addMatcher(std::move(keep)))
      return error;
    config.Common.SymbolsToRename[inside] = name;
  }
  llvm::raw_svector_ostream stream(out);
  return llvm::objcopy::executeObjcopyOnBinary(config, *binary->getBinary(), stream);
}

std::string driver::linkLibrary(llvm::ArrayRef<char> object, llvm::ArrayRef<std::string> names, StringRef output) {
  std::string c = findLibrary("libc.so.6"), m = findLibrary("libm.so.6"), loader = findLibrary("ld-linux-x86-64.so.2");
  if (c.empty() || m.empty() || loader.empty())
    return "cannot find libc.so.6 and libm.so.6 on this system";
  Workshop shop(object);
  if (!shop.error.empty())
    return shop.error;
  std::string whole = shop.path("whole.o");
  std::vector<std::string> words = {"-r", "--wrap=stderr", "--threads=1", "-o", whole, shop.program};
  words.insert(words.end(), shop.archives.begin(), shop.archives.end());
  if (std::string error = Workshop::link(words); !error.empty())
    return error;
  llvm::SmallVector<char, 0> alone;
  if (llvm::Error error = isolate(whole, names, alone))
    return llvm::toString(std::move(error));
  StringRef bytes(alone.data(), alone.size());
  if (output.ends_with(".a")) {
    llvm::NewArchiveMember member(llvm::MemoryBufferRef(bytes, "library.o"));
    llvm::Error error = llvm::writeArchive(output, member, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                           /*Deterministic=*/true, /*Thin=*/false);
    return error ? llvm::toString(std::move(error)) : "";
  }
  std::string library = shop.add("library.o", bytes);
  if (!shop.error.empty())
    return shop.error;
  words = imageOptions();
  // The threads of the runtime stay in it until the process ends, so it is never unloaded.
  for (StringRef word : {"-shared", "-z", "defs", "-z", "nodelete", "-soname"})
    words.push_back(word.str());
  words.insert(words.end(), {llvm::sys::path::filename(output).str(), "-o", output.str(), library, m, c, loader});
  return Workshop::link(words);
}
