// Directory entries and their cache. An entry joins a name in a directory to an inode, or says that there is none.
//
// Lock order: directory_lock of the parent's inode → a hash bucket → tree_lock. Entries are found under their bucket's lock
// alone, so that look-ups in different directories, and hits in one, never wait for a file system.
#pragma once

#include <atomic>

#include "base/memory.hh"
#include "base/string.hh"
#include "vfs/inode.hh"

namespace osv::vfs {

class entry : pinned {
 public:
  /// A root: no parent, no name. `node` may be null: a negative entry.
  static result<ref<entry>> create(ref<entry> parent, string_view name, ref<inode> node);

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  /// Its name; the caller holds the parent's directory_lock.
  string_view name() const { return name_; }
  /// Null for a negative entry; never changes.
  inode* node() const { return node_.get(); }
  bool negative() const { return !node_; }
  /// The entry above it; itself for a root.
  ref<entry> parent();
  /// A name and room for it, so that it can be looked at without a lock.
  struct copied_name {
    char text[name_max];
    usize size = 0;
    string_view view() const { return {text, size}; }
  };
  /// The same, and the name in it at that moment; nullptr for a root.
  ref<entry> parent(copied_name& name);
  /// The events that watches on the directory above want (watches.hh). Costs no lock until a watch on some directory changes.
  u32 parent_interest();
  /// False once it was unlinked (or never cached: procfs).
  bool in_tree() const { return !unlinked_.load(std::memory_order_relaxed); }
  void mark_unlinked() { unlinked_.store(true, std::memory_order_relaxed); }
  /// Mounts on it; counted by mount_point.cc.
  std::atomic<u32> mounts{0};

 private:
  friend class entry_cache;
  friend class path_builder;
  entry(ref<entry> parent, string name, ref<inode> node)
      : parent_(std::move(parent)), name_(std::move(name)), node_(std::move(node)) {}
  ~entry() = default;

  std::atomic<u32> references_{1};
  std::atomic<bool> unlinked_{false};
  bool hashed_ = false;                  // bucket lock
  std::atomic<bool> recently_used_{true};
  u32 hash_ = 0;
  ref<entry> parent_;                    // changed by rename under tree_lock, with the entry out of the hash
  string name_;                          // likewise
  ref<inode> node_;
  // directory_watch_changes() when it was found out, and in the low 16 bits what was found. Stored under tree_lock.
  std::atomic<u64> parent_interest_{0};
  entry* next_in_bucket_ = nullptr;      // bucket lock
};

/// The child `name` of `directory`: cached, or looked up and cached. A negative entry when there is none.
/// ENOTDIR, ENAMETOOLONG, or the file system's error. "." and ".." are the caller's.
result<ref<entry>> find_child(entry& directory, string_view name);
/// The same for callers that hold directory_lock of the directory's inode.
result<ref<entry>> find_child_locked(entry& directory, string_view name);

/// What changed, told by those who changed it, with the directories' locks held.
/// The new entry; ENOMEM (then the next look-up asks the file system).
result<ref<entry>> entry_created(entry& directory, string_view name, ref<inode> node);
void entry_removed(entry& child);
/// `child` was a directory: what is remembered of names that were not in it goes, too. It would keep the entry, and so the watches on
/// what is no more.
void directory_entry_removed(entry& child);
/// `child` now has this name in `directory`.
void entry_moved(entry& child, entry& directory, string name);

/// Empties the cache of entries that nobody uses (tests, unmount). Returns how many went.
usize drop_unused_entries();
usize cached_entries();

/// Absolute path of a place; " (deleted)" appended when it was unlinked and `mark_deleted`. ENOENT if so and not.
result<string> path_of(const location& at, bool mark_deleted = true);
/// True if `ancestor` is `descendant` or above it, within one file system.
bool is_ancestor(entry& ancestor, entry& descendant);

}  // namespace osv::vfs
