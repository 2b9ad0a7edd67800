#include "vfs/erofs/volume.hh"

namespace osv::vfs::erofs {

result<> node::status(io::file_status& out) {
  out = {};
  out.device = owner().device();
  out.inode = number();
  out.mode = mode();
  out.links = about_.links;
  out.user = about_.user;
  out.group = about_.group;
  out.block_size = page_size;
  if (type() == io::mode::character || type() == io::mode::block)
    out.special_device = about_.data;
  else
    out.size = size();
  out.blocks_512 = align_up(out.size, of().block_size()) / 512;
  out.accessed = out.modified = out.changed = out.created = about_.modified;
  return {};
}

result<extent> node::map_extent(u64 position) {
  const unsigned bits = of().block_bits();
  const u64 start = static_cast<u64>(about_.data) << bits;
  extent e;
  e.length = size() - position;
  switch (about_.data_layout) {
    case layout::flat_plain:
      e.offset = start + position;
      break;
    case layout::flat_inline: {
      // The last block's bytes lie behind the inode; they never cross a block there.
      const u64 tail_start = (size() - 1) >> bits << bits;
      if (position < tail_start) {
        e.offset = start + position;
        e.length = tail_start - position;
      } else {
        if ((about_.tail_offset & (of().block_size() - 1)) + (size() - tail_start) > of().block_size()) return fail(errc::corrupt);
        e.offset = about_.tail_offset + (position - tail_start);
      }
      break;
    }
    case layout::chunk_based:
      return map_chunk(position);
    default:
      return fail(errc::corrupt);
  }
  if (e.offset > source().size() || e.length > source().size() - e.offset) return fail(errc::corrupt);
  return e;
}

/// The block that chunk `chunk` starts at.
result<u32> node::chunk_block(u64 chunk) {
  if (static_cast<u16>(about_.data) & chunk_indexes) {
    chunk_index index;
    TRY(source().read(align_up(about_.tail_offset, sizeof index) + chunk * sizeof index, &index, sizeof index));
    if (index.device) return fail(errc::not_supported);  // a further device holds the data
    return static_cast<u32>(index.block);
  }
  le32 number;
  TRY(source().read(align_up(about_.tail_offset, sizeof number) + chunk * sizeof number, &number, sizeof number));
  return static_cast<u32>(number);
}

result<extent> node::map_chunk(u64 position) {
  const unsigned block_bits = of().block_bits();
  const unsigned chunk_bits = block_bits + (about_.data & chunk_bits_mask);
  u64 chunk = position >> chunk_bits;
  const u64 within = position - (chunk << chunk_bits);
  const u32 block = TRY(chunk_block(chunk));
  extent e;
  e.hole = block == chunk_hole;
  e.length = (1ull << chunk_bits) - within;
  // Chunks that follow each other on the device are one extent, as far as one read-ahead goes.
  constexpr u64 length_enough = 128 * 1024;
  u64 next_block = block;
  while (e.length < length_enough && e.length < size() - position) {
    next_block += 1ull << (chunk_bits - block_bits);
    const u32 following = TRY(chunk_block(++chunk));
    if (e.hole ? following != chunk_hole : following != next_block) break;
    e.length += 1ull << chunk_bits;
  }
  if (e.length > size() - position) e.length = size() - position;
  if (e.hole) return e;
  e.offset = (static_cast<u64>(block) << block_bits) + within;
  if (e.offset > source().size() || e.length > source().size() - e.offset) return fail(errc::corrupt);
  return e;
}

result<string> node::link_target() {
  if (!is_symlink()) return fail(errc::invalid);
  auto text = TRY(buffer<char>::create(size()));
  if (TRY(read_kernel(0, text.data(), size())) != size()) return fail(errc::corrupt);
  const string_view view(text.data(), size());
  if (view.find('\0') != string_view::npos) return fail(errc::corrupt);
  return string::create(view);
}

result<directory_block> directory_block::read(node& directory, u64 index) {
  const u64 block_size = directory.of().block_size();
  const u64 offset = index * block_size;
  if (offset >= directory.size()) return fail(errc::corrupt);
  const usize size = directory.size() - offset < block_size ? directory.size() - offset : block_size;
  memory::frame* page = TRY(directory.page(offset / page_size, false));
  const u8* data = page->as<u8>() + offset % page_size;
  usize count = 0;
  if (size >= sizeof(directory_entry)) {
    const usize names = reinterpret_cast<const directory_entry*>(data)->name_offset;
    if (names <= size && names % sizeof(directory_entry) == 0) count = names / sizeof(directory_entry);
  }
  directory_block block(page, data, size, count);
  if (!count) return fail(errc::corrupt);
  return block;
}

result<string_view> directory_block::name(usize i) const {
  const usize start = entry(i).name_offset;
  const usize end = i + 1 < count_ ? static_cast<usize>(entry(i + 1).name_offset) : size_;
  if (start >= end || end > size_) return fail(errc::corrupt);
  string_view text(reinterpret_cast<const char*>(data_) + start, end - start);
  // The last name of a block ends at its end or at a zero.
  if (i + 1 == count_) text = text.substr(0, text.find('\0'));
  if (text.empty() || text.size() > name_max || text.find('/') != string_view::npos || text.find('\0') != string_view::npos)
    return fail(errc::corrupt);
  return text;
}

result<u64> node::find(string_view wanted) {
  // Names ascend over the whole directory (EROFS documentation, "Directories"): first the block, then the name in it.
  u64 low = 0, high = directory_blocks();
  while (low < high) {
    const u64 middle = low + (high - low) / 2;
    directory_block block = TRY(directory_block::read(*this, middle));
    const string_view first = TRY(block.name(0));
    if (wanted < first) {
      high = middle;
      continue;
    }
    const string_view last = TRY(block.name(block.count() - 1));
    if (wanted > last) {
      low = middle + 1;
      continue;
    }
    usize from = 0, to = block.count();
    while (from < to) {
      const usize at = from + (to - from) / 2;
      const string_view name = TRY(block.name(at));
      if (name == wanted) return block.nid(at);
      if (name < wanted)
        from = at + 1;
      else
        to = at;
    }
    return fail(errc::no_entry);
  }
  return fail(errc::no_entry);
}

result<ref<inode>> node::lookup(string_view name) {
  if (!is_directory()) return fail(errc::not_directory);
  const u64 nid = TRY(find(name));
  ref<node> child = TRY(of().get(nid));
  if (child->is_directory()) {
    // A directory has one parent: a damaged image must not make a loop, which whoever walks the tree would follow for ever.
    if (child.get() == this || TRY(child->find("..")) != number()) return fail(errc::corrupt);
  }
  return child;
}

result<> node::list(u64 from, io::directory_sink sink) {
  // Cookie: the block's number and the entry's in it.
  constexpr unsigned entry_bits = 12;
  const u64 blocks = directory_blocks();
  usize at = from & ((1u << entry_bits) - 1);
  for (u64 index = from >> entry_bits; index < blocks; ++index, at = 0) {
    directory_block block = TRY(directory_block::read(*this, index));
    for (; at < block.count(); ++at) {
      const string_view name = TRY(block.name(at));
      if (name == "." || name == "..") continue;
      // EROFS's file types number as DT_* do not (regular 1, directory 2, character 3, block 4, fifo 5, socket 6, link 7).
      static constexpr u8 types[] = {0, 8, 4, 2, 6, 1, 12, 10};
      const u8 type = block.type(at) < sizeof types ? types[block.type(at)] : 0;
      if (!sink(name, block.nid(at), type, (index << entry_bits | at) + 1)) return {};
    }
  }
  return {};
}

}  // namespace osv::vfs::erofs
