// Internal to iso9660/: the mounted volume and its inodes.
#pragma once

#include "vfs/disk_inode.hh"
#include "vfs/inode_table.hh"
#include "vfs/iso9660/record.hh"

namespace osv::vfs::iso9660 {

class node;

class volume final : public file_system {
 public:
  volume(unique<image_source> source, u64 blocks)
      : file_system("iso9660", true), source_(std::move(source)), blocks_(blocks) {}
  /// Reads the root directory's record. EUCLEAN.
  result<> load_root(const directory_record& root);

  result<ref<inode>> root() override;
  result<> status(file_system_status& out) override;
  /// The inode that `about` describes; `number` is where its record (or a directory's data) lies in the image.
  result<ref<node>> get(u64 number, record about);
  void forget(node& gone) { table_.remove(gone); }

  image_source& source() const { return *source_; }
  const use_protocol& protocol() const { return protocol_; }

 private:
  unique<image_source> source_;
  u64 blocks_;
  use_protocol protocol_;
  u64 root_offset_ = 0, root_size_ = 0;
  inode_table<node> table_;
};

class node final : public disk_inode {
 public:
  node(volume& owner, u64 number, record about)
      : disk_inode(owner, owner.source(), number, about.mode, about.target.empty() ? about.size : about.target.size()),
        about_(std::move(about)) {}
  ~node() override { of().forget(*this); }

  result<> status(io::file_status& out) override;
  result<ref<inode>> lookup(string_view name) override;
  result<> list(u64 from, io::directory_sink sink) override;
  result<string> link_target() override;

  inode_table<node>::hook table_hook;

 private:
  volume& of() const { return static_cast<volume&>(owner()); }
  result<extent> map_extent(u64 position) override;
  /// Calls `each(record, place of the record in the image, position behind it)` from byte `from` of this directory on,
  /// until it returns false.
  result<> walk(u64 from, function_ref<result<bool>(record&, u64, u64)> each);
  /// EUCLEAN unless ".." of this directory is the one at `offset`: a damaged image must not make a loop.
  result<> check_parent(u64 offset);

  record about_;
};

}  // namespace osv::vfs::iso9660
