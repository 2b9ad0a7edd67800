// virtio over memory-mapped registers, version 2 (virtio 1.2, 4.2): one interrupt line a device.
#include "base/format.hh"
#include "devices/acpi/acpi.hh"
#include "devices/pci/pci.hh"
#include "devices/virtio/device.hh"
#include "log/log.hh"
#include "memory/frames.hh"

namespace osv::devices::virtio {
namespace {

// Registers (4.2.2).
enum mmio : u32 {
  register_magic = 0x000,
  register_version = 0x004,
  register_device_id = 0x008,
  register_device_features = 0x010,
  register_device_features_select = 0x014,
  register_driver_features = 0x020,
  register_driver_features_select = 0x024,
  register_queue_select = 0x030,
  register_queue_size_max = 0x034,
  register_queue_size = 0x038,
  register_queue_ready = 0x044,
  register_queue_notify = 0x050,
  register_interrupt_status = 0x060,
  register_interrupt_acknowledge = 0x064,
  register_status = 0x070,
  register_queue_descriptors = 0x080,
  register_queue_driver = 0x090,
  register_queue_device = 0x0a0,
  register_generation = 0x0fc,
  register_configuration = 0x100,
};
constexpr u32 magic = 0x74726976;  // "virt"
constexpr u32 window_size_min = 0x200;

// microvm's windows, where nothing announces them (QEMU docs/system/i386/microvm).
constexpr u64 microvm_base = 0xfeb00000;
constexpr unsigned microvm_windows = 8;
constexpr u32 microvm_first_gsi = 5;

class mmio_transport final : public transport {
 public:
  mmio_transport(volatile u8* registers, u64 address, u32 size, u32 gsi)
      : registers_(registers), configuration_size_(size - register_configuration), gsi_(gsi), place_("mmio {:x}", address) {
    type_ = static_cast<device_type>(read(register_device_id));
  }

  std::string_view place() const override { return place_; }

  u64 device_features() override {
    write(register_device_features_select, 0);
    const u64 low = read(register_device_features);
    write(register_device_features_select, 1);
    return low | static_cast<u64>(read(register_device_features)) << 32;
  }
  void set_driver_features(u64 features) override {
    write(register_driver_features_select, 0);
    write(register_driver_features, static_cast<u32>(features));
    write(register_driver_features_select, 1);
    write(register_driver_features, static_cast<u32>(features >> 32));
  }
  u8 get_status() override { return static_cast<u8>(read(register_status)); }
  void set_status(u8 value) override { write(register_status, value); }

  // All sources share the one line: each handler looks at its own queues. The line stays up until acknowledged (4.2.3.4):
  // a level, whatever the bus calls it.
  result<u16> attach_interrupt(unsigned, arch::interrupt_handler handler) override {
    if (handler_count_ == handlers_max) return fail(errc::no_space);
    handlers_[handler_count_] = handler;
    if (handler_count_ == 0) TRY(arch::route_global_interrupt(gsi_, true, false, [this] { on_interrupt(); }));
    return static_cast<u16>(handler_count_++);
  }

  u16 queue_size(u16 queue) override {
    write(register_queue_select, queue);
    const u32 size = read(register_queue_size_max);
    return static_cast<u16>(size > 0x8000 ? 0x8000 : size);
  }

  result<doorbell> enable_queue(u16 queue, u16 size, const queue_addresses& addresses, u16) override {
    write(register_queue_select, queue);
    if (read(register_queue_ready)) return fail(errc::busy);
    write(register_queue_size, size);
    write_wide(register_queue_descriptors, addresses.descriptors);
    write_wide(register_queue_driver, addresses.available);
    write_wide(register_queue_device, addresses.used);
    write(register_queue_ready, 1);
    return doorbell{registers_ + register_queue_notify, queue, true};
  }

 protected:
  u32 configuration_generation() override { return read(register_generation); }
  u8 configuration_byte(u32 offset) override {
    return offset < configuration_size_ ? arch::read_register<u8>(registers_ + register_configuration + offset) : u8{0};
  }
  u32 configuration_word(u32 offset) override { return offset + 4 <= configuration_size_ ? read(register_configuration + offset) : 0; }

 private:
  static constexpr usize handlers_max = 16;

  void on_interrupt() {
    const u32 status = read(register_interrupt_status);
    write(register_interrupt_acknowledge, status);
    if (status & 1)
      for (usize i = 0; i < handler_count_; ++i) handlers_[i]();
  }
  u32 read(u32 offset) const { return arch::read_register<u32>(registers_ + offset); }
  void write(u32 offset, u32 value) const { arch::write_register<u32>(registers_ + offset, value); }
  void write_wide(u32 offset, u64 value) const {
    write(offset, static_cast<u32>(value));
    write(offset + 4, static_cast<u32>(value >> 32));
  }

  volatile u8* registers_;
  u32 configuration_size_;
  u32 gsi_;
  formatted<24> place_;
  arch::interrupt_handler handlers_[handlers_max];
  usize handler_count_ = 0;
};

// Several windows lie in one page.
result<volatile u8*> map_window(u64 address) {
  static u64 mapped_page = 0;
  static volatile u8* mapping = nullptr;
  const u64 page = align_down(address, page_size);
  if (!mapping || mapped_page != page) {
    mapping = static_cast<volatile u8*>(TRY(memory::map_device(physical_address{page}, page_size)));
    mapped_page = page;
  }
  return mapping + (address - page);
}

void probe_window(u64 address, u32 size, u32 gsi) {
  if (size < window_size_min || size > page_size || (address & (page_size - 1)) + size > page_size) return;
  const result<volatile u8*> registers = map_window(address);
  if (!registers.ok()) return;
  volatile u8* at = registers.value();
  if (arch::read_register<u32>(at + register_magic) != magic) return;
  const u32 type = arch::read_register<u32>(at + register_device_id);
  if (type == 0 || type == static_cast<u32>(device_type::balloon)) return;  // 0: an empty slot
  const u32 version = arch::read_register<u32>(at + register_version);
  if (version != 2) {
    log::warning("virtio: mmio {:x}: device of type {} has the legacy interface; start QEMU with -global virtio-mmio.force-legacy=false",
                 address, type);
    return;
  }
  result<unique<mmio_transport>> t = make_unique<mmio_transport>(at, address, size, gsi);
  const result<> started = t.ok() ? start_driver(t.release()) : result<>(fail(t.error()));
  if (!started.ok()) log::warning("virtio: mmio {:x}: device of type {} not started (error {})", address, type, started.error());
}

// A number in decimal or 0x hexadecimal, with an optional K; moves `text` on.
bool take_number(std::string_view& text, u64& value) {
  unsigned base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  usize digits = 0;
  value = 0;
  while (!text.empty() && digits < 18) {
    const char c = text.front();
    unsigned digit;
    if (c >= '0' && c <= '9')
      digit = static_cast<unsigned>(c - '0');
    else if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
      digit = static_cast<unsigned>((c | 0x20) - 'a' + 10);
    else
      break;
    value = value * base + digit;
    text.remove_prefix(1);
    ++digits;
  }
  if (digits && (text.starts_with('K') || text.starts_with('k'))) {
    value *= 1024;
    text.remove_prefix(1);
  }
  return digits > 0;
}

// `virtio_mmio.device=<size>@<address>:<interrupt>[:<id>]` (Linux, drivers/virtio/virtio_mmio).
bool probe_command_line(std::string_view line) {
  constexpr std::string_view key = "virtio_mmio.device=";
  bool any = false;
  for (usize at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
    std::string_view rest = line.substr(at + key.size());
    u64 size, address, gsi;
    if (!take_number(rest, size) || !rest.starts_with('@')) continue;
    rest.remove_prefix(1);
    if (!take_number(rest, address) || !rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    if (!take_number(rest, gsi)) continue;
    any = true;
    probe_window(address, static_cast<u32>(size), static_cast<u32>(gsi));
  }
  return any;
}

}  // namespace

void probe_mmio(std::string_view command_line) {
  bool announced = probe_command_line(command_line);
  for (const acpi::virtio_window& w : acpi::virtio_windows()) {
    if (announced) break;
    probe_window(to_u64(w.address), w.size, w.gsi);
  }
  announced |= !acpi::virtio_windows().empty();
  // Only where there is no PCI: elsewhere these addresses may be something else.
  if (!announced && pci::function_count() == 0)
    for (unsigned i = 0; i < microvm_windows; ++i) probe_window(microvm_base + i * window_size_min, window_size_min, microvm_first_gsi + i);
}

}  // namespace osv::devices::virtio
