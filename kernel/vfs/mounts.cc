// Mounting: the half of vfs.hh that boot/ and mount(2) call.
#include "log/log.hh"
#include "vfs/device/device_directory.hh"
#include "vfs/erofs/file_system.hh"
#include "vfs/ext4/file_system.hh"
#include "vfs/generated/tree.hh"
#include "vfs/iso9660/file_system.hh"
#include "vfs/open_file.hh"
#include "vfs/page_cache.hh"
#include "vfs/ram/system.hh"
#include "vfs/walk.hh"

namespace osv::vfs {

namespace {

result<> mount_root_source(unique<image_source> source) {
  // The device's name outlives the source's owner.
  const std::string_view name = source->name();
  ref<file_system> image = TRY(erofs::open_image(std::move(source)));
  ref<file_system> layered = TRY(ram::system::create("overlay", std::move(image), 0, 0755));
  return attach_root(std::move(layered), name, false);
}

/// The directory `path`, made with its parents where they are missing.
result<location> directory_at(string_view path) {
  for (usize end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    auto made = make_directory(lookup_base(), path.substr(0, end), 0755);
    if (!made.ok() && made.error() != errc::exists && made.error() != errc::read_only) return fail(made.error());
  }
  walker walk{lookup_base()};
  TRY(walk.all(path, true));
  if (!walk.object() || !walk.object().at().node()->is_directory()) return fail(errc::not_directory);
  return walk.object();
}

result<ref<file_system>> open_ext4(devices::block_device& device, const mount_options& options) {
  if (options.format_if_blank && !options.read_only && !device.read_only() && TRY(ext4::is_blank(device))) TRY(ext4::format(device));
  return ext4::open_volume(device, options.read_only);
}

result<ref<file_system>> open_device_image(devices::block_device& device, string_view type, const mount_options& options) {
  if (type == "ext4") return open_ext4(device, options);
  if (type == "erofs" || type == "auto") {
    auto erofs = erofs::open_image(TRY(open_block_source(device)));
    if (type == "erofs" || erofs.ok() || erofs.error() != errc::invalid) return erofs;
  }
  if (type == "iso9660" || type == "auto") {
    auto iso = iso9660::open_image(TRY(open_block_source(device)));
    if (type == "iso9660" || iso.ok() || iso.error() != errc::invalid) return iso;
    return open_ext4(device, options);
  }
  return fail(errc::no_device);
}

bool mounted_already(const location& at, const file_system& system) { return &at.mount().system() == &system; }

/// Mounts one of the kernel's own trees where boot/ wants it; a second time changes nothing.
result<> mount_tree(file_system& system, string_view path, string_view source) {
  location at = TRY(directory_at(path));
  if (mounted_already(at, system)) return {};
  return attach(ref<file_system>(&system), at, source, false);
}

}  // namespace

result<> mount_root(devices::block_device& device) { return mount_root_source(TRY(open_block_source(device))); }

result<> mount_root(std::span<const u8> image) { return mount_root_source(TRY(open_memory_source(image, true))); }

result<> mount_empty_root() { return attach_root(TRY(ram::system::create("tmpfs", nullptr, 0, 0755)), "tmpfs", false); }

result<> initialize() {
  static constinit bool once = false;
  if (!once) {
    once = true;
    memory::register_reclaimer(&page_cache::reclaim);
    TRY(register_memory_devices());
    TRY(proc().add_file("filesystems", &write_file_systems));
    TRY(proc().add_file("mounts", &write_mounts));
    TRY(proc().add_file("1/mounts", &write_mounts));
    TRY(proc().add_file("1/mountinfo", &write_mountinfo));
  }
  TRY(mount_tree(*TRY(device_file_system()), "/dev", "devtmpfs"));
  TRY(mount_tree(proc_file_system(), "/proc", "proc"));
  TRY(mount_tree(sys_file_system(), "/sys", "sysfs"));
  return {};
}

result<> mount_device(devices::block_device& device, string_view path, string_view type, mount_options options) {
  auto system = open_device_image(device, type, options);
  if (!system.ok()) {
    log::error("vfs: {} ({}) cannot be mounted on {} as {}", device.name(), device.serial(), path, type);
    return fail(system.error());
  }
  ref<file_system> made = system.release();
  const auto place = [&]() -> result<> { return attach(made, TRY(directory_at(path)), device.name(), made->read_only()); };
  auto attached = place();
  if (!attached.ok()) made->unmounted();
  return attached;
}

result<> mount_tmpfs(string_view path, u64 size_bytes) {
  ref<file_system> made = TRY(ram::system::create("tmpfs", nullptr, size_bytes, 01777));
  return attach(std::move(made), TRY(directory_at(path)), "tmpfs", false);
}

result<> mount(string_view source, const lookup_base& base, string_view target, string_view type, u32 flags) {
  constexpr u32 read_only = 1, remount = 32, bind = 4096, move = 8192;  // mount(2)
  if (flags & (remount | bind | move)) return fail(errc::not_permitted);
  walker walk(base);
  TRY(walk.all(target, true));
  if (!walk.object()) return fail(errc::not_directory);
  ref<file_system> system;
  if (type == "tmpfs")
    system = TRY(ram::system::create("tmpfs", nullptr, 0, 01777));
  else if (type == "proc")
    system = ref<file_system>(&proc_file_system());
  else if (type == "sysfs")
    system = ref<file_system>(&sys_file_system());
  else if (type == "devtmpfs")
    system = TRY(device_file_system());
  else
    return fail(errc::no_device);
  return attach(std::move(system), walk.object(), source, flags & read_only);
}

result<> unmount(const lookup_base& base, string_view path) {
  walker walk(base);
  TRY(walk.all(path, true));
  if (!walk.object()) return fail(errc::invalid);
  TRY(detach(walk.object()));
  drop_unused_entries();
  return {};
}

result<> sync_all() {
  errc error = errc::ok;
  for (usize i = 0;; ++i) {
    ref<mount_point> m = mount_at(i);
    if (!m) break;
    if (auto synced = m->system().sync(); !synced.ok() && error == errc::ok) error = synced.error();
  }
  if (error != errc::ok) return fail(error);
  return {};
}

result<> sync_file_system(io::file& file) {
  open_file* opened = file.as_open_file();
  return opened ? opened->at().mount().system().sync() : result<>();
}

void power_off() {
  for (usize i = 0;; ++i) {
    ref<mount_point> m = mount_at(i);
    if (!m) return;
    m->system().power_off();
  }
}

/// For tests: as before mount_root.
void unmount_everything() {
  detach_all();
  forget_device_file_system();
  drop_unused_entries();
}

result<ref<io::file>> create_memory_file(string_view name) {
  // A mount that is in no table: the files have a file system, and no place in the tree.
  static constinit std::atomic<mount_point*> shared{nullptr};
  mount_point* mount = shared.load(std::memory_order_acquire);
  if (!mount) {
    auto made = TRY(hidden_mount(TRY(ram::system::create("tmpfs", nullptr, 0, 01777))));
    // acq_rel: publishes the mount, or sees the other thread's.
    if (shared.compare_exchange_strong(mount, made.get(), std::memory_order_acq_rel)) mount = made.leak();
  }
  constexpr usize memory_file_name_max = name_max - 6;  // memfd_create(2)
  if (name.size() > memory_file_name_max) return fail(errc::invalid);
  string shown = TRY(string::create("memfd:"));
  TRY(shown.append(name));
  ref<inode> node = TRY(mount->root().node()->create_unnamed(io::mode::regular | 0777));
  ref<entry> at = TRY(entry::create(mount->root_ref(), shown, node));
  at->mark_unlinked();
  return node->open(location(ref<mount_point>(mount), std::move(at)), io::open_flag::read_write | io::open_flag::large_file);
}

}  // namespace osv::vfs
