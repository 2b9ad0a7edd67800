// The allocator behind operator new.
#pragma once

#include "base/types.hh"

namespace osv::memory {

/// 16-byte aligned; sizes that are multiples of 64 are 64-byte aligned; above 4,032 bytes page-aligned. nullptr when memory is short.
void* heap_allocate(usize size);
void heap_free(void* pointer);

/// Tries on a harmless object whether double frees and writes to free objects would be noticed.
bool heap_detects_misuse();

}  // namespace osv::memory
