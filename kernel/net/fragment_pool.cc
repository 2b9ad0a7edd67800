#include "net/fragment_pool.hh"

#include "arch/cpu.hh"
#include "lock/spin_lock.hh"

namespace osv::net {

namespace {

constexpr unsigned block_order = 3;
constexpr u32 useful_rest = 1024;  // a smaller rest of a block is left unused by larger requests

struct current_block {
  lock::spin_lock lock{lock::rank::leaf};
  memory::frame* page = nullptr;
  u32 used = 0;
  u32 size = 0;
};
arch::per_cpu<current_block> blocks;

result<page_piece> cut(current_block& b, usize wanted) {
  const u32 rest = b.size - b.used;
  if (!b.page || rest == 0 || (rest < wanted && rest < useful_rest)) return fail(errc::again);
  const u32 n = wanted < rest ? static_cast<u32>(wanted) : rest;
  const page_piece piece{b.page, b.used, n};
  b.used += n;
  memory::retain(*b.page);
  return piece;
}

}  // namespace

result<page_piece> reserve_piece(usize wanted) {
  DEBUG_ASSERT(wanted);
  {
    current_block& b = blocks.local();
    lock::guard g(b.lock);
    auto piece = cut(b, wanted);
    if (piece.ok()) return piece;
  }
  unsigned order = block_order;
  auto block = memory::allocate_frames(order);
  if (!block.ok()) block = memory::allocate_frames(order = 0);
  if (!block.ok()) return fail(block.error());
  memory::frame* old;
  result<page_piece> piece = fail(errc::no_memory);
  {
    current_block& b = blocks.local();
    lock::guard g(b.lock);
    old = b.page;
    b.page = block.value();
    b.used = 0;
    b.size = static_cast<u32>(page_size << order);
    piece = cut(b, wanted);
  }
  if (old) memory::release(*old);
  return piece;
}

}  // namespace osv::net
