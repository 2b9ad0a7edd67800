#include "vfs/ram/system.hh"

#include "vfs/ram/directory.hh"
#include "vfs/ram/file.hh"
#include "vfs/ram/special.hh"

namespace osv::vfs::ram {

namespace {

constexpr u64 tmpfs_magic = 0x01021994, overlay_magic = 0x794c7630;
/// Numbers of inodes that have no lower one start here, beyond any number of an image below 32 TiB.
constexpr u64 first_own_number = 1ull << 40;

result<ref<node>> make_node(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower) {
  switch (mode & io::mode::type_mask) {
    case io::mode::regular:
      return TRY(osv::make_ref<file>(owner, number, mode, device, std::move(lower)));
    case io::mode::directory:
      return TRY(osv::make_ref<directory>(owner, number, mode, device, std::move(lower)));
    case io::mode::link:
      return TRY(osv::make_ref<symbolic_link>(owner, number, mode, device, std::move(lower)));
    case io::mode::fifo:
    case io::mode::socket:
    case io::mode::character:
    case io::mode::block:
      return TRY(osv::make_ref<special>(owner, number, mode, device, std::move(lower)));
    default:
      return fail(errc::invalid);
  }
}

}  // namespace

system::system(std::string_view type, ref<file_system> lower, u64 bytes_max)
    : file_system(type, false),
      lower_(std::move(lower)),
      pages_max_(bytes_max / page_size),
      next_number_(lower_ ? first_own_number : 1) {}

system::~system() = default;

result<ref<system>> system::create(std::string_view type, ref<file_system> lower, u64 bytes_max, u32 root_permissions) {
  if (!bytes_max) bytes_max = memory::statistics().total_bytes / 2;
  ref<inode> lower_root;
  if (lower) lower_root = TRY(lower->root());
  auto made = TRY(osv::make_ref<system>(type, std::move(lower), bytes_max));
  if (lower_root) {
    made->root_ = TRY(made->wrap(std::move(lower_root)));
  } else {
    made->root_ = TRY(made->create_node(io::mode::directory | root_permissions, 0));
    made->root_->set_links(2);
  }
  return made;
}

result<ref<inode>> system::root() {
  if (!root_) return fail(errc::no_device);
  return ref<inode>(root_);
}

void system::unmounted() {
  root_ = nullptr;
  while (ref<node> kept = table_.find_if([](const node& n) { return n.kept(); })) kept->stop_keeping();
}

result<> system::status(file_system_status& out) {
  out.magic = lower_ ? overlay_magic : tmpfs_magic;
  const u64 used = pages_.load(std::memory_order_relaxed);
  out.blocks = pages_max_;
  out.blocks_free = used < pages_max_ ? pages_max_ - used : 0;
  out.files = pages_max_;
  const u64 files = files_.load(std::memory_order_relaxed);
  out.files_free = files < pages_max_ ? pages_max_ - files : 0;
  return {};
}

result<ref<node>> system::wrap(ref<inode> lower) {
  if (ref<node> known = table_.find(lower->number())) return known;
  const u64 number = lower->number();
  const u32 mode = lower->mode();
  files_.fetch_add(1, std::memory_order_relaxed);
  auto made = make_node(*this, number, mode, 0, std::move(lower));
  if (!made.ok()) {
    files_.fetch_sub(1, std::memory_order_relaxed);
    return made;
  }
  TRY(made.value()->adopt_attributes());
  return table_.insert(made.release());
}

result<ref<node>> system::create_node(u32 mode, u64 device) {
  if (files_.fetch_add(1, std::memory_order_relaxed) >= pages_max_) {
    files_.fetch_sub(1, std::memory_order_relaxed);
    return fail(errc::no_space);
  }
  auto made = make_node(*this, next_number_.fetch_add(1, std::memory_order_relaxed), mode, device, nullptr);
  if (!made.ok()) files_.fetch_sub(1, std::memory_order_relaxed);
  return made;
}

void system::forget(node& gone) {
  table_.remove(gone);
  files_.fetch_sub(1, std::memory_order_relaxed);
}

result<> system::charge(u64 pages) {
  if (pages_.fetch_add(pages, std::memory_order_relaxed) + pages > pages_max_) {
    uncharge(pages);
    return fail(errc::no_space);
  }
  return {};
}

void system::uncharge(u64 pages) { pages_.fetch_sub(pages, std::memory_order_relaxed); }

}  // namespace osv::vfs::ram
