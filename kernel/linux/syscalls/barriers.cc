// membarrier(2).
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "memory/translations.hh"

namespace osv::linux_abi {

result<int> sys_membarrier(int command, u32 flags, int) {
  constexpr int query = 0, global = 1, global_expedited = 2, register_global_expedited = 4, private_expedited = 8;
  constexpr int register_private_expedited = 16, sync_core = 32, register_sync_core = 64;
  constexpr int known = global | global_expedited | register_global_expedited | private_expedited | register_private_expedited |
                        sync_core | register_sync_core;
  if (flags) return fail(errc::invalid);
  std::atomic<u32>& registered = current_process().attributes.registered_barriers;
  switch (command) {
    case query:
      return known;
    case register_global_expedited:
    case register_private_expedited:
    case register_sync_core:
      registered.fetch_or(static_cast<u32>(command), std::memory_order_relaxed);
      return 0;
    case private_expedited:
    case sync_core:
      // Each register command is its command's bit, one to the left.
      if (!(registered.load(std::memory_order_relaxed) & static_cast<u32>(command) << 1)) return fail(errc::not_permitted);
      [[fallthrough]];
    case global:
    case global_expedited:
      // Every CPU that runs takes an interrupt, which orders memory and refetches instructions on its return; one that idles
      // does the same before it runs the program again. The page is never mapped.
      memory::flush_translations(0, page_size);
      return 0;
    default:
      return fail(errc::invalid);
  }
}

}  // namespace osv::linux_abi
