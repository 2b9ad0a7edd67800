#include "linux/elf.hh"

#include "base/format.hh"

#include "memory/user_copy.hh"

namespace osv::linux_abi {

namespace {

struct file_header {
  u8 identification[16];
  u16 type, machine;
  u32 version;
  u64 entry, program_headers, section_headers;
  u32 flags;
  u16 header_size, program_header_size, program_header_count, section_header_size, section_header_count, section_names;
};
static_assert(sizeof(file_header) == 64);

struct program_header {
  u32 type, flags;
  u64 offset, address, physical, file_size, memory_size, alignment;
};
static_assert(sizeof(program_header) == 56);

constexpr u16 type_executable = 2, type_shared = 3, machine_x86_64 = 62;
constexpr u32 segment_load = 1, segment_interpreter = 3, segment_stack = 0x6474e551;
constexpr u32 flag_execute = 1, flag_write = 2, flag_read = 4;
constexpr u16 program_headers_max = 128;
constexpr u64 interpreter_path_max = 4096;

template <typename... A>
failure report(load_problem& problem, errc code, string_view pattern, const A&... values) {
  problem.code = code;
  problem.sentence.clear();
  (void)problem.sentence.append(formatted<400>(pattern, values...));
  return fail(code);
}

const char* machine_name(u16 machine) {
  switch (machine) {
    case 3: return "32-bit x86";
    case 40: return "32-bit ARM";
    case 183: return "64-bit ARM (aarch64)";
    case 243: return "RISC-V";
    case 21: return "POWER";
    case 22: return "s390";
    default: return "another processor";
  }
}

result<> read_exactly(io::file& file, u64 offset, void* into, usize size) {
  io::cursor cursor(into, size);
  while (!cursor.done()) {
    const usize got = TRY(file.read_at(cursor, offset + size - cursor.remaining()));
    if (got == 0) return fail(errc::exec_format);
  }
  return {};
}

u32 protection_of(u32 flags) {
  return (flags & flag_read ? memory::protection::read : 0) | (flags & flag_write ? memory::protection::write : 0) |
         (flags & flag_execute ? memory::protection::execute : 0);
}

}  // namespace

result<elf_file> open_elf(ref<io::file> file, string_view path, load_problem& problem) {
  elf_file elf;
  file_header header;
  const auto read = read_exactly(*file, 0, &header, sizeof header);
  if (!read.ok() && (read.error() == errc::io || read.error() == errc::no_memory))
    return report(problem, read.error(), "{} cannot be read (error {})", path, static_cast<int>(read.error()));
  if (!read.ok() || header.identification[0] != 0x7f || header.identification[1] != 'E' ||
      header.identification[2] != 'L' || header.identification[3] != 'F')
    return report(problem, errc::exec_format, "{} is not an ELF program", path);
  if (header.identification[4] != 2)
    return report(problem, errc::exec_format, "{} is a 32-bit program; OS^v runs 64-bit ones", path);
  if (header.machine != machine_x86_64)
    return report(problem, errc::exec_format, "{} was built for {}, this machine is x86-64", path, machine_name(header.machine));
  if (header.type != type_executable && header.type != type_shared)
    return report(problem, errc::exec_format, "{} is an ELF file but not a program (type {})", path, header.type);
  if (header.program_header_size != sizeof(program_header) || header.program_header_count == 0 ||
      header.program_header_count > program_headers_max)
    return report(problem, errc::exec_format, "{} has damaged ELF program headers", path);

  io::file_status status;
  TRY(file->stat(status));
  elf.entry = header.entry;
  elf.program_headers = header.program_headers;
  elf.program_header_count = header.program_header_count;
  elf.position_independent = header.type == type_shared;
  elf.lowest = ~0ull;
  bool any = false;
  for (u16 i = 0; i < header.program_header_count; ++i) {
    program_header segment;
    if (!read_exactly(*file, header.program_headers + i * sizeof segment, &segment, sizeof segment).ok())
      return report(problem, errc::exec_format, "{} is truncated: its program headers are not all there", path);
    if (segment.type == segment_interpreter) {
      if (segment.file_size < 2 || segment.file_size > interpreter_path_max)
        return report(problem, errc::exec_format, "{} names its interpreter in a damaged way", path);
      buffer<char> name = TRY(buffer<char>::create(segment.file_size));
      if (!read_exactly(*file, segment.offset, name.data(), segment.file_size).ok())
        return report(problem, errc::exec_format, "{} is truncated: the name of its interpreter is not there", path);
      name[segment.file_size - 1] = 0;
      TRY(elf.interpreter.append(name.data()));
    }
    if (segment.type == segment_stack && segment.flags & flag_execute) elf.executable_stack = true;
    if (segment.type != segment_load || segment.memory_size == 0) continue;
    if (segment.file_size > segment.memory_size || segment.address % page_size != segment.offset % page_size ||
        segment.address + segment.memory_size < segment.address || segment.address + segment.memory_size > memory::address_space::highest)
      return report(problem, errc::exec_format, "{} has a damaged segment at {}", path, reinterpret_cast<void*>(segment.address));
    if (segment.offset + segment.file_size > status.size)
      return report(problem, errc::exec_format, "{} is truncated: it has {} bytes where a segment ends at {}", path, status.size,
                    segment.offset + segment.file_size);
    const u64 begin = align_down(segment.address, page_size);
    const u64 end = align_up(segment.address + segment.memory_size, page_size);
    if (begin < elf.lowest) elf.lowest = begin;
    if (end > elf.highest) elf.highest = end;
    if (segment.alignment > elf.alignment && segment.alignment <= huge_page_size) elf.alignment = segment.alignment;
    any = true;
  }
  if (!any) return report(problem, errc::exec_format, "{} has nothing to load", path);
  elf.file = std::move(file);
  return elf;
}

result<loaded_elf> map_elf(memory::address_space& space, const elf_file& elf, u64 base) {
  loaded_elf loaded;
  loaded.bias = elf.position_independent ? base - elf.lowest : 0;
  loaded.entry = elf.entry + loaded.bias;
  loaded.program_header_count = elf.program_header_count;
  ref<memory::backing> contents = TRY(elf.file->map(false, false));

  for (u16 i = 0; i < elf.program_header_count; ++i) {
    program_header segment;
    TRY(read_exactly(*elf.file, elf.program_headers + i * sizeof segment, &segment, sizeof segment));
    if (segment.type != segment_load || segment.memory_size == 0) continue;
    const u64 address = segment.address + loaded.bias;
    const u64 begin = align_down(address, page_size);
    const u64 file_end = address + segment.file_size;
    const u64 memory_end = align_up(address + segment.memory_size, page_size);
    const u64 mapped_end = align_up(file_end, page_size);
    if (elf.program_headers >= segment.offset && elf.program_headers < segment.offset + segment.file_size)
      loaded.program_headers = address + (elf.program_headers - segment.offset);
    if (address + segment.memory_size > loaded.end) loaded.end = address + segment.memory_size;

    if (segment.file_size) {
      memory::map_request request;
      request.hint = begin;
      request.size = mapped_end - begin;
      request.protection = protection_of(segment.flags);
      request.fixed = true;
      request.source = contents;
      request.source_page = align_down(segment.offset, page_size) / page_size;
      TRY(space.map(request));
      // The rest of the last page is the beginning of .bss.
      if (segment.memory_size > segment.file_size && file_end < mapped_end && segment.flags & flag_write)
        TRY(memory::zero_program(reinterpret_cast<void*>(file_end), mapped_end - file_end));
    }
    const u64 zero_begin = segment.file_size ? mapped_end : begin;
    if (memory_end > zero_begin) {
      memory::map_request request;
      request.hint = zero_begin;
      request.size = memory_end - zero_begin;
      request.protection = protection_of(segment.flags);
      request.fixed = true;
      TRY(space.map(request));
    }
  }
  return loaded;
}

}  // namespace osv::linux_abi
