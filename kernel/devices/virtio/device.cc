#include "devices/virtio/device.hh"

#include <cstring>

#include "arch/cpu.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::virtio {
namespace {

// Heap objects up to half a page lie in one page each.
constexpr usize heap_block_max = page_size / 2;

}  // namespace

void transport::read_configuration(u32 offset, void* into, u32 size) {
  u8* bytes = static_cast<u8*>(into);
  // A device that changes its configuration without end is not waited for.
  for (int tries = 0; tries < 16; ++tries) {
    const u32 before = configuration_generation();
    for (u32 i = 0; i < size;) {
      if ((offset + i) % 4 == 0 && size - i >= 4) {
        const u32 word = configuration_word(offset + i);
        memcpy(bytes + i, &word, 4);
        i += 4;
      } else {
        bytes[i] = configuration_byte(offset + i);
        ++i;
      }
    }
    if (configuration_generation() == before) return;
  }
}

result<u64> negotiate(transport& t, u64 wanted) {
  t.set_status(0);
  // 4.1.4.3.2: the reset is done when the status reads 0.
  for (int tries = 0; t.get_status() != 0; ++tries) {
    if (tries == 100'000) return fail(errc::timed_out);
    arch::pause();
  }
  t.set_status(status::acknowledge);
  t.set_status(status::acknowledge | status::driver);
  const u64 offered = t.device_features();
  if (!(offered & feature::version_1)) return fail(errc::no_device);
  const u64 agreed = offered & (wanted | feature::version_1 | feature::event_index | feature::indirect_descriptors);
  t.set_driver_features(agreed);
  t.set_status(status::acknowledge | status::driver | status::features_ok);
  if (!(t.get_status() & status::features_ok)) {
    t.set_status(status::failed);
    return fail(errc::io);
  }
  return agreed;
}

void set_ready(transport& t) { t.set_status(status::acknowledge | status::driver | status::features_ok | status::driver_ok); }

void give_up(transport& t, const char* reason) {
  if (t.get_status() & status::failed) return;
  t.set_status(t.get_status() | status::failed);
  log::error("virtio: {}: device failed: {}", t.place(), reason);
}

result<unique<queue>> queue::create(transport& t, u16 index, u16 size_wanted, u64 features, u16 interrupt, u16 indirect_tables) {
  const u16 offered = t.queue_size(index);
  if (offered == 0) return fail(errc::no_device);
  u16 size = size_wanted;
  while (size > offered) size >>= 1;
  if (size == 0) return fail(errc::invalid);

  // Never freed: devices stay. The ring and, behind it, the indirect tables share one physically contiguous block.
  const usize ring_bytes = align_up(split_ring::bytes_needed(size), 64);
  constexpr usize table_bytes = split_ring::indirect_segments_max * sizeof(descriptor);
  usize block_bytes = ring_bytes + indirect_tables * table_bytes;
  u8* block;
  if (block_bytes <= heap_block_max) {
    block = new (std::nothrow) u8[block_bytes];
    if (!block) return fail(errc::no_memory);
  } else {
    unsigned order = 0;
    while ((page_size << order) < block_bytes) ++order;
    block_bytes = page_size << order;
    block = TRY(memory::allocate_frames(order))->as<u8>();
  }
  memset(block, 0, block_bytes);

  const u64 physical = to_u64(memory::to_physical(block));
  split_ring::configuration c{.size = size, .memory = block, .physical = physical, .event_index = (features & feature::event_index) != 0};
  if (features & feature::indirect_descriptors && block_bytes - ring_bytes >= table_bytes) {
    c.indirect_memory = block + ring_bytes;
    c.indirect_physical = physical + ring_bytes;
    c.indirect_bytes = block_bytes - ring_bytes;
  }
  unique<queue> q(new (std::nothrow) queue);
  if (!q) return fail(errc::no_memory);
  q->ring_ = TRY(split_ring::create(c));
  q->doorbell_ = TRY(t.enable_queue(
      index, size, {physical, physical + split_ring::available_offset(size), physical + split_ring::used_offset(size)}, interrupt));
  return q;
}

result<> start_driver(unique<transport> t) {
  switch (t->type()) {
    case device_type::network:
      return start_network_device(std::move(t));
    case device_type::block:
      return start_block_device(std::move(t));
    case device_type::console:
      return start_console(std::move(t));
    case device_type::entropy:
      return start_entropy_device(std::move(t));
    default:
      return fail(errc::no_device);
  }
}

}  // namespace osv::devices::virtio
