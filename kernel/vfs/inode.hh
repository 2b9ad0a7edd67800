// The objects behind names: inodes and the file systems they belong to. An inode is what a mapping of it shows, too.
#pragma once

#include <optional>
#include <string_view>

#include "base/memory.hh"
#include "base/string.hh"
#include "io/file.hh"
#include "memory/backing.hh"
#include "sync/mutex.hh"
#include "vfs/location.hh"
#include "vfs/vfs.hh"

namespace osv::vfs {

class inode;
struct watch;

class file_system : public ref_counted<file_system> {
 public:
  file_system(string_view type, bool read_only);
  virtual ~file_system() = default;

  virtual result<ref<inode>> root() = 0;
  virtual result<> status(file_system_status& out) = 0;
  /// Drops what would keep the file system alive in a circle. Called when its last mount goes.
  virtual void unmounted() {}
  /// sync(2): everything that was written is on the disk afterwards.
  virtual result<> sync() { return {}; }
  /// The machine goes: as unmounted, whatever is still in use.
  virtual void power_off() {}

  string_view type() const { return type_; }
  bool read_only() const { return read_only_; }
  /// st_dev: an anonymous device number of its own.
  u64 device() const { return device_; }

 private:
  string_view type_;
  bool read_only_;
  u64 device_;
};

/// What chmod, chown and utimensat change; what has no value stays.
struct attribute_change {
  std::optional<u32> permissions, user, group;
  std::optional<io::time_stamp> accessed, modified;
};

class inode : public memory::backing {
 public:
  /// `mode` with its type bits.
  inode(file_system& owner, u64 number, u32 mode) : owner_(&owner), number_(number), mode_(mode) {}

  file_system& owner() const { return *owner_; }
  u64 number() const { return number_; }
  u64 inode_number() const override { return number_; }
  u32 mode() const { return mode_.load(std::memory_order_relaxed); }
  u32 type() const { return mode() & io::mode::type_mask; }
  bool is_directory() const { return type() == io::mode::directory; }
  bool is_symlink() const { return type() == io::mode::link; }
  bool is_regular() const { return type() == io::mode::regular; }

  virtual result<> status(io::file_status& out) = 0;
  virtual result<> change(const attribute_change&) { return fail(errc::read_only); }
  /// The open file description for open(2) at `at`; flags were checked against the type.
  virtual result<ref<io::file>> open(const location& at, u32 flags);

  // Directories; the caller holds directory_lock of this (and of both directories for rename), names were checked.
  /// False: names come and go by themselves, entries must not be cached.
  virtual bool cacheable() const { return true; }
  virtual result<ref<inode>> lookup(string_view) { return fail(errc::not_directory); }
  /// `mode` with its type: regular, directory, fifo, socket, character, block.
  virtual result<ref<inode>> create(string_view, u32, u64) { return fail(errc::read_only); }
  /// A regular file without a name (O_TMPFILE); link() may give it one.
  virtual result<ref<inode>> create_unnamed(u32) { return fail(errc::not_supported); }
  virtual result<ref<inode>> create_symlink(string_view, string_view) { return fail(errc::read_only); }
  virtual result<> link(string_view, inode&) { return fail(errc::read_only); }
  virtual result<> unlink(string_view, inode&) { return fail(errc::read_only); }
  /// ENOTEMPTY unless empty.
  virtual result<> remove_directory(string_view, inode&) { return fail(errc::read_only); }
  /// Moves `child` from here to `to`, in the place of `replaced` (or nullptr). With `exchange` the two trade places.
  virtual result<> rename(string_view, inode&, inode&, string_view, inode*, bool) { return fail(errc::read_only); }
  /// Entries from cookie `from` on (0: the first), "." and ".." not among them: the open file adds those.
  /// Cookies lie in [1, 2^62).
  virtual result<> list(u64, io::directory_sink) { return fail(errc::not_directory); }

  // Symbolic links.
  virtual result<string> link_target() { return fail(errc::invalid); }
  /// A link that leads to an open file, whatever its text says. ENODATA: an ordinary link.
  virtual result<ref<io::file>> link_file() { return fail(errc::no_data); }

  // Regular files. Offsets and sizes in bytes.
  virtual u64 size() const { return 0; }
  virtual result<usize> read(io::cursor&, u64) { return fail(errc::invalid); }
  /// Writes at `offset`, or at the end when `append` (then `offset` is set to where it went).
  virtual result<usize> write(io::cursor&, u64&, bool) { return fail(errc::read_only); }
  virtual result<> truncate(u64) { return fail(errc::read_only); }
  virtual result<> allocate(int, u64, u64) { return fail(errc::read_only); }
  /// Where data (or a hole) starts at or after `offset`; ENXIO at or beyond the end (lseek(2) SEEK_DATA, SEEK_HOLE).
  virtual result<u64> seek_data(u64 offset, bool hole);
  virtual result<> sync(bool) { return {}; }
  /// Before a mapping is made: `shared` mappings must see later writes.
  virtual result<> prepare_map(bool, bool) { return {}; }

  result<memory::frame*> page(u64, bool) override { return fail(errc::no_device); }

  // /proc/self/maps: the path at the first mmap.
  std::string_view name() const override;
  void remember_path(const location& at);

  /// Called before the first mapping of it is made.
  void note_mapped() { was_mapped_.store(true, std::memory_order_relaxed); }
  /// Takes pages [first, end) of `source` out of the program's page tables; `copies`: its own copies of them, too. Set by boot/.
  using unmapper = void (*)(memory::backing& source, u64 first, u64 end, bool copies);
  static void set_unmapper(unmapper unmap);

  sync::mutex directory_lock;
  /// Set under directory_lock when rmdir removed it: no new names in it.
  bool removed = false;

  /// The watches on it (watches.hh; under its lock), and the events that they want (may be read without).
  watch* watches = nullptr;
  std::atomic<u32> watched_events{0};

 protected:
  void set_permissions(u32 permissions) { mode_.store(type() | (permissions & 07777), std::memory_order_relaxed); }
  /// To be called when page() does not give what it gave for [first, end) any more: no program sees that afterwards. `copies`: the
  /// file ends there, so that private copies go as well (mmap(2)). May be called with locks that page() does not take.
  void unmap_pages(u64 first, u64 end, bool copies);

 private:
  ref<file_system> owner_;
  u64 number_;
  std::atomic<u32> mode_;
  std::atomic<string*> mapped_path_{nullptr};
  std::atomic<bool> was_mapped_{false};

 public:
  ~inode() override { delete mapped_path_.load(); }
};

/// DT_* of readdir(3) for a mode.
constexpr u8 directory_type(u32 mode) { return static_cast<u8>((mode & io::mode::type_mask) >> 12); }

}  // namespace osv::vfs
