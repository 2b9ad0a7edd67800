#include "vfs/inode.hh"

#include "vfs/character_device.hh"
#include "vfs/entry.hh"
#include "vfs/open_file.hh"

namespace osv::vfs {

namespace {
// Anonymous devices have major 0 (Linux: get_anon_bdev).
constinit std::atomic<u32> next_device{1};
constinit std::atomic<inode::unmapper> of_space{nullptr};
}  // namespace

file_system::file_system(string_view type, bool read_only)
    : type_(type), read_only_(read_only), device_(device_number(0, next_device.fetch_add(1, std::memory_order_relaxed))) {}

result<ref<io::file>> inode::open(const location& at, u32 flags) {
  switch (type()) {
    case io::mode::regular:
      return TRY(make_ref<regular_file>(at, flags));
    case io::mode::directory:
      return TRY(make_ref<directory_file>(at, flags));
    case io::mode::character:
    case io::mode::block: {
      io::file_status s;
      TRY(status(s));
      return open_device(at, s.special_device, type() == io::mode::block, flags);
    }
    default:
      return fail(errc::no_such_device_or_address);  // open(2): ENXIO for sockets
  }
}

result<u64> inode::seek_data(u64 offset, bool hole) {
  if (offset >= size()) return fail(errc::no_such_device_or_address);
  return hole ? size() : offset;
}

void inode::set_unmapper(unmapper unmap) { of_space.store(unmap, std::memory_order_relaxed); }

void inode::unmap_pages(u64 first, u64 end, bool copies) {
  // relaxed: a fault that was given one of the pages took it under the lock of the file's pages, as its removal did afterwards, so
  // what was stored before that fault is seen here. Files that were never mapped cost nothing.
  if (!was_mapped_.load(std::memory_order_relaxed)) return;
  if (unmapper unmap = of_space.load(std::memory_order_relaxed)) unmap(*this, first, end, copies);
}

std::string_view inode::name() const {
  const string* path = mapped_path_.load(std::memory_order_acquire);
  return path ? path->view() : std::string_view{};
}

void inode::remember_path(const location& at) {
  if (mapped_path_.load(std::memory_order_relaxed)) return;
  auto path = path_of(at);
  if (!path.ok()) return;
  string* kept = new (std::nothrow) string(std::move(path.value()));
  string* expected = nullptr;
  // release: whoever sees the pointer sees the text.
  if (kept && !mapped_path_.compare_exchange_strong(expected, kept, std::memory_order_release)) delete kept;
}

}  // namespace osv::vfs
