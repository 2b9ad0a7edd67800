// An inode of a read-only file system on an image: its content is a list of extents, its pages are cached.
#pragma once

#include "vfs/image_source.hh"
#include "vfs/inode.hh"
#include "vfs/page_cache.hh"

namespace osv::vfs {

/// A run of a file's bytes that lie together.
struct extent {
  u64 offset = 0;  // in the image, bytes
  u64 length = 0;  // bytes from the asked-for position on; at least 1
  bool hole = false;
};

class disk_inode : public inode, private page_cache::loader {
 public:
  disk_inode(file_system& owner, image_source& source, u64 number, u32 mode, u64 size)
      : inode(owner, number, mode), source_(source), size_(size), pages_(*this) {}

  u64 size() const override { return size_; }
  result<usize> read(io::cursor& into, u64 offset) override;
  /// For kernel buffers. Fewer bytes than asked for at the end of the file.
  result<usize> read_kernel(u64 offset, void* into, usize bytes);
  result<memory::frame*> page(u64 index, bool for_write) override;

 protected:
  /// The extent that holds byte `position` (below size). Errors are EIO/EUCLEAN of damaged images. May sleep.
  virtual result<extent> map_extent(u64 position) = 0;
  image_source& source() const { return source_; }

 private:
  u64 page_count() const override { return size_ / page_size + (size_ % page_size != 0); }
  result<> load(u64 first, memory::frame* const* frames, usize count) override;
  result<> compose(u64 position, u8* into);

  image_source& source_;
  u64 size_;
  page_cache pages_;
};

}  // namespace osv::vfs
