// stat(2), statx(2), statfs(2), access(2), and directories: getdents64(2), getcwd(2), chdir(2).
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "memory/frames.hh"

namespace osv::linux_abi {

namespace {

constexpr int here = at_current_directory;

/// struct stat of x86-64 (asm/stat.h).
struct linux_stat {
  u64 device, inode, links;
  u32 mode, user, group, padding;
  u64 special_device;
  i64 size, block_size, blocks;
  linux_timespec accessed, modified, changed;
  i64 unused[3];
};
static_assert(sizeof(linux_stat) == 144);

/// struct statx (linux/stat.h).
struct linux_statx_time {
  i64 seconds;
  u32 nanoseconds;
  i32 padding;
};
struct linux_statx {
  u32 mask, block_size;
  u64 attributes;
  u32 links, user, group;
  u16 mode, padding0;
  u64 inode, size, blocks, attributes_mask;
  linux_statx_time accessed, created, changed, modified;
  u32 special_major, special_minor, device_major, device_minor;
  u64 mount_id;
  u32 direct_memory_alignment, direct_offset_alignment;
  u64 spare[12];
};
static_assert(sizeof(linux_statx) == 256);

linux_timespec convert(const io::time_stamp& t) { return {t.seconds, t.nanoseconds}; }
linux_statx_time convert_x(const io::time_stamp& t) { return {t.seconds, t.nanoseconds, 0}; }

result<> store(linux_stat* into, const io::file_status& s) {
  linux_stat out{};
  out.device = s.device;
  out.inode = s.inode;
  out.links = s.links;
  out.mode = s.mode;
  out.user = s.user;
  out.group = s.group;
  out.special_device = s.special_device;
  out.size = static_cast<i64>(s.size);
  out.block_size = s.block_size;
  out.blocks = static_cast<i64>(s.blocks_512);
  out.accessed = convert(s.accessed);
  out.modified = convert(s.modified);
  out.changed = convert(s.changed);
  return memory::write_program(into, out);
}

// gnu_dev_major(3), gnu_dev_minor(3).
u32 major_of(u64 device) { return static_cast<u32>((device >> 8 & 0xfff) | (device >> 32 & 0xfffff000)); }
u32 minor_of(u64 device) { return static_cast<u32>((device & 0xff) | (device >> 12 & 0xffffff00)); }

result<io::file_status> status_at(int directory, const char* path_pointer, u32 flags) {
  io::file_status status;
  string path;
  if (path_pointer || !(flags & vfs::at_flag::empty_path)) path = TRY(path_from(path_pointer));
  if (path.empty()) {
    if (!(flags & vfs::at_flag::empty_path)) return fail(errc::no_entry);
    if (directory != here) {
      TRY(TRY(file_of(directory))->stat(status));
      return status;
    }
  }
  const vfs::lookup_base base = TRY(base_of(directory, path));
  TRY(vfs::stat(base, path, flags & (vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path), status));
  return status;
}

constexpr u32 flag_no_automount = 0x800, flags_sync_type = 0x6000;

}  // namespace

result<> sys_newfstatat(int directory, const char* path, void* into, u32 flags) {
  if (flags & ~(vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path | flag_no_automount)) return fail(errc::invalid);
  return store(static_cast<linux_stat*>(into), TRY(status_at(directory, path, flags)));
}
result<> sys_stat(const char* path, void* into) { return sys_newfstatat(here, path, into, 0); }
result<> sys_lstat(const char* path, void* into) {
  return sys_newfstatat(here, path, into, vfs::at_flag::symlink_no_follow);
}
result<> sys_fstat(int fd, void* into) {
  io::file_status status;
  TRY(TRY(file_of(fd))->stat(status));
  return store(static_cast<linux_stat*>(into), status);
}

result<> sys_statx(int directory, const char* path, u32 flags, u32 mask, void* into) {
  constexpr u32 mask_basic = 0x7ff, mask_birth = 0x800, mask_reserved = 0x80000000;
  constexpr u32 known = vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path | flag_no_automount | flags_sync_type;
  if (flags & ~known || mask & mask_reserved || (flags & flags_sync_type) == flags_sync_type) return fail(errc::invalid);
  const io::file_status s = TRY(status_at(directory, path, flags));
  linux_statx out{};
  out.mask = mask_basic | (s.created.seconds ? mask_birth : 0);
  out.block_size = s.block_size;
  out.links = s.links;
  out.user = s.user;
  out.group = s.group;
  out.mode = static_cast<u16>(s.mode);
  out.inode = s.inode;
  out.size = s.size;
  out.blocks = s.blocks_512;
  out.accessed = convert_x(s.accessed);
  out.created = convert_x(s.created);
  out.changed = convert_x(s.changed);
  out.modified = convert_x(s.modified);
  out.special_major = major_of(s.special_device);
  out.special_minor = minor_of(s.special_device);
  out.device_major = major_of(s.device);
  out.device_minor = minor_of(s.device);
  return memory::write_program(into, out);
}

result<> sys_faccessat2(int directory, const char* path, u32 wanted, u32 flags) {
  constexpr u32 known = vfs::at_flag::effective_access | vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path;
  if (flags & ~known || wanted & ~7u) return fail(errc::invalid);
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::access(at.base, at.path, wanted, flags);
}
result<> sys_faccessat(int directory, const char* path, u32 wanted) { return sys_faccessat2(directory, path, wanted, 0); }
result<> sys_access(const char* path, u32 wanted) { return sys_faccessat2(here, path, wanted, 0); }

namespace {

/// struct statfs of x86-64 (asm-generic/statfs.h).
struct linux_statfs {
  i64 type, block_size, blocks, blocks_free, blocks_available, files, files_free;
  u64 id;
  i64 name_max, fragment_size, flags, spare[4];
};
static_assert(sizeof(linux_statfs) == 120);

result<> store(linux_statfs* into, const vfs::file_system_status& s) {
  constexpr i64 flag_valid = 0x20;  // ST_VALID: `flags` is filled in
  linux_statfs out{};
  out.type = static_cast<i64>(s.magic);
  out.block_size = out.fragment_size = static_cast<i64>(s.block_size);
  out.blocks = static_cast<i64>(s.blocks);
  out.blocks_free = out.blocks_available = static_cast<i64>(s.blocks_free);
  out.files = static_cast<i64>(s.files);
  out.files_free = static_cast<i64>(s.files_free);
  out.id = s.id;
  out.name_max = static_cast<i64>(s.name_max);
  out.flags = static_cast<i64>(s.flags) | flag_valid;
  return memory::write_program(into, out);
}

}  // namespace

result<> sys_statfs(const char* path, void* into) {
  const auto at = TRY(path_argument::from(here, path));
  vfs::file_system_status status;
  TRY(vfs::statfs(at.base, at.path, status));
  return store(static_cast<linux_statfs*>(into), status);
}
result<> sys_fstatfs(int fd, void* into) {
  vfs::file_system_status status;
  TRY(vfs::statfs(*TRY(file_of(fd)), status));
  return store(static_cast<linux_statfs*>(into), status);
}

namespace {

/// Directory entries are made in a kernel page, so that no program page is touched while the directory is locked.
template <typename Encode>
result<usize> list_directory(int fd, void* into, usize size, Encode encode) {
  const ref<io::file> file = TRY(file_of(fd));
  memory::frame* page = TRY(memory::allocate_frames());
  const usize capacity = size < page_size ? size : page_size;
  usize used = 0;
  bool refused = false;
  auto* bytes = page->as<u8>();
  auto listed = file->list([&](string_view name, u64 inode, u8 type, u64 next) {
    const usize length = encode(bytes + used, capacity - used, name, inode, type, next);
    refused = length == 0;
    used += length;
    return !refused;
  });
  result<usize> outcome = used;
  if (!listed.ok())
    outcome = fail(listed.error());
  else if (used == 0 && refused)
    outcome = fail(errc::invalid);
  else if (auto copied = memory::copy_to_program(into, bytes, used); !copied.ok())
    outcome = fail(copied.error());
  memory::release(*page);
  return outcome;
}

}  // namespace

result<usize> sys_getdents64(int fd, void* into, u32 size) {
  return list_directory(fd, into, size, [](u8* at, usize room, string_view name, u64 inode, u8 type, u64 next) -> usize {
    constexpr usize name_at = 19;  // struct linux_dirent64: ino, off, reclen, type, name
    const auto length = static_cast<u16>(align_up(name_at + name.size() + 1, 8));
    if (length > room) return 0;
    __builtin_memset(at, 0, length);
    __builtin_memcpy(at, &inode, 8);
    __builtin_memcpy(at + 8, &next, 8);
    __builtin_memcpy(at + 16, &length, 2);
    at[18] = type;
    __builtin_memcpy(at + name_at, name.data(), name.size());
    return length;
  });
}

result<usize> sys_getdents(int fd, void* into, u32 size) {
  return list_directory(fd, into, size, [](u8* at, usize room, string_view name, u64 inode, u8 type, u64 next) -> usize {
    constexpr usize name_at = 18;  // struct linux_dirent: ino, off, reclen, name; the type is the last byte
    const auto length = static_cast<u16>(align_up(name_at + name.size() + 2, 8));
    if (length > room) return 0;
    __builtin_memset(at, 0, length);
    __builtin_memcpy(at, &inode, 8);
    __builtin_memcpy(at + 8, &next, 8);
    __builtin_memcpy(at + 16, &length, 2);
    __builtin_memcpy(at + name_at, name.data(), name.size());
    at[length - 1] = type;
    return length;
  });
}

result<usize> sys_getcwd(char* into, usize size) {
  const string path = TRY(current_process().working_directory.path());
  if (path.size() + 1 > size) return fail(errc::range);
  TRY(memory::copy_to_program(into, path.c_str(), path.size() + 1));
  return path.size() + 1;
}

result<> sys_chdir(const char* path) {
  const auto at = TRY(path_argument::from(here, path));
  return current_process().working_directory.change(at.base, at.path);
}
result<> sys_fchdir(int fd) { return current_process().working_directory.change(*TRY(file_of(fd))); }

}  // namespace osv::linux_abi
