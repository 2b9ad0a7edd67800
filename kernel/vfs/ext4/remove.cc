// Blocks go: truncation, holes, and the end of files without a name. What needs more than one operation is on the disk's list
// of orphans meanwhile, so that a crash in the middle leaves work to the next mount and no damage.
#include "sched/clock.hh"
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {
constexpr u32 no_end = ~0u - 1;
}

/// Puts this at the head of the disk's list. The caller calls volume::note_orphan after finish().
result<> node::add_orphan(operation& op) {
  TRY(op.change(*this));
  TRY(op.change(of().super_ref()));
  {
    sync::mutex_guard g(attribute_lock_);
    record_.deleted = static_cast<u32>(of().super().last_orphan);
  }
  of().super().last_orphan = id();
  return store(op);
}

/// Takes this out of the disk's list; the caller stores the record and calls volume::forget_orphan after finish().
result<> node::prepare_orphan_removal(operation& op) {
  vector<node*>& all = of().orphans();
  usize i = all.size();
  while (i && all[i - 1] != this) --i;
  if (!i) return fail(errc::corrupt);
  const u32 next = i >= 2 ? all[i - 2]->id() : 0;
  if (i == all.size()) {
    TRY(op.change(of().super_ref()));
    of().super().last_orphan = next;
  } else {
    node& before = *all[i];
    TRY(op.change(before));
    {
      sync::mutex_guard g(before.attribute_lock_);
      before.record_.deleted = next;
    }
    TRY(before.store(op));
  }
  sync::mutex_guard g(attribute_lock_);
  record_.deleted = 0;
  return {};
}

/// One whole operation that takes this out of the disk's list.
result<> node::leave_orphans(operation& op) {
  TRY(op.begin());
  TRY(op.change(*this));
  TRY(prepare_orphan_removal(op));
  TRY(store(op));
  TRY(op.finish());
  of().forget_orphan(*this);
  return {};
}

/// Frees the blocks of [first, end), in as many operations as it takes. Content lock held, or nobody uses the file.
result<> node::remove_blocks(u64 first_block, u64 end_block) {
  const u32 first = first_block > no_end ? no_end : static_cast<u32>(first_block);
  u32 end = end_block > no_end ? no_end : static_cast<u32>(end_block);
  while (end > first) {
    operation op(of());
    TRY(op.begin());
    TRY(op.change(*this));
    const usize pieces_max = of().journal()->operation_max() / 6;
    {
      sync::mutex_guard g(map_lock_);
      TRY(load_extents());
      const usize changed = TRY(extents_.remove(first, end, pieces_max, [&](u64 physical, u32 length) -> result<> {
        TRY(of().groups().free(op, {physical, length}, is_directory() || is_symlink()));
        add_blocks(-static_cast<i64>(length));
        return {};
      }));
      // release: who reads the blocks of before, and looks again, sees it (node::load).
      cuts_.fetch_add(1, std::memory_order_acq_rel);
      TRY(store_extents(op, changed));
    }
    TRY(store(op));
    TRY(op.finish());
  }
  return {};
}

/// The file ends at `size` from now on, on disk too. Content lock held; pages behind the end are gone already.
result<> node::shrink(u64 size) {
  const u64 first = blocks_for(size);
  bool listed = false;
  {
    operation op(of());
    TRY(op.begin());
    TRY(op.change(*this));
    {
      sync::mutex_guard g(attribute_lock_);
      record_.size_low = static_cast<u32>(size);
      record_.size_high = static_cast<u32>(size >> 32);
    }
    set_time(true);
    bool any;
    {
      sync::mutex_guard g(map_lock_);
      TRY(load_extents());
      any = extents_.end() > first;
    }
    if (any && !orphan_) {
      TRY(of().orphans().reserve(of().orphans().size() + 1));
      TRY(add_orphan(op));
      listed = true;
    }
    TRY(store(op));
    TRY(op.finish());
    if (listed) {
      orphan_ = true;
      (void)of().orphans().push_back(this);
    }
  }
  if (!listed) return orphan_ ? remove_blocks(first, no_end) : result<>();
  auto outcome = remove_blocks(first, no_end);
  TRY(outcome);
  operation op(of());
  // It may have lost its last name meanwhile: then it stays on the list. Or won one again.
  if (!links() || !orphan_) return {};
  return leave_orphans(op);
}

result<> node::finish_truncation() {
  sync::mutex_guard content(content_lock_);
  TRY(remove_blocks(blocks_for(size()), no_end));
  operation op(of());
  return leave_orphans(op);
}

/// The block of extended attributes goes, or its count of users (ext4 documentation, "Extended Attributes").
result<> node::release_attributes(operation& op) {
  const u64 number = join(record_.attribute_block_high, record_.attribute_block_low);
  if (!number) return {};
  if (of().groups().is_reserved({number, 1})) return fail(errc::corrupt);
  block_ref block = TRY(of().block(number));
  auto& header = *block.as<attribute_block_header>();
  if (header.magic != attribute_magic || header.references == 0) return fail(errc::corrupt);
  if (header.references == 1) {
    TRY(of().groups().free(op, {number, 1}, true));
  } else {
    TRY(op.change(block));
    header.references = header.references - 1;
    if (of().shape().checksums) {
      header.checksum = 0;
      const le64 n = number;
      header.checksum = crc32c(crc32c(of().shape().seed, &n, sizeof n), block->data, block_size());
    }
  }
  sync::mutex_guard g(attribute_lock_);
  record_.attribute_block_low = 0;
  record_.attribute_block_high = 0;
  return {};
}

result<> node::remove() {
  sync::mutex_guard content(content_lock_);
  set_size(0);
  forget_pages(0, page_map::index_max + 1);
  const disk_inode_record r = record();
  if (r.flags & inode_flag::extents) TRY(remove_blocks(0, no_end));
  operation op(of());
  TRY(op.begin());
  TRY(op.change(*this));
  TRY(prepare_orphan_removal(op));
  TRY(release_attributes(op));
  {
    sync::mutex_guard g(attribute_lock_);
    record_.size_low = 0;
    record_.size_high = 0;
    record_.blocks_low = 0;
    record_.blocks_high = 0;
    record_.deleted = static_cast<u32>(sched::realtime() / second);
  }
  TRY(store(op));
  TRY(of().groups().free_inode(op, id(), is_directory()));
  TRY(op.finish());
  gone_ = true;
  of().forget_orphan(*this);
  // The number may be another file's from now on.
  of().forget(*this);
  return {};
}

}  // namespace osv::vfs::ext4
