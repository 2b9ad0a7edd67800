// Bounded views of ACPI tables, and what the tables told, as the parts of acpi/ share it.
#pragma once

#include <cstring>

#include "arch/cpu.hh"
#include "devices/acpi/acpi.hh"

namespace osv::devices::acpi {

/// Bytes whose reads never leave the table: what lies outside reads as zero.
class table {
 public:
  constexpr table() = default;
  constexpr table(const u8* data, u32 length) : data_(data), length_(length) {}
  u32 length() const { return length_; }
  explicit operator bool() const { return data_ != nullptr; }
  template <typename T>
  T read(u32 offset) const {
    T value{};
    if (offset <= length_ && sizeof(T) <= length_ - offset) memcpy(&value, data_ + offset, sizeof(T));
    return value;
  }
  bool has(u32 offset, const char* bytes, u32 n) const {
    return offset <= length_ && n <= length_ - offset && memcmp(data_ + offset, bytes, n) == 0;
  }
  /// First position of the bytes at or behind `from`; length() if none.
  u32 find(const char* bytes, u32 n, u32 from = 0) const {
    for (u32 at = from; n <= length_ && at <= length_ - n; ++at)
      if (memcmp(data_ + at, bytes, n) == 0) return at;
    return length_;
  }

 private:
  const u8* data_ = nullptr;
  u32 length_ = 0;
};

/// Generic address structure (ACPI 6.4, 5.2.3.2), memory or port.
struct generic_address {
  enum class space : u8 { memory = 0, port = 1 };
  space where;
  u64 address;
};

constexpr u32 table_header_size = 36;

struct override {
  u8 irq;
  u32 gsi;
  u16 flags;
};

template <typename T, usize Capacity>
struct bounded_array {
  T items[Capacity]{};
  usize count = 0;
  bool add(const T& item) {
    if (count == Capacity) return false;
    items[count++] = item;
    return true;
  }
  std::span<const T> view() const { return {items, count}; }
};

/// Everything that was found. Filled by initialize(), constant afterwards.
struct findings {
  bool available = false;
  table fadt;
  table dsdt;
  bounded_array<cpu, arch::cpus_max> cpus;
  u32 cpus_listed = 0;  // absent ones, which could be plugged in, count too
  bounded_array<io_apic, 8> io_apics;
  bounded_array<override, 24> overrides;
  bounded_array<configuration_space, 8> configuration_spaces;
  bounded_array<virtio_window, 32> virtio_windows;
};
extern findings found;

void parse_madt(const table& madt, findings& into);
void parse_mcfg(const table& mcfg, findings& into);
/// Looks for QEMU's virtio-mmio devices (_HID "LNRO0005") and their resources.
void parse_virtio_windows(const table& dsdt, findings& into);
/// Looks for an MP table in low memory.
bool parse_mp_table(findings& into);
/// SLP_TYPa and SLP_TYPb of the package \_S5_ (ACPI 6.4, 7.4.2); false if there is none.
bool find_soft_off(const table& dsdt, u8& type_a, u8& type_b);
generic_address read_address(const table& t, u32 offset);
/// power.cc: maps what power_off() and reboot() will need.
void prepare_power();

}  // namespace osv::devices::acpi
