// Look-ups that tell, and changes of attributes: by path and by open file.
#include "vfs/vfs.hh"

#include "sched/clock.hh"
#include "vfs/inode.hh"
#include "vfs/open_file.hh"
#include "vfs/walk.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

namespace {

/// Calls `act(location)` on what the path leads to, or `act_on_file(file)` when that has no path.
template <typename Act, typename ActOnFile>
auto with_object(const lookup_base& base, string_view path, u32 at_flags, Act&& act, ActOnFile&& act_on_file)
    -> decltype(act(base.at())) {
  if (path.empty() && at_flags & at_flag::empty_path) return act(base.at());
  walker walk(base);
  TRY(walk.all(path, !(at_flags & at_flag::symlink_no_follow)));
  if (walk.file()) return act_on_file(*walk.file());
  return act(walk.object());
}

template <typename Act>
auto with_location(const lookup_base& base, string_view path, u32 at_flags, Act&& act) -> decltype(act(base.at())) {
  return with_object(base, path, at_flags, act, [](io::file&) { return fail(errc::not_permitted); });
}

/// What the watchers hear of a change; a single time is changed by those who pretend to have read or written (fsnotify_change).
u32 event_of(const attribute_change& change) {
  if (change.permissions || change.user || change.group) return watch_event::attributes;
  if (change.accessed && change.modified) return watch_event::attributes;
  if (change.accessed) return watch_event::access;
  return change.modified ? watch_event::modify : 0;
}

result<> change_at(const location& at, const attribute_change& change) {
  if (at.mount().read_only()) return fail(errc::read_only);
  TRY(at.at().node()->change(change));
  if (const u32 event = event_of(change)) tell_of(at.at(), event);
  return {};
}

result<> change_file(io::file& file, const attribute_change& change) {
  open_file* opened = file.as_open_file();
  if (!opened || file.flags() & io::open_flag::path) return fail(errc::bad_file);
  return change_at(opened->at(), change);
}

attribute_change owner_change(u32 user, u32 group) {
  attribute_change c;
  if (user != ~0u) c.user = user;
  if (group != ~0u) c.group = group;
  return c;
}

result<> statfs_at(const location& at, file_system_status& out) {
  out = {};
  TRY(at.mount().system().status(out));
  if (at.mount().read_only()) out.flags |= 1;
  out.id = at.mount().system().device();
  return {};
}

}  // namespace

lookup_base::lookup_base() : at_(root_location()) {}

result<lookup_base> lookup_base::of(io::file& file) {
  open_file* opened = file.as_open_file();
  if (!opened) return fail(errc::bad_file);
  return lookup_base(opened->at());
}

lookup_base working_directory::base() const {
  {
    lock::guard g(lock_);
    if (at_) return lookup_base(at_);
  }
  return lookup_base();
}

result<> working_directory::set(location to) {
  if (!to.at().node()->is_directory()) return fail(errc::not_directory);
  // The old place is released after the lock: that may free an inode.
  lock::guard g(lock_);
  std::swap(at_, to);
  return {};
}

result<> working_directory::change(const lookup_base& base, string_view path) {
  walker walk(base);
  TRY(walk.all(path, true));
  if (!walk.object()) return fail(errc::not_directory);
  return set(walk.object());
}

result<> working_directory::change(io::file& directory) {
  open_file* opened = directory.as_open_file();
  if (!opened) return fail(errc::not_directory);
  return set(opened->at());
}

result<string> working_directory::path() const { return path_of(base().at(), false); }

result<string> path_of(io::file& file) {
  if (open_file* opened = file.as_open_file()) return path_of(opened->at());
  return string::create(file.name());
}

result<string> resolve(const lookup_base& base, string_view path) {
  return with_object(
      base, path, 0, [](const location& at) { return path_of(at); },
      [](io::file& file) { return string::create(file.name()); });
}

result<> stat(const lookup_base& base, string_view path, u32 at_flags, io::file_status& out) {
  return with_object(
      base, path, at_flags, [&](const location& at) { return at.at().node()->status(out); },
      [&](io::file& file) { return file.stat(out); });
}

result<> access(const lookup_base& base, string_view path, u32 wanted, u32 at_flags) {
  if (wanted & ~7u) return fail(errc::invalid);
  return with_object(
      base, path, at_flags,
      [&](const location& at) -> result<> {
        const inode& node = *at.at().node();
        const bool stores = node.is_regular() || node.is_directory();
        if (wanted & 2 && stores && at.mount().read_only()) return fail(errc::read_only);
        // access(2): even root may not execute what nobody may.
        if (wanted & 1 && !node.is_directory() && !(node.mode() & 0111)) return fail(errc::access);
        return {};
      },
      [](io::file&) { return result<>(); });
}

result<string> read_link(const lookup_base& base, string_view path) {
  if (path.empty()) {
    if (!base.at().at().node()->is_symlink()) return fail(errc::no_entry);
    return base.at().at().node()->link_target();
  }
  walker walk(base);
  TRY(walk.all(path, false));
  if (!walk.object()) return fail(errc::invalid);
  inode& node = *walk.object().at().node();
  if (!node.is_symlink()) return fail(errc::invalid);
  return node.link_target();
}

result<> change_mode(const lookup_base& base, string_view path, u32 mode, u32 at_flags) {
  attribute_change c;
  c.permissions = mode & 07777;
  return with_location(base, path, at_flags, [&](const location& at) -> result<> {
    if (at.at().node()->is_symlink()) return fail(errc::not_supported);  // fchmodat2(2)
    return change_at(at, c);
  });
}

result<> change_owner(const lookup_base& base, string_view path, u32 user, u32 group, u32 at_flags) {
  return with_location(base, path, at_flags, [&](const location& at) { return change_at(at, owner_change(user, group)); });
}

result<> set_times(const lookup_base& base, string_view path, std::optional<io::time_stamp> accessed,
                   std::optional<io::time_stamp> modified, u32 at_flags) {
  attribute_change c;
  c.accessed = accessed;
  c.modified = modified;
  return with_location(base, path, at_flags, [&](const location& at) { return change_at(at, c); });
}

result<> truncate(const lookup_base& base, string_view path, u64 size) {
  if (size > INT64_MAX) return fail(errc::invalid);
  return with_location(base, path, 0, [&](const location& at) -> result<> {
    inode& node = *at.at().node();
    if (node.is_directory()) return fail(errc::is_directory);
    if (!node.is_regular()) return fail(errc::invalid);
    if (at.mount().read_only()) return fail(errc::read_only);
    TRY(node.truncate(size));
    tell_of(at.at(), watch_event::modify);
    return {};
  });
}

result<> statfs(const lookup_base& base, string_view path, file_system_status& out) {
  return with_location(base, path, at_flag::empty_path, [&](const location& at) { return statfs_at(at, out); });
}

result<> change_mode(io::file& file, u32 mode) {
  attribute_change c;
  c.permissions = mode & 07777;
  return change_file(file, c);
}

result<> change_owner(io::file& file, u32 user, u32 group) { return change_file(file, owner_change(user, group)); }

result<> set_times(io::file& file, std::optional<io::time_stamp> accessed, std::optional<io::time_stamp> modified) {
  attribute_change c;
  c.accessed = accessed;
  c.modified = modified;
  return change_file(file, c);
}

result<> statfs(io::file& file, file_system_status& out) {
  open_file* opened = file.as_open_file();
  if (!opened) {
    out = {};
    out.magic = 0x50495045;  // PIPEFS_MAGIC; sockets answer with their own, nobody asks
    return {};
  }
  return statfs_at(opened->at(), out);
}

}  // namespace osv::vfs
