// Inodes of an ext4 volume. What each kind of inode does is in a file of its own:
//   node.cc attributes and the record on disk    extent_tree.cc blocks    directory.cc names in a block, and reading them
//   names.cc create, link, unlink, rename        file.cc read and write   write_back.cc what is dirty to the disk
//   remove.cc truncation, and the end of an inode
#pragma once

#include "vfs/ext4/extents.hh"
#include "vfs/ext4/format.hh"
#include "vfs/ext4/operation.hh"
#include "vfs/inode.hh"
#include "vfs/inode_table.hh"
#include "vfs/page_cache.hh"
#include "vfs/pipe/pipe.hh"

namespace osv::vfs::ext4 {

class volume;

class node final : public inode, private page_cache::loader {
 public:
  node(volume& owner, u32 number, const disk_inode_record& record);
  ~node() override;
  /// Reads inode `number`. EUCLEAN, EIO, ENOENT (a deleted one), ENOTSUP.
  static result<ref<node>> read(volume& owner, u32 number, bool may_be_unlinked);

  u32 id() const { return static_cast<u32>(number()); }
  u32 links() const { return links_.load(std::memory_order_relaxed); }

  // inode
  result<> status(io::file_status& out) override;
  result<> change(const attribute_change& change) override;
  result<ref<io::file>> open(const location& at, u32 flags) override;
  result<ref<inode>> lookup(string_view name) override;
  result<ref<inode>> create(string_view name, u32 mode, u64 device) override;
  result<ref<inode>> create_unnamed(u32 mode) override;
  result<ref<inode>> create_symlink(string_view name, string_view target) override;
  result<> link(string_view name, inode& target) override;
  result<> unlink(string_view name, inode& child) override;
  result<> remove_directory(string_view name, inode& child) override;
  result<> rename(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange) override;
  result<> list(u64 from, io::directory_sink sink) override;
  result<string> link_target() override;
  u64 size() const override { return size_.load(std::memory_order_acquire); }
  result<usize> read(io::cursor& into, u64 offset) override;
  result<usize> write(io::cursor& from, u64& offset, bool append) override;
  result<> truncate(u64 size) override;
  result<> allocate(int mode, u64 offset, u64 length) override;
  result<u64> seek_data(u64 offset, bool hole) override;
  result<> sync(bool data_only) override;
  result<memory::frame*> page(u64 index, bool for_write) override;

  // For the volume.
  /// Writes what is dirty; true if nothing is left to do and the node need not be kept.
  result<bool> write_back();
  /// Frees everything that a file without a name has. Operation lock not held.
  result<> remove();
  /// Finishes a truncation that a crash cut off.
  result<> finish_truncation();
  bool kept() const { return kept_; }
  bool is_orphan() const { return orphan_; }
  u32 next_orphan() const { return record_.deleted; }
  // Under the volume's kept lock. A node that is being worked on may be kept again meanwhile, so each list has a link of its own.
  node* kept_next = nullptr;
  node* round_next = nullptr;
  inode_table<node>::hook table_hook;
  /// Blocks as the log's are: every run, none unwritten or missing.
  result<> runs(vector<block_run>& out);

  // For operation.
  disk_inode_record record() const;
  void restore(const disk_inode_record& before);

 private:
  friend class volume;
  volume& of() const;
  u32 block_size() const;
  u32 checksum_seed() const;
  u64 blocks_for(u64 bytes) const { return bytes / block_size() + (bytes % block_size() != 0); }
  void dirtied();  // something in memory waits for the disk

  // node.cc
  /// Writes record_ to the inode table.
  result<> store(operation& op);
  void set_time(bool modified);
  void set_links(operation& op, u32 links);
  void add_blocks(i64 count);
  u64 sectors() const;
  static void set_stamp(le32& seconds, le32& extra, const io::time_stamp& t);
  bool has_extra() const { return record_.extra_size >= 24; }

  // extent_tree.cc; map lock held
  result<> load_extents();
  result<> load_tree(const u8* node_bytes, usize bytes, unsigned depth, u64 own_block);
  result<> store_extents(operation& op, usize changed_from);
  result<> resize_tree(operation& op, vector<u64>& blocks, usize wanted);
  void fill_leaf(u8* at, usize first, usize count, unsigned entries_max);
  void fill_index(u8* at, const vector<u64>& children, usize first, usize count, usize extents_per_child, unsigned depth, unsigned entries_max);
  void seal_tree_block(u8* at) const;
  usize tree_capacity() const { return (block_size() - sizeof(extent_header)) / sizeof(extent_record); }
  /// Takes the lock itself.
  result<mapped_run> map(u64 block);
  u64 allocation_goal(u32 logical);

  // directory.cc
  struct slot {
    u32 block = 0;      // of the directory
    u32 offset = 0;
    u32 previous = ~0u;  // offset of the record before it in its block
    u32 inode = 0;
    u8 type = 0;
  };
  u32 directory_blocks() const { return static_cast<u32>(size() / block_size()); }
  result<block_ref> directory_block(u32 index);
  /// Bytes of a block that records fill: without the checksum's tail.
  u32 usable() const;
  void seal_directory_block(u8* at) const;
  result<slot> find(string_view name);
  result<bool> is_empty_directory();
  result<> add_name(operation& op, string_view name, u32 inode_number, u32 mode);
  result<bool> add_to_block(operation& op, u32 index, string_view name, u32 inode_number, u8 type);
  result<> remove_name(operation& op, const slot& at);
  result<> replace_name(operation& op, const slot& at, u32 inode_number, u32 mode);
  result<> append_block(operation& op, block_ref& out);
  result<> make_linear(operation& op);
  result<> make_dots(operation& op, u32 parent);
  result<> set_parent(operation& op, u32 parent);

  // names.cc
  template <typename Work>
  auto with_room(Work&& work) -> decltype(work());
  result<ref<inode>> create_once(string_view name, u32 mode, u64 device);
  result<ref<inode>> create_symlink_once(string_view name, string_view target);
  result<ref<inode>> create_unnamed_once(u32 mode);
  result<> link_once(string_view name, inode& target);
  result<> rename_once(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange);
  result<ref<node>> new_node(operation& op, u32 mode, u64 device);
  result<> count_directory(operation& op, i32 by);
  result<> drop_link(operation& op, bool directory);

  // file.cc
  u64 page_count() const override { return size() / page_size + (size() % page_size != 0); }
  result<> load(u64 first, memory::frame* const* frames, usize count) override;
  result<> load_once(u64 first, memory::frame* const* frames, usize count);
  result<usize> write_page(io::cursor& from, u64 index, usize within, usize bytes);
  result<> promise_page(memory::frame& page, u64 index);
  result<memory::frame*> page_to_write(u64 index);
  void set_size(u64 size);
  void forget_pages(u64 first, u64 end);
  result<> insert_dirty(memory::frame& page, u64 index);
  void keep_promise(memory::frame& page);
  void forget_dirty(u64 index, memory::frame& page);
  result<> zero_range(u64 from, u64 to);
  result<> check_size(u64 size) const;

  // write_back.cc; content lock held
  result<> flush_pages();
  result<> flush_run(u64 first, memory::frame* const* frames, usize count);
  result<> write_blocks(u64 first_block, u64 end_block, u64 page_first, memory::frame* const* frames, u64 device_block);
  result<u64> flush_some(u64 block, u64 end, u64 page_first, memory::frame* const* frames);
  result<> add_extent(operation& op, const extent& e);
  void grow_record(u64 size);
  result<> store_if_dirty(bool data_only);
  result<> allocate_unwritten(u64 first_block, u64 end_block);

  // remove.cc
  result<> remove_blocks(u64 first_block, u64 end_block);
  result<> shrink(u64 size);
  result<> add_orphan(operation& op);
  result<> prepare_orphan_removal(operation& op);
  result<> leave_orphans(operation& op);
  result<> release_attributes(operation& op);

  sync::mutex content_lock_;
  sync::mutex map_lock_;
  mutable sync::mutex attribute_lock_;
  disk_inode_record record_;  // attribute lock; changed with the operation lock but for times
  bool record_dirty_ = false;  // attribute lock: times or size differ from the disk's
  bool data_dirty_ = false;    // likewise, more than times
  std::atomic<u64> size_;
  std::atomic<u32> links_;
  std::atomic<bool> orphan_{false};
  bool gone_ = false;  // operation lock: the inode is free, and its number may be another's
  bool kept_ = false, in_round_ = false;  // volume's kept lock
  std::atomic<bool> write_failed_{false};

  std::atomic<u32> cuts_{0};  // how often blocks were taken from it; changed with the map lock
  extent_list extents_;  // map lock
  bool extents_loaded_ = false;
  bool tree_is_foreign_ = false;  // not in the shape that this code writes
  vector<u64> leaf_blocks_, index_blocks_;
  u32 room_hint_ = 0;  // directory lock: no block before it has room for a name

  ref<pipe_buffer> pipe_;  // content lock; a FIFO's
  page_cache pages_;
  page_map dirty_;  // pages of pages_ that wait to be written; its references keep them from being reclaimed
};

}  // namespace osv::vfs::ext4
