// ISO 9660 with Rock Ridge: the small disks that KubeVirt makes of ConfigMaps, Secrets and cloud-init data.
#pragma once

#include "vfs/image_source.hh"
#include "vfs/inode.hh"

namespace osv::vfs::iso9660 {

/// EINVAL: no ISO 9660. EUCLEAN: damaged. ENOTSUP: blocks of another size than 2048.
result<ref<file_system>> open_image(unique<image_source> source);

}  // namespace osv::vfs::iso9660
