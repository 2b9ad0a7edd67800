#include "vfs/erofs/volume.hh"

#include "log/log.hh"
#include "vfs/erofs/file_system.hh"

namespace osv::vfs::erofs {

namespace {

constexpr unsigned block_bits_min = 9, block_bits_max = 12;
constexpr u64 file_size_max = 1ull << 47;

/// CRC-32C (RFC 3720, 12.1), reflected, without the final inversion: as EROFS wants it.
u32 crc32c(u32 crc, const u8* data, usize size) {
  for (usize i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return crc;
}

result<> check_checksum(image_source& source, const super_block& super) {
  u64 length = 1ull << super.block_bits;
  if (length > super_offset) length -= super_offset;
  if (length < sizeof(super_block)) length = sizeof(super_block);
  auto block = TRY(buffer<u8>::create(length));
  TRY(source.read(super_offset, block.data(), length));
  __builtin_memset(block.data() + offsetof(super_block, checksum), 0, 4);
  if (crc32c(~0u, block.data(), length) != super.checksum) {
    log::error("erofs: {}: the super block's checksum is wrong: the image is damaged", source.name());
    return fail(errc::corrupt);
  }
  return {};
}

bool known_type(u32 mode) {
  switch (mode & io::mode::type_mask) {
    case io::mode::regular:
    case io::mode::directory:
    case io::mode::link:
    case io::mode::character:
    case io::mode::block:
    case io::mode::fifo:
    case io::mode::socket:
      return true;
    default:
      return false;
  }
}

}  // namespace

result<ref<file_system>> open_image(unique<image_source> source) {
  super_block super;
  if (source->size() < super_offset + sizeof super) return fail(errc::invalid);
  TRY(source->read(super_offset, &super, sizeof super));
  if (super.magic != super_magic) return fail(errc::invalid);
  if (super.block_bits < block_bits_min || super.block_bits > block_bits_max || super.directory_block_bits) {
    log::error("erofs: {}: blocks of 2^{} bytes are not supported", source->name(), super.block_bits);
    return fail(errc::not_supported);
  }
  if (super.feature_compatible & feature_checksum) TRY(check_checksum(*source, super));
  if (u32 unknown = super.feature_incompatible & ~(feature_zero_padding | feature_chunked_file)) {
    log::error("erofs: {}: the image uses features 0x{:x} that are not implemented", source->name(), unknown);
    return fail(errc::not_supported);
  }
  auto made = TRY(make_ref<volume>(std::move(source), super));
  const u64 size = static_cast<u64>(super.blocks) << super.block_bits;
  if (size > made->source().size()) {
    log::error("erofs: {}: the image should have {} bytes and has {}: it was cut off", made->source().name(), size, made->source().size());
    return fail(errc::corrupt);
  }
  ref<inode> root = TRY(made->root());
  if (!root->is_directory()) return fail(errc::corrupt);
  return made;
}

volume::volume(unique<image_source> source, const super_block& super)
    : file_system("erofs", true), source_(std::move(source)), super_(super) {}

result<ref<inode>> volume::root() { return TRY(get(super_.root_nid)); }

result<> volume::status(file_system_status& out) {
  out.magic = super_magic;
  out.block_size = block_size();
  out.blocks = super_.blocks;
  out.files = super_.inodes;
  return {};
}

result<ref<node>> volume::get(u64 nid) {
  if (ref<node> known = table_.find(nid)) return known;
  return table_.insert(TRY(read_node(nid)));
}

result<ref<node>> volume::read_node(u64 nid) {
  if (nid >= source_->size() >> slot_bits) return fail(errc::corrupt);
  const u64 offset = inode_offset(nid);
  compact_inode compact;
  TRY(source_->read(offset, &compact, sizeof compact));
  const u16 format = compact.format;
  description about{};
  u64 inode_size = sizeof compact;
  if (format >> 4) return fail(errc::corrupt);
  about.data_layout = static_cast<layout>(format >> 1 & 7);
  about.mode = compact.mode;
  about.data = compact.data;
  if (format & 1) {
    extended_inode extended;
    TRY(source_->read(offset, &extended, sizeof extended));
    inode_size = sizeof extended;
    about.links = extended.links;
    about.user = extended.user;
    about.group = extended.group;
    about.size = extended.size;
    about.modified = {static_cast<i64>(extended.modified), extended.modified_nanoseconds};
  } else {
    about.links = compact.links;
    about.user = compact.user;
    about.group = compact.group;
    about.size = compact.size;
    about.modified = {static_cast<i64>(super_.build_time), super_.build_nanoseconds};
  }
  if (about.modified.nanoseconds >= 1'000'000'000) about.modified.nanoseconds = 0;
  about.tail_offset = offset + inode_size + xattr_size(compact.xattr_count);
  if (!known_type(about.mode) || about.size > file_size_max) return fail(errc::corrupt);
  if ((about.mode & io::mode::type_mask) == io::mode::link && about.size >= path_max) return fail(errc::corrupt);
  switch (about.data_layout) {
    case layout::flat_plain:
    case layout::flat_inline:
    case layout::chunk_based:
      break;
    case layout::compressed_full:
    case layout::compressed_compact:
      log::error("erofs: {}: inode {} is compressed: not implemented", source_->name(), nid);
      return fail(errc::not_supported);
    default:
      return fail(errc::corrupt);
  }
  // Directories are read wholly at times: bound them by the image, which has no holes in directories.
  if ((about.mode & io::mode::type_mask) == io::mode::directory && about.size > source_->size()) return fail(errc::corrupt);
  return make_ref<node>(*this, nid, about);
}

}  // namespace osv::vfs::erofs
