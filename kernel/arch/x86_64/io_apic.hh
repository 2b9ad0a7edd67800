// I/O APICs: inputs ("global system interrupts") to vectors of CPU 0 (82093AA data sheet; ACPI 6.4, 5.2.12.3).
#pragma once

#include "base/types.hh"

namespace osv::arch {

/// Adds the controller whose mapped registers are `registers` and whose first input is `gsi_base`; masks all its inputs.
/// At most 8; further ones are ignored.
void io_apic_add(volatile void* registers, u32 gsi_base);

}  // namespace osv::arch
