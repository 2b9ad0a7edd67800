#include "net/checksum.hh"

namespace osv::net {

namespace {

u32 fold(u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  u32 half = static_cast<u32>(sum);
  half = (half & 0xffff) + (half >> 16);
  return (half & 0xffff) + (half >> 16);
}

}  // namespace

u32 checksum_add(const void* data, usize size, u32 start) {
  const u8* at = static_cast<const u8*>(data);
  u64 sum = start;
  while (size >= 32) {
    u32 words[8];
    __builtin_memcpy(words, at, 32);
    // Eight 32-bit words cannot overflow 64 bits before the fold: 2^29 words would be needed.
    sum += static_cast<u64>(words[0]) + words[1] + words[2] + words[3];
    sum += static_cast<u64>(words[4]) + words[5] + words[6] + words[7];
    at += 32;
    size -= 32;
  }
  while (size >= 4) {
    u32 word;
    __builtin_memcpy(&word, at, 4);
    sum += word;
    at += 4;
    size -= 4;
  }
  if (size >= 2) {
    u16 word;
    __builtin_memcpy(&word, at, 2);
    sum += word;
    at += 2;
    size -= 2;
  }
  if (size) sum += *at;
  return fold(sum);
}

u32 checksum_pseudo_header(const address& source, const address& destination, u8 protocol, usize length) {
  u64 sum = 0;
  const auto add = [&](u64 value) { sum += (value & 0xffffffff) + (value >> 32); };
  if (source.is_ipv4()) {
    add(source.low >> 32);
    add(destination.low >> 32);
  } else {
    add(source.high);
    add(source.low);
    add(destination.high);
    add(destination.low);
  }
  add(__builtin_bswap32(protocol));
  add(__builtin_bswap32(static_cast<u32>(length)));
  return fold(sum);
}

u32 checksum_packet(const io::packet& packet, usize offset, u32 sum) {
  // A piece that starts at an odd position contributes with its bytes swapped (RFC 1071 §2).
  bool odd = false;
  const auto add = [&](const u8* data, usize size) {
    u32 part = checksum_add(data, size);
    if (odd) part = (part & 0xff) << 8 | part >> 8;
    sum += part;
    odd ^= size & 1;
  };
  if (offset < packet.linear()) {
    add(packet.data() + offset, packet.linear() - offset);
    offset = 0;
  } else {
    offset -= packet.linear();
  }
  for (usize i = 0; i < packet.fragment_count(); ++i) {
    const io::packet_fragment& f = packet.fragment(i);
    if (offset >= f.length) {
      offset -= f.length;
      continue;
    }
    add(f.page->as<u8>() + f.offset + offset, f.length - offset);
    offset = 0;
  }
  return sum;
}

}  // namespace osv::net
