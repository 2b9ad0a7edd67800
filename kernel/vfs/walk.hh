// Path look-up (path_resolution(7)).
#pragma once

#include "vfs/entry.hh"
#include "vfs/mount_point.hh"
#include "vfs/vfs.hh"

namespace osv::vfs {

/// One look-up. `to_parent` walks to the directory that holds the last component, `finish` resolves that component.
/// Links are followed in a loop, at most symlinks_max of them; nothing here recurses.
class walker : pinned {
 public:
  explicit walker(const lookup_base& base) : mount_(&base.at().mount()), current_(&base.at().at()) {}

  /// Afterwards directory() is the parent and last() the final name: may be empty (the path was all slashes), "." or "..".
  /// ENOENT for an empty path, ENOTDIR, ELOOP, ENAMETOOLONG.
  result<> to_parent(string_view path);
  /// Resolves last(); a final link is followed if `follow` or a slash stood behind it. On ENOENT directory() and last()
  /// tell where it could be created, links before it followed.
  result<> finish(bool follow);
  result<> all(string_view path, bool follow) {
    TRY(to_parent(path));
    return finish(follow);
  }

  mount_point& mount() const { return *mount_; }
  /// The directory that last() is in.
  entry& directory() const { return *current_; }
  /// After finish: the object. Empty if it is an open file without a path: then file() has it.
  location object() const { return object_ ? location(mount_, object_) : location(); }
  const ref<io::file>& file() const { return file_; }
  string_view last() const { return last_; }
  bool trailing_slash() const { return trailing_slash_; }
  bool last_is_special() const { return last_.empty() || last_ == "." || last_ == ".."; }

 private:
  result<> step_up();
  /// Goes on from a place.
  void enter(const location& at);
  void enter_root();
  /// What is mounted on `child`, or itself; mount_ follows.
  ref<entry> crossed(ref<entry> child);
  /// Replaces what is left of the path by the target of `link` followed by `rest`.
  result<> enter_link(inode& link, string_view rest, bool& moved);

  // Two references apart: most steps change the entry alone.
  ref<mount_point> mount_;
  ref<entry> current_;
  ref<entry> object_;
  ref<io::file> file_;
  string_view rest_;
  string_view last_;
  string owned_;  // keeps rest_ and last_ alive after a link
  bool trailing_slash_ = false;
  unsigned links_ = 0;
};

}  // namespace osv::vfs
