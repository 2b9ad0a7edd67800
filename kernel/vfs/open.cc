// open(2) and the opening of what a look-up found.
#include "vfs/inode.hh"
#include "vfs/missing_files.hh"
#include "vfs/open_file.hh"
#include "vfs/walk.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

namespace {
namespace flag = io::open_flag;

bool wants_write(u32 flags) { return (flags & flag::access_mask) != flag::read_only; }
bool is_temporary(u32 flags) { return (flags & flag::temporary_file) == flag::temporary_file; }

/// Opens the object at `at`. `created`: by this call, so that O_TRUNC has nothing to do.
result<ref<io::file>> open_at(const location& at, u32 flags, bool created) {
  inode& node = *at.at().node();
  if (flags & flag::path) {
    if (flags & flag::directory && !node.is_directory()) return fail(errc::not_directory);
    return TRY(make_ref<open_file>(at, flags & ~flag::access_mask));
  }
  if (node.is_symlink()) return fail(errc::symlink_loop);  // O_NOFOLLOW
  if (node.is_directory()) {
    if (wants_write(flags) || flags & flag::create) return fail(errc::is_directory);
  } else if (flags & flag::directory) {
    return fail(errc::not_directory);
  }
  bool truncated = false;
  if (node.is_regular()) {
    if ((wants_write(flags) || flags & flag::truncate) && at.mount().read_only()) return fail(errc::read_only);
    // O_TRUNC with O_RDONLY is unspecified; Linux truncates.
    truncated = flags & flag::truncate && !created;
    if (truncated) TRY(node.truncate(0));
  }
  constexpr u32 once = flag::create | flag::exclusive | flag::truncate | flag::no_controlling_terminal | flag::close_on_exec;
  ref<io::file> opened = TRY(node.open(at, flags & ~once));
  tell_of_file(at.at(), watch_event::open);
  if (truncated) tell_of(at.at(), watch_event::modify);
  return opened;
}

/// Makes a regular file in the walk's directory. Nothing made: somebody else was first.
result<location> create_file(walker& walk, u32 mode) {
  entry& parent = walk.directory();
  mount_point& mount = walk.mount();
  sync::mutex_guard g(parent.node()->directory_lock);
  ref<entry> child = TRY(find_child_locked(parent, walk.last()));
  if (!child->negative()) return location();
  if (mount.read_only()) return fail(errc::read_only);
  if (parent.node()->removed) return fail(errc::no_entry);
  ref<inode> node = TRY(parent.node()->create(walk.last(), io::mode::regular | (mode & 07777), 0));
  ref<entry> made = TRY(entry_created(parent, walk.last(), std::move(node)));
  tell_of_name(*parent.node(), watch_event::create, walk.last(), false);
  return location(ref<mount_point>(&mount), std::move(made));
}

result<ref<io::file>> open_or_create(walker& walk, string_view path, u32 flags, u32 mode) {
  TRY(walk.to_parent(path));
  const bool follow = !(flags & (flag::no_follow | flag::exclusive));
  for (;;) {
    if (walk.trailing_slash()) return fail(errc::is_directory);
    auto found = walk.finish(follow);
    if (found.ok()) {
      if (flags & flag::exclusive) return fail(errc::exists);
      if (walk.file()) return reopen(*walk.file(), flags);
      return open_at(walk.object(), flags, false);
    }
    if (found.error() != errc::no_entry || walk.last_is_special()) return fail(found.error());
    if (walk.trailing_slash()) return fail(errc::is_directory);
    location made = TRY(create_file(walk, mode));
    if (made) return open_at(made, flags & ~flag::create, true);
  }
}

/// O_TMPFILE: a file without a name in the file system of a directory.
result<ref<io::file>> open_unnamed(const location& directory, u32 flags, u32 mode) {
  if (!wants_write(flags)) return fail(errc::invalid);
  inode* parent = directory.at().node();
  if (!parent->is_directory()) return fail(errc::not_directory);
  if (directory.mount().read_only()) return fail(errc::read_only);
  ref<inode> node = TRY(parent->create_unnamed(io::mode::regular | (mode & 07777)));
  ref<entry> at = TRY(entry::create(ref<entry>(&directory.at()), "#unnamed", std::move(node)));
  at->mark_unlinked();
  return open_at(location(ref<mount_point>(&directory.mount()), std::move(at)), flags & ~flag::temporary_file, true);
}

}  // namespace

result<ref<io::file>> open(const lookup_base& base, string_view path, u32 flags, u32 mode) {
  if ((flags & flag::access_mask) == flag::access_mask) return fail(errc::invalid);
  // open(2): with O_PATH, flags other than these are ignored.
  if (flags & flag::path) flags &= flag::path | flag::directory | flag::no_follow | flag::close_on_exec;
  const bool temporary = is_temporary(flags) && !(flags & flag::path);
  walker walk(base);
  if (flags & flag::create && !temporary) {
    if (flags & flag::directory) return fail(errc::invalid);
    return open_or_create(walk, path, flags, mode);
  }
  if (auto walked = walk.all(path, !(flags & flag::no_follow)); !walked.ok()) {
    if (walked.error() == errc::no_entry) note_missing(path);
    return fail(walked.error());
  }
  if (walk.file()) return reopen(*walk.file(), flags);
  if (temporary) return open_unnamed(walk.object(), flags, mode);
  return open_at(walk.object(), flags, false);
}

result<ref<io::file>> reopen(io::file& file, u32 flags) {
  open_file* opened = file.as_open_file();
  if (!opened) return ref<io::file>(&file);
  return open_at(opened->at(), flags & ~flag::create, false);
}

}  // namespace osv::vfs
