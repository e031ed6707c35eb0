// Object code -> executable, by lld in this process: no compiler, no crt1.o and no headers are needed on the user's machine,
// only the libc.so.6 and libm.so.6 that are there anyway.
#include "tools/driver/Link.h"
#include "lld/Common/Driver.h"
#include "stdlib/Embedded.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
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

std::string driver::link(llvm::ArrayRef<char> object, StringRef output) {
  std::string c = findLibrary("libc.so.6"), m = findLibrary("libm.so.6");
  if (c.empty() || m.empty())
    return "cannot find libc.so.6 and libm.so.6 on this system";

  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("tlc", folder))
    return "cannot make a temporary folder: " + error.message();
  auto cleanUp = llvm::scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  std::string program = (folder + "/program.o").str();
  if (std::string error = writeFile(program, {object.data(), object.size()}); !error.empty())
    return error;
  llvm::SmallVector<std::string> archives;
  for (const EmbeddedFile &archive : llvm::ArrayRef(runtimeArchives, runtimeArchivesCount)) {
    archives.push_back((folder + "/" + archive.name).str());
    if (std::string error = writeFile(archives.back(), {archive.text, archive.size}); !error.empty())
      return error;
  }

  std::string out = output.str();
  llvm::SmallVector<const char *> arguments = {"ld.lld",
                                               "-pie",
                                               "-e",
                                               "tl_start",
                                               "--dynamic-linker=/lib64/ld-linux-x86-64.so.2",
                                               "--gc-sections",
                                               "--as-needed",
                                               "-z",
                                               "relro",
                                               "-z",
                                               "now",
                                               "--hash-style=gnu",
                                               "--build-id=none",
                                               "--threads=1",
                                               "-o",
                                               out.c_str(),
                                               program.c_str()};
  for (const std::string &archive : archives)
    arguments.push_back(archive.c_str());
  arguments.append({m.c_str(), c.c_str()});
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return "";
  return messages.empty() ? "lld failed" : StringRef(messages).rtrim().str();
}
