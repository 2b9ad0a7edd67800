#include "vfs/character_device.hh"

#include "vfs/device/device_directory.hh"
#include "vfs/open_file.hh"

namespace osv::vfs {

namespace {

struct device {
  std::string_view name;
  u64 number;
  u32 permissions;
  device_opener opener;
};

constexpr usize devices_max = 64;
device devices[devices_max];
// Grows only; release/acquire on it publishes the entry.
constinit std::atomic<usize> device_count{0};
sync::mutex registration;

const device* find(u64 number) {
  const usize n = device_count.load(std::memory_order_acquire);
  for (usize i = 0; i < n; ++i)
    if (devices[i].number == number) return &devices[i];
  return nullptr;
}

}  // namespace

result<> register_character_device(std::string_view name, u32 major, u32 minor, u32 permissions, device_opener opener) {
  const u64 number = device_number(major, minor);
  sync::mutex_guard g(registration);
  const usize n = device_count.load(std::memory_order_relaxed);
  for (usize i = 0; i < n; ++i)
    if (devices[i].number == number || devices[i].name == name) return fail(errc::exists);
  if (n == devices_max) return fail(errc::no_space);
  devices[n] = {name, number, permissions, opener};
  device_count.store(n + 1, std::memory_order_release);
  return add_device_node(name, number, permissions);
}

result<> add_device_nodes() {
  const usize n = device_count.load(std::memory_order_acquire);
  for (usize i = 0; i < n; ++i) TRY(add_device_node(devices[i].name, devices[i].number, devices[i].permissions));
  return {};
}

result<ref<io::file>> open_device(const location& at, u64 number, bool block, u32 flags) {
  const device* d = block ? nullptr : find(number);
  if (!d) return fail(errc::no_such_device_or_address);
  ref<io::file> inner = TRY(d->opener(flags));
  return TRY(osv::make_ref<delegating_file>(at, flags, std::move(inner)));
}

}  // namespace osv::vfs
