// What the compiler and libstdc++'s headers expect from a runtime.
#include <new>

#include "base/assert.hh"
#include "base/types.hh"

extern "C" {

/// Random from early boot on (arch::initialize_stack_protector).
osv::u64 __stack_chk_guard = 0x595e9fbd94fda766;

[[noreturn]] void __stack_chk_fail() { osv::panic("stack smashing detected"); }
[[noreturn]] void __cxa_pure_virtual() { osv::panic("pure virtual call"); }
/// The kernel never runs destructors of objects that live for ever.
int atexit(void (*)()) { return 0; }
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
void* __dso_handle = nullptr;

}  // extern "C"

namespace std {
const nothrow_t nothrow{};
[[noreturn]] void __throw_length_error(const char* what) { osv::panic(what); }
[[noreturn]] void __throw_out_of_range_fmt(const char* what, ...) { osv::panic(what); }
[[noreturn]] void __throw_bad_optional_access() { osv::panic("bad optional access"); }
[[noreturn]] void __throw_bad_function_call() { osv::panic("bad function call"); }
[[noreturn]] void __glibcxx_assert_fail(const char* file, int line, const char*, const char* condition) noexcept {
  osv::panic(condition, file, line);
}
}  // namespace std
