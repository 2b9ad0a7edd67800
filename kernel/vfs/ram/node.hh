// What every inode in memory has: attributes, the lower inode, and the reference that keeps a changed one alive.
#pragma once

#include "vfs/ram/system.hh"

namespace osv::vfs::ram {

/// Seconds and nanoseconds as one number; times beyond 1677–2262 are clamped.
i64 to_nanoseconds(const io::time_stamp& t);
io::time_stamp to_time_stamp(i64 nanoseconds);

class node : public inode {
 public:
  node(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower);
  ~node() override { of().forget(*this); }
  /// Copies the lower inode's attributes.
  result<> adopt_attributes();

  result<> status(io::file_status& out) override;
  result<> change(const attribute_change& change) override;

  inode* lower() const { return lower_.get(); }
  u32 links() const { return links_.load(std::memory_order_relaxed); }
  /// A name was made or removed. The last one: nothing keeps the inode alive but its users.
  void add_link();
  void remove_link();
  void set_links(u32 links) { links_.store(links, std::memory_order_relaxed); }
  /// Sets mtime and ctime.
  void touch();
  void touch_changed();
  /// From now on the inode differs from its lower one: the layer keeps it, as the next look-up must find it again.
  void keep();
  void stop_keeping();
  bool kept() const { return kept_.load(std::memory_order_relaxed); }

  inode_table<node>::hook table_hook;

 protected:
  system& of() const { return static_cast<system&>(owner()); }
  virtual u64 allocated_bytes() const { return 0; }

 private:
  ref<inode> lower_;
  std::atomic<u32> links_{1};
  std::atomic<u32> user_{0}, group_{0};
  std::atomic<i64> accessed_, modified_, changed_, created_;
  std::atomic<bool> kept_{false};
  u64 device_;
};

}  // namespace osv::vfs::ram
