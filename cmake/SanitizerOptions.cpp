// What the sanitizers of the asan preset need here, so that nobody has to set an environment variable.
// LLVM's containers come from an uninstrumented library; the runtime has its own SIGSEGV handler and
// alternate stack.
extern "C" {
const char *__asan_default_options() {
  // User poisoning: lld, not instrumented, shares our instance of the arena allocator and does not unpoison what it takes from it.
  return "detect_container_overflow=0:allow_user_poisoning=0:allow_user_segv_handler=1:use_sigaltstack=0:detect_stack_use_after_"
         "return=0";
}
const char *__ubsan_default_options() { return "print_stacktrace=1"; }
const char *__lsan_default_suppressions() { return "leak:libMLIR\nleak:libLLVM\n"; }
}
