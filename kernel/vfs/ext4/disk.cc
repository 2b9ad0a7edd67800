#include "vfs/ext4/disk.hh"

#include "sync/wait_queue.hh"

namespace osv::vfs::ext4 {

namespace {

/// Counts requests down. The last callback touches nothing after `left` became 0 but the static queue.
struct countdown {
  std::atomic<u32> left;
  std::atomic<bool> failed{false};
};

sync::wait_queue& queue_of(const countdown* c) {
  static sync::wait_queue queues[8];
  return queues[reinterpret_cast<uptr>(c) / 64 % 8];
}

}  // namespace

result<> disk::batch(devices::block_request::operation kind, const piece* pieces, usize count, devices::block_request* requests) {
  countdown down{.left{static_cast<u32>(count)}};
  for (usize i = 0; i < count; ++i) {
    requests[i].kind = kind;
    requests[i].sector = pieces[i].offset / devices::sector_size;
    requests[i].data = pieces[i].data;
    requests[i].size = pieces[i].bytes;
    requests[i].completed = [c = &down](devices::block_request&, result<> outcome) {
      if (!outcome.ok()) c->failed.store(true, std::memory_order_relaxed);
      sync::wait_queue& waiting = queue_of(c);
      // release: the waiter sees `failed` and the device's bytes.
      if (c->left.fetch_sub(1, std::memory_order_acq_rel) == 1) waiting.wake();
    };
    device_.submit(requests[i]);
  }
  (void)queue_of(&down).wait([&] { return down.left.load(std::memory_order_acquire) == 0; }, never, false);
  if (down.failed.load(std::memory_order_relaxed)) return fail(errc::io);
  return {};
}

result<> disk::many(devices::block_request::operation kind, const piece* pieces, usize count) {
  for (usize i = 0; i < count; ++i)
    if (pieces[i].offset % devices::sector_size || pieces[i].offset > size() || pieces[i].bytes > size() - pieces[i].offset) return fail(errc::io);
  devices::block_request single;
  buffer<devices::block_request> room;
  if (count > 1)
    if (auto got = buffer<devices::block_request>::create(count < pieces_max ? count : pieces_max); got.ok()) room = got.release();
  // When memory is short, one after the other.
  const usize at_once = room.size() ? room.size() : 1;
  devices::block_request* requests = room.size() ? room.data() : &single;
  for (usize i = 0; i < count; i += at_once) TRY(batch(kind, pieces + i, count - i < at_once ? count - i : at_once, requests));
  return {};
}

result<> disk::read_copied(u64 offset, void* into, usize bytes) {
  if (bytes > copied_bytes_max) return fail(errc::invalid);
  auto room = TRY(buffer<u8>::create(bytes));
  TRY(read(offset, room.data(), bytes));
  __builtin_memcpy(into, room.data(), bytes);
  return {};
}

result<> disk::write_copied(u64 offset, const void* from, usize bytes) {
  if (bytes > copied_bytes_max) return fail(errc::invalid);
  auto room = TRY(buffer<u8>::create(bytes));
  __builtin_memcpy(room.data(), from, bytes);
  return write(offset, room.data(), bytes);
}

}  // namespace osv::vfs::ext4
