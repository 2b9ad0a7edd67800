#include "linux/program.hh"

#include <cstring>

#include "arch/x86_64/features.hh"
#include "arch/x86_64/fpu.hh"
#include "linux/posix_timers.hh"
#include "linux/program_stack.hh"
#include "linux/syscalls/threads.hh"
#include "linux/task.hh"
#include "linux/vdso.hh"
#include "log/log.hh"
#include "memory/user_copy.hh"
#include "sync/random.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi {

namespace {

// Address-space layout, as x86-64 Linux has it by default.
constexpr u64 stack_size = 8 * 1024 * 1024;
constexpr u64 position_independent_base = 0x5555'5555'4000;
constexpr unsigned interpreters_max = 4;

u64 random_pages(unsigned bits) { return (sync::random_u64() & ((1ull << bits) - 1)) * page_size; }

template <typename... A>
failure report(load_problem& problem, errc code, string_view pattern, const A&... values) {
  if (problem.sentence.empty()) {
    problem.code = code;
    (void)problem.sentence.append(formatted<400>(pattern, values...));
  }
  return fail(code);
}

result<ref<io::file>> open_program(string_view path, load_problem& problem, string_view wanted_by) {
  auto file = vfs::open(vfs::lookup_base(), path, io::open_flag::read_only, 0);
  if (!file.ok()) {
    if (file.error() == errc::no_entry || file.error() == errc::not_directory) {
      if (wanted_by.empty()) return report(problem, errc::no_entry, "{} is not in the image", path);
      return report(problem, errc::no_entry, "{}, which {} needs to run, is not in the image", path, wanted_by);
    }
    return report(problem, file.error(), "{} cannot be opened (error {})", path, static_cast<int>(file.error()));
  }
  io::file_status status;
  TRY((*file)->stat(status));
  if ((status.mode & io::mode::type_mask) != io::mode::regular)
    return report(problem, errc::access, "{} is not a file that can be run", path);
  if (!(status.mode & 0111)) return report(problem, errc::access, "{} is not executable (no x bit)", path);
  return file;
}

/// Replaces image.path and arguments by the interpreter's as long as the file starts with "#!".
result<ref<io::file>> resolve_scripts(program_image& image, load_problem& problem) {
  string wanted_by;
  for (unsigned depth = 0; depth < interpreters_max; ++depth) {
    ref<io::file> file = TRY(open_program(image.path, problem, wanted_by));
    char line[256] = {};
    io::cursor cursor(line, sizeof line - 1);
    const usize got = TRY(file->read_at(cursor, 0));
    if (got < 2 || line[0] != '#' || line[1] != '!') return file;
    string_view text(line + 2, got - 2);
    text = text.substr(0, text.find('\n'));
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    const usize space = text.find_first_of(" \t");
    string_view interpreter = text.substr(0, space);
    string_view argument = space == string_view::npos ? string_view() : text.substr(text.find_first_not_of(" \t", space));
    if (interpreter.empty()) return report(problem, errc::exec_format, "{} names no interpreter after #!", image.path.view());
    vector<string> arguments;
    TRY(arguments.push_back(TRY(string::create(interpreter))));
    if (!argument.empty()) TRY(arguments.push_back(TRY(string::create(argument))));
    TRY(arguments.push_back(TRY(string::create(image.path))));
    for (usize i = 1; i < image.arguments.size(); ++i) TRY(arguments.push_back(std::move(image.arguments[i])));
    wanted_by = TRY(string::create(image.path));
    image.path = TRY(string::create(interpreter));
    image.arguments = std::move(arguments);
  }
  return report(problem, errc::symlink_loop, "{}: scripts that run scripts, more than {} deep", image.path.view(), interpreters_max);
}

}  // namespace

result<prepared_program> prepare_program(program_image& image, load_problem& problem) {
  prepared_program prepared;
  ref<io::file> file = TRY(resolve_scripts(image, problem));
  prepared.program = TRY(open_elf(std::move(file), image.path, problem));
  if (const string& wanted = prepared.program.interpreter; !wanted.empty()) {
    ref<io::file> loader = TRY(open_program(wanted, problem, image.path));
    prepared.interpreter = TRY(open_elf(std::move(loader), wanted, problem));
  }
  if (!check_size(image).ok())
    return report(problem, errc::argument_list_too_long, "the arguments and the environment of {} are too long", image.path.view());
  return prepared;
}

result<> load_program(process& p, program_image& image, prepared_program prepared, arch::register_frame& start, load_problem& problem) {
  const elf_file& elf = prepared.program;
  const elf_file& interpreter = prepared.interpreter;
  const bool dynamic = !elf.interpreter.empty();

  memory::address_space& space = p.space;
  space.clear();
  const u64 stack_top = memory::address_space::highest - random_pages(stack_random_bits);
  space.set_map_top(align_down(stack_top - stack_size - 16 * page_size - random_pages(map_random_bits), page_size));

  const auto map_failed = [&](errc code) {
    return code == errc::no_memory ? report(problem, code, "there is too little memory to load {}", image.path.view())
                                   : report(problem, code, "{} cannot be mapped (error {})", image.path.view(), static_cast<int>(code));
  };
  const u64 base = align_down(position_independent_base + random_pages(map_random_bits), elf.alignment);
  auto loaded = map_elf(space, elf, base);
  if (!loaded.ok()) return map_failed(loaded.error());
  loaded_elf loader;
  if (dynamic) {
    // A place of the right size is found by the space, then the segments go over it.
    memory::map_request request;
    request.size = interpreter.highest - interpreter.lowest;
    auto place = space.map(request);
    if (!place.ok()) return map_failed(place.error());
    auto mapped = map_elf(space, interpreter, *place);
    if (!mapped.ok()) return map_failed(mapped.error());
    loader = *mapped;
  }
  space.place_heap(align_up(loaded->end, page_size) + random_pages(heap_random_bits));

  memory::map_request stack;
  stack.hint = stack_top - stack_size;
  stack.size = stack_size;
  stack.protection = memory::protection::read | memory::protection::write;
  if (elf.executable_stack) stack.protection |= memory::protection::execute;
  stack.fixed = stack.stack = true;
  stack.label = "[stack]";
  if (auto mapped = space.map(stack); !mapped.ok()) return map_failed(mapped.error());
  auto vdso = map_vdso(space);
  if (!vdso.ok()) return map_failed(vdso.error());

  stack_contents contents;
  contents.top = stack_top;
  contents.image = &image;
  contents.program = *loaded;
  contents.loader_base = dynamic ? loader.bias + interpreter.lowest : 0;
  contents.vdso = *vdso;
  contents.identity = &p.identity;
  auto sp = build_stack(contents);
  if (!sp.ok()) return map_failed(sp.error());

  start = {};
  start.rip = dynamic ? loader.entry : loaded->entry;
  start.rsp = *sp;
  start.rflags = 0x202;
  start.cs = 0x08;
  start.ss = 0x10;
  p.executable = TRY(vfs::resolve(vfs::lookup_base(), image.path));
  p.arguments = std::move(image.arguments);
  p.environment = std::move(image.environment);
  return {};
}

result<string> find_program(const process& p, string_view name, const vector<string>& environment) {
  if (name.find('/') != string_view::npos) {
    if (name[0] == '/') return string::create(name);
    string path = TRY(p.working_directory.path());
    if (path.view() != "/") TRY(path.push_back('/'));
    TRY(path.append(name));
    return path;
  }
  string_view search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const string& variable : environment)
    if (variable.view().substr(0, 5) == "PATH=") search = variable.view().substr(5);
  while (!search.empty()) {
    const usize colon = search.find(':');
    const string_view directory = search.substr(0, colon);
    search = colon == string_view::npos ? string_view() : search.substr(colon + 1);
    string candidate = TRY(string::create(directory.empty() ? string_view(".") : directory));
    TRY(candidate.push_back('/'));
    TRY(candidate.append(name));
    io::file_status status;
    if (vfs::stat(vfs::lookup_base(), candidate, 0, status).ok() && (status.mode & io::mode::type_mask) == io::mode::regular &&
        status.mode & 0111)
      return candidate;
  }
  return fail(errc::no_entry);
}

namespace {

/// `room`: bytes that may still be taken, for arguments and environment together.
result<vector<string>> strings_from_program(const u64* array, usize& room) {
  constexpr usize size_max = 128 * 1024;  // MAX_ARG_STRLEN
  usize count = 0;
  for (; array && TRY(memory::read_program<u64>(array + count)); ++count)
    if ((count + 1) * (sizeof(u64) + 1) > room) return fail(errc::argument_list_too_long);
  vector<string> strings;
  TRY(strings.reserve(count));
  // Another thread may change the array meanwhile: what counts is what is read here.
  for (usize i = 0; i < count; ++i) {
    const u64 pointer = TRY(memory::read_program<u64>(array + i));
    if (!pointer) break;
    auto text = memory::copy_string_from_program(reinterpret_cast<const char*>(pointer), size_max);
    if (!text.ok()) return fail(text.error() == errc::name_too_long ? errc::argument_list_too_long : text.error());
    const usize taken = text->size() + 1 + sizeof pointer;
    if (taken > room) return fail(errc::argument_list_too_long);
    room -= taken;
    TRY(strings.push_back(text.release()));
  }
  return strings;
}

}  // namespace

result<i64> sys_execve(const char* path, const u64* arguments, const u64* environment) {
  process& p = current_process();
  task& t = current_task();
  program_image image;
  string text = TRY(memory::copy_string_from_program(path, vfs::path_max));
  usize room = argument_bytes_max;
  image.arguments = TRY(strings_from_program(arguments, room));
  image.environment = TRY(strings_from_program(environment, room));
  // Relative paths start at the working directory.
  if (!text.empty() && text.view()[0] != '/') {
    image.path = TRY(p.working_directory.path());
    if (image.path.view() != "/") TRY(image.path.push_back('/'));
    TRY(image.path.append(text));
  } else {
    image.path = std::move(text);
  }
  load_problem problem;
  prepared_program prepared = TRY(prepare_program(image, problem));
  if (!become_only_task(p)) return fail(errc::interrupted);
  p.files.close_marked();
  delete_timers();
  {
    lock::guard g(p.signal_lock);
    for (signal_action& action : p.actions)
      if (action.handler > 1) action = {};
  }
  t.alternate_stack = t.alternate_stack_size = 0;
  t.clear_child_tid = t.robust_list = 0;
  t.id = p.id;
  t.thread->id = p.id;
  arch::register_frame start;
  const usize slash = image.path.view().rfind('/');
  const string_view name = image.path.view().substr(slash == string_view::npos ? 0 : slash + 1);
  std::memset(t.thread->name, 0, sizeof t.thread->name);
  std::memcpy(t.thread->name, name.data(), name.size() < 15 ? name.size() : 15);
  if (!load_program(p, image, std::move(prepared), start, problem).ok()) {
    log::error("{}", problem.sentence.view());
    kill_process(signal::kill);
  }
  arch::initialize_fpu_area(t.thread->fpu);
  {
    arch::interrupt_guard guard;
    arch::restore_fpu(t.thread->fpu);
  }
  (void)sys_arch_prctl(0x1002, 0);
  t.program_frame() = start;
  return_with_whole_frame();
  p.replacing.store(false, std::memory_order_relaxed);
  return 0;
}

}  // namespace osv::linux_abi
