// ext4: data volumes, read and write with a journal.
#pragma once

#include "devices/block_device.hh"
#include "vfs/inode.hh"

namespace osv::vfs::ext4 {

/// EINVAL: no ext4. EUCLEAN: damaged. ENOTSUP: a feature that is not implemented (logged). EROFS: it needs its journal, and the
/// disk cannot be written to. Writes to the disk at once, unless the disk is read-only: the journal is replayed.
result<ref<file_system>> open_volume(devices::block_device& device, bool read_only);

/// Whether the disk holds nothing: no byte but zero where any file system, partition table or volume manager has its marks.
result<bool> is_blank(devices::block_device& device);
/// Makes an empty file system. What was on the disk is lost. ENOSPC when it is too small (8 MiB).
result<> format(devices::block_device& device);

}  // namespace osv::vfs::ext4
