// EROFS: the read-only image that holds the root. Uncompressed layouts: flat, flat with inline tail, chunk-based.
#pragma once

#include "vfs/image_source.hh"
#include "vfs/inode.hh"

namespace osv::vfs::erofs {

/// EINVAL: no EROFS. EUCLEAN: damaged. ENOTSUP: a feature that is not implemented (logged).
result<ref<file_system>> open_image(unique<image_source> source);

}  // namespace osv::vfs::erofs
