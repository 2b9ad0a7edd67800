// Files in memory: tmpfs, and the writable layer over a read-only root (an overlay). The same classes serve both: an
// overlay's inode has a lower inode, and shows that as long as nothing was changed.
#pragma once

#include "vfs/inode.hh"
#include "vfs/inode_table.hh"

namespace osv::vfs::ram {

class node;

class system final : public file_system {
 public:
  /// `lower` null: an empty file system. `bytes_max` 0: half of the machine's memory.
  static result<ref<system>> create(std::string_view type, ref<file_system> lower, u64 bytes_max, u32 root_permissions);
  /// Use create().
  system(std::string_view type, ref<file_system> lower, u64 bytes_max);
  ~system() override;

  result<ref<inode>> root() override;
  result<> status(file_system_status& out) override;
  void unmounted() override;

  /// The layer's inode over a lower one: the one that lives, or a new one.
  result<ref<node>> wrap(ref<inode> lower);
  /// A new inode; `mode` with its type. ENOSPC beyond the limit of files.
  result<ref<node>> create_node(u32 mode, u64 device);
  void forget(node& gone);

  /// Takes `pages` from the limit; ENOSPC.
  result<> charge(u64 pages);
  void uncharge(u64 pages);

 private:
  ref<file_system> lower_;
  ref<node> root_;  // null after unmount
  u64 pages_max_;
  std::atomic<u64> pages_{0};
  std::atomic<u64> files_{0};
  std::atomic<u64> next_number_{1};
  inode_table<node> table_;
};

}  // namespace osv::vfs::ram
