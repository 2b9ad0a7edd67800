// Regular files in memory: their own pages over those of the lower file, copied one by one when they are written.
#pragma once

#include "vfs/page_map.hh"
#include "vfs/ram/node.hh"

namespace osv::vfs::ram {

class file final : public node {
 public:
  file(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower);
  ~file() override;

  u64 size() const override { return size_.load(std::memory_order_acquire); }
  result<usize> read(io::cursor& into, u64 offset) override;
  result<usize> write(io::cursor& from, u64& offset, bool append) override;
  result<> truncate(u64 size) override;
  result<> allocate(int mode, u64 offset, u64 length) override;
  result<u64> seek_data(u64 offset, bool hole) override;
  result<> prepare_map(bool shared, bool writable) override;
  result<memory::frame*> page(u64 index, bool for_write) override;

 private:
  u64 allocated_bytes() const override;
  bool lower_shows(u64 index) const { return index * page_size < lower_visible_.load(std::memory_order_relaxed); }
  /// The page as it is, not to be written to: own, lower's, or nullptr for a hole. With a reference.
  result<memory::frame*> existing_page(u64 index);
  /// The own page, copied or made now if need be. With a reference. ENOSPC, ENOMEM, EIO.
  result<memory::frame*> own_page(u64 index);
  /// Puts `made` (charged, one reference) in; returns what is there in the end, with a reference.
  result<memory::frame*> put(u64 index, memory::frame* made);
  result<usize> write_page(io::cursor& from, u64 index, usize within, usize bytes);
  result<> zero(u64 offset, u64 end);
  void dropped(u64 pages);

  sync::mutex change_lock_;  // write, truncate, allocate: one at a time. Never taken by page faults.
  std::atomic<u64> size_{0};
  std::atomic<u64> lower_visible_{0};  // bytes of the lower file that still show; page-aligned unless it is all of it
  std::atomic<bool> shared_{false};    // a shared mapping exists or existed: every page that is mapped must be our own
  page_map pages_;
};

}  // namespace osv::vfs::ram
