// Names in directory blocks. Directories are read as lists, which an indexed one is too: the blocks of its index look like
// unused records. A directory that is changed loses its index.
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {

/// File types of directory records (ext4 documentation, "Directory Entries").
u8 record_type(u32 mode) {
  switch (mode & io::mode::type_mask) {
    case io::mode::regular: return 1;
    case io::mode::directory: return 2;
    case io::mode::character: return 3;
    case io::mode::block: return 4;
    case io::mode::fifo: return 5;
    case io::mode::socket: return 6;
    case io::mode::link: return 7;
    default: return 0;
  }
}

directory_record& at(u8* block, u32 offset) { return *reinterpret_cast<directory_record*>(block + offset); }
const directory_record& at(const u8* block, u32 offset) { return *reinterpret_cast<const directory_record*>(block + offset); }
string_view name_of(const directory_record& r) { return {r.name, r.name_length}; }

bool is_record(const u8* block, u32 offset, u32 end) {
  if (offset + directory_record_header > end) return false;
  const directory_record& r = at(block, offset);
  return r.length >= directory_record_header && r.length % 4 == 0 && r.length <= end - offset && r.name_length + directory_record_header <= r.length;
}

void fill_record(directory_record& r, string_view name, u32 inode_number, u8 type) {
  r.inode = inode_number;
  r.name_length = static_cast<u8>(name.size());
  r.type = type;
  __builtin_memcpy(r.name, name.data(), name.size());
}

}  // namespace

u32 node::usable() const { return block_size() - (of().shape().checksums ? sizeof(directory_tail) : 0); }

void node::seal_directory_block(u8* block) const {
  if (!of().shape().checksums) return;
  auto& tail = *reinterpret_cast<directory_tail*>(block + usable());
  tail = {0, sizeof(directory_tail), 0, directory_tail_type, 0};
  tail.checksum = crc32c(checksum_seed(), block, usable());
}

/// Block `index` of this directory, its checksum looked at. EUCLEAN.
result<block_ref> node::directory_block(u32 index) {
  const mapped_run run = TRY(map(index));
  if (!run.readable()) return fail(errc::corrupt);
  block_ref block = TRY(of().block(run.physical));
  if (!of().shape().checksums || block->verified.load(std::memory_order_relaxed)) return block;
  const auto& tail = *block.as<directory_tail>(usable());
  const bool leaf = tail.zero == 0 && tail.length == sizeof tail && tail.type == directory_tail_type;
  if (leaf) {
    if (tail.checksum != crc32c(checksum_seed(), block->data, usable())) return fail(errc::corrupt);
  } else if (!(record().flags & inode_flag::index)) {
    return fail(errc::corrupt);
  }
  // Blocks of an index hold no names but "." and "..": the records are checked as they are read.
  block->verified.store(true, std::memory_order_relaxed);
  return block;
}

result<node::slot> node::find(string_view name) {
  if (!is_directory()) return fail(errc::not_directory);
  for (u32 index = 0; index < directory_blocks(); ++index) {
    block_ref block = TRY(directory_block(index));
    u32 previous = ~0u;
    for (u32 offset = 0; offset < block_size();) {
      if (!is_record(block->data, offset, block_size())) return fail(errc::corrupt);
      const directory_record& r = at(block->data, offset);
      if (r.inode && name_of(r) == name) return slot{index, offset, previous, r.inode, r.type};
      previous = offset;
      offset += r.length;
    }
  }
  return fail(errc::no_entry);
}

result<ref<inode>> node::lookup(string_view name) {
  const slot found = TRY(find(name));
  if (found.inode == id()) return fail(errc::corrupt);
  ref<node> child = TRY(of().get(found.inode));
  // A directory has one parent: a damaged image must not make a loop, which whoever walks the tree would follow for ever.
  if (child->is_directory() && TRY(child->find("..")).inode != id()) return fail(errc::corrupt);
  return child;
}

result<> node::list(u64 from, io::directory_sink sink) {
  // Cookie: byte position of the next record; records do not move while somebody reads between two calls.
  for (u64 position = from; position < size();) {
    const auto index = static_cast<u32>(position / block_size());
    block_ref block = TRY(directory_block(index));
    const auto wanted = static_cast<u32>(position % block_size());
    // Records may have been joined since: walk from the block's start to the first at or behind the place.
    for (u32 offset = 0; offset < block_size();) {
      if (!is_record(block->data, offset, block_size())) return fail(errc::corrupt);
      const directory_record& r = at(block->data, offset);
      const u32 next = offset + r.length;
      if (offset >= wanted && r.inode) {
        const string_view name = name_of(r);
        const bool dots = name == "." || name == "..";
        if (!dots && (name.empty() || name.find('/') != string_view::npos || name.find('\0') != string_view::npos)) return fail(errc::corrupt);
        // Types of records number as those of EROFS do, which is not as DT_* do.
        static constexpr u8 types[] = {0, 8, 4, 2, 6, 1, 12, 10};
        if (!dots && !sink(name, r.inode, r.type < sizeof types ? types[r.type] : 0, static_cast<u64>(index) * block_size() + next)) return {};
      }
      offset = next;
    }
    position = (static_cast<u64>(index) + 1) * block_size();
  }
  return {};
}

result<bool> node::is_empty_directory() {
  bool empty = true;
  TRY(list(0, [&](string_view, u64, u8, u64) { return empty = false; }));
  return empty;
}

/// Tries to put a name into block `index`. False: no room there.
result<bool> node::add_to_block(operation& op, u32 index, string_view name, u32 inode_number, u8 type) {
  block_ref block = TRY(directory_block(index));
  const u32 needed = static_cast<u32>(record_size(name.size()));
  for (u32 offset = 0; offset < usable();) {
    if (!is_record(block->data, offset, block_size())) return fail(errc::corrupt);
    const u32 length = at(block->data, offset).length;
    if (offset + length > usable()) return false;  // a block of an index, or one without room for the checksum
    const u32 used = at(block->data, offset).inode ? static_cast<u32>(record_size(at(block->data, offset).name_length)) : 0;
    if (length >= used + needed) {
      TRY(op.change(block));
      directory_record* r = &at(block->data, offset);
      if (used) {
        r->length = static_cast<u16>(used);
        r = &at(block->data, offset + used);
        r->length = static_cast<u16>(length - used);
      }
      fill_record(*r, name, inode_number, type);
      seal_directory_block(block->data);
      return true;
    }
    offset += length;
  }
  return false;
}

/// One more block, empty.
result<> node::append_block(operation& op, block_ref& out) {
  const u32 index = directory_blocks();
  constexpr u64 directory_size_max = 1ull << 31;
  if (size() + block_size() > directory_size_max) return fail(errc::no_space);
  TRY(of().check_spare(op));
  const u64 made = TRY(of().groups().allocate(op, allocation_goal(index)));
  out = TRY(op.change_new(made));
  TRY(op.change(*this));
  {
    sync::mutex_guard g(map_lock_);
    TRY(load_extents());
    const usize changed = TRY(extents_.insert({index, 1, made, false}));
    TRY(store_extents(op, changed));
  }
  add_blocks(1);
  at(out->data, 0).length = static_cast<u16>(usable());
  seal_directory_block(out->data);
  const u64 size = this->size() + block_size();
  sync::mutex_guard g(attribute_lock_);
  record_.size_low = static_cast<u32>(size);
  record_.size_high = static_cast<u32>(size >> 32);
  size_.store(size, std::memory_order_release);
  return {};
}

/// Takes the index away: its blocks become blocks of names, without names.
result<> node::make_linear(operation& op) {
  if (!(record().flags & inode_flag::index)) return {};
  TRY(op.change(*this));
  if (of().shape().checksums) {
    for (u32 index = 0; index < directory_blocks(); ++index) {
      block_ref block = TRY(directory_block(index));
      if (!is_record(block->data, 0, block_size())) return fail(errc::corrupt);
      u32 last = 0;
      if (index == 0) {
        last = at(block->data, 0).length;
        if (!is_record(block->data, last, block_size())) return fail(errc::corrupt);
      }
      directory_record& r = at(block->data, last);
      const bool of_index = last + r.length == block_size() && (index == 0 || r.inode == 0);
      if (!of_index) continue;
      TRY(op.change(block));
      r.length = static_cast<u16>(usable() - last);
      seal_directory_block(block->data);
    }
  }
  sync::mutex_guard g(attribute_lock_);
  record_.flags = record_.flags & ~inode_flag::index;
  return {};
}

result<> node::add_name(operation& op, string_view name, u32 inode_number, u32 mode) {
  TRY(op.change(*this));
  TRY(make_linear(op));
  const u8 type = record_type(mode);
  u32 index = room_hint_ < directory_blocks() ? room_hint_ : 0;
  bool added = false;
  for (; index < directory_blocks() && !added; ++index) added = TRY(add_to_block(op, index, name, inode_number, type));
  if (!added) {
    block_ref block;
    TRY(append_block(op, block));
    index = directory_blocks();
    if (!TRY(add_to_block(op, index - 1, name, inode_number, type))) return fail(errc::corrupt);
  }
  // Short names fit where a long one did not: only a hint, which a removal takes back.
  room_hint_ = index - 1;
  set_time(true);
  return store(op);
}

result<> node::remove_name(operation& op, const slot& where) {
  TRY(op.change(*this));
  TRY(make_linear(op));
  block_ref block = TRY(directory_block(where.block));
  TRY(op.change(block));
  directory_record& r = at(block->data, where.offset);
  if (where.previous != ~0u) {
    directory_record& before = at(block->data, where.previous);
    before.length = static_cast<u16>(before.length + r.length);
  } else {
    r.inode = 0;
  }
  seal_directory_block(block->data);
  if (where.block < room_hint_) room_hint_ = where.block;
  set_time(true);
  return store(op);
}

result<> node::replace_name(operation& op, const slot& where, u32 inode_number, u32 mode) {
  TRY(op.change(*this));
  TRY(make_linear(op));
  block_ref block = TRY(directory_block(where.block));
  TRY(op.change(block));
  directory_record& r = at(block->data, where.offset);
  r.inode = inode_number;
  r.type = record_type(mode);
  seal_directory_block(block->data);
  set_time(true);
  return store(op);
}

/// The first block of a new directory.
result<> node::make_dots(operation& op, u32 parent) {
  block_ref block;
  TRY(append_block(op, block));
  directory_record& self = at(block->data, 0);
  self.length = 12;
  fill_record(self, ".", id(), record_type(io::mode::directory));
  directory_record& above = at(block->data, 12);
  above.length = static_cast<u16>(usable() - 12);
  fill_record(above, "..", parent, record_type(io::mode::directory));
  seal_directory_block(block->data);
  return {};
}

result<> node::set_parent(operation& op, u32 parent) {
  const slot above = TRY(find(".."));
  TRY(op.change(*this));
  TRY(make_linear(op));
  block_ref block = TRY(directory_block(above.block));
  TRY(op.change(block));
  at(block->data, above.offset).inode = parent;
  seal_directory_block(block->data);
  return store(op);
}

}  // namespace osv::vfs::ext4
