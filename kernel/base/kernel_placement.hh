// Where the areas of the kernel's half of the address space go, given random numbers. Pure arithmetic, tried by a hosted test.
#pragma once

#include "base/types.hh"

namespace osv {

/// The areas never meet: each has a range of its own, in this order. Every range begins and ends at an entry of the top-level
/// table (512 GiB).
struct kernel_placement {
  u64 physical_map;  // multiple of 1 GiB, so that the map keeps its 1 GiB pages
  u64 stacks;        // multiple of 4 KiB; lies below one entry of the top-level table
  u64 image;         // multiple of 4 KiB; lies below one entry of the third-level table (1 GiB)
};

/// One range and what is placed in it: blocks of `stride` bytes, and in the chosen block any multiple of `step` at which `size`
/// bytes do not reach beyond it.
struct placement_range {
  u64 begin, end, stride, step, size;

  constexpr u64 blocks() const { return (end - begin) / stride; }
  constexpr u64 steps() const { return size > stride ? 1 : (stride - size) / step + 1; }
  constexpr u64 places() const { return blocks() * steps(); }
  /// Random bits of an address in it, rounded down.
  constexpr unsigned bits() const { return 63 - static_cast<unsigned>(__builtin_clzll(places())); }
  /// The place that belongs to a random number; all are equally likely.
  constexpr u64 place(u64 random) const {
    const u64 index = static_cast<u64>(static_cast<unsigned __int128>(random) * places() >> 64);
    return begin + index / steps() * stride + index % steps() * step;
  }
};

namespace placement {

constexpr u64 page = 4096, gigabyte = 1ull << 30, top_level_entry = 512 * gigabyte;
constexpr u64 physical_map_begin = 0xffff800000000000, stacks_begin = 0xfffff40000000000, image_begin = 0xfffff80000000000;
/// The last 2 GiB stay empty: the image is linked there, and stays there when it is not moved.
constexpr u64 image_end = 0xffffffff80000000;
/// Devices lie below this address, whatever the processor claims (QEMU's 64-bit window ends at 2^46).
constexpr unsigned physical_bits_max = 46;

constexpr placement_range physical_map(unsigned physical_bits) {
  const u64 size = 1ull << (physical_bits < physical_bits_max ? physical_bits : physical_bits_max);
  return {physical_map_begin, stacks_begin - size + gigabyte, gigabyte, gigabyte, gigabyte};
}
constexpr placement_range stacks(u64 size) { return {stacks_begin, image_begin, top_level_entry, page, size}; }
constexpr placement_range image(u64 size) { return {image_begin, image_end, gigabyte, page, size}; }

}  // namespace placement

}  // namespace osv
