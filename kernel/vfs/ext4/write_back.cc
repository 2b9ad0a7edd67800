// From memory to the disk: first the data, then the blocks and the size that refer to it. Nothing that a crash leaves shows
// bytes that were never written to the file.
#include "log/log.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {
constexpr u16 page_promised = page_cache::owner_bit_1, page_mapped = page_cache::owner_bit_2;
std::atomic_ref<u16> state_of(memory::frame& page) { return std::atomic_ref<u16>(page.owner_tag); }
constexpr usize pages_at_once = 64;
}  // namespace

/// Blocks [first_block, end_block) of the file to `device_block` and behind; frames[0] is page `page_first`.
result<> node::write_blocks(u64 first_block, u64 end_block, u64 page_first, memory::frame* const* frames, u64 device_block) {
  const u32 size = block_size(), per_page = page_size / size;
  disk::piece pieces[disk::pieces_max];
  usize used = 0;
  for (u64 b = first_block; b < end_block; ++b, ++device_block) {
    u8* data = frames[b / per_page - page_first]->as<u8>() + b % per_page * size;
    disk::piece* last = used ? &pieces[used - 1] : nullptr;
    if (last && static_cast<u8*>(last->data) + last->bytes == data) {
      last->bytes += size;
      continue;
    }
    if (used == disk::pieces_max) {
      TRY(of().disk().write(pieces, used));
      used = 0;
    }
    pieces[used++] = {device_block * size, data, size};
  }
  return used ? of().disk().write(pieces, used) : result<>();
}

/// The record's size covers `size` bytes, as far as the file does. The operation has this node.
void node::grow_record(u64 size) {
  sync::mutex_guard g(attribute_lock_);
  const u64 whole = this->size();
  if (size > whole) size = whole;
  if (size <= join(record_.size_high, record_.size_low)) return;
  record_.size_low = static_cast<u32>(size);
  record_.size_high = static_cast<u32>(size >> 32);
}

/// `e` lies in a hole, and its blocks are taken.
result<> node::add_extent(operation& op, const extent& e) {
  TRY(op.change(*this));
  sync::mutex_guard g(map_lock_);
  TRY(load_extents());
  TRY(store_extents(op, TRY(extents_.insert(e))));
  add_blocks(e.length);
  return {};
}

/// Writes blocks from `block` on that are mapped alike; how many.
result<u64> node::flush_some(u64 block, u64 end, u64 page_first, memory::frame* const* frames) {
  const mapped_run run = TRY(map(block));
  u64 count = end - block < run.length ? end - block : run.length;
  const auto logical = static_cast<u32>(block);
  if (run.readable()) {
    TRY(write_blocks(block, block + count, page_first, frames, run.physical));
    return count;
  }
  if (run.physical) {
    TRY(write_blocks(block, block + count, page_first, frames, run.physical));
    operation op(of());
    TRY(op.begin());
    TRY(op.change(*this));
    {
      sync::mutex_guard g(map_lock_);
      TRY(load_extents());
      TRY(store_extents(op, TRY(extents_.mark_written(logical, static_cast<u32>(count)))));
    }
    grow_record((block + count) * block_size());
    TRY(store(op));
    TRY(op.finish());
    return count;
  }
  for (unsigned attempt = 0;; ++attempt) {
    const block_run room = TRY(of().reserve(allocation_goal(logical), static_cast<u32>(count)));
    // Once taken they are the operation's: when it is undone they may be somebody else's at once.
    bool taken = false;
    const auto place = [&]() -> result<> {
      TRY(write_blocks(block, block + room.count, page_first, frames, room.start));
      operation op(of());
      TRY(op.begin());
      TRY(of().groups().take(op, room));
      taken = true;
      TRY(add_extent(op, {logical, room.count, room.start, false}));
      grow_record((block + room.count) * block_size());
      TRY(store(op));
      return op.finish();
    };
    const result<> placed = place();
    if (placed.ok()) return static_cast<u64>(room.count);
    if (!taken) of().unreserve(room);
    // A block for the tree may be among those that only a commit gives back.
    if (placed.error() != errc::no_space || attempt) return fail(placed.error());
    TRY(of().recover_space());
  }
}

result<> node::flush_run(u64 first, memory::frame* const* frames, usize count) {
  const u64 size = this->size();
  const u32 per_page = page_size / block_size();
  u64 end_bytes = (first + count) * page_size;
  if (end_bytes > size) {
    end_bytes = size;
    // What a mapping left behind the end is nobody's.
    if (size % page_size && size / page_size >= first)
      __builtin_memset(frames[size / page_size - first]->as<u8>() + size % page_size, 0, page_size - size % page_size);
  }
  const u64 end = blocks_for(end_bytes);
  for (u64 block = first * per_page; block < end;) block += TRY(flush_some(block, end, first, frames));
  return {};
}

result<> node::flush_pages() {
  errc error = errc::ok;
  for (u64 index = dirty_.next(0); index <= page_map::index_max; index = dirty_.next(index)) {
    memory::frame* frames[pages_at_once];
    bool mapped[pages_at_once];
    const u64 first = index;
    usize count = 0;
    for (; count < pages_at_once; ++index) {
      memory::frame* page = dirty_.find(index);
      if (!page) break;
      const bool ours = dirty_.remove(index, page);
      memory::release(*page);
      if (!ours) break;
      of().count_dirty(-1);
      // A page fault put it there after the file was cut, and takes it back.
      if (!pages_.holds(index, *page)) {
        keep_promise(*page);
        memory::release(*page);
        break;
      }
      // The cache's reference and this one: any further may be a mapping that the program writes through at any time. Looked
      // at before the page is written: what is written to it later is not lost then.
      const bool was_mapped = state_of(*page).fetch_and(static_cast<u16>(~page_mapped), std::memory_order_acq_rel) & page_mapped;
      mapped[count] = was_mapped && page->references.load(std::memory_order_acquire) > 2;
      frames[count++] = page;
    }
    if (!count) {
      ++index;
      continue;
    }
    auto outcome = flush_run(first, frames, count);
    if (!outcome.ok()) error = outcome.error();
    for (usize i = 0; i < count; ++i) {
      memory::frame& page = *frames[i];
      if (outcome.ok()) keep_promise(page);
      if (outcome.ok() && !mapped[i]) {
        memory::release(page);
        continue;
      }
      if (mapped[i]) state_of(page).fetch_or(page_mapped, std::memory_order_acq_rel);
      auto back = insert_dirty(page, first + i);
      memory::release(page);
      // It is as if the write had failed: the program has to hear of it.
      if (!back.ok()) error = back.error();
    }
    if (error != errc::ok) break;
  }
  if (error == errc::ok) return {};
  if (!write_failed_.exchange(true)) log::error("ext4: inode {} could not be written back (error {})", number(), static_cast<int>(error));
  return fail(error);
}

result<> node::store_if_dirty(bool data_only) {
  {
    sync::mutex_guard g(attribute_lock_);
    if (!record_dirty_ || (data_only && !data_dirty_)) return {};
  }
  operation op(of());
  TRY(op.begin());
  TRY(op.change(*this));
  if (is_regular()) {
    const u64 whole = size();
    sync::mutex_guard g(attribute_lock_);
    record_.size_low = static_cast<u32>(whole);
    record_.size_high = static_cast<u32>(whole >> 32);
  }
  TRY(store(op));
  return op.finish();
}

result<bool> node::write_back() {
  sync::mutex_guard g(content_lock_);
  if (is_regular()) TRY(flush_pages());
  TRY(store_if_dirty(false));
  return dirty_.empty();
}

result<> node::sync(bool data_only) {
  // What failed once may be lost: it is never said to be safe again.
  if (write_failed_.load(std::memory_order_relaxed)) return fail(errc::io);
  if (owner().read_only()) return {};
  {
    sync::mutex_guard g(content_lock_);
    if (is_regular() && !flush_pages().ok()) return fail(errc::io);
    if (auto stored = store_if_dirty(data_only); !stored.ok()) return fail(errc::io);
  }
  TRY(of().commit());
  if (write_failed_.load(std::memory_order_relaxed)) return fail(errc::io);
  return {};
}

/// Blocks of holes in [first, end) are allocated, and read as zero.
result<> node::allocate_unwritten(u64 first_block, u64 end_block) {
  for (u64 block = first_block; block < end_block;) {
    const mapped_run run = TRY(map(block));
    u64 count = end_block - block < run.length ? end_block - block : run.length;
    if (run.physical) {
      block += count;
      continue;
    }
    constexpr u64 unwritten_max = extent_length_max - 1;
    if (count > unwritten_max) count = unwritten_max;
    TRY(of().promise(count));
    auto reserved = of().reserve(allocation_goal(static_cast<u32>(block)), static_cast<u32>(count));
    of().keep_promise(count);
    const block_run room = TRY(reserved);
    bool taken = false;
    const auto place = [&]() -> result<> {
      operation op(of());
      TRY(op.begin());
      TRY(of().groups().take(op, room));
      taken = true;
      TRY(add_extent(op, {static_cast<u32>(block), room.count, room.start, true}));
      TRY(store(op));
      return op.finish();
    };
    if (auto placed = place(); !placed.ok()) {
      if (!taken) of().unreserve(room);
      return fail(placed.error());
    }
    block += room.count;
  }
  return {};
}

}  // namespace osv::vfs::ext4
