// Mounts: which file system's root stands in the place of which entry.
#pragma once

#include "base/memory.hh"
#include "base/string.hh"
#include "vfs/entry.hh"
#include "vfs/generated.hh"

namespace osv::vfs {

class mount_point : public ref_counted<mount_point> {
 public:
  mount_point(ref<file_system> system, ref<entry> root, location on, string source, bool read_only)
      : system_(std::move(system)), root_(std::move(root)), on_(std::move(on)), source_(std::move(source)), read_only_(read_only) {}

  file_system& system() const { return *system_; }
  entry& root() const { return *root_; }
  ref<entry> root_ref() const { return root_; }
  string_view source() const { return source_; }
  bool read_only() const { return read_only_ || system_->read_only(); }
  /// Where it is mounted; an empty location for the root mount and after unmount.
  location mounted_on() const;

 private:
  friend class mount_table;
  ref<file_system> system_;
  ref<entry> root_;
  location on_;  // mount table's lock
  string source_;
  bool read_only_;
  list_hook hook_;

 public:
  using mounts = list<mount_point, &mount_point::hook_>;
};

/// The root directory; panics before mount_root.
location root_location();
bool has_root();
/// The mount of the root; it never goes while programs run.
mount_point& root_mount_point();
/// Makes `system` the root. EBUSY if there is one.
result<> attach_root(ref<file_system> system, string_view source, bool read_only);
/// Mounts on the directory `on`. ENOTDIR.
result<> attach(ref<file_system> system, const location& on, string_view source, bool read_only);
/// A mount that is nowhere, for files without a name.
result<ref<mount_point>> hidden_mount(ref<file_system> system);
/// EINVAL if `at` is not the root of a mount; EBUSY if something is mounted below.
result<> detach(const location& at);
/// What is mounted on `at`, repeatedly: the place that a walk goes on from.
location cross_mounts(location at);
/// Mount number `index`, in the order they were made; nullptr behind the last.
ref<mount_point> mount_at(usize index);
/// Drops every mount, the root's too (tests).
void detach_all();

/// /proc/mounts and /proc/self/mountinfo (proc(5)).
result<> write_mounts(text_sink& out);
result<> write_mountinfo(text_sink& out);
result<> write_file_systems(text_sink& out);

}  // namespace osv::vfs
