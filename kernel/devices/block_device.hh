// Block devices as file systems see them.
#pragma once

#include <string_view>

#include "base/function.hh"
#include "base/list.hh"
#include "base/result.hh"
#include "io/cursor.hh"

namespace osv::devices {

constexpr usize sector_size = 512;

struct block_request {
  enum class operation : u8 { read, write, flush, discard } kind;
  u64 sector;                                    // of 512 bytes
  void* data;                                    // physical map or kernel heap memory, physically contiguous
  usize size;                                    // bytes, multiple of sector_size
  inplace_function<void(block_request&, result<>)> completed;  // interrupt context
  list_hook hook;
  nanoseconds submitted_at = 0;
};

class block_device : pinned {
 public:
  virtual ~block_device() = default;
  virtual std::string_view name() const = 0;    // "vda"
  virtual std::string_view serial() const = 0;  // VIRTIO_BLK_T_GET_ID; empty if none
  virtual u64 sectors() const = 0;
  virtual bool read_only() const = 0;
  /// Queues the request (waits for room in the queue if need be). Completion is always through the callback.
  virtual void submit(block_request& request) = 0;

  /// Synchronous helpers on top of submit(); sleep. `data` as in block_request.
  result<> read(u64 sector, void* data, usize size);
  result<> write(u64 sector, const void* data, usize size);
  result<> flush();
};

/// All block devices found, in order. Devices are never removed.
void register_block_device(block_device& device);
block_device* find_block_device(std::string_view serial);
usize block_device_count();
block_device& block_device_at(usize i);

}  // namespace osv::devices
