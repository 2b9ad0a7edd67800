#include "net/ipv4_reassembly.hh"

namespace osv::net {

reassembler::~reassembler() {
  for (datagram& d : datagrams_)
    if (d.used) drop_locked(d);
}

void reassembler::drop_locked(datagram& d) {
  io::discard(d.list);
  bytes_ -= d.memory;
  d.used = false;
}

reassembler::datagram* reassembler::find_locked(const ipv4_header& h) {
  datagram* oldest = &datagrams_[0];
  datagram* unused = nullptr;
  const nanoseconds time = now();
  for (datagram& d : datagrams_) {
    if (d.used && d.expires <= time) drop_locked(d);
    if (!d.used) {
      unused = &d;
      continue;
    }
    if (d.source == h.source && d.destination == h.destination && d.identification == h.identification && d.protocol == h.protocol) return &d;
    if (!oldest->used || d.expires < oldest->expires) oldest = &d;
  }
  if (!unused) {
    drop_locked(*oldest);
    unused = oldest;
  }
  datagram& d = *unused;
  d.source = h.source;
  d.destination = h.destination;
  d.identification = h.identification;
  d.protocol = h.protocol;
  d.expires = time + lifetime;
  d.total = d.have = d.memory = d.pieces = 0;
  d.used = true;
  return &d;
}

unique<io::packet> reassembler::add(unique<io::packet> fragment) {
  ipv4_header header;
  __builtin_memcpy(&header, fragment->data(), sizeof header);
  const u16 field = header.fragment;
  const u32 offset = (field & ipv4_offset_mask) * 8u;
  const u32 length = static_cast<u32>(fragment->size() - header.length());
  const bool more = field & ipv4_more_fragments;
  if (length == 0 || (more && length % 8) || offset + length > 65535 - header.length()) return nullptr;

  lock::guard g(lock_);
  datagram& d = *find_locked(header);
  const u32 size = static_cast<u32>(fragment->memory_size());
  while (bytes_ + size > bytes_max_) {
    datagram* oldest = nullptr;
    for (datagram& other : datagrams_)
      if (other.used && &other != &d && other.memory && (!oldest || other.expires < oldest->expires)) oldest = &other;
    if (!oldest) {
      drop_locked(d);
      return nullptr;
    }
    drop_locked(*oldest);
  }
  fragment->control[0] = offset;
  fragment->control[1] = length;
  io::packet* before = nullptr;
  for (io::packet& p : d.list) {
    const u64 start = p.control[0], end = start + p.control[1];
    if (start >= offset + length) {
      before = &p;
      break;
    }
    if (end > offset) {
      const bool duplicate = start == offset && p.control[1] == length;
      if (!duplicate) drop_locked(d);
      return nullptr;
    }
  }
  if (!more) {
    if (d.total && d.total != offset + length) {
      drop_locked(d);
      return nullptr;
    }
    d.total = offset + length;
  }
  if ((d.total && offset + length > d.total) || (!d.list.empty() && d.total && d.list.back().control[0] + d.list.back().control[1] > d.total) ||
      ++d.pieces > pieces_max) {
    drop_locked(d);
    return nullptr;
  }
  d.have += length;
  d.memory += size;
  bytes_ += size;
  io::packet* p = fragment.release();
  if (before)
    d.list.insert_before(*before, *p);
  else
    d.list.push_back(*p);
  if (!d.total || d.have != d.total) return nullptr;
  unique<io::packet> whole = assemble_locked(d);
  drop_locked(d);
  return whole;
}

unique<io::packet> reassembler::assemble_locked(datagram& d) {
  unique<io::packet> whole(d.list.pop_front());
  auto* header = reinterpret_cast<ipv4_header*>(whole->data());
  const usize header_length = header->length();
  header->fragment = 0;
  header->total_length = static_cast<u16>(header_length + d.total);
  header->checksum = 0;
  whole->checksum_valid = false;
  // What follows the first piece is copied into blocks of frames: pieces lie in slots that are too small to share.
  u32 left = d.total - static_cast<u32>(whole->size() - header_length);
  if (whole->size() - header_length + left <= whole->tailroom() + whole->linear() - header_length && whole->fragment_count() == 0) {
    while (io::packet* p = d.list.pop_front()) {
      unique<io::packet> piece(p);
      const usize skip = reinterpret_cast<ipv4_header*>(piece->data())->length();
      piece->copy_out(skip, whole->append(piece->size() - skip), piece->size() - skip);
    }
    return whole;
  }
  memory::frame* block = nullptr;
  u32 used = 0, room = 0;
  while (io::packet* p = d.list.pop_front()) {
    unique<io::packet> piece(p);
    usize at = reinterpret_cast<ipv4_header*>(piece->data())->length();
    while (at < piece->size()) {
      if (used == room) {
        unsigned order = 0;
        while (order < 3 && (page_size << order) < left) ++order;
        auto allocated = memory::allocate_frames(order);
        if (!allocated.ok()) return nullptr;
        block = allocated.value();
        used = 0;
        room = static_cast<u32>(page_size << order);
        if (!whole->add_fragment(block, 0, 0)) {
          memory::release(*block);
          return nullptr;
        }
      }
      u32 n = static_cast<u32>(piece->size() - at);
      if (n > room - used) n = room - used;
      piece->copy_out(at, block->as<u8>() + used, n);
      memory::retain(*block);
      (void)whole->add_fragment(block, used, n);  // joins with its neighbour
      used += n;
      at += n;
      left -= n;
    }
  }
  return whole;
}

}  // namespace osv::net
