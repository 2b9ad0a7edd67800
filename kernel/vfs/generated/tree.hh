// Internal to generated/: the registered names and the inodes made for them at each look-up.
#pragma once

#include "base/list.hh"
#include "vfs/generated.hh"
#include "vfs/inode.hh"
#include "vfs/open_file.hh"

namespace osv::vfs {

/// One registered name. Names are never taken back, so that pointers to them stay good.
struct registered_name : pinned {
  string name;
  generated_item item;
  u64 number = 0;
  list_hook hook;
  list<registered_name, &registered_name::hook> children;
};

class generated_file_system final : public file_system, public generated_tree {
 public:
  generated_file_system(string_view type, u64 magic, u64 file_size);

  result<ref<inode>> root() override;
  result<> status(file_system_status& out) override;

  result<> add(string_view path, generated_item item) override;
  result<> add_directory(string_view path) override;
  using generated_tree::add_directory;

  sync::mutex& names_lock() { return lock_; }
  /// What stat(2) says a file's size is: 0 in procfs, a page in sysfs.
  u64 file_size() const { return file_size_; }

 private:
  /// The name `path` leads to, with the directories above it made. lock_ held.
  result<registered_name*> make_path(string_view path, bool& made);

  sync::mutex lock_;  // children lists
  registered_name root_;
  u64 next_number_ = 1;
  u64 magic_, file_size_;
};

class generated_inode final : public inode {
 public:
  /// `registered`: where the directory's registered names are; nullptr for what a provider made.
  generated_inode(generated_file_system& owner, u64 number, generated_item item, registered_name* registered);

  bool cacheable() const override { return false; }
  result<> status(io::file_status& out) override;
  result<> change(const attribute_change&) override { return fail(errc::not_permitted); }
  result<ref<io::file>> open(const location& at, u32 flags) override;
  result<ref<inode>> lookup(string_view name) override;
  result<> list(u64 from, io::directory_sink sink) override;
  result<string> link_target() override;
  result<ref<io::file>> link_file() override;
  result<> truncate(u64) override { return {}; }

  const generated_item& item() const { return item_; }

 private:
  generated_file_system& of() const { return static_cast<generated_file_system&>(owner()); }
  generated_item item_;
  registered_name* registered_;
};

/// An open text: made at the first read and at every read from the start.
class generated_file final : public open_file {
 public:
  generated_file(const location& at, u32 flags, const generated_item& item) : open_file(at, flags), item_(item) {}

  result<usize> read(io::cursor& into) override;
  result<usize> read_at(io::cursor& into, u64 offset) override;
  result<usize> write(io::cursor& from) override;
  result<usize> write_at(io::cursor& from, u64) override { return write(from); }
  result<u64> seek(i64 offset, int whence) override;
  result<> truncate(u64) override { return {}; }

 private:
  result<usize> read_locked(io::cursor& into, u64 offset);

  sync::mutex lock_;
  generated_item item_;
  string text_;
  bool made_ = false;
  u64 position_ = 0;
};

/// The two trees as file systems, made at the first call.
generated_file_system& proc_file_system();
generated_file_system& sys_file_system();

}  // namespace osv::vfs
