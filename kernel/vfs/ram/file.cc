#include "vfs/ram/file.hh"

#include "vfs/paged_io.hh"

namespace osv::vfs::ram {

namespace {

constexpr u64 size_max = (page_map::index_max + 1) * page_size;

// fallocate(2).
constexpr int keep_size = 1, punch_hole = 2, zero_range = 0x10;

/// One page of zeroes for private mappings of holes. Made at the first use, kept for ever.
result<memory::frame*> zero_page() {
  static std::atomic<memory::frame*> page{nullptr};
  memory::frame* known = page.load(std::memory_order_acquire);
  if (!known) {
    memory::frame* made = TRY(memory::allocate_zeroed_frame());
    // release: the zeroes are visible with the pointer.
    if (page.compare_exchange_strong(known, made, std::memory_order_acq_rel))
      known = made;
    else
      memory::release(*made);
  }
  memory::retain(*known);
  return known;
}

}  // namespace

file::file(system& owner, u64 number, u32 mode, u64 device, ref<inode> below) : node(owner, number, mode, device, std::move(below)) {
  if (lower()) size_ = lower_visible_ = lower()->size();
}

file::~file() { dropped(pages_.count()); }

void file::dropped(u64 pages) {
  if (!pages) return;
  of().uncharge(pages);
  memory::account(memory::usage::page_cache, -static_cast<i64>(pages * page_size));
}

u64 file::allocated_bytes() const {
  const u64 below = align_up(lower_visible_.load(std::memory_order_relaxed), page_size);
  const u64 own = pages_.count() * page_size;
  return own > below ? own : below;
}

result<memory::frame*> file::existing_page(u64 index) {
  if (memory::frame* own = pages_.find(index)) return own;
  if (lower_shows(index)) return lower()->page(index, false);
  return nullptr;
}

result<memory::frame*> file::put(u64 index, memory::frame* made) {
  memory::retain(*made);
  auto inserted = pages_.insert(index, made);
  if (inserted.ok() && !inserted.value()) {
    memory::account(memory::usage::page_cache, page_size);
    keep();
    return made;
  }
  memory::release(*made);
  memory::release(*made);
  of().uncharge(1);
  return TRY(inserted);
}

result<memory::frame*> file::own_page(u64 index) {
  if (memory::frame* own = pages_.find(index)) return own;
  TRY(of().charge(1));
  auto made = memory::allocate_frames(0);
  if (made.ok()) {
    if (lower_shows(index)) {
      auto below = lower()->page(index, false);
      if (!below.ok()) {
        memory::release(*made.value());
        of().uncharge(1);
        return fail(below.error());
      }
      __builtin_memcpy(made.value()->data(), below.value()->data(), page_size);
      memory::release(*below.value());
    } else {
      __builtin_memset(made.value()->data(), 0, page_size);
    }
    return put(index, made.value());
  }
  of().uncharge(1);
  return fail(made.error());
}

result<memory::frame*> file::page(u64 index, bool for_write) {
  const u64 size = this->size();
  if (index >= size / page_size + (size % page_size != 0)) return fail(errc::range);
  if (for_write || shared_.load(std::memory_order_relaxed)) {
    if (for_write) touch();
    return own_page(index);
  }
  memory::frame* there = TRY(existing_page(index));
  return there ? there : zero_page();
}

result<> file::prepare_map(bool shared, bool writable) {
  // A shared mapping shows later writes: it needs pages of our own. A read-only one of a file from the image, which is hardly
  // ever written, shows the image's pages: libraries and archives mapped so cost no copy.
  if (shared && (writable || !lower() || !pages_.empty())) shared_.store(true, std::memory_order_relaxed);
  return {};
}

result<usize> file::read(io::cursor& into, u64 offset) {
  return read_by_pages(into, offset, [this] { return size(); }, [this](u64 index) { return existing_page(index); });
}

result<usize> file::write_page(io::cursor& from, u64 index, usize within, usize bytes) {
  if (bytes == page_size && !pages_.contains(index)) {
    // A whole new page needs nothing of the old one. It is filled before anybody can see it.
    TRY(of().charge(1));
    auto allocated = memory::allocate_frames(0);
    if (!allocated.ok()) {
      of().uncharge(1);
      return fail(allocated.error());
    }
    memory::frame* made = allocated.value();
    auto taken = from.take(made->data(), bytes);
    if (!taken.ok() || taken.value() < bytes) {
      // A bad program address in the middle: go the slow way for what came.
      const usize came = taken.ok() ? taken.value() : 0;
      if (came) {
        auto own = own_page(index);
        if (own.ok()) {
          __builtin_memcpy(own.value()->data(), made->data(), came);
          memory::release(*own.value());
        } else {
          taken = fail(own.error());
        }
      }
      memory::release(*made);
      of().uncharge(1);
      return taken;
    }
    memory::retain(*made);
    auto there = put(index, made);
    if (there.ok() && there.value() != made) __builtin_memcpy(there.value()->data(), made->data(), page_size);
    memory::release(*made);
    if (!there.ok()) return fail(there.error());
    memory::release(*there.value());
    return bytes;
  }
  memory::frame* own = TRY(own_page(index));
  auto taken = from.take(own->as<u8>() + within, bytes);
  memory::release(*own);
  return taken;
}

result<usize> file::write(io::cursor& from, u64& offset, bool append) {
  if (from.done()) return 0ul;
  sync::mutex_guard g(change_lock_);
  u64 at = append ? size() : offset;
  if (at >= size_max) return fail(errc::file_too_big);
  if (from.remaining() > size_max - at) from.truncate(size_max - at);
  const auto write_part = [this](io::cursor& data, u64 index, usize within, usize n) { return write_page(data, index, within, n); };
  const written out = write_by_pages(from, at, write_part, [this](u64 end) {
    // release: who sees the size sees the bytes.
    if (end > size()) size_.store(end, std::memory_order_release);
  });
  if (!out.bytes && out.error != errc::ok) return fail(out.error);
  offset = at;
  touch();
  keep();
  return out.bytes;
}

/// Makes [offset, end) zero: whole pages go where nothing shines through from below.
result<> file::zero(u64 offset, u64 end) {
  while (offset < end) {
    const u64 index = offset / page_size;
    const usize within = offset % page_size;
    const usize n = end - offset < page_size - within ? end - offset : page_size - within;
    const bool below = lower_shows(index);
    if (n == page_size && !below) {
      // The lower file shows through a prefix only: no later page does either.
      const u64 stop = end / page_size;
      dropped(pages_.remove_range(index, stop));
      unmap_pages(index, stop, false);
      offset = stop * page_size;
      continue;
    }
    if (below || pages_.contains(index)) {
      memory::frame* own = TRY(own_page(index));
      __builtin_memset(own->as<u8>() + within, 0, n);
      memory::release(*own);
    }
    offset += n;
  }
  return {};
}

result<> file::truncate(u64 size) {
  if (size > size_max) return fail(errc::file_too_big);
  sync::mutex_guard g(change_lock_);
  const u64 old = this->size();
  if (size < old) {
    const u64 last_end = align_up(size, page_size);
    // The rest of the last page must read as zero when the file grows again; done first, as it may fail.
    TRY(zero(size, last_end < old ? last_end : old));
    size_.store(size, std::memory_order_release);
    if (lower_visible_.load(std::memory_order_relaxed) > last_end) lower_visible_.store(last_end, std::memory_order_relaxed);
    dropped(pages_.remove_range(last_end / page_size, page_map::index_max + 1));
    unmap_pages(last_end / page_size, page_map::index_max + 1, true);
  } else {
    size_.store(size, std::memory_order_release);
  }
  touch();
  keep();
  return {};
}

result<> file::allocate(int mode, u64 offset, u64 length) {
  if (mode & ~(keep_size | punch_hole | zero_range)) return fail(errc::not_supported);
  if (mode & punch_hole && (!(mode & keep_size) || mode & zero_range)) return fail(errc::not_supported);
  if (offset + length > size_max) return fail(errc::file_too_big);
  sync::mutex_guard g(change_lock_);
  const u64 end = offset + length;
  if (mode & (punch_hole | zero_range)) {
    TRY(zero(offset, end < size() ? end : size()));
  } else {
    for (u64 index = offset / page_size; index * page_size < end; ++index) {
      if (lower_shows(index)) continue;  // written to later, it needs a page then: no promise for those
      memory::release(*TRY(own_page(index)));
    }
  }
  if (!(mode & keep_size) && end > size()) size_.store(end, std::memory_order_release);
  touch();
  keep();
  return {};
}

result<u64> file::seek_data(u64 offset, bool hole) {
  const u64 end = size();
  if (offset >= end) return fail(errc::no_such_device_or_address);
  u64 at = offset;
  if (lower_shows(at / page_size)) {
    if (!hole) return at;
    at = align_up(lower_visible_.load(std::memory_order_relaxed), page_size);
  }
  const u64 index = at / page_size;
  const u64 found = pages_.next(index, !hole);
  if (found == index) return at < end ? at : end;
  if (found * page_size >= end) return hole ? result<u64>(end) : fail(errc::no_such_device_or_address);
  return found * page_size;
}

}  // namespace osv::vfs::ram
