// Where sent data lies: pieces cut from 32 KiB blocks of frames, so that a device takes them without a further copy.
#pragma once

#include "memory/frames.hh"

namespace osv::net {

/// A piece of a block of frames, with one reference to the block.
struct page_piece {
  memory::frame* page;
  u32 offset;
  u32 length;
};

/// Reserves 1 to `wanted` bytes; nobody else writes there. Consecutive pieces of one caller are often neighbours. ENOMEM.
result<page_piece> reserve_piece(usize wanted);

}  // namespace osv::net
