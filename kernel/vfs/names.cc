// Changes of names: the half of vfs.hh that makes, removes and moves directory entries.
//
// Lock order: rename_lock (only when two directories take part) → directory_lock of the ancestor → of the descendant →
// of a directory that is removed or replaced.
#include "vfs/inode.hh"
#include "vfs/open_file.hh"
#include "vfs/walk.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

namespace {

sync::mutex rename_lock;

/// Walks to the parent of a name that is to be made and calls `make(walk, name)` with the directory locked.
template <typename Make>
result<> make_name(const lookup_base& base, string_view path, bool is_directory, Make&& make) {
  walker walk(base);
  TRY(walk.to_parent(path));
  if (walk.last_is_special()) return fail(errc::exists);
  entry& parent = walk.directory();
  sync::mutex_guard g(parent.node()->directory_lock);
  ref<entry> child = TRY(find_child_locked(parent, walk.last()));
  if (!child->negative()) return fail(errc::exists);
  if (walk.trailing_slash() && !is_directory) return fail(errc::no_entry);
  if (walk.mount().read_only()) return fail(errc::read_only);
  if (parent.node()->removed) return fail(errc::no_entry);
  ref<inode> node = TRY(make(walk, walk.last()));
  // The name exists now; without memory for the cached entry the next look-up finds it.
  (void)entry_created(parent, walk.last(), std::move(node));
  tell_of_name(*parent.node(), watch_event::create, walk.last(), is_directory);
  return {};
}

/// The name `walk` ended at, as an existing entry of its locked directory.
result<ref<entry>> existing_child(walker& walk) {
  ref<entry> child = TRY(find_child_locked(walk.directory(), walk.last()));
  if (child->negative()) return fail(errc::no_entry);
  return child;
}

class two_directories : pinned {
 public:
  /// Locks both; the ancestor first. For two different ones the caller holds rename_lock, so that they stay where they are.
  two_directories(entry& a, entry& b) : first_(a.node()), second_(b.node() == a.node() ? nullptr : b.node()) {
    if (second_ && (is_ancestor(b, a) || (!is_ancestor(a, b) && second_ < first_))) std::swap(first_, second_);
    first_->directory_lock.lock();
    if (second_) second_->directory_lock.lock();
  }
  ~two_directories() {
    if (second_) second_->directory_lock.unlock();
    first_->directory_lock.unlock();
  }

 private:
  inode* first_;
  inode* second_;
};

/// What rename(2) demands of the thing that is replaced.
result<> check_replaced(entry& moved, entry& replaced) {
  if (moved.node()->is_directory() && !replaced.node()->is_directory()) return fail(errc::not_directory);
  if (!moved.node()->is_directory() && replaced.node()->is_directory()) return fail(errc::is_directory);
  if (replaced.mounts.load()) return fail(errc::busy);
  return {};
}

result<> exchange(entry& from_directory, entry& moved, entry& to_directory, entry& other, string_view from, string_view to) {
  string from_name = TRY(string::create(moved.name()));
  string to_name = TRY(string::create(other.name()));
  TRY(from_directory.node()->rename(from_name, *moved.node(), *to_directory.node(), to_name, other.node(), true));
  entry_moved(moved, to_directory, std::move(to_name));
  entry_moved(other, from_directory, std::move(from_name));
  tell_of_move(*from_directory.node(), from, *to_directory.node(), to, *moved.node(), nullptr);
  tell_of_move(*to_directory.node(), to, *from_directory.node(), from, *other.node(), nullptr);
  return {};
}

/// Both directories are locked.
result<> rename_locked(walker& from, walker& to, u32 flags) {
  entry& from_directory = from.directory();
  entry& to_directory = to.directory();
  ref<entry> moved = TRY(existing_child(from));
  ref<entry> target = TRY(find_child_locked(to_directory, to.last()));
  inode& node = *moved->node();
  if (!node.is_directory() && (from.trailing_slash() || (to.trailing_slash() && target->negative()))) return fail(errc::not_directory);
  if (is_ancestor(*moved, to_directory)) return fail(errc::invalid);
  if (moved->mounts.load()) return fail(errc::busy);
  if (to_directory.node()->removed) return fail(errc::no_entry);
  if (flags & rename_flag::exchange) {
    if (target->negative()) return fail(errc::no_entry);
    if (is_ancestor(*target, from_directory)) return fail(errc::invalid);
    if (target->mounts.load()) return fail(errc::busy);
    return exchange(from_directory, *moved, to_directory, *target, from.last(), to.last());
  }
  if (!target->negative()) {
    if (flags & rename_flag::no_replace) return fail(errc::exists);
    if (target->node() == &node) return {};  // rename(2): two links to one file, nothing happens
    if (is_ancestor(*target, from_directory)) return fail(errc::not_empty);
    TRY(check_replaced(*moved, *target));
  }
  string name = TRY(string::create(to.last()));
  // A replaced directory must stay empty while it goes.
  inode* replaced = target->node();
  const bool lock_replaced = replaced && replaced->is_directory();
  if (lock_replaced) replaced->directory_lock.lock();
  auto outcome = from_directory.node()->rename(from.last(), node, *to_directory.node(), name, replaced, false);
  if (outcome.ok() && lock_replaced) replaced->removed = true;
  if (lock_replaced) replaced->directory_lock.unlock();
  TRY(outcome);
  if (lock_replaced)
    directory_entry_removed(*target);
  else
    entry_removed(*target);
  entry_moved(*moved, to_directory, std::move(name));
  tell_of_move(*from_directory.node(), from.last(), *to_directory.node(), to.last(), node, replaced);
  return {};
}

}  // namespace

result<> make_directory(const lookup_base& base, string_view path, u32 mode) {
  return make_name(base, path, true, [&](walker& walk, string_view name) {
    return walk.directory().node()->create(name, io::mode::directory | (mode & 07777), 0);
  });
}

result<> make_node(const lookup_base& base, string_view path, u32 mode, u64 device) {
  const u32 type = mode & io::mode::type_mask;
  if (type == io::mode::directory) return fail(errc::not_permitted);
  if (type == io::mode::link) return fail(errc::invalid);
  return make_name(base, path, false, [&](walker& walk, string_view name) {
    return walk.directory().node()->create(name, (type ? type : io::mode::regular) | (mode & 07777), device);
  });
}

result<> symlink(string_view target, const lookup_base& base, string_view path) {
  if (target.empty()) return fail(errc::no_entry);
  if (target.size() >= path_max) return fail(errc::name_too_long);
  return make_name(base, path, false, [&](walker& walk, string_view name) {
    return walk.directory().node()->create_symlink(name, target);
  });
}

result<> link(const lookup_base& from_base, string_view from, const lookup_base& to_base, string_view to, u32 at_flags) {
  location source;
  if (from.empty() && at_flags & at_flag::empty_path) {
    source = from_base.at();
  } else {
    walker walk(from_base);
    TRY(walk.all(from, at_flags & at_flag::symlink_follow));
    if (!walk.object()) return fail(errc::cross_device);
    source = walk.object();
  }
  ref<inode> node(source.at().node());
  if (node->is_directory()) return fail(errc::not_permitted);
  return make_name(to_base, to, false, [&](walker& walk, string_view name) -> result<ref<inode>> {
    if (&walk.mount() != &source.mount()) return fail(errc::cross_device);
    TRY(walk.directory().node()->link(name, *node));
    tell_of(*node, watch_event::attributes);
    return node;
  });
}

result<> unlink(const lookup_base& base, string_view path) {
  walker walk(base);
  TRY(walk.to_parent(path));
  if (walk.last_is_special()) return fail(errc::is_directory);
  entry& parent = walk.directory();
  sync::mutex_guard g(parent.node()->directory_lock);
  ref<entry> child = TRY(existing_child(walk));
  if (child->node()->is_directory()) return fail(errc::is_directory);
  if (walk.trailing_slash()) return fail(errc::not_directory);
  if (walk.mount().read_only()) return fail(errc::read_only);
  TRY(parent.node()->unlink(walk.last(), *child->node()));
  tell_of(*child->node(), watch_event::attributes);
  entry_removed(*child);
  // The order of Linux: unless it is in use, the file's own watches end before the directory's hear of the name.
  child = nullptr;
  tell_of_name(*parent.node(), watch_event::remove, walk.last(), false);
  return {};
}

result<> remove_directory(const lookup_base& base, string_view path) {
  walker walk(base);
  TRY(walk.to_parent(path));
  if (walk.last() == ".") return fail(errc::invalid);
  if (walk.last() == "..") return fail(errc::not_empty);
  if (walk.last().empty()) return fail(errc::busy);
  entry& parent = walk.directory();
  sync::mutex_guard g(parent.node()->directory_lock);
  ref<entry> child = TRY(existing_child(walk));
  inode& node = *child->node();
  if (!node.is_directory()) return fail(errc::not_directory);
  if (child->mounts.load()) return fail(errc::busy);
  if (walk.mount().read_only()) return fail(errc::read_only);
  {
    sync::mutex_guard inner(node.directory_lock);
    TRY(parent.node()->remove_directory(walk.last(), node));
    node.removed = true;
  }
  directory_entry_removed(*child);
  child = nullptr;
  tell_of_name(*parent.node(), watch_event::remove, walk.last(), true);
  return {};
}

result<> rename(const lookup_base& from_base, string_view from, const lookup_base& to_base, string_view to, u32 flags) {
  if (flags & ~(rename_flag::no_replace | rename_flag::exchange)) return fail(errc::invalid);
  if (flags == (rename_flag::no_replace | rename_flag::exchange)) return fail(errc::invalid);
  walker source(from_base), target(to_base);
  TRY(source.to_parent(from));
  TRY(target.to_parent(to));
  if (source.last_is_special()) return fail(errc::busy);
  if (target.last_is_special()) return fail(flags & rename_flag::no_replace ? errc::exists : errc::busy);
  if (&source.mount() != &target.mount()) return fail(errc::cross_device);
  if (source.mount().read_only()) return fail(errc::read_only);
  entry& a = source.directory();
  entry& b = target.directory();
  if (&a == &b) {
    two_directories both(a, b);
    return rename_locked(source, target, flags);
  }
  sync::mutex_guard topology(rename_lock);
  two_directories both(a, b);
  return rename_locked(source, target, flags);
}

}  // namespace osv::vfs
