#include "vfs/iso9660/record.hh"

namespace osv::vfs::iso9660 {

namespace {

constexpr unsigned continuations_max = 32;
constexpr usize continuation_size_max = 8 * sector_size;

template <typename T>
T read_as(std::span<const u8> bytes, usize offset) {
  T value{};
  if (offset + sizeof value <= bytes.size()) __builtin_memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
i64 days_since_epoch(i64 year, unsigned month, unsigned day) {
  // Years start in March, so that leap days come last.
  year -= month <= 2;
  const i64 era = (year >= 0 ? year : year - 399) / 400;
  const unsigned year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

io::time_stamp make_time(i64 year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned seconds, i8 offset) {
  if (month < 1 || month > 12 || day < 1 || day > 31) return {};
  constexpr i64 quarter_hour = 15 * 60;
  return {days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + seconds - offset * quarter_hour, 0};
}

/// ECMA-119, 9.1.5.
io::time_stamp short_time(const u8* t) { return make_time(1900 + t[0], t[1], t[2], t[3], t[4], t[5], static_cast<i8>(t[6])); }

/// ECMA-119, 8.4.26.1: digits.
io::time_stamp long_time(const u8* t) {
  const auto number = [&](usize at, usize digits) {
    unsigned value = 0;
    for (usize i = at; i < at + digits; ++i) value = value * 10 + (t[i] >= '0' && t[i] <= '9' ? t[i] - '0' : 0);
    return value;
  };
  return make_time(number(0, 4), number(4, 2), number(6, 2), number(8, 2), number(10, 2), number(12, 2), static_cast<i8>(t[16]));
}

void decode_times(std::span<const u8> e, record& out) {
  // TF (RRIP 4.1.6): bits say which stamps follow, in this order.
  const u8 flags = read_as<u8>(e, 4);
  const bool is_long = flags & 0x80;
  const usize size = is_long ? 17 : 7;
  io::time_stamp unused;
  io::time_stamp* slots[] = {&unused, &out.modified, &out.accessed, &out.changed};
  usize at = 5;
  for (unsigned bit = 0; bit < 4; ++bit) {
    if (!(flags & 1u << bit)) continue;
    if (at + size > e.size()) return;
    *slots[bit] = is_long ? long_time(e.data() + at) : short_time(e.data() + at);
    at += size;
  }
}

/// SL (RRIP 4.1.3): components of a link's target, each perhaps continued in the next.
result<> decode_link(std::span<const u8> e, record& out, bool& component_continues) {
  usize at = 5;
  while (at + 2 <= e.size()) {
    const u8 flags = e[at], length = e[at + 1];
    if (at + 2 + length > e.size()) return fail(errc::corrupt);
    const bool at_root = out.target.size() == 1 && out.target.view()[0] == '/';
    if (!component_continues && !out.target.empty() && !at_root) TRY(out.target.push_back('/'));
    if (flags & 8) {
      out.target.clear();
      TRY(out.target.push_back('/'));
    } else if (flags & 2) {
      TRY(out.target.push_back('.'));
    } else if (flags & 4) {
      TRY(out.target.append(".."));
    } else {
      TRY(out.target.append({reinterpret_cast<const char*>(e.data()) + at + 2, length}));
    }
    component_continues = flags & 1;
    if (out.target.size() >= path_max) return fail(errc::corrupt);
    at += 2 + length;
  }
  return {};
}

struct continuation {
  u64 offset = 0, length = 0;
};

/// Walks one system use area. `next` is set where it goes on.
result<> decode_area(std::span<const u8> area, record& out, continuation& next, bool& component_continues, bool& ended) {
  while (area.size() >= sizeof(use_entry)) {
    const u8 length = area[2];
    // Zero bytes pad an area.
    if (length < sizeof(use_entry) || length > area.size()) return {};
    const std::span<const u8> e = area.first(length);
    const string_view signature(reinterpret_cast<const char*>(e.data()), 2);
    if (signature == "PX" && length >= 36) {
      out.mode = read_as<le32>(e, 4);
      out.links = read_as<le32>(e, 12);
      out.user = read_as<le32>(e, 20);
      out.group = read_as<le32>(e, 28);
    } else if (signature == "PN" && length >= 20) {
      // RRIP 4.1.2: 64 bits in two halves; high is 0 where the number fits 32 bits.
      out.device = static_cast<u64>(read_as<le32>(e, 4)) << 32 | read_as<le32>(e, 12);
    } else if (signature == "NM" && length >= 5) {
      if (!(e[4] & 6)) TRY(out.name.append({reinterpret_cast<const char*>(e.data()) + 5, static_cast<usize>(length - 5)}));
      if (out.name.size() > name_max) return fail(errc::corrupt);
    } else if (signature == "SL" && length >= 5) {
      TRY(decode_link(e, out, component_continues));
    } else if (signature == "TF") {
      decode_times(e, out);
    } else if (signature == "RE") {
      out.hidden = true;
    } else if (signature == "CL") {
      out.supported = false;
    } else if (signature == "CE" && length >= 28) {
      next.offset = read_as<le32>(e, 4) * sector_size + read_as<le32>(e, 12);
      next.length = read_as<le32>(e, 20);
    } else if (signature == "ST") {
      ended = true;
      return {};
    }
    area = area.subspan(length);
  }
  return {};
}

result<> decode_rock_ridge(image_source& source, std::span<const u8> area, record& out) {
  buffer<u8> held;
  bool component_continues = false, ended = false;
  for (unsigned hops = 0;; ++hops) {
    continuation next;
    TRY(decode_area(area, out, next, component_continues, ended));
    if (!next.length) return {};
    if (hops == continuations_max || next.length > continuation_size_max) return fail(errc::corrupt);
    held = TRY(buffer<u8>::create(next.length));
    TRY(source.read(next.offset, held.data(), next.length));
    area = {held.data(), held.size()};
  }
}

/// As Linux shows names without Rock Ridge: small letters, no version, no dot at the end.
result<> plain_name(string_view raw, string& out) {
  raw = raw.substr(0, raw.find(';'));
  while (raw.size() > 1 && raw.back() == '.') raw.remove_suffix(1);
  for (char c : raw) TRY(out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c));
  return {};
}

bool good_name(string_view name) {
  return !name.empty() && name.size() <= name_max && name != "." && name != ".." && name.find('/') == string_view::npos &&
         name.find('\0') == string_view::npos;
}

}  // namespace

use_protocol detect(std::span<const u8> bytes) {
  use_protocol none;
  if (bytes.size() < sizeof(directory_record) + 1) return none;
  const usize length = bytes[0];
  const usize area = sizeof(directory_record) + 1;  // the name is one byte
  if (length > bytes.size() || area + 7 > length) return none;
  const u8* sp = bytes.data() + area;
  if (sp[0] != 'S' || sp[1] != 'P' || sp[2] != 7 || sp[4] != 0xbe || sp[5] != 0xef) return none;
  return {true, sp[6]};
}

result<> decode(image_source& source, const use_protocol& protocol, std::span<const u8> bytes, record& out) {
  if (bytes.size() < sizeof(directory_record)) return fail(errc::corrupt);
  directory_record raw;
  __builtin_memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.length < sizeof raw + raw.name_length || raw.length > bytes.size() || !raw.name_length) return fail(errc::corrupt);
  const string_view raw_name(reinterpret_cast<const char*>(bytes.data()) + sizeof raw, raw.name_length);
  out.self = raw.name_length == 1 && raw_name[0] == 0;
  out.parent = raw.name_length == 1 && raw_name[0] == 1;
  out.hidden = raw.flags & flag_associated;
  out.supported = !(raw.flags & flag_multi_extent) && !raw.unit_size && !raw.interleave_gap;
  const bool is_directory = raw.flags & flag_directory;
  out.size = raw.size.little;
  out.offset = (static_cast<u64>(raw.extent.little) + raw.attribute_length) * sector_size;
  out.modified = out.accessed = out.changed = short_time(raw.time);

  if (protocol.present) {
    usize area = sizeof raw + raw.name_length;
    if (raw.name_length % 2 == 0) ++area;
    area += protocol.skip;
    if (area < raw.length) TRY(decode_rock_ridge(source, bytes.first(raw.length).subspan(area), out));
  }
  if (!(out.mode & io::mode::type_mask)) out.mode = is_directory ? io::mode::directory | 0555 : io::mode::regular | 0444;
  if (((out.mode & io::mode::type_mask) == io::mode::directory) != is_directory) return fail(errc::corrupt);
  if (out.self || out.parent) {
    out.name.clear();
    return {};
  }
  if (out.name.empty()) TRY(plain_name(raw_name, out.name));
  if (!good_name(out.name)) return fail(errc::corrupt);
  return {};
}

}  // namespace osv::vfs::iso9660
