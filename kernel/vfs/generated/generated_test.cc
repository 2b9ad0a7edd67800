// procfs and sysfs as frameworks, /dev, and what vfs itself puts there.
#include "vfs/character_device.hh"
#include "vfs/generated.hh"
#include "vfs/test_support.hh"

namespace osv::vfs::test {

namespace {

using namespace io::open_flag;

/// As /proc/self/fd would be.
class descriptors final : public generated_provider {
 public:
  std::map<int, ref<io::file>> files;
  result<generated_item> find(u64, string_view name) override {
    auto it = files.find(atoi(std::string(name).c_str()));
    if (it == files.end()) return fail(errc::no_entry);
    return generated_item::file_link(it->second);
  }
  result<> list(u64, function_ref<bool(string_view, generated_item::kind)> sink) override {
    for (auto& [fd, file] : files)
      if (!sink(std::to_string(fd), generated_item::kind::link)) break;
    return {};
  }
};

class trees : public testing::Test {
 protected:
  static inline descriptors fds;
  static inline std::string received;
  static inline int generation = 0;
  void SetUp() override {
    ASSERT_TRUE(mount_empty_root().ok());
    ASSERT_TRUE(initialize().ok());
    static const bool registered = [] {
      EXPECT_TRUE(proc().add_file("self/status", [](text_sink& out) -> result<> {
        out.print("Generation:\t{}\n", ++generation);
        return {};
      }).ok());
      EXPECT_TRUE(proc().add_text("sys/kernel/osrelease", "6.1.0\n").ok());
      EXPECT_TRUE(proc().add("sys/kernel/tune", generated_item::writable_file(
        [](text_sink& out) -> result<> { out.put(received); return {}; },
        [](string_view text) -> result<> { received = text; return {}; })).ok());
      EXPECT_TRUE(proc().add_link("self/exe", [](text_sink& out) -> result<> { out.put("/bin/program"); return {}; }).ok());
      EXPECT_TRUE(proc().add_directory("self/fd", fds).ok());
      EXPECT_TRUE(sys().add_text("devices/system/cpu/online", "0-3\n").ok());
      return true;
    }();
    (void)registered;
  }
  void TearDown() override {
    fds.files.clear();
    unmount_everything();
  }
};

TEST_F(trees, show_generated_text) {
  EXPECT_EQ("6.1.0\n", content("/proc/sys/kernel/osrelease"));
  EXPECT_EQ("0-3\n", content("/sys/devices/system/cpu/online"));
  EXPECT_EQ(0u, status_of("/proc/sys/kernel/osrelease").size);
  EXPECT_EQ(4096u, status_of("/sys/devices/system/cpu/online").size);
  EXPECT_EQ(errc::no_entry, look("/proc/absent"));
  EXPECT_EQ(errc::access, error_of(open({}, "/proc/self/status", write_only, 0)));
  EXPECT_EQ(errc::read_only, error_of(open({}, "/proc/self/new", write_only | create, 0644)));
  EXPECT_TRUE(names("/proc/sys/kernel").count("tune"));
  EXPECT_EQ(names("/proc"), names("/proc", 1));
}

TEST_F(trees, make_text_anew_at_each_read_from_the_start) {
  auto file = open({}, "/proc/self/status", read_only, 0);
  ASSERT_TRUE(file.ok());
  const std::string first = read_all(*file.value(), 3);
  ASSERT_TRUE(file.value()->seek(0, 0).ok());
  EXPECT_NE(first, read_all(*file.value(), 3));
}

TEST_F(trees, take_what_is_written) {
  EXPECT_EQ(errc::ok, put_file("/proc/sys/kernel/tune", "7\n", io::open_flag::truncate));
  EXPECT_EQ("7\n", received);
  EXPECT_EQ("7\n", content("/proc/sys/kernel/tune"));
}

TEST_F(trees, links_lead_to_paths_and_to_open_files) {
  EXPECT_EQ("/bin/program", read_link({}, "/proc/self/exe").value().view());
  ASSERT_EQ(errc::ok, put_file("/file", "content"));
  fds.files[3] = open({}, "/file", read_only, 0).release();
  auto pipe = create_pipe(0).release();
  fds.files[11] = pipe.write_end;
  EXPECT_EQ("/file", read_link({}, "/proc/self/fd/3").value().view());
  EXPECT_EQ("content", content("/proc/self/fd/3"));
  ASSERT_TRUE(unlink({}, "/file").ok());
  EXPECT_EQ("content", content("/dev/fd/3"));
  EXPECT_EQ("/file (deleted)", read_link({}, "/proc/self/fd/3").value().view());
  EXPECT_EQ("pipe:[", std::string(read_link({}, "/proc/self/fd/11").value().view()).substr(0, 6));
  auto again = open({}, "/proc/self/fd/11", write_only, 0);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(1u, write_text(*again.value(), "x").value());
  EXPECT_EQ(io::mode::fifo, status_of("/proc/self/fd/11").mode & io::mode::type_mask);
  EXPECT_EQ(io::mode::link, status_of("/proc/self/fd/11", at_flag::symlink_no_follow).mode & io::mode::type_mask);
  EXPECT_EQ(errc::no_entry, look("/proc/self/fd/4"));
  EXPECT_EQ(2u, names("/proc/self/fd", 1).size());
  fds.files[4] = open({}, "/dev", io::open_flag::directory, 0).release();
  EXPECT_EQ(errc::ok, look("/proc/self/fd/4/null"));
}

TEST_F(trees, list_mounts) {
  const std::string mounts = content("/proc/mounts");
  EXPECT_EQ("tmpfs / tmpfs rw,noatime 0 0\n"
            "devtmpfs /dev devtmpfs rw,noatime 0 0\n"
            "proc /proc proc rw,noatime 0 0\n"
            "sysfs /sys sysfs rw,noatime 0 0\n", mounts);
  EXPECT_NE(std::string::npos, content("/proc/1/mountinfo").find(" / /proc rw"));
  EXPECT_NE(std::string::npos, content("/proc/filesystems").find("tmpfs"));
}

TEST_F(trees, devices_do_their_work) {
  EXPECT_EQ("", content("/dev/null"));
  EXPECT_EQ(errc::ok, put_file("/dev/null", "anything"));
  EXPECT_EQ(errc::no_space, put_file("/dev/full", "anything", 0));
  char room[4096];
  std::memset(room, 1, sizeof room);
  auto zero = open({}, "/dev/zero", read_only, 0);
  io::cursor into(room, sizeof room);
  EXPECT_EQ(4096u, zero.value()->read(into).value());
  EXPECT_EQ(std::string(4096, 0), std::string(room, 4096));
  auto random = open({}, "/dev/urandom", read_only, 0);
  io::cursor more(room, sizeof room);
  EXPECT_EQ(4096u, random.value()->read(more).value());
  EXPECT_NE(std::string(4096, 0), std::string(room, 4096));
  EXPECT_EQ(io::mode::character | 0666, status_of("/dev/null").mode);
  EXPECT_EQ(device_number(1, 3), status_of("/dev/null").special_device);
  io::file_status s;
  ASSERT_TRUE(zero.value()->stat(s).ok());
  EXPECT_EQ(device_number(1, 5), s.special_device);
  EXPECT_EQ("/proc/self/fd/1", read_link({}, "/dev/stdout").value().view());
  EXPECT_EQ(io::mode::directory | 01777, status_of("/dev/shm").mode);
  EXPECT_EQ(errc::ok, put_file("/dev/shm/x", "shared"));
  ASSERT_TRUE(make_node({}, "/null", io::mode::character | 0666, device_number(1, 3)).ok());
  EXPECT_EQ(errc::ok, put_file("/null", "x"));
  ASSERT_TRUE(make_node({}, "/nothing", io::mode::character | 0666, device_number(77, 3)).ok());
  EXPECT_EQ(errc::no_such_device_or_address, error_of(open({}, "/nothing", read_only, 0)));
}

TEST_F(trees, registered_devices_appear) {
  static const result<> registered = register_character_device("tty", 5, 0, 0666, [](u32) -> result<ref<io::file>> {
    return fail(errc::no_such_device_or_address);
  });
  EXPECT_TRUE(registered.ok());
  EXPECT_EQ(errc::exists, register_character_device("tty", 5, 9, 0666, nullptr).error());
  EXPECT_EQ(errc::ok, look("/dev/tty"));
}

}  // namespace

}  // namespace osv::vfs::test
