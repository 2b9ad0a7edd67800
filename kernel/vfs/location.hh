// A place in the tree: a directory entry seen through a mount.
#pragma once

#include "base/memory.hh"

namespace osv::vfs {

class entry;
class mount_point;

/// Both references or neither; defined out of line so that users need not know entries and mounts.
class location {
 public:
  location();
  location(ref<mount_point> mount, ref<entry> at);
  location(const location&);
  location(location&&) noexcept;
  location& operator=(location) noexcept;
  ~location();

  explicit operator bool() const { return static_cast<bool>(at_); }
  mount_point& mount() const { return *mount_; }
  entry& at() const { return *at_; }
  bool operator==(const location& other) const { return mount_.get() == other.mount_.get() && at_.get() == other.at_.get(); }

 private:
  ref<mount_point> mount_;
  ref<entry> at_;
};

}  // namespace osv::vfs
