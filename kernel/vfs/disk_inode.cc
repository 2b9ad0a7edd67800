#include "vfs/disk_inode.hh"

#include "vfs/paged_io.hh"

namespace osv::vfs {

result<usize> disk_inode::read(io::cursor& into, u64 offset) {
  return read_by_pages(into, offset, [this] { return size_; }, [this](u64 index) { return page(index, false); });
}

result<usize> disk_inode::read_kernel(u64 offset, void* into, usize bytes) {
  if (offset >= size_) return 0ul;
  if (bytes > size_ - offset) bytes = size_ - offset;
  for (usize done = 0; done < bytes;) {
    memory::frame* got = TRY(page((offset + done) / page_size, false));
    const usize within = (offset + done) % page_size;
    const usize n = bytes - done < page_size - within ? bytes - done : page_size - within;
    __builtin_memcpy(static_cast<u8*>(into) + done, got->as<u8>() + within, n);
    memory::release(*got);
    done += n;
  }
  return bytes;
}

result<memory::frame*> disk_inode::page(u64 index, bool for_write) {
  if (for_write) return fail(errc::access);
  if (index >= page_count()) return fail(errc::range);
  // A whole page of an image in memory needs no copy. The last page is copied: what follows the file must read as zero.
  if ((index + 1) * page_size <= size_) {
    extent e = TRY(map_extent(index * page_size));
    if (!e.hole && e.length >= page_size)
      if (memory::frame* shared = source_.resident(e.offset)) return shared;
  }
  return pages_.get(index);
}

/// One page out of pieces.
result<> disk_inode::compose(u64 position, u8* into) {
  __builtin_memset(into, 0, page_size);
  const u64 end = position + page_size < size_ ? position + page_size : size_;
  while (position < end) {
    const extent e = TRY(map_extent(position));
    if (!e.length) return fail(errc::corrupt);
    const u64 n = e.length < end - position ? e.length : end - position;
    if (!e.hole) TRY(source_.read(e.offset, into, n));
    into += n;
    position += n;
  }
  return {};
}

result<> disk_inode::load(u64 first, memory::frame* const* frames, usize count) {
  for (usize i = 0; i < count;) {
    const u64 position = (first + i) * page_size;
    if (position >= size_) {
      __builtin_memset(frames[i++]->data(), 0, page_size);
      continue;
    }
    const extent e = TRY(map_extent(position));
    // Whole pages of one extent are read straight into their frames; the file's last page too where the image goes on.
    u64 whole = e.length / page_size;
    const bool to_end = e.length >= size_ - position;
    if (to_end && size_ % page_size && whole == (size_ - position) / page_size &&
        e.offset + (whole + 1) * page_size <= source_.size())
      ++whole;
    if (whole > count - i) whole = count - i;
    if (e.hole || e.offset % devices::sector_size || !whole) {
      TRY(compose(position, frames[i++]->as<u8>()));
      continue;
    }
    TRY(source_.read_pages(e.offset, frames + i, whole));
    i += whole;
    const u64 reached = (first + i) * page_size;
    if (reached > size_) __builtin_memset(frames[i - 1]->as<u8>() + size_ % page_size, 0, page_size - size_ % page_size);
  }
  return {};
}

}  // namespace osv::vfs
