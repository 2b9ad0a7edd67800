// Names come and go. The caller holds the directories' locks (vfs/names.cc) and has checked what the names allow.
#include "sched/clock.hh"
#include "sync/random.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {
/// EXT4_LINK_MAX. A directory with more subdirectories says 1: "many" (feature dir_nlink).
constexpr u32 links_max = 65000;

node& node_of(inode& i) { return static_cast<node&>(i); }
}  // namespace

/// An inode without a name, its record not yet stored.
result<ref<node>> node::new_node(operation& op, u32 mode, u64 device) {
  const geometry& shape = of().shape();
  const bool directory = (mode & io::mode::type_mask) == io::mode::directory;
  const u32 number = TRY(of().groups().allocate_inode(op, id(), directory));
  // The record's whole room is zero first: attributes of the inode that was here before must not come back.
  const u64 offset = TRY(of().groups().inode_offset(number));
  block_ref block = TRY(of().block(offset / shape.block_size));
  TRY(op.change(block));
  __builtin_memset(block->data + offset % shape.block_size, 0, shape.inode_size);

  disk_inode_record r{};
  r.mode = static_cast<u16>(mode);
  r.links = directory ? 2 : 1;
  r.generation = static_cast<u32>(sched::realtime()) ^ number * 2654435761u;
  if (shape.inode_size >= classic_inode_size + extra_size_wanted) r.extra_size = extra_size_wanted;
  const u32 type = mode & io::mode::type_mask;
  if (type == io::mode::character || type == io::mode::block) {
    // The wide form, which holds any device number.
    const u32 major = static_cast<u32>(device >> 8 & 0xfff), minor = static_cast<u32>((device & 0xff) | (device >> 12 & 0xfff00));
    *reinterpret_cast<le32*>(r.block + 4) = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
  } else if (type == io::mode::regular || type == io::mode::directory) {
    r.flags = inode_flag::extents;
    *reinterpret_cast<extent_header*>(r.block) = {extent_magic, 0, 4, 0, 0};
  }
  ref<node> made = TRY(osv::make_ref<node>(of(), number, r));
  made->set_time(true);
  {
    sync::mutex_guard g(made->attribute_lock_);
    made->record_.accessed = made->record_.created = made->record_.changed;
    made->record_.accessed_extra = made->record_.created_extra = made->record_.changed_extra;
  }
  return made;
}

/// A subdirectory more or less.
result<> node::count_directory(operation& op, i32 by) {
  TRY(op.change(*this));
  const u32 now = links();
  if (now == 1) return {};  // too many to count
  if (by > 0 && now >= links_max)
    set_links(op, 1);
  else
    set_links(op, now + static_cast<u32>(by));
  return store(op);
}

/// What needs room, once more when there is none: what removed files had is given out after a commit only.
template <typename Work>
auto node::with_room(Work&& work) -> decltype(work()) {
  auto outcome = work();
  if (outcome.ok() || outcome.error() != errc::no_space) return outcome;
  TRY(of().recover_space());
  return work();
}

result<ref<inode>> node::create(string_view name, u32 mode, u64 device) {
  return with_room([&] { return create_once(name, mode, device); });
}

result<ref<inode>> node::create_symlink(string_view name, string_view target) {
  return with_room([&] { return create_symlink_once(name, target); });
}

result<ref<inode>> node::create_unnamed(u32 mode) {
  return with_room([&] { return create_unnamed_once(mode); });
}

result<> node::link(string_view name, inode& target) {
  return with_room([&] { return link_once(name, target); });
}

result<> node::rename(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange) {
  return with_room([&] { return rename_once(name, child, to, new_name, replaced, exchange); });
}

result<ref<inode>> node::create_once(string_view name, u32 mode, u64 device) {
  operation op(of());
  TRY(op.begin());
  ref<node> made = TRY(new_node(op, mode, device));
  TRY(op.change(*made));
  if (made->is_directory()) TRY(made->make_dots(op, id()));
  TRY(made->store(op));
  TRY(add_name(op, name, made->id(), mode));
  if (made->is_directory()) TRY(count_directory(op, 1));
  TRY(op.finish());
  return ref<inode>(of().table_.insert(std::move(made)));
}

result<ref<inode>> node::create_symlink_once(string_view name, string_view target) {
  // The block holds the byte of zero behind it, too, by which e2fsck knows its end.
  if (target.size() >= block_size()) return fail(errc::name_too_long);
  operation op(of());
  TRY(op.begin());
  ref<node> made = TRY(new_node(op, io::mode::link | 0777, 0));
  TRY(op.change(*made));
  if (target.size() < sizeof made->record_.block) {
    __builtin_memcpy(made->record_.block, target.data(), target.size());
  } else {
    TRY(of().check_spare(op));
    const u64 block = TRY(of().groups().allocate(op, of().groups().goal_of_inode(made->id())));
    block_ref b = TRY(op.change_new(block));
    __builtin_memcpy(b->data, target.data(), target.size());
    sync::mutex_guard g(made->map_lock_);
    made->extents_loaded_ = true;
    TRY(made->store_extents(op, TRY(made->extents_.insert({0, 1, block, false}))));
    made->add_blocks(1);
  }
  made->record_.size_low = static_cast<u32>(target.size());
  made->size_.store(target.size(), std::memory_order_release);
  TRY(made->store(op));
  TRY(add_name(op, name, made->id(), io::mode::link));
  TRY(op.finish());
  return ref<inode>(of().table_.insert(std::move(made)));
}

result<ref<inode>> node::create_unnamed_once(u32 mode) {
  ref<node> made;
  {
    operation op(of());
    TRY(op.begin());
    made = TRY(new_node(op, mode, 0));
    TRY(op.change(*made));
    made->set_links(op, 0);
    TRY(of().orphans().reserve(of().orphans().size() + 1));
    TRY(made->add_orphan(op));
    TRY(op.finish());
    made->orphan_ = true;
    (void)of().orphans().push_back(made.get());
    made = of().table_.insert(std::move(made));
  }
  of().keep(*made);
  return ref<inode>(made);
}

result<> node::link_once(string_view name, inode& target) {
  node& file = node_of(target);
  if (file.links() >= links_max) return fail(errc::too_many_links);
  operation op(of());
  TRY(op.begin());
  TRY(op.change(file));
  const bool was_orphan = file.orphan_ && !file.links();
  if (was_orphan) TRY(file.prepare_orphan_removal(op));
  file.set_links(op, file.links() + 1);
  file.set_time(false);
  TRY(file.store(op));
  TRY(add_name(op, name, file.id(), file.mode()));
  TRY(op.finish());
  if (was_orphan) of().forget_orphan(file);
  return {};
}

/// The record of something that lost a name; without any, it joins the list of those that go when nobody uses them.
result<> node::drop_link(operation& op, bool directory) {
  TRY(op.change(*this));
  const u32 left = directory || links() <= 1 ? 0 : links() - 1;
  // Blocks that ext3 mapped without extents cannot be found, so they could not be freed. ENOTSUP.
  const bool has_blocks = is_regular() || is_directory() || (is_symlink() && size() >= sizeof record_.block);
  if (!left && has_blocks) (void)TRY(map(0));
  set_links(op, left);
  set_time(false);
  if (left || orphan_) return store(op);
  TRY(of().orphans().reserve(of().orphans().size() + 1));
  return add_orphan(op);
}

result<> node::unlink(string_view name, inode& child) {
  node& file = node_of(child);
  {
    operation op(of());
    TRY(op.begin());
    const slot where = TRY(find(name));
    if (where.inode != file.id()) return fail(errc::corrupt);
    TRY(file.drop_link(op, false));
    TRY(remove_name(op, where));
    TRY(op.finish());
    of().note_orphan(file);
  }
  if (file.is_orphan()) {
    of().keep(file);
    of().kick();
  }
  return {};
}

result<> node::remove_directory(string_view name, inode& child) {
  node& gone = node_of(child);
  if (!TRY(gone.is_empty_directory())) return fail(errc::not_empty);
  {
    operation op(of());
    TRY(op.begin());
    const slot where = TRY(find(name));
    if (where.inode != gone.id()) return fail(errc::corrupt);
    TRY(gone.drop_link(op, true));
    TRY(remove_name(op, where));
    TRY(count_directory(op, -1));
    TRY(op.finish());
    of().note_orphan(gone);
  }
  of().keep(gone);
  of().kick();
  return {};
}

result<> node::rename_once(string_view name, inode& child, inode& to, string_view new_name, inode* replaced, bool exchange) {
  node& moved = node_of(child);
  node& target = node_of(to);
  node* other = replaced ? &node_of(*replaced) : nullptr;
  if (other && other->is_directory() && !exchange && !TRY(other->is_empty_directory())) return fail(errc::not_empty);
  {
    operation op(of());
    TRY(op.begin());
    TRY(op.change(moved));
    const bool across = &target != this;
    if (exchange) {
      const slot mine = TRY(find(name));
      TRY(replace_name(op, mine, other->id(), other->mode()));
      const slot theirs = TRY(target.find(new_name));
      TRY(target.replace_name(op, theirs, moved.id(), moved.mode()));
      TRY(op.change(*other));
      other->set_time(false);
      TRY(other->store(op));
      if (across) {
        if (moved.is_directory()) TRY(moved.set_parent(op, target.id()));
        if (other->is_directory()) TRY(other->set_parent(op, id()));
        if (moved.is_directory() != other->is_directory()) {
          TRY(count_directory(op, moved.is_directory() ? -1 : 1));
          TRY(target.count_directory(op, moved.is_directory() ? 1 : -1));
        }
      }
    } else {
      if (other) {
        const slot theirs = TRY(target.find(new_name));
        if (theirs.inode != other->id()) return fail(errc::corrupt);
        TRY(target.replace_name(op, theirs, moved.id(), moved.mode()));
        TRY(other->drop_link(op, other->is_directory()));
      } else {
        TRY(target.add_name(op, new_name, moved.id(), moved.mode()));
      }
      // Looked for after the other name was put in: that may have taken room behind it.
      const slot mine = TRY(find(name));
      if (mine.inode != moved.id()) return fail(errc::corrupt);
      TRY(remove_name(op, mine));
      if (moved.is_directory() && across) {
        TRY(moved.set_parent(op, target.id()));
        TRY(count_directory(op, -1));
        if (!other) TRY(target.count_directory(op, 1));
      } else if (other && other->is_directory()) {
        TRY(target.count_directory(op, -1));
      }
    }
    moved.set_time(false);
    TRY(moved.store(op));
    TRY(op.finish());
    if (other && !exchange) of().note_orphan(*other);
  }
  if (other && !exchange && other->is_orphan()) {
    of().keep(*other);
    of().kick();
  }
  return {};
}

}  // namespace osv::vfs::ext4
