#include "log/symbols.hh"

#include "base/format.hh"

// Made by cmake/symbols.sh from the first link; absent in it.
extern "C" {
extern osv::u8 kernel_start[], text_end[];
extern const osv::u32 kernel_symbol_count __attribute__((weak));
extern const osv::u32 kernel_symbol_offsets[] __attribute__((weak));
extern const osv::u32 kernel_symbol_blocks[] __attribute__((weak));
extern const osv::u8 kernel_symbol_names[] __attribute__((weak));
}

namespace osv::log {

namespace {

constexpr u32 names_per_block = 32;

/// Index of the last function that starts at or before `offset`.
u32 find(u32 offset) {
  u32 low = 0, high = kernel_symbol_count;
  while (high - low > 1) {
    const u32 middle = (low + high) / 2;
    (kernel_symbol_offsets[middle] <= offset ? low : high) = middle;
  }
  return low;
}

/// Undoes the front coding from the start of the name's block.
std::string_view name_of(u32 index, char (&name)[256]) {
  const u8* at = kernel_symbol_names + kernel_symbol_blocks[index / names_per_block];
  usize length = 0;
  for (u32 i = index - index % names_per_block;; ++i) {
    const u8 shared = at[0], rest = at[1];
    length = usize{shared} + rest < sizeof name ? usize{shared} + rest : sizeof name;
    for (usize n = shared; n < length; ++n) name[n] = static_cast<char>(at[2 + n - shared]);
    if (i == index) return {name, length};
    at += 2 + rest;
  }
}

}  // namespace

void write_symbol(u64 address, char* into, usize capacity) {
  text_writer out(into, capacity - 1);
  const u64 start = reinterpret_cast<u64>(kernel_start);
  if (&kernel_symbol_count && address >= start && address < reinterpret_cast<u64>(text_end)) {
    const u32 offset = static_cast<u32>(address - start);
    const u32 index = find(offset);
    char name[256];
    format_to(out, "{}+{}", name_of(index, name), reinterpret_cast<void*>(u64{offset - kernel_symbol_offsets[index]}));
  } else {
    format_to(out, "{}", reinterpret_cast<void*>(address));
  }
  into[out.size()] = 0;
}

}  // namespace osv::log
