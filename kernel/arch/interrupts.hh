// Device interrupts: vectors and their handlers. Handlers run with interrupts off, on the interrupted thread's kernel stack.
#pragma once

#include "base/function.hh"
#include "base/result.hh"

namespace osv::arch {

using interrupt_handler = inplace_function<void()>;

/// A vector of its own on `cpu` for message-signalled interrupts. ENOSPC when all are taken.
struct message_interrupt {
  u64 address;  // what the device writes to (SDM volume 3, 11.11 Message Signalled Interrupts)
  u32 data;
  u8 vector;
};
result<message_interrupt> allocate_message_interrupt(unsigned cpu, interrupt_handler handler);

/// Routes a global system interrupt (I/O APIC input) to CPU 0. `level`/`active_low` as the ACPI tables say.
result<> route_global_interrupt(u32 gsi, bool level, bool active_low, interrupt_handler handler);

}  // namespace osv::arch
