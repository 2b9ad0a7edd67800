// Watches on nodes (inotify(7)): who wants to hear of what happens to a file, or to the names in a directory. Every event of every
// file system is told here, by the code above the file systems that made it happen.
//
// A watch belongs to the node, not to a name, and keeps the node in memory. It ends when the node has no name left and the last
// user of its last name has gone (a file that was unlinked while it is open: with its last close), so that what is unlinked is freed
// as if nobody had watched.
//
// Locks: directory_lock of the inodes → watches_lock (mutex: every list of watches, and each delivery) → what a group's deliver()
// takes. Nodes are let go after it.
#pragma once

#include <atomic>

#include "base/list.hh"
#include "base/tree.hh"
#include "vfs/inode.hh"

namespace osv::vfs {

class entry;
class watch_group;

/// IN_* of inotify(7).
namespace watch_event {
constexpr u32 access = 0x1, modify = 0x2, attributes = 0x4, close_write = 0x8, close_no_write = 0x10, open = 0x20;
constexpr u32 moved_from = 0x40, moved_to = 0x80, create = 0x100, remove = 0x200, remove_self = 0x400, move_self = 0x800;
/// What a watch can ask for.
constexpr u32 all = 0xfff;
/// What comes unasked.
constexpr u32 unmount = 0x2000, overflow = 0x4000, ignored = 0x8000;
/// Beside another one: it happened to a directory.
constexpr u32 directory = 0x40000000;
}  // namespace watch_event

/// Watches in the system (/proc/sys/fs/inotify/max_user_watches): some hundred bytes each, and the node.
constexpr u32 watches_max = 65536;

/// One node in one group. All of it is watches_lock's.
struct watch : pinned {
  watch(watch_group& owner, ref<inode> watched, i32 id) : group(owner), node(std::move(watched)), number(id) {}

  watch_group& group;
  ref<inode> node;
  const i32 number;
  u32 events = 0;
  bool one_shot = false;         // ends with its first event
  bool except_unlinked = false;  // hears nothing of open files that have no name any more
  watch* next_of_node = nullptr;
  tree_hook in_group;
  list_hook in_all;

  struct earlier {
    bool operator()(const watch& a, const watch& b) const { return a.number < b.number; }
  };
};

/// Somebody who watches: an inotify instance. A class derived from it calls end_all() in its destructor.
class watch_group : pinned {
 public:
  struct request {
    u32 events = 0;
    bool one_shot = false, except_unlinked = false;
    bool add = false;          // to what an existing watch has, instead of in its place
    bool create_only = false;  // EEXIST if there is one
    bool follow = true, directory_only = false;
  };
  /// Watches what `path` leads to. The number of the watch: of the one that the node had already, else one that was never used
  /// before. ENOENT and others of the look-up; ENOTDIR, EEXIST; ENOSPC beyond watches_max; ENOMEM.
  result<i32> add(const lookup_base& base, string_view path, const request& wanted);
  /// The group is told `ignored`. EINVAL: no such watch.
  result<> remove(i32 number);
  /// For /proc/self/fdinfo: each watch, in the order of their numbers.
  void visit(function_ref<void(const watch&)> visitor);

 protected:
  ~watch_group() = default;
  void end_all();

 private:
  friend class watch_delivery;
  /// Called with watches_lock held: one call at a time. `name` is empty or that of an entry in the watched directory.
  virtual void deliver(i32 number, u32 events, u32 cookie, string_view name) = 0;

  watch* find(i32 number);  // watches_lock held
  tree<watch, &watch::in_group, watch::earlier> watches_;
  i32 last_number_ = 0;
};

// --- what happened, told by those who did it ------------------------------------------------------------------------------
// Where nobody watches anything, each of these is one relaxed load.

extern std::atomic<u32> watch_count;
inline bool anything_watched() { return watch_count.load(std::memory_order_relaxed) != 0; }

void tell_of_slow(entry& at, u32 event, bool by_file);
void tell_of_slow(inode& node, u32 event);
void tell_of_name_slow(inode& directory, u32 event, string_view name, bool is_directory);
void tell_of_move_slow(inode& from, string_view name, inode& to, string_view new_name, inode& moved, inode* replaced);
void name_released_slow(inode& node);

/// To the object at `at`: its own watches hear of it, and, with its name, those of the directory that the name is in.
inline void tell_of(entry& at, u32 event) {
  if (anything_watched()) [[unlikely]]
    tell_of_slow(at, event, false);
}
/// The same, done through an open file.
inline void tell_of_file(entry& at, u32 event) {
  if (anything_watched()) [[unlikely]]
    tell_of_slow(at, event, true);
}
/// To a node, whatever its names.
inline void tell_of(inode& node, u32 event) {
  if (anything_watched()) [[unlikely]]
    tell_of_slow(node, event);
}
/// `create` or `remove` of a name. The directory's lock is held, so that events come in the order of the changes.
inline void tell_of_name(inode& directory, u32 event, string_view name, bool is_directory) {
  if (anything_watched()) [[unlikely]]
    tell_of_name_slow(directory, event, name, is_directory);
}
/// `moved` has another name now, and `replaced` (or nullptr) has lost it. Both directories' locks are held.
inline void tell_of_move(inode& from, string_view name, inode& to, string_view new_name, inode& moved, inode* replaced) {
  if (anything_watched()) [[unlikely]]
    tell_of_move_slow(from, name, to, new_name, moved, replaced);
}
/// Nobody uses a name any more that `node` lost. If it was the last one, the node's watches end.
inline void name_released(inode& node) {
  if (node.watched_events.load(std::memory_order_relaxed)) [[unlikely]]
    name_released_slow(node);
}
/// The last mount of `system` has gone: the watches on its nodes end.
void end_watches(file_system& system);

/// How often the watches on directories have changed; what entries keep of them (entry::parent_interest) is as old as this.
u64 directory_watch_changes();

}  // namespace osv::vfs
