// The checksums of ext4.
#pragma once

#include "base/types.hh"

namespace osv::vfs::ext4 {

/// CRC-32C (RFC 3720, 12.1), reflected, neither inverted before nor after: as metadata_csum chains it, starting from ~0.
u32 crc32c(u32 crc, const void* data, usize size);
/// CRC-16 (polynomial 0xa001, reflected) of group descriptors without metadata_csum, starting from ~0.
u16 crc16(u16 crc, const void* data, usize size);

}  // namespace osv::vfs::ext4
