#include "net/tcp/segment.hh"

namespace osv::net::tcp {

namespace {

u32 read_be32(const u8* at) { return static_cast<u32>(at[0]) << 24 | static_cast<u32>(at[1]) << 16 | static_cast<u32>(at[2]) << 8 | at[3]; }

void parse_option(u8 kind, const u8* body, usize size, segment& into) {
  switch (kind) {
    case option_mss:
      if (size == 2 && into.syn()) into.mss = static_cast<u16>(body[0] << 8 | body[1]);
      break;
    case option_window_scale:
      if (size == 1 && into.syn()) into.window_scale = body[0] > segment::scale_max ? segment::scale_max : body[0];
      break;
    case option_sack_permitted:
      if (size == 0 && into.syn()) into.sack_permitted = true;
      break;
    case option_sack:
      if (size % 8) break;
      for (usize i = 0; i + 8 <= size && into.sack_count < 4; i += 8) into.sacks[into.sack_count++] = {read_be32(body + i), read_be32(body + i + 4)};
      break;
    case option_timestamps:
      if (size != 8) break;
      into.has_timestamp = true;
      into.timestamp_value = read_be32(body);
      into.timestamp_echo = read_be32(body + 4);
      break;
    default: break;
  }
}

}  // namespace

bool parse_segment(io::packet& packet, segment& into) {
  if (packet.linear() < sizeof(tcp_header)) return false;
  const auto* header = reinterpret_cast<const tcp_header*>(packet.data());
  const usize length = header->length();
  if (length < sizeof(tcp_header) || length > packet.linear()) return false;
  into.sequence = header->sequence;
  into.acknowledgement = header->acknowledgement;
  into.window = header->window;
  into.flags = header->flags;
  into.length = static_cast<u32>(packet.size() - length);
  const u8* options = packet.data() + sizeof(tcp_header);
  const usize size = length - sizeof(tcp_header);
  // The usual form of a data segment: NOP NOP timestamps (RFC 7323 appendix A).
  if (size == 12 && options[0] == option_nop && options[1] == option_nop && options[2] == option_timestamps && options[3] == 10) [[likely]] {
    into.has_timestamp = true;
    into.timestamp_value = read_be32(options + 4);
    into.timestamp_echo = read_be32(options + 8);
  } else {
    for (usize at = 0; at < size;) {
      const u8 kind = options[at];
      if (kind == option_end) break;
      if (kind == option_nop) {
        ++at;
        continue;
      }
      if (at + 2 > size || options[at + 1] < 2 || at + options[at + 1] > size) break;  // the rest makes no sense: ignored
      parse_option(kind, options + at + 2, options[at + 1] - 2u, into);
      at += options[at + 1];
    }
  }
  packet.transport_offset = static_cast<u16>(length);  // how far back the header begins
  packet.pull(length);
  return true;
}

}  // namespace osv::net::tcp
