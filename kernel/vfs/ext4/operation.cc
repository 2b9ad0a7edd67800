#include "vfs/ext4/operation.hh"

#include "sched/clock.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

struct operation::saved_node {
  ref<node> which;
  disk_inode_record record;
};

operation::operation(volume& on) : volume_(on) {
  for (;;) {
    on.operation_lock().lock();
    journal* j = on.journal();
    if (!j || j->running_count() <= j->operation_max()) break;
    on.operation_lock().unlock();
    // Whether it failed is seen in begin().
    (void)on.commit();
    if (on.failed()) {
      on.operation_lock().lock();
      break;
    }
  }
  freed_before_ = on.freed().size();
}

operation::~operation() {
  if (!finished_) undo();
  for (saved_block& s : blocks_) delete[] s.before;
  // Nodes die after the lock, as their pages go with them.
  volume_.operation_lock().unlock();
}

result<> operation::begin() {
  TRY(volume_.check_writable());
  if (!volume_.journal()) return fail(errc::read_only);
  return {};
}

result<> operation::save(const block_ref& b, bool is_new) {
  for (const saved_block& s : blocks_)
    if (&*s.block == &*b) return {};
  journal& j = *volume_.journal();
  if (blocks_.size() >= j.operation_max()) return fail(errc::no_space);
  const u32 size = volume_.shape().block_size;
  saved_block s{b, nullptr, false};
  if (!is_new) {
    s.before = new (std::nothrow) u8[size];
    if (!s.before) return fail(errc::no_memory);
    __builtin_memcpy(s.before, b->data, size);
  }
  u8* before = s.before;
  auto kept = blocks_.push_back(std::move(s));
  if (!kept.ok()) {
    delete[] before;
    return kept;
  }
  if (!b->running) {
    TRY(j.join(*b));
    blocks_.back().joined = true;
  }
  return {};
}

result<> operation::change(const block_ref& b) { return save(b, false); }

result<block_ref> operation::change_new(u64 number) {
  // What the block held before is of no use to anybody; it is free if the operation fails.
  block_ref b = TRY(volume_.cache().get_new(number));
  TRY(save(b, true));
  return b;
}

result<> operation::change(node& n) {
  for (const auto& s : nodes_)
    if (s->which.get() == &n) return {};
  auto s = TRY(osv::make_unique<saved_node>());
  s->which = ref<node>(&n);
  s->record = n.record();
  return nodes_.push_back(std::move(s));
}

result<> operation::freed(block_run run, bool metadata) { return volume_.freed().push_back({run, metadata}); }

void operation::undo() {
  for (usize i = blocks_.size(); i--;) {
    saved_block& s = blocks_[i];
    if (s.before)
      __builtin_memcpy(s.block->data, s.before, volume_.shape().block_size);
    else if (s.joined)
      volume_.journal()->leave(*s.block);
  }
  for (auto& s : nodes_) s->which->restore(s->record);
  auto& freed = volume_.freed();
  while (freed.size() > freed_before_) {
    volume_.groups().undo_free(freed.back().run);
    freed.pop_back();
  }
}

result<> operation::finish() {
  if (blocks_freed_ || inodes_freed_) {
    TRY(change(volume_.super_ref()));
    ext4::groups& g = volume_.groups();
    const u64 blocks = g.free_blocks() + static_cast<u64>(blocks_freed_);
    super_block& super = volume_.super();
    super.free_blocks_low = static_cast<u32>(blocks);
    if (super.feature_incompatible & incompatible::bits64) super.free_blocks_high = static_cast<u32>(blocks >> 32);
    super.free_inodes = static_cast<u32>(g.free_inodes() + static_cast<u64>(inodes_freed_));
    g.adjust(blocks_freed_, inodes_freed_);
  }
  finished_ = true;
  return {};
}

}  // namespace osv::vfs::ext4
