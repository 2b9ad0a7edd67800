// Port input and output, and memory-mapped registers.
#pragma once

#include "base/types.hh"

namespace osv::arch {

inline void out8(u16 port, u8 value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
inline void out16(u16 port, u16 value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
inline void out32(u16 port, u32 value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
inline u8 in8(u16 port) {
  u8 value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
inline u16 in16(u16 port) {
  u16 value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
inline u32 in32(u16 port) {
  u32 value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}

/// Device registers: exactly one access of exactly this width, never reordered against other volatile accesses.
template <typename T>
inline T read_register(const volatile void* at) {
  return *static_cast<const volatile T*>(at);
}
template <typename T>
inline void write_register(volatile void* at, T value) {
  *static_cast<volatile T*>(at) = value;
}

}  // namespace osv::arch
