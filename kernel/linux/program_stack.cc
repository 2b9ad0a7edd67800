#include "linux/program_stack.hh"

#include "arch/x86_64/features.hh"
#include "memory/user_copy.hh"
#include "sync/random.hh"

namespace osv::linux_abi {

namespace {

/// AT_* of getauxval(3).
enum auxiliary : u64 {
  at_null = 0,
  at_program_headers = 3,
  at_program_header_size = 4,
  at_program_header_count = 5,
  at_page_size = 6,
  at_base = 7,
  at_flags = 8,
  at_entry = 9,
  at_user = 11,
  at_effective_user = 12,
  at_group = 13,
  at_effective_group = 14,
  at_platform = 15,
  at_hardware_capabilities = 16,
  at_clock_ticks = 17,
  at_secure = 23,
  at_random = 25,
  at_hardware_capabilities2 = 26,
  at_executable_name = 31,
  at_vdso = 33,
  at_minimum_signal_stack = 51,
};

vector<auxiliary_entry>& saved_vector() {
  static vector<auxiliary_entry> entries;
  return entries;
}

/// Fills memory downwards.
struct downward_writer {
  u64 at;
  result<u64> put(const void* data, usize size) {
    at -= size;
    TRY(memory::copy_to_program(reinterpret_cast<void*>(at), data, size));
    return at;
  }
  result<u64> put_text(string_view text) {
    const char zero = 0;
    TRY(put(&zero, 1));
    return put(text.data(), text.size());
  }
};

}  // namespace

const vector<auxiliary_entry>& auxiliary_vector() { return saved_vector(); }

result<> check_size(const program_image& image) {
  u64 bytes = 0;
  for (const string& s : image.arguments) bytes += s.size() + 9;
  for (const string& s : image.environment) bytes += s.size() + 9;
  if (bytes > argument_bytes_max) return fail(errc::argument_list_too_long);
  return {};
}

result<u64> build_stack(const stack_contents& c) {
  TRY(check_size(*c.image));
  downward_writer out{c.top - 8};
  const u64 executable_name = TRY(out.put_text(c.image->path));
  vector<u64> environment, arguments;
  for (const string& s : c.image->environment) TRY(environment.push_back(TRY(out.put_text(s))));
  for (const string& s : c.image->arguments) TRY(arguments.push_back(TRY(out.put_text(s))));
  const u64 platform = TRY(out.put_text("x86_64"));
  u8 random[16];
  sync::random_bytes(random, sizeof random);
  const u64 random_at = TRY(out.put(random, sizeof random));

  const u64 minimum_signal_stack = arch::features.xsave_size + 1024;
  const auxiliary_entry entries[] = {
      {at_vdso, c.vdso},
      {at_hardware_capabilities, arch::features.hardware_capabilities},
      {at_hardware_capabilities2, arch::features.fsgsbase ? 2u : 0u},
      {at_page_size, page_size},
      {at_clock_ticks, 100},
      {at_program_headers, c.program.program_headers},
      {at_program_header_size, 56},
      {at_program_header_count, c.program.program_header_count},
      {at_base, c.loader_base},
      {at_flags, 0},
      {at_entry, c.program.entry},
      {at_user, c.identity->real_user},
      {at_effective_user, c.identity->effective_user},
      {at_group, c.identity->real_group},
      {at_effective_group, c.identity->effective_group},
      {at_secure, 0},
      {at_random, random_at},
      {at_executable_name, executable_name},
      {at_platform, platform},
      {at_minimum_signal_stack, minimum_signal_stack},
      {at_null, 0},
  };
  saved_vector().clear();
  for (const auxiliary_entry& e : entries) TRY(saved_vector().push_back(e));

  // argc must lie on a 16-byte boundary.
  const u64 words = 1 + arguments.size() + 1 + environment.size() + 1;
  u64 sp = align_down(out.at, 16) - sizeof entries - words * 8;
  sp = align_down(sp, 16);
  u64 at = sp;
  const auto put_word = [&at](u64 word) -> result<> {
    TRY(memory::write_program(reinterpret_cast<void*>(at), word));
    at += 8;
    return {};
  };
  TRY(put_word(arguments.size()));
  for (u64 a : arguments) TRY(put_word(a));
  TRY(put_word(0));
  for (u64 e : environment) TRY(put_word(e));
  TRY(put_word(0));
  TRY(memory::copy_to_program(reinterpret_cast<void*>(at), entries, sizeof entries));
  return sp;
}

}  // namespace osv::linux_abi
