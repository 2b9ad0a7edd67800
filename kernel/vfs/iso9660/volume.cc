#include "vfs/iso9660/volume.hh"

#include "log/log.hh"
#include "vfs/iso9660/file_system.hh"

namespace osv::vfs::iso9660 {

result<ref<file_system>> open_image(unique<image_source> source) {
  for (unsigned i = 0; i < descriptors_max; ++i) {
    primary_descriptor d;
    if (!source->read(first_descriptor + i * sector_size, &d, sizeof d).ok()) return fail(errc::invalid);
    if (string_view(d.identifier, 5) != "CD001" || d.type == 255) return fail(errc::invalid);
    if (d.type != 1) continue;
    if (d.block_size.little != sector_size) {
      log::error("iso9660: {}: blocks of {} bytes are not supported", source->name(), static_cast<u16>(d.block_size.little));
      return fail(errc::not_supported);
    }
    auto made = TRY(osv::make_ref<volume>(std::move(source), d.volume_blocks.little));
    TRY(made->load_root(d.root));
    return made;
  }
  return fail(errc::invalid);
}

result<> volume::load_root(const directory_record& root) {
  u8 first[256];
  root_offset_ = static_cast<u64>(root.extent.little) * sector_size;
  root_size_ = root.size.little;
  if (!(root.flags & flag_directory) || root_size_ < sizeof first || root_size_ > source_->size()) return fail(errc::corrupt);
  TRY(source_->read(root_offset_, first, sizeof first));
  protocol_ = detect(first);
  return {};
}

result<ref<inode>> volume::root() {
  u8 first[256];
  TRY(source_->read(root_offset_, first, sizeof first));
  record about;
  // The root's own record has no bytes to skip: its area starts with the mark (SUSP 5.3).
  use_protocol here = protocol_;
  here.skip = 0;
  TRY(decode(*source_, here, first, about));
  if (!about.self) return fail(errc::corrupt);
  about.offset = root_offset_;
  about.size = root_size_;
  return TRY(get(root_offset_, std::move(about)));
}

result<> volume::status(file_system_status& out) {
  out.magic = 0x9660;
  out.block_size = sector_size;
  out.blocks = blocks_;
  return {};
}

result<ref<node>> volume::get(u64 number, record about) {
  if (ref<node> known = table_.find(number)) return known;
  const u32 type = about.mode & io::mode::type_mask;
  const bool has_data = type == io::mode::regular || type == io::mode::directory;
  if (!has_data) about.size = 0;
  if (about.size > source_->size()) return fail(errc::corrupt);
  if ((type == io::mode::link) == about.target.empty()) return fail(errc::corrupt);
  return table_.insert(TRY(osv::make_ref<node>(*this, number, std::move(about))));
}

result<> node::status(io::file_status& out) {
  out = {};
  out.device = owner().device();
  out.inode = number();
  out.mode = mode();
  out.links = about_.links;
  out.user = about_.user;
  out.group = about_.group;
  if (type() == io::mode::character || type() == io::mode::block) out.special_device = about_.device;
  out.size = size();
  out.block_size = sector_size;
  out.blocks_512 = align_up(size(), sector_size) / 512;
  out.accessed = about_.accessed;
  out.modified = about_.modified;
  out.changed = out.created = about_.changed;
  return {};
}

result<extent> node::map_extent(u64 position) {
  extent e;
  e.offset = about_.offset + position;
  e.length = size() - position;
  if (e.offset > source().size() || e.length > source().size() - e.offset) return fail(errc::corrupt);
  return e;
}

result<string> node::link_target() {
  if (!is_symlink()) return fail(errc::invalid);
  return string::create(about_.target);
}

result<> node::walk(u64 from, function_ref<result<bool>(record&, u64, u64)> each) {
  auto sector = TRY(buffer<u8>::create(sector_size));
  u64 loaded = ~0ull;
  for (u64 at = from; at < size();) {
    const u64 start = align_down(at, sector_size);
    if (start != loaded) {
      const usize n = TRY(read_kernel(start, sector.data(), sector_size));
      __builtin_memset(sector.data() + n, 0, sector_size - n);
      loaded = start;
    }
    const std::span<const u8> bytes(sector.data() + (at - start), sector_size - (at - start));
    if (bytes[0] == 0) {
      // The rest of the sector is empty: records do not cross sectors (ECMA-119, 6.8.1.1).
      at = start + sector_size;
      continue;
    }
    record r;
    TRY(decode(source(), of().protocol(), bytes, r));
    const u64 next = at + bytes[0];
    if (!TRY(each(r, about_.offset + at, next))) return {};
    at = next;
  }
  return {};
}

result<> node::check_parent(u64 offset) {
  bool good = false;
  TRY(walk(0, [&](record& r, u64, u64) -> result<bool> {
    if (r.self) return true;
    good = r.parent && r.offset == offset;
    return false;
  }));
  if (!good) return fail(errc::corrupt);
  return {};
}

result<ref<inode>> node::lookup(string_view name) {
  if (!is_directory()) return fail(errc::not_directory);
  ref<node> found;
  TRY(walk(0, [&](record& r, u64 place, u64) -> result<bool> {
    if (r.hidden || r.name.view() != name) return true;
    if (!r.supported) return fail(errc::not_supported);
    const bool is_directory = (r.mode & io::mode::type_mask) == io::mode::directory;
    const u64 number = is_directory ? r.offset : place;
    found = TRY(of().get(number, std::move(r)));
    return false;
  }));
  if (!found) return fail(errc::no_entry);
  if (found->is_directory()) {
    if (found.get() == this) return fail(errc::corrupt);
    TRY(found->check_parent(about_.offset));
  }
  return found;
}

result<> node::list(u64 from, io::directory_sink sink) {
  return walk(from, [&](record& r, u64 place, u64 next) -> result<bool> {
    if (r.self || r.parent || r.hidden) return true;
    const u8 type = directory_type(r.mode);
    return sink(r.name, type == 4 ? r.offset : place, type, next);
  });
}

}  // namespace osv::vfs::iso9660
