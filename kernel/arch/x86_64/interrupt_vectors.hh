// Interrupt vectors: which number means what, and the dispatch of device interrupts. Message-signalled and I/O APIC
// interrupts get a vector of their own on one CPU each.
#pragma once

#include "arch/interrupts.hh"
#include "base/types.hh"

namespace osv::arch {

constexpr u8 device_vector_first = 0x30;
constexpr u8 device_vector_last = 0xdf;
// Higher vectors have priority (SDM volume 3, 11.8.3.1): what keeps the machine going lies above the devices.
constexpr u8 vector_reschedule = 0xe0;
constexpr u8 vector_flush_translations = 0xe1;
constexpr u8 vector_call = 0xe2;
constexpr u8 vector_timer = 0xef;
constexpr u8 vector_stop = 0xf0;
constexpr u8 vector_spurious = 0xff;

constexpr bool is_device_vector(u8 vector) { return vector >= device_vector_first && vector <= device_vector_last; }

/// Runs the handler of `vector` on this CPU and acknowledges at the local APIC. Interrupts are off.
void dispatch_device_interrupt(u8 vector);

/// A free vector on `cpu`, bound to `handler`. ENOSPC when all are taken, ENOMEM.
result<u8> allocate_vector(unsigned cpu, interrupt_handler handler);

}  // namespace osv::arch
