// mmap(2), munmap(2), mprotect(2), madvise(2), mremap(2), brk(2), mincore(2), msync(2), mlock(2).
#include "linux/syscalls/memory.hh"

#include "linux/process.hh"
#include "memory/user_copy.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi {

namespace {

constexpr u32 map_shared = 1, map_private = 2, map_shared_validate = 3, map_type = 0xf, map_fixed = 0x10, map_anonymous = 0x20;
constexpr u32 map_32bit = 0x40, map_grows_down = 0x100, map_populate = 0x8000, map_stack = 0x20000, map_huge_pages = 0x40000;
constexpr u32 map_fixed_no_replace = 0x100000;

constexpr u32 protection_known = 7;

}  // namespace

result<u64> sys_mmap(u64 address, u64 size, u32 protection, u32 flags, int fd, u64 offset) {
  if (!is_aligned(offset, page_size)) return fail(errc::invalid);
  const u32 type = flags & map_type;
  if (type != map_shared && type != map_private && type != map_shared_validate) return fail(errc::invalid);
  if (flags & map_huge_pages) return fail(errc::no_memory);  // no hugetlbfs pool: large areas get 2 MiB pages anyway
  memory::map_request request;
  request.hint = address;
  request.size = size;
  request.protection = protection & protection_known;
  request.shared = type != map_private;
  request.fixed = flags & map_fixed;
  request.fixed_no_replace = flags & map_fixed_no_replace;
  request.low_32_bits = flags & map_32bit;
  request.stack = flags & (map_grows_down | map_stack);
  request.populate = flags & map_populate;
  if (!(flags & map_anonymous)) {
    ref<io::file> file = TRY(current_process().files.get(fd));
    if (!file->readable()) return fail(errc::access);
    if (request.shared && protection & memory::protection::write && !file->writable()) return fail(errc::access);
    request.source = TRY(file->map(request.shared, request.shared && file->writable()));
    request.source_page = offset / page_size;
    if (request.source_page + size / page_size < request.source_page) return fail(errc::overflow);
  } else if (request.shared) {
    // Without fork, shared anonymous memory has one owner and is as good as private.
    request.shared = false;
  }
  return current_process().space.map(request);
}

result<> sys_munmap(u64 address, u64 size) { return current_process().space.unmap(address, size); }

result<> sys_mprotect(u64 address, u64 size, u32 protection) {
  constexpr u32 grows_down = 0x01000000, grows_up = 0x02000000;
  if (protection & ~(protection_known | 8 | grows_down | grows_up)) return fail(errc::invalid);
  return current_process().space.protect(address, size, protection & protection_known);
}

result<> sys_madvise(u64 address, u64 size, int advice) {
  constexpr int normal = 0, random = 1, sequential = 2, will_need = 3, dont_need = 4, free = 8, remove = 9, dont_fork = 10, do_fork = 11;
  constexpr int wipe_on_fork = 18, keep_on_fork = 19;
  constexpr int mergeable = 12, unmergeable = 13, huge = 14, no_huge = 15, dont_dump = 16, do_dump = 17, cold = 20, page_out = 21;
  constexpr int populate_read = 22, populate_write = 23, dont_need_locked = 24;
  memory::address_space& space = current_process().space;
  if (!is_aligned(address, page_size)) return fail(errc::invalid);
  if (size == 0) return {};
  switch (advice) {
    case dont_need:
    case dont_need_locked:
    case free:
      return space.discard(address, size);
    case huge:
    case no_huge:
      return space.allow_huge(address, size, advice == huge);
    case populate_read:
    case populate_write:
      return space.populate(address, align_up(size, page_size));
    case normal:
    case random:
    case sequential:
    case will_need:
    case dont_fork:
    case do_fork:
    case wipe_on_fork:
    case keep_on_fork:
    case mergeable:
    case unmergeable:
    case dont_dump:
    case do_dump:
    case cold:
    case page_out:
      // Hints without an effect here; the range must exist all the same.
      if (!space.is_mapped(address, size)) return fail(errc::no_memory);
      return {};
    case remove:
    default:
      return fail(errc::invalid);
  }
}

result<u64> sys_mremap(u64 old_address, u64 old_size, u64 new_size, u32 flags, u64 new_address) {
  return current_process().space.remap(old_address, old_size, new_size, flags, new_address);
}

result<u64> sys_brk(u64 address) { return current_process().space.set_break(address); }

result<> sys_mincore(u64 address, u64 size, u8* into) {
  if (!is_aligned(address, page_size)) return fail(errc::invalid);
  const u64 end = address + align_up(size, page_size);
  if (end < address) return fail(errc::no_memory);
  u8 piece[256];
  while (address < end) {
    u64 bytes = end - address;
    if (bytes > sizeof piece * page_size) bytes = sizeof piece * page_size;
    TRY(current_process().space.residency(address, bytes, piece));
    TRY(memory::copy_to_program(into, piece, bytes / page_size));
    into += bytes / page_size;
    address += bytes;
  }
  return {};
}

result<> sys_msync(u64 address, u64 size, int flags) {
  constexpr int async = 1, invalidate = 2, sync = 4;
  if (!is_aligned(address, page_size) || flags & ~(async | invalidate | sync) || (flags & async && flags & sync)) return fail(errc::invalid);
  memory::address_space& space = current_process().space;
  if (size && !space.is_mapped(address, size)) return fail(errc::no_memory);
  if (!(flags & sync)) return {};
  // Every volume is synchronised: more than is asked for, and rare enough.
  for (u64 at = address; at < address + size; at += page_size)
    if (space.shared_place_of(at).source) return vfs::sync_all();
  return {};
}

/// Nothing is ever swapped out: locking means that the pages are brought in.
result<> sys_mlock(u64 address, u64 size) {
  const u64 begin = align_down(address, page_size);
  const u64 end = align_up(address + size, page_size);
  if (end < begin) return fail(errc::invalid);
  if (!current_process().space.is_mapped(begin, end - begin)) return fail(errc::no_memory);
  (void)current_process().space.populate(begin, end - begin);
  return {};
}
result<> sys_mlock2(u64 address, u64 size, int flags) {
  if (flags & ~1) return fail(errc::invalid);
  return flags ? result<>{} : sys_mlock(address, size);
}
result<> sys_munlock(u64, u64) { return {}; }
result<> sys_mlockall(int flags) {
  if (flags == 0 || flags & ~7) return fail(errc::invalid);
  return {};
}
result<> sys_munlockall() { return {}; }

}  // namespace osv::linux_abi
