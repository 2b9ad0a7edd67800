// Content of regular files in the page cache. A write changes pages and is promised the blocks that it will need; which ones
// they are is decided when the pages are written back.
#include "sched/clock.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"
#include "vfs/paged_io.hh"

namespace osv::vfs::ext4 {

namespace {

constexpr u16 page_promised = page_cache::owner_bit_1, page_mapped = page_cache::owner_bit_2;
std::atomic_ref<u16> state_of(memory::frame& page) { return std::atomic_ref<u16>(page.owner_tag); }

// fallocate(2).
constexpr int keep_size = 1, punch_hole = 2, zero_flag = 0x10;

/// Blocks of 1 KiB are numbered with 32 bits.
u64 size_max(u32 block_size) {
  const u64 by_blocks = static_cast<u64>(~0u - 2) * block_size, by_pages = (page_map::index_max + 1) * page_size;
  return by_blocks < by_pages ? by_blocks : by_pages;
}

}  // namespace

result<> node::check_size(u64 size) const {
  if (size > size_max(block_size())) return fail(errc::file_too_big);
  return of().check_writable();
}

void node::set_size(u64 size) {
  sync::mutex_guard g(attribute_lock_);
  // release: who sees the size sees the bytes.
  size_.store(size, std::memory_order_release);
  record_dirty_ = data_dirty_ = true;
}

result<> node::load(u64 first, memory::frame* const* frames, usize count) {
  for (;;) {
    // acquire: the blocks are looked up after it. A block that the file loses may be another's, written anew, before it is read.
    const u32 cuts = cuts_.load(std::memory_order_acquire);
    auto outcome = load_once(first, frames, count);
    if (cuts_.load(std::memory_order_acquire) == cuts) return outcome;
  }
}

result<> node::load_once(u64 first, memory::frame* const* frames, usize count) {
  const u32 block = block_size();
  const u64 end = size();
  disk::piece pieces[disk::pieces_max];
  usize used = 0;
  for (usize i = 0; i < count; ++i) {
    for (usize within = 0; within < page_size;) {
      const u64 position = (first + i) * page_size + within;
      u8* into = frames[i]->as<u8>() + within;
      if (position >= end) {
        __builtin_memset(into, 0, page_size - within);
        break;
      }
      const mapped_run run = TRY(map(position / block));
      usize bytes = page_size - within;
      if (run.length < bytes / block) bytes = static_cast<usize>(run.length) * block;
      within += bytes;
      if (!run.readable()) {
        __builtin_memset(into, 0, bytes);
        continue;
      }
      const u64 offset = run.physical * block;
      disk::piece* last = used ? &pieces[used - 1] : nullptr;
      if (last && last->offset + last->bytes == offset && static_cast<u8*>(last->data) + last->bytes == into) {
        last->bytes += bytes;
        continue;
      }
      if (used == disk::pieces_max) {
        TRY(of().disk().read(pieces, used));
        used = 0;
      }
      pieces[used++] = {offset, into, bytes};
    }
  }
  if (used) TRY(of().disk().read(pieces, used));
  // What lies behind the end on the disk is nobody's.
  const u64 last = end / page_size;
  if (end % page_size && last >= first && last < first + count)
    __builtin_memset(frames[last - first]->as<u8>() + end % page_size, 0, page_size - end % page_size);
  return {};
}

result<usize> node::read(io::cursor& into, u64 offset) {
  if (!is_regular()) return fail(is_directory() ? errc::is_directory : errc::invalid);
  return read_by_pages(into, offset, [this] { return size(); }, [this](u64 index) { return pages_.get(index); });
}

/// Makes `page` one that waits to be written. ENOSPC when there may be no room for it.
result<> node::promise_page(memory::frame& page, u64 index) {
  if (dirty_.holds(index, page) && state_of(page).load(std::memory_order_relaxed) & page_promised) return {};
  const u32 per_page = page_size / block_size();
  bool missing = false;
  for (u32 i = 0; i < per_page && !missing; ++i) missing = !TRY(map(index * per_page + i)).physical;
  if (missing && !(state_of(page).load(std::memory_order_relaxed) & page_promised)) {
    TRY(of().promise(per_page));
    // Two may promise at once: a write, and a page fault.
    if (state_of(page).fetch_or(page_promised, std::memory_order_acq_rel) & page_promised) of().keep_promise(per_page);
  }
  TRY(insert_dirty(page, index));
  dirtied();
  return {};
}

/// `page` waits to be written, with a reference of its own.
result<> node::insert_dirty(memory::frame& page, u64 index) {
  for (;;) {
    memory::retain(page);
    auto inserted = dirty_.insert(index, &page);
    if (inserted.ok() && !inserted.value()) {
      of().count_dirty(1);
      return {};
    }
    memory::release(page);
    memory::frame* there = TRY(inserted);
    // Another one that the cache does not have: a page fault put it here after the file was cut, and has not noticed yet. If the
    // cache has it, it is this one that was cut off.
    const bool stale = there != &page && !pages_.holds(index, *there);
    if (stale) forget_dirty(index, *there);
    memory::release(*there);
    if (!stale) return {};
  }
}

/// `page` does not wait for blocks any more.
void node::keep_promise(memory::frame& page) {
  if (state_of(page).fetch_and(static_cast<u16>(~page_promised), std::memory_order_acq_rel) & page_promised)
    of().keep_promise(page_size / block_size());
}

/// `page`, to which the caller has a reference, is not to be written.
void node::forget_dirty(u64 index, memory::frame& page) {
  if (dirty_.remove(index, &page)) {
    of().count_dirty(-1);
    memory::release(page);
  }
  keep_promise(page);
}

/// Content lock held. The cache comes first: a page fault that makes a page dirty looks there afterwards (node::page), so that
/// either it finds the page gone, or the page is found dirty here.
void node::forget_pages(u64 first, u64 end) {
  pages_.drop(first, end);
  for (u64 i = dirty_.next(first); i < end; i = dirty_.next(i + 1)) {
    memory::frame* page = dirty_.find(i);
    if (!page) continue;
    forget_dirty(i, *page);
    memory::release(*page);
  }
}

/// The page, as it is or as zeroes behind the end, with a reference.
result<memory::frame*> node::page_to_write(u64 index) {
  if (index < page_count()) return pages_.get(index);
  if (memory::frame* there = TRY(pages_.find(index))) return there;
  return pages_.put(index, TRY(memory::allocate_zeroed_frame()));
}

result<usize> node::write_page(io::cursor& from, u64 index, usize within, usize bytes) {
  memory::frame* page = nullptr;
  if (bytes == page_size) page = TRY(pages_.find(index));
  if (bytes == page_size && !page) {
    // A whole new page needs nothing of the old one. It is filled before anybody can see it.
    memory::frame* made = TRY(memory::allocate_frames(0));
    auto taken = from.take(made->data(), bytes);
    if (taken.ok() && taken.value() == bytes) {
      memory::retain(*made);
      auto put = pages_.put(index, made);
      // A page fault may have been first: then its page gets the bytes.
      if (put.ok() && put.value() != made) __builtin_memcpy(put.value()->data(), made->data(), page_size);
      memory::release(*made);
      page = TRY(put);
      auto promised = promise_page(*page, index);
      memory::release(*page);
      if (!promised.ok()) {
        // It shows bytes that were not accepted, to whoever has it mapped, too.
        forget_pages(index, index + 1);
        unmap_pages(index, index + 1, false);
        return fail(promised.error());
      }
      return bytes;
    }
    // A bad program address in the middle: go the slow way for what came.
    const usize came = taken.ok() ? taken.value() : 0;
    auto slow = came ? page_to_write(index) : result<memory::frame*>(fail(taken.ok() ? errc::fault : taken.error()));
    if (slow.ok()) {
      if (auto promised = promise_page(**slow, index); promised.ok())
        __builtin_memcpy((*slow)->data(), made->data(), came);
      else
        taken = fail(promised.error());
      memory::release(**slow);
    } else {
      taken = fail(slow.error());
    }
    memory::release(*made);
    return taken;
  }
  if (!page) page = TRY(page_to_write(index));
  if (auto promised = promise_page(*page, index); !promised.ok()) {
    memory::release(*page);
    return fail(promised.error());
  }
  auto taken = from.take(page->as<u8>() + within, bytes);
  memory::release(*page);
  return taken;
}

/// Makes bytes [from, to) of pages that are in use or on the disk zero; `to` is the end of a page at most.
result<> node::zero_range(u64 from, u64 to) {
  while (from < to) {
    const u64 index = from / page_size;
    const usize within = from % page_size;
    const usize n = to - from < page_size - within ? to - from : page_size - within;
    bool there = pages_.next(index) == index;
    const u32 per_page = page_size / block_size();
    for (u32 i = 0; i < per_page && !there; ++i) there = TRY(map(index * per_page + i)).readable();
    if (there && index < page_count()) {
      memory::frame* page = TRY(pages_.get(index));
      auto promised = promise_page(*page, index);
      if (promised.ok()) __builtin_memset(page->as<u8>() + within, 0, n);
      memory::release(*page);
      TRY(promised);
    }
    from += n;
  }
  return {};
}

result<usize> node::write(io::cursor& from, u64& offset, bool append) {
  if (from.done()) return 0ul;
  sync::mutex_guard g(content_lock_);
  u64 at = append ? size() : offset;
  TRY(check_size(at + 1));
  const u64 room = size_max(block_size()) - at;
  if (from.remaining() > room) from.truncate(room);
  // Zeroes between the old end and a write behind it: the rest of the old last page may hold what a mapping left there.
  if (at > size() && size() % page_size) TRY(zero_range(size(), align_up(size(), page_size)));
  const auto write_part = [this](io::cursor& data, u64 index, usize within, usize n) { return write_page(data, index, within, n); };
  const written out = write_by_pages(from, at, write_part, [this](u64 end) {
    if (end > size()) set_size(end);
  });
  if (!out.bytes && out.error != errc::ok) return fail(out.error);
  offset = at;
  set_time(true);
  dirtied();
  // Whoever writes faster than the disk waits for it here.
  if (of().too_dirty()) (void)flush_pages();
  return out.bytes;
}

result<> node::truncate(u64 size) {
  sync::mutex_guard g(content_lock_);
  TRY(check_size(size));
  const u64 old = this->size();
  if (size >= old) {
    if (old % page_size && size > old) TRY(zero_range(old, align_up(old, page_size)));
    set_size(size);
    set_time(true);
    dirtied();
    return {};
  }
  // The rest of the last page must read as zero when the file grows again; done first, as it may fail.
  if (size % page_size) TRY(zero_range(size, align_up(size, page_size)));
  set_size(size);
  const u64 first_gone = size / page_size + (size % page_size != 0);
  forget_pages(first_gone, page_map::index_max + 1);
  unmap_pages(first_gone, page_map::index_max + 1, true);
  auto outcome = shrink(size);
  dirtied();
  return outcome;
}

result<> node::allocate(int mode, u64 offset, u64 length) {
  if (mode & ~(keep_size | punch_hole | zero_flag)) return fail(errc::not_supported);
  if (mode & punch_hole && (!(mode & keep_size) || mode & zero_flag)) return fail(errc::not_supported);
  sync::mutex_guard g(content_lock_);
  const u64 end = offset + length;
  TRY(check_size(end));
  const u64 old = size();
  if (mode & (punch_hole | zero_flag)) {
    const u64 stop = end < old ? end : old;
    const u64 first_page = align_up(offset, page_size), last_page = align_down(stop, page_size);
    if (offset < stop) {
      TRY(zero_range(offset, first_page < stop ? first_page : stop));
      if (last_page >= first_page && last_page < stop) TRY(zero_range(last_page, stop));
      if (first_page < last_page && mode & punch_hole) {
        TRY(flush_pages());
        // The blocks first: a page that is read from now on has zeroes, and those of before are forgotten.
        auto removed = remove_blocks(first_page / block_size(), last_page / block_size());
        forget_pages(first_page / page_size, last_page / page_size);
        unmap_pages(first_page / page_size, last_page / page_size, false);
        TRY(removed);
      } else if (first_page < last_page) {
        TRY(zero_range(first_page, last_page));
      }
    }
  }
  if (!(mode & punch_hole)) {
    if (end > old && old % page_size && !(mode & keep_size)) TRY(zero_range(old, align_up(old, page_size)));
    // What is dirty and has no blocks gets them first: it must not become unwritten blocks.
    TRY(flush_pages());
    TRY(allocate_unwritten(offset / block_size(), blocks_for(end)));
  }
  if (!(mode & keep_size) && end > size()) set_size(end);
  set_time(true);
  dirtied();
  return {};
}

result<u64> node::seek_data(u64 offset, bool hole) {
  const u64 end = size();
  if (offset >= end) return fail(errc::no_such_device_or_address);
  const u32 block = block_size();
  for (u64 at = offset; at < end;) {
    const mapped_run run = TRY(map(at / block));
    // A page that waits to be written is data though it has no block yet.
    const u64 dirty = dirty_.next(at / page_size) * page_size;
    const bool data = run.readable() || dirty <= at;
    if (data != hole) return at;
    u64 next = (at / block + run.length) * block;
    if (dirty <= at)
      next = align_down(at, page_size) + page_size;
    else if (!run.readable() && dirty < next)
      next = dirty;
    at = next;
  }
  return hole ? result<u64>(end) : fail(errc::no_such_device_or_address);
}

result<memory::frame*> node::page(u64 index, bool for_write) {
  if (!is_regular()) return fail(errc::no_device);
  if (for_write) TRY(of().check_writable());
  for (;;) {
    memory::frame* page = TRY(pages_.get(index));
    // The cache may have a page behind the end: of a write that has not moved the end yet, or read while the file was cut.
    if (index >= page_count()) {
      memory::release(*page);
      return fail(errc::range);
    }
    if (!for_write) return page;
    // Set before the page becomes dirty: write_back.cc looks in the other order.
    state_of(*page).fetch_or(page_mapped, std::memory_order_acq_rel);
    auto promised = promise_page(*page, index);
    if (promised.ok() && pages_.holds(index, *page)) {
      set_time(true);
      return page;
    }
    // Cut off meanwhile, or without room on the disk (SIGBUS).
    if (promised.ok()) forget_dirty(index, *page);
    memory::release(*page);
    if (!promised.ok()) return fail(errc::io);
  }
}

}  // namespace osv::vfs::ext4
