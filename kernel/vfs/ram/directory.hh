// Directories in memory. Changed names lie in two trees (by name, by age); over a lower directory they shadow its names.
#pragma once

#include "base/tree.hh"
#include "vfs/ram/node.hh"

namespace osv::vfs::ram {

class directory final : public node {
 public:
  using node::node;
  ~directory() override;

  u64 size() const override { return 4096; }  // as ext4's smallest directory; programs only look whether it is 0
  result<ref<inode>> lookup(string_view name) override;
  result<ref<inode>> create(string_view name, u32 mode, u64 device) override;
  result<ref<inode>> create_symlink(string_view name, string_view target) override;
  result<ref<inode>> create_unnamed(u32 mode) override;
  result<> link(string_view name, inode& target) override;
  result<> unlink(string_view name, inode& child) override;
  result<> remove_directory(string_view name, inode& child) override;
  result<> rename(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange) override;
  result<> list(u64 from, io::directory_sink sink) override;

 private:
  /// A name: a node, or a whiteout that hides the lower directory's name.
  struct name_entry {
    tree_hook by_name, by_age;
    string name;
    ref<node> target;
    u64 age = 0;
  };
  struct name_less {
    bool operator()(const name_entry& a, const name_entry& b) const { return a.name.view() < b.name.view(); }
  };
  struct age_less {
    bool operator()(const name_entry& a, const name_entry& b) const { return a.age < b.age; }
  };

  name_entry* find(string_view name);
  /// An entry that is in no tree yet, so that what can fail fails before anything changes.
  static result<unique<name_entry>> make_entry(string_view name, ref<node> target);
  /// Puts it in, in the place of one of the same name.
  void put(unique<name_entry> made);
  void erase(name_entry& gone);
  /// Whether the lower directory has the name, so that removing it leaves a whiteout.
  result<bool> lower_has(string_view name);
  /// A whiteout for `name`, or nothing where none is needed.
  result<unique<name_entry>> whiteout_for(string_view name);
  /// Takes the name away.
  void take_out(string_view name, unique<name_entry> whiteout);
  result<bool> is_empty();
  result<ref<inode>> add_new(string_view name, ref<node> made);

  tree<name_entry, &name_entry::by_name, name_less> names_;
  tree<name_entry, &name_entry::by_age, age_less> ages_;
  u64 next_age_ = 0;
};

}  // namespace osv::vfs::ram
