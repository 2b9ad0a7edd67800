// virtio over PCI, modern interface (virtio 1.2, 4.1): structures in BARs, found by vendor capabilities; MSI-X.
#include "base/format.hh"
#include "devices/pci/pci.hh"
#include "devices/virtio/device.hh"
#include "log/log.hh"

namespace osv::devices::virtio {
namespace {

constexpr u16 virtio_vendor = 0x1af4;
constexpr u16 device_id_modern = 0x1040;        // 4.1.2: 0x1040 + device type
constexpr u16 device_id_transitional_first = 0x1000, device_id_transitional_last = 0x103f;

// cfg_type of struct virtio_pci_cap (4.1.4).
constexpr u8 structure_common = 1, structure_notify = 2, structure_isr = 3, structure_device = 4;
constexpr u16 no_vector = 0xffff;

// struct virtio_pci_common_cfg (4.1.4.3).
enum common : u32 {
  device_feature_select = 0x00,
  device_feature = 0x04,
  driver_feature_select = 0x08,
  driver_feature = 0x0c,
  config_msix_vector = 0x10,
  device_status = 0x14,
  config_generation = 0x15,
  queue_select = 0x16,
  queue_size_register = 0x18,
  queue_msix_vector = 0x1a,
  queue_enable = 0x1c,
  queue_notify_off = 0x1e,
  queue_descriptors = 0x20,
  queue_driver = 0x28,
  queue_device = 0x30,
  common_size = 0x38,
};

struct structure {
  u8 bar = 0;
  u32 offset = 0;
  u32 length = 0;
};

// Transitional devices (0x1000 to 0x103f) tell their type in the subsystem identifier.
u32 type_of(pci::function& f) {
  if (f.vendor() != virtio_vendor) return 0;
  if (f.device() >= device_id_modern && f.device() <= device_id_modern + 0x3f) return f.device() - device_id_modern;
  if (f.device() >= device_id_transitional_first && f.device() <= device_id_transitional_last) return f.read16(0x2e);
  return 0;
}

class pci_transport final : public transport {
 public:
  explicit pci_transport(pci::function& f)
      : function_(f), place_("pci {:02x}:{:02x}.{}", f.where().bus, f.where().device, f.where().function) {}

  static result<unique<transport>> create(pci::function& f) {
    unique<pci_transport> t = TRY(make_unique<pci_transport>(f));
    t->type_ = static_cast<device_type>(type_of(f));
    f.enable();
    TRY(t->find_structures());
    t->vectors_ = TRY(f.enable_message_interrupts());
    return unique<transport>(std::move(t));
  }

  std::string_view place() const override { return place_; }

  u64 device_features() override {
    write<u32>(device_feature_select, 0);
    const u64 low = read<u32>(device_feature);
    write<u32>(device_feature_select, 1);
    return low | static_cast<u64>(read<u32>(device_feature)) << 32;
  }
  void set_driver_features(u64 features) override {
    write<u32>(driver_feature_select, 0);
    write<u32>(driver_feature, static_cast<u32>(features));
    write<u32>(driver_feature_select, 1);
    write<u32>(driver_feature, static_cast<u32>(features >> 32));
  }
  u8 get_status() override { return read<u8>(device_status); }
  void set_status(u8 value) override { write<u8>(device_status, value); }

  result<u16> attach_interrupt(unsigned cpu, arch::interrupt_handler handler) override {
    if (vectors_used_ == vectors_) return fail(errc::no_space);
    function_.set_message_interrupt(vectors_used_, TRY(arch::allocate_message_interrupt(cpu, handler)));
    return vectors_used_++;
  }

  u16 queue_size(u16 queue) override {
    write<u16>(queue_select, queue);
    return read<u16>(queue_size_register);
  }

  result<doorbell> enable_queue(u16 queue, u16 size, const queue_addresses& addresses, u16 interrupt) override {
    write<u16>(queue_select, queue);
    write<u16>(queue_size_register, size);
    write_wide(queue_descriptors, addresses.descriptors);
    write_wide(queue_driver, addresses.available);
    write_wide(queue_device, addresses.used);
    write<u16>(queue_msix_vector, interrupt);
    // 4.1.5.1.2: the device answers no_vector when it could not bind it.
    if (interrupt != no_interrupt && read<u16>(queue_msix_vector) == no_vector) return fail(errc::no_space);
    const u64 at = static_cast<u64>(read<u16>(queue_notify_off)) * notify_multiplier_;
    if (at + 2 > notify_.length) return fail(errc::io);
    write<u16>(queue_enable, 1);
    return doorbell{notify_registers_ + at, queue, false};
  }

 protected:
  u32 configuration_generation() override { return read<u8>(config_generation); }
  u8 configuration_byte(u32 offset) override { return offset < device_.length ? arch::read_register<u8>(device_registers_ + offset) : u8{0}; }
  u32 configuration_word(u32 offset) override {
    if (offset + 4 <= device_.length) return arch::read_register<u32>(device_registers_ + offset);
    u32 value = 0;
    for (u32 i = 0; i < 4; ++i) value |= static_cast<u32>(configuration_byte(offset + i)) << i * 8;
    return value;
  }

 private:
  template <typename T>
  T read(u32 offset) const {
    return arch::read_register<T>(common_registers_ + offset);
  }
  template <typename T>
  void write(u32 offset, T value) const {
    arch::write_register<T>(common_registers_ + offset, value);
  }
  void write_wide(u32 offset, u64 value) const {
    write<u32>(offset, static_cast<u32>(value));
    write<u32>(offset + 4, static_cast<u32>(value >> 32));
  }

  // struct virtio_pci_cap: id, next, length, cfg_type, bar, id, padding[2], offset, length; for notify a multiplier follows.
  result<> find_structures() {
    structure found[5];
    for (u8 at = function_.find_capability(pci::capability_vendor); at; at = function_.find_capability(pci::capability_vendor, at)) {
      const u8 type = function_.read8(at + 3);
      if (type < structure_common || type > structure_device || found[type].length) continue;
      found[type] = {function_.read8(at + 4), function_.read32(at + 8), function_.read32(at + 12)};
      if (type == structure_notify) notify_multiplier_ = function_.read32(at + 16);
    }
    if (found[structure_common].length < common_size || found[structure_notify].length < 2) return fail(errc::no_device);
    // One mapping for all that share a BAR: from its start to the last end.
    for (const structure& s : found)
      if (s.length > 16 * 1024 * 1024 || s.offset > 16 * 1024 * 1024) return fail(errc::invalid);
    for (u8 bar = 0; bar < 6; ++bar) {
      u32 end = 0;
      for (const structure& s : found)
        if (s.length && s.bar == bar && s.offset + s.length > end) end = s.offset + s.length;
      if (!end) continue;
      volatile u8* registers = TRY(function_.map(bar, 0, end));
      if (found[structure_common].bar == bar) common_registers_ = registers + found[structure_common].offset;
      if (found[structure_notify].bar == bar) notify_registers_ = registers + found[structure_notify].offset;
      if (found[structure_device].length && found[structure_device].bar == bar) device_registers_ = registers + found[structure_device].offset;
    }
    notify_ = found[structure_notify];
    if (device_registers_) device_ = found[structure_device];
    if (!common_registers_ || !notify_registers_) return fail(errc::no_device);
    return {};
  }

  pci::function& function_;
  formatted<20> place_;
  volatile u8* common_registers_ = nullptr;
  volatile u8* notify_registers_ = nullptr;
  volatile u8* device_registers_ = nullptr;
  structure notify_;
  structure device_;
  u32 notify_multiplier_ = 0;
  u16 vectors_ = 0;
  u16 vectors_used_ = 0;
};

}  // namespace

void probe_pci() {
  for (usize i = 0; i < pci::function_count(); ++i) {
    pci::function& f = pci::function_at(i);
    const u32 type = type_of(f);
    if (type == 0 || type == static_cast<u32>(device_type::balloon)) continue;
    result<unique<transport>> t = pci_transport::create(f);
    const result<> started = t.ok() ? start_driver(t.release()) : result<>(fail(t.error()));
    if (!started.ok())
      log::warning("virtio: pci {:02x}:{:02x}.{}: device of type {} not started (error {})", f.where().bus, f.where().device,
                   f.where().function, type, started.error());
  }
}

}  // namespace osv::devices::virtio
