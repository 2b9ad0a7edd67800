// The face of the file systems: what linux/ (system calls) and boot/ call. Every path function takes a `lookup_base`,
// the directory that relative paths start from. Paths are kernel copies. Errors are those of the Linux man pages.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/memory.hh"
#include "base/string.hh"
#include "devices/block_device.hh"
#include "io/file.hh"
#include "vfs/location.hh"

namespace osv::vfs {

/// AT_* of openat(2) and friends.
namespace at_flag {
constexpr u32 symlink_no_follow = 0x100, remove_directory = 0x200, symlink_follow = 0x400, empty_path = 0x1000;
constexpr u32 effective_access = 0x200;
}  // namespace at_flag

/// RENAME_* of renameat2(2).
namespace rename_flag {
constexpr u32 no_replace = 1, exchange = 2;
}

/// Longest path, its terminating zero included (PATH_MAX), and longest name (NAME_MAX).
constexpr usize path_max = 4096;
constexpr usize name_max = 255;
/// Symbolic links followed in one look-up before ELOOP (path_resolution(7)).
constexpr unsigned symlinks_max = 40;

// --- look-up -------------------------------------------------------------------------------------------------------

/// Where a relative path starts: the working directory, or an open directory (dirfd). With an empty path and
/// at_flag::empty_path it is the object itself.
class lookup_base {
 public:
  /// The root directory.
  lookup_base();
  explicit lookup_base(location at) : at_(std::move(at)) {}
  /// EBADF if `file` was not opened by path (a socket, a pipe). Whether it is a directory is checked by the look-up (ENOTDIR).
  static result<lookup_base> of(io::file& file);
  const location& at() const { return at_; }

 private:
  location at_;
};

/// A process's working directory; may be read and changed by several threads. The root until set.
class working_directory : pinned {
 public:
  lookup_base base() const;
  /// chdir(2): ENOENT, ENOTDIR, ELOOP, …
  result<> change(const lookup_base& base, string_view path);
  /// fchdir(2).
  result<> change(io::file& directory);
  /// getcwd(2): absolute path; ENOENT if the directory was removed.
  result<string> path() const;

 private:
  result<> set(location to);
  mutable lock::spin_lock lock_{lock::rank::leaf};
  location at_;
};

/// The absolute path of an open file, for /proc/self/fd and readlink; " (deleted)" is appended when it was unlinked.
/// Files that have no path answer their name() ("pipe:[9]").
result<string> path_of(io::file& file);
/// The absolute path that `path` resolves to (links followed), for /proc/self/exe and execve(2).
result<string> resolve(const lookup_base& base, string_view path);

// --- by path -------------------------------------------------------------------------------------------------------

/// open(2). `mode`: permission bits of a new file, the umask already taken off. O_CLOEXEC is the descriptor table's.
result<ref<io::file>> open(const lookup_base& base, string_view path, u32 flags, u32 mode);
/// fstatat(2): at_flag::symlink_no_follow, at_flag::empty_path.
result<> stat(const lookup_base& base, string_view path, u32 at_flags, io::file_status& out);
/// faccessat(2). The program is root: R_OK and W_OK (2) hold but on a read-only mount (EROFS); X_OK (1) wants one x bit or a directory.
result<> access(const lookup_base& base, string_view path, u32 wanted, u32 at_flags);
result<string> read_link(const lookup_base& base, string_view path);
result<> make_directory(const lookup_base& base, string_view path, u32 mode);
result<> remove_directory(const lookup_base& base, string_view path);
result<> unlink(const lookup_base& base, string_view path);
/// mknod(2): `mode` holds a type of io::mode (regular, fifo, socket, character, block).
result<> make_node(const lookup_base& base, string_view path, u32 mode, u64 device);
result<> symlink(string_view target, const lookup_base& base, string_view path);
/// linkat(2): at_flag::symlink_follow, at_flag::empty_path.
result<> link(const lookup_base& from_base, string_view from, const lookup_base& to_base, string_view to, u32 at_flags);
/// renameat2(2): rename_flag.
result<> rename(const lookup_base& from_base, string_view from, const lookup_base& to_base, string_view to, u32 flags);
result<> change_mode(const lookup_base& base, string_view path, u32 mode, u32 at_flags);
/// chown(2): ~0u leaves a value as it is.
result<> change_owner(const lookup_base& base, string_view path, u32 user, u32 group, u32 at_flags);
/// utimensat(2): no value leaves a time as it is (UTIME_OMIT).
result<> set_times(const lookup_base& base, string_view path, std::optional<io::time_stamp> accessed,
                   std::optional<io::time_stamp> modified, u32 at_flags);
result<> truncate(const lookup_base& base, string_view path, u64 size);

/// statfs(2) in kernel form.
struct file_system_status {
  u64 magic = 0;       // f_type
  u64 block_size = 4096;
  u64 blocks = 0;
  u64 blocks_free = 0;
  u64 files = 0;
  u64 files_free = 0;
  u64 id = 0;
  u64 name_max = vfs::name_max;
  u64 flags = 0;       // ST_*: 1 read-only
};
result<> statfs(const lookup_base& base, string_view path, file_system_status& out);

// --- by open file (EBADF for files that have no inode) --------------------------------------------------------------

result<> change_mode(io::file& file, u32 mode);
result<> change_owner(io::file& file, u32 user, u32 group);
result<> set_times(io::file& file, std::optional<io::time_stamp> accessed, std::optional<io::time_stamp> modified);
result<> statfs(io::file& file, file_system_status& out);
/// A further open file description of the same object (open("/proc/self/fd/N")). Files without a path are shared as they are.
result<ref<io::file>> reopen(io::file& file, u32 flags);

// --- files without a path ---------------------------------------------------------------------------------------------

/// memfd_create(2): a memory file, opened O_RDWR; `name` shows as "/memfd:name".
result<ref<io::file>> create_memory_file(string_view name);

struct pipe_pair {
  ref<io::file> read_end, write_end;
};
/// pipe2(2): `flags` O_NONBLOCK, O_DIRECT is ignored.
result<pipe_pair> create_pipe(u32 flags);
/// fcntl(F_GETPIPE_SZ) and F_SETPIPE_SZ: bytes; EBADF if `file` is no pipe, EBUSY when what is in it would not fit.
result<u32> pipe_capacity(io::file& file);
result<u32> set_pipe_capacity(io::file& file, u32 bytes);

// --- mounts (boot/, mount(2)) ---------------------------------------------------------------------------------------

/// Makes an EROFS image the root: read-only below, a writable memory layer on top. `device` and `image` live for ever.
/// EINVAL: no EROFS; EUCLEAN: damaged; ENOTSUP: a feature that is not implemented (a log line names it).
result<> mount_root(devices::block_device& device);
/// The same from memory (initrd). `image` lies in the physical map; its pages are mapped without a copy.
result<> mount_root(std::span<const u8> image);
/// An empty writable memory root, for when there is no image (tests).
result<> mount_empty_root();
/// Mounts /dev (with /dev/shm), /proc and /sys; registers the reclaimer. After mount_root.
result<> initialize();
struct mount_options {
  bool read_only = false;        // images are anyway
  bool format_if_blank = false;  // ext4: a disk that holds nothing gets a file system first
};
/// `type`: "iso9660", "erofs", "ext4", or "auto". Missing directories of `path` are made in the writable layer. EINVAL: the disk
/// holds something else; EUCLEAN: damaged; ENOTSUP: a feature that is not implemented (a log line names it).
result<> mount_device(devices::block_device& device, string_view path, string_view type, mount_options options = {});
/// `size_bytes` 0: half of memory.
result<> mount_tmpfs(string_view path, u64 size_bytes);
/// mount(2) from the program: tmpfs, proc, sysfs, devtmpfs; ENODEV for others.
result<> mount(string_view source, const lookup_base& base, string_view target, string_view type, u32 flags);
/// umount2(2): EINVAL if no mount point, EBUSY if in use by a mount below.
result<> unmount(const lookup_base& base, string_view path);
/// sync(2): what was written is on the disks afterwards. The first error; the other file systems are synchronised all the same.
result<> sync_all();
/// syncfs(2).
result<> sync_file_system(io::file& file);
/// Before the machine goes: every file system is left as if unmounted, whatever is still open.
void power_off();
/// For tests: as it was before mount_root.
void unmount_everything();

}  // namespace osv::vfs
