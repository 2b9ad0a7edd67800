#include "boot/launch.hh"

#include "base/failure_injection.hh"
#include "boot/command_line.hh"
#include "boot/configuration.hh"
#include "boot/crash.hh"
#include "boot/management.hh"
#include "boot/network.hh"
#include "boot/processors.hh"
#include "boot/self_check.hh"
#include "boot/shutdown.hh"
#include "devices/block_device.hh"
#include "devices/devices.hh"
#include "devices/entropy.hh"
#include "linux/proc/proc.hh"
#include "linux/program.hh"
#include "linux/standard_streams.hh"
#include "linux/system_call.hh"
#include "linux/task.hh"
#include "linux/unix_socket.hh"
#include "log/log.hh"
#include "sched/clock.hh"
#include "sync/random.hh"
#include "telemetry/boot_phases.hh"
#include "vfs/inode.hh"
#include "vfs/page_cache.hh"
#include "vfs/vfs.hh"

namespace osv::boot {

namespace {

using telemetry::boot_phase;

constexpr std::string_view root_serial = "root", boot_serial = "boot", boot_mount = "/run/osv/boot";
constexpr usize configuration_size_max = 1 << 20;
constexpr nanoseconds entropy_wait = 100 * millisecond;

void set_log_level(std::string_view name) {
  if (name == "debug") log::set_level(log::level::debug);
  if (name == "info") log::set_level(log::level::info);
  if (name == "warning") log::set_level(log::level::warning);
  if (name == "error") log::set_level(log::level::error);
}

/// For tests: makes memory or the disk fail (base/failure_injection.hh).
void inject_failures(std::string_view command_line) {
  const std::string_view what = option(command_line, "inject");
  if (what.empty()) return;
  if (inject::arm(what).ok())
    log::warning("failures are injected on purpose: {}", what);
  else
    log::warning("inject={} is not known; an example is inject=allocation:1000", what);
}

template <typename... A>
[[noreturn]] void give_up(std::string_view pattern, const A&... values) {
  report_start_failure(formatted<400>(pattern, values...), 125);
}

void mount_root(const start_information& information) {
  devices::block_device* disk = devices::find_block_device(root_serial);
  result<> mounted;
  if (disk)
    mounted = vfs::mount_root(*disk);
  else if (!information.module.empty())
    mounted = vfs::mount_root(information.module);
  else
    give_up("there is no root file system: give a virtio-blk disk with the serial \"root\", or an initrd");
  if (!mounted.ok())
    give_up("the root image cannot be mounted: {} (error {})",
            mounted.error() == errc::invalid ? "it is not an EROFS image"
            : mounted.error() == errc::corrupt ? "it is damaged"
            : mounted.error() == errc::no_memory ? "there is too little memory"
                                                 : "it cannot be read",
            static_cast<int>(mounted.error()));
  if (auto initialized = vfs::initialize(); !initialized.ok()) give_up("the file systems cannot be set up (error {})", static_cast<int>(initialized.error()));
}

result<string> read_file(std::string_view path) {
  ref<io::file> file = TRY(vfs::open(vfs::lookup_base(), path, io::open_flag::read_only, 0));
  string text;
  buffer<char> piece = TRY(buffer<char>::create(page_size));
  for (;;) {
    io::cursor cursor(piece.data(), piece.size());
    const usize got = TRY(file->read(cursor));
    if (got == 0) return text;
    if (text.size() + got > configuration_size_max) return fail(errc::file_too_big);
    TRY(text.append({piece.data(), got}));
  }
}

configuration read_configuration(const start_information& information) {
  configuration c;
  if (devices::block_device* disk = devices::find_block_device(boot_serial)) {
    if (auto mounted = vfs::mount_device(*disk, boot_mount, "iso9660"); !mounted.ok())
      give_up("the boot disk cannot be mounted as ISO 9660 (error {})", static_cast<int>(mounted.error()));
    auto text = read_file("/run/osv/boot/boot.json");
    if (!text.ok()) give_up("the boot disk holds no readable boot.json (error {})", static_cast<int>(text.error()));
    string problem;
    if (!parse_configuration(*text, c, problem).ok()) give_up("{}", problem.empty() ? string_view("boot.json needs too much memory") : problem.view());
    // It may hold secrets; the program has no business with it.
    (void)vfs::unmount(vfs::lookup_base(), boot_mount);
    return c;
  }
  const auto read = configuration_from_command_line(information.command_line, c);
  if (!read.ok() && read.error() == errc::no_memory) give_up("there is too little memory for the command line");
  if (!read.ok())
    give_up("nothing says what to run: give a boot disk with boot.json, or \"-- program arguments\" on the kernel's command line");
  return c;
}

string_view reason_of(errc error) {
  switch (error) {
    case errc::invalid: return "the disk holds something else";
    case errc::corrupt: return "what is on the disk is damaged; a check such as e2fsck may mend it";
    case errc::not_supported: return "it needs something that this kernel does not have, as said above";
    case errc::no_memory: return "there is too little memory";
    case errc::no_space: return "the disk is too small";
    case errc::no_device: return "this kernel does not know the type";
    case errc::read_only: return "the disk is read-only";
    default: return "the disk cannot be read";
  }
}

void mount_volumes(const configuration& c) {
  for (const mount_configuration& m : c.mounts) {
    result<> mounted;
    if (m.type.view() == "tmpfs" || m.serial.empty()) {
      mounted = vfs::mount_tmpfs(m.path, m.size_bytes);
    } else {
      devices::block_device* disk = devices::find_block_device(m.serial);
      if (!disk) give_up("the disk \"{}\" for {} is not there", m.serial.view(), m.path.view());
      mounted = vfs::mount_device(*disk, m.path, m.type, {.read_only = m.read_only, .format_if_blank = m.format_if_blank});
    }
    if (!mounted.ok())
      give_up("{} cannot be mounted as {}: {} (error {})", m.path.view(), m.type.view(), reason_of(mounted.error()), static_cast<int>(mounted.error()));
  }
}

void set_limits(linux_abi::process& p) {
  p.limits[linux_abi::resource::open_files] = {1 << 20, 1 << 20};
  p.files.set_limit(p.limits[linux_abi::resource::open_files].soft);
}

result<linux_abi::process*> create_process(configuration& c) {
  auto space = TRY(make_unique<memory::address_space>());
  auto p = TRY(make_ref<linux_abi::process>(*space.release()));
  set_limits(*p);
  p->identity = {c.user, c.user, c.user, c.group, c.group, c.group};
  p->hostname = TRY(string::create(c.hostname.empty() ? string_view("osv") : c.hostname.view()));
  p->started_at = sched::now();
  if (!c.working_directory.empty()) {
    if (auto changed = p->working_directory.change(vfs::lookup_base(), c.working_directory); !changed.ok())
      give_up("the working directory {} is not in the image", c.working_directory.view());
  }
  TRY(linux_abi::open_standard_streams(*p));
  return p.leak();
}

/// First code of the program's first thread.
struct start_of_program {
  configuration* settings;
  linux_abi::task* task;
};

void run_first_task(void* argument) {
  sched::finish_first_switch();
  arch::enable_interrupts();
  auto& start = *static_cast<start_of_program*>(argument);
  linux_abi::task& t = *start.task;
  linux_abi::process& p = t.owner;
  configuration& c = *start.settings;

  auto path = linux_abi::find_program(p, c.program, c.environment);
  if (!path.ok()) report_start_failure(formatted<300>("{} is not in the image (looked in PATH)", c.program.view()), 127);
  linux_abi::program_image image;
  image.path = path.release();
  image.arguments = std::move(c.arguments);
  image.environment = std::move(c.environment);
  linux_abi::load_problem problem;
  auto loaded = [&]() -> result<> {
    return linux_abi::load_program(p, image, TRY(linux_abi::prepare_program(image, problem)), t.start, problem);
  }();
  if (!loaded.ok()) {
    const int status = problem.code == errc::no_entry ? 127 : problem.code == errc::no_memory ? 125 : 126;
    if (problem.sentence.empty()) report_start_failure(formatted<300>("{} cannot be loaded (error {})", image.path.view(), static_cast<int>(loaded.error())), 125);
    report_start_failure(problem.sentence, status);
  }
  telemetry::mark_boot_phase(boot_phase::program_load);
  const u64 boot_nanoseconds = static_cast<u64>(telemetry::boot_nanoseconds());
  log::info("starting {} after {} us", p.executable.view(), boot_nanoseconds / 1000);
  report_ready(boot_nanoseconds / 1000);
  arch::disable_interrupts();
  linux_abi::start_program(t);
}

}  // namespace

void launch(const start_information& information) {
  set_log_level(option(information.command_line, "log"));
  const string_view panic = option(information.command_line, "panic");
  set_panic_action(panic);
  initialize_shutdown();
  inject_failures(information.command_line);
  start_application_processors();
  telemetry::mark_boot_phase(boot_phase::processors);
  devices::initialize(information.command_line);
  telemetry::mark_boot_phase(boot_phase::devices);
  mount_root(information);
  telemetry::mark_boot_phase(boot_phase::file_systems);
  static configuration c;
  c = read_configuration(information);
  set_log_level(c.log_level);
  if (panic.empty()) set_panic_action(c.panic_action);
  set_stop_delay(c.stop_delay_seconds * second);
  // Before volumes: a new one gets a random identity.
  if (!sync::random_seeded()) devices::collect_entropy(sched::now() + entropy_wait);
  mount_volumes(c);
  if (auto started = start_network(c); !started.ok()) give_up("the network cannot be set up (error {})", static_cast<int>(started.error()));
  telemetry::mark_boot_phase(boot_phase::network);
  check_self();
  crash(option(information.command_line, "crash"));
  linux_abi::initialize_system_calls();
  linux_abi::initialize_unix_sockets();
  if (auto filled = linux_abi::initialize_proc(); !filled.ok()) give_up("/proc cannot be set up (error {})", static_cast<int>(filled.error()));
  start_management(c);
  auto process = create_process(c);
  if (!process.ok()) give_up("the program's process cannot be set up (error {})", static_cast<int>(process.error()));
  static memory::address_space* space = &(*process)->space;
  vfs::page_cache::set_unmapper([](usize bytes) { return space->unmap_clean(bytes); });
  vfs::inode::set_unmapper(
      [](memory::backing& source, u64 first, u64 end, bool copies) { space->forget_pages(source, first, end, copies); });
  static start_of_program start;
  const usize slash = c.program.view().rfind('/');
  auto task = linux_abi::create_first_task(**process, c.program.view().substr(slash == string_view::npos ? 0 : slash + 1), &run_first_task, &start);
  if (!task.ok()) give_up("there is too little memory for the program's first thread");
  start = {&c, *task};
  sched::start(*(*task)->thread);
}

}  // namespace osv::boot
