// Physical page frames: buddy allocator with a per-CPU cache of single pages. Every frame has a descriptor.
#pragma once

#include <atomic>

#include "base/list.hh"
#include "base/result.hh"

namespace osv::memory {

constexpr unsigned order_max = 10;  // 4 MiB
constexpr unsigned huge_order = 9;  // 2 MiB

/// Descriptor of one 4 KiB frame. The frames of a larger block are described by their first.
struct frame {
  list_hook hook;                   // free lists; owners may use it while allocated
  std::atomic<u32> references{0};   // 0: free
  u8 order = 0;
  bool free = false;
  u16 owner_tag = 0;                // owners' use (page cache state)
  void* owner = nullptr;            // owners' use

  physical_address address() const;
  /// The frame's bytes, through the kernel's physical map.
  void* data() const;
  template <typename T = u8>
  T* as() const {
    return static_cast<T*>(data());
  }
};

/// A block of 2^order frames with one reference, not zeroed. Physically contiguous. ENOMEM after reclaim failed.
result<frame*> allocate_frames(unsigned order = 0);
/// One zeroed frame.
result<frame*> allocate_zeroed_frame();
void retain(frame& f);
/// Drops a reference; the last one frees the whole block.
void release(frame& f);

/// Makes the frames of an allocated block single ones, each with the block's references and given back by itself.
void split(frame& block);

frame& frame_of(physical_address address);
frame& frame_of_data(const void* physical_map_pointer);

/// The kernel's view of physical memory.
void* to_virtual(physical_address address);
/// For addresses in the physical map, the kernel heap and kernel images: what a device must be told (DMA).
physical_address to_physical(const void* pointer);

/// Maps device registers uncached, for ever. `size` in bytes.
result<void*> map_device(physical_address address, usize size);

struct frame_statistics {
  u64 total_bytes;
  u64 free_bytes;
  u64 kernel_heap_bytes;
  u64 page_cache_bytes;
  u64 anonymous_bytes;
  u64 anonymous_huge_bytes;
  u64 page_table_bytes;
  u64 thread_stack_bytes;
  u64 network_bytes;
};
frame_statistics statistics();

/// What uses memory: accounted by owners, shown in metrics.
enum class usage : u8 { kernel_heap, page_cache, anonymous, anonymous_huge, page_tables, thread_stacks, network, count };
void account(usage what, i64 bytes);

/// Called, in order of registration, when memory is short: frees up to `bytes`, returns what it freed.
using reclaimer = usize (*)(usize bytes);
void register_reclaimer(reclaimer r);
/// Calls them until `bytes` were freed; returns what was. For callers that failed with a lock held, now without it.
usize reclaim(usize bytes);

}  // namespace osv::memory
