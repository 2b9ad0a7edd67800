// Bytes to and from the device, several requests at once. Everything here sleeps until the device has answered.
#pragma once

#include "base/memory.hh"
#include "devices/block_device.hh"
#include "memory/frames.hh"

namespace osv::vfs::ext4 {

class disk : pinned {
 public:
  explicit disk(devices::block_device& device) : device_(device) {}

  /// One piece of a transfer: memory that is contiguous for the device.
  struct piece {
    u64 offset;  // on the device, bytes, a multiple of 512
    void* data;  // of the heap or a frame
    usize bytes;  // a multiple of 512
  };
  /// Pieces in flight together, at most.
  static constexpr usize pieces_max = 32;

  u64 size() const { return device_.sectors() * devices::sector_size; }
  std::string_view name() const { return device_.name(); }
  bool read_only() const { return device_.read_only(); }

  /// EIO; beyond the end too.
  result<> read(u64 offset, void* into, usize bytes) { return one(devices::block_request::operation::read, {offset, into, bytes}); }
  result<> write(u64 offset, const void* from, usize bytes) {
    return one(devices::block_request::operation::write, {offset, const_cast<void*>(from), bytes});
  }
  static constexpr usize copied_bytes_max = 65536;
  /// The same for memory that the device cannot reach in one piece, such as a thread's stack, up to `copied_bytes_max`.
  result<> read_copied(u64 offset, void* into, usize bytes);
  result<> write_copied(u64 offset, const void* from, usize bytes);
  /// All of them, in any order, or an error. `pieces` may be many.
  result<> read(const piece* pieces, usize count) { return many(devices::block_request::operation::read, pieces, count); }
  result<> write(const piece* pieces, usize count) { return many(devices::block_request::operation::write, pieces, count); }
  result<> flush() { return device_.flush(); }

 private:
  result<> one(devices::block_request::operation kind, piece p) { return many(kind, &p, 1); }
  result<> many(devices::block_request::operation kind, const piece* pieces, usize count);
  result<> batch(devices::block_request::operation kind, const piece* pieces, usize count, devices::block_request* requests);

  devices::block_device& device_;
};

}  // namespace osv::vfs::ext4
