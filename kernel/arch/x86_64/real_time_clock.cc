#include "arch/x86_64/real_time_clock.hh"

#include <initializer_list>

#include "arch/cpu.hh"
#include "arch/x86_64/ports.hh"

namespace osv::arch {
namespace {

u8 read_cmos(u8 number) {
  out8(0x70, number);
  return in8(0x71);
}

struct raw_time {
  u8 second, minute, hour, day, month, year, century;
  bool operator==(const raw_time&) const = default;
};

raw_time read_raw(u8 century_register) {
  return {read_cmos(0), read_cmos(2), read_cmos(4), read_cmos(7), read_cmos(8), read_cmos(9),
          century_register ? read_cmos(century_register) : u8{0}};
}

// Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March, so the leap day is last.
i64 days_of(i64 year, unsigned month, unsigned day) {
  if (month <= 2) --year;
  const i64 era = year / 400;
  const unsigned year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

}  // namespace

i64 read_real_time_clock(u8 century_register) {
  interrupt_guard guard;
  raw_time t{};
  // Twice the same outside an update (register A bit 7): no update tore it. 100 tries are far more than a second's edge needs.
  bool stable = false;
  for (int tries = 0; tries < 100 && !stable; ++tries) {
    for (int spins = 0; spins < 10000 && (read_cmos(0x0a) & 0x80); ++spins) pause();
    t = read_raw(century_register);
    stable = t == read_raw(century_register);
  }
  if (!stable || t.month == 0xff || t.day == 0) return 0;

  const u8 format = read_cmos(0x0b);
  const bool afternoon = t.hour & 0x80;
  t.hour &= 0x7f;
  if (!(format & 4)) {  // binary-coded decimal
    for (u8* field : {&t.second, &t.minute, &t.hour, &t.day, &t.month, &t.year, &t.century})
      *field = static_cast<u8>((*field >> 4) * 10 + (*field & 15));
  }
  if (!(format & 2)) t.hour = static_cast<u8>(t.hour % 12 + (afternoon ? 12 : 0));
  if (t.month < 1 || t.month > 12 || t.day > 31 || t.hour > 23 || t.minute > 59 || t.second > 60 || t.year > 99) return 0;
  const i64 year = t.year + (t.century >= 19 && t.century <= 29 ? t.century * 100 : 2000);
  return days_of(year, t.month, t.day) * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
}

}  // namespace osv::arch
