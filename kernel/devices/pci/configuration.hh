// Raw configuration space accesses.
#pragma once

#include "devices/pci/pci.hh"

namespace osv::devices::pci {

/// True once there is a way to configuration space at all.
bool initialize_configuration_access();
/// Highest bus number that can be reached.
u8 last_bus();

/// `size` 1, 2 or 4; `offset` aligned to it, below 256. Reads of nothing give all ones.
u32 read_configuration(location where, u16 offset, unsigned size);
void write_configuration(location where, u16 offset, u32 value, unsigned size);

}  // namespace osv::devices::pci
