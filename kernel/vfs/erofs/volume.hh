// Internal to erofs/: the mounted image and its inodes.
#pragma once

#include "lock/spin_lock.hh"
#include "vfs/disk_inode.hh"
#include "vfs/erofs/format.hh"
#include "vfs/inode_table.hh"

namespace osv::vfs::erofs {

class node;

class volume final : public file_system {
 public:
  volume(unique<image_source> source, const super_block& super);

  result<ref<inode>> root() override;
  result<> status(file_system_status& out) override;

  /// The inode of number `nid`, shared by all who use it. EUCLEAN, EIO, ENOMEM, ENOTSUP (compressed).
  result<ref<node>> get(u64 nid);
  void forget(node& gone) { table_.remove(gone); }

  image_source& source() const { return *source_; }
  const super_block& super() const { return super_; }
  unsigned block_bits() const { return super_.block_bits; }
  u64 block_size() const { return 1ull << super_.block_bits; }
  u64 inode_offset(u64 nid) const { return (static_cast<u64>(super_.meta_block) << block_bits()) + (nid << slot_bits); }

 private:
  result<ref<node>> read_node(u64 nid);

  unique<image_source> source_;
  super_block super_;
  inode_table<node> table_;
};

/// What an inode says, checked.
struct description {
  layout data_layout;
  u32 mode;
  u32 links;
  u32 user, group;
  u64 size;
  u32 data;
  io::time_stamp modified;
  u64 tail_offset;  // image offset of what follows inode and attributes: inline tail or chunk table
};

class node final : public disk_inode {
 public:
  node(volume& owner, u64 nid, const description& about)
      : disk_inode(owner, owner.source(), nid, about.mode, about.size), about_(about) {}
  ~node() override { of().forget(*this); }

  result<> status(io::file_status& out) override;
  result<ref<inode>> lookup(string_view name) override;
  result<> list(u64 from, io::directory_sink sink) override;
  result<string> link_target() override;

  inode_table<node>::hook table_hook;

 private:
  friend class directory_block;
  volume& of() const { return static_cast<volume&>(owner()); }
  /// The nid of `name` in this directory; ENOENT.
  result<u64> find(string_view name);
  result<extent> map_extent(u64 position) override;
  result<extent> map_chunk(u64 position);
  result<u32> chunk_block(u64 chunk);
  u64 directory_blocks() const { return size() / of().block_size() + (size() % of().block_size() != 0); }

  description about_;
};

/// One directory block in memory. Names are checked as they are read: nothing is believed that the image says.
class directory_block {
 public:
  /// Block `index` of `directory`. EUCLEAN if its head is damaged.
  static result<directory_block> read(node& directory, u64 index);
  directory_block(directory_block&& other) noexcept
      : page_(std::exchange(other.page_, nullptr)), data_(other.data_), size_(other.size_), count_(other.count_) {}
  ~directory_block() {
    if (page_) memory::release(*page_);
  }

  usize count() const { return count_; }
  /// EUCLEAN: outside of the block, empty, too long, or with a slash.
  result<string_view> name(usize i) const;
  u64 nid(usize i) const { return entry(i).nid; }
  u8 type(usize i) const { return entry(i).type; }

 private:
  directory_block(memory::frame* page, const u8* data, usize size, usize count)
      : page_(page), data_(data), size_(size), count_(count) {}
  const directory_entry& entry(usize i) const { return reinterpret_cast<const directory_entry*>(data_)[i]; }

  memory::frame* page_;
  const u8* data_;
  usize size_;
  usize count_;
};

}  // namespace osv::vfs::erofs
