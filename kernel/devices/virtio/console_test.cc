#include <gtest/gtest.h>

#include "devices/console_port.hh"
#include "devices/virtio/fake_transport.hh"
#include "io/file.hh"
#include "sched/clock.hh"

namespace osv::devices::virtio {
namespace {

using test::fake_device;

struct control {
  u32 id;
  u16 event;
  u16 value;
};

// The host's half of a multiport console: announces the named ports as QEMU does.
struct host {
  std::map<u32, std::string> names;
  std::map<u32, std::string> received;
  std::vector<control> heard;
  std::deque<fake_device::chain> control_buffers;
  std::map<u16, std::deque<fake_device::chain>> input_buffers;
  std::mutex mutex;
  std::atomic<bool> take_output{true};
  std::vector<std::pair<u16, fake_device::chain>> stuck;
  fake_device device;

  explicit host(std::map<u32, std::string> ports)
      : names(std::move(ports)), device(device_type::console, 2, {0, 0, 0, 0, 8, 0, 0, 0}, 18, [this](u16 q, fake_device::chain& c) { return answer(q, c); }) {}

  std::optional<u32> answer(u16 queue, fake_device::chain& c) {
    std::lock_guard guard(mutex);
    if (queue == 2) {
      control_buffers.push_back(c);
      return std::nullopt;
    }
    if (queue == 3) {
      const std::vector<u8> bytes = fake_device::copy_out(c);
      control m;
      memcpy(&m, bytes.data(), sizeof m);
      heard.push_back(m);
      if (m.event == 0)
        for (const auto& [id, name] : names) send({id, 1, 1});
      if (m.event == 3 && names.count(m.id)) send({m.id, 7, 1}, names[m.id]);
      return 0;
    }
    if (queue % 2 == 0) {
      input_buffers[queue].push_back(c);
      return std::nullopt;
    }
    if (!take_output) {
      stuck.emplace_back(queue, c);
      return std::nullopt;
    }
    const std::vector<u8> bytes = fake_device::copy_out(c);
    received[queue == 1 ? 0 : (queue - 3) / 2] += std::string(bytes.begin(), bytes.end());
    return 0;
  }
  void send(control m, const std::string& text = "") {
    if (control_buffers.empty()) return;
    fake_device::chain c = control_buffers.front();
    control_buffers.pop_front();
    std::vector<u8> bytes(sizeof m + text.size());
    memcpy(bytes.data(), &m, sizeof m);
    memcpy(bytes.data() + sizeof m, text.data(), text.size());
    fake_device::copy_in(c, 0, bytes.data(), bytes.size());
    device.use(2, c, static_cast<u32>(bytes.size()));
  }
  void input(u32 id, const std::string& text) {
    const u16 queue = static_cast<u16>(id == 0 ? 0 : 2 * id + 2);
    for (;;) {
      const bool sent = device.as_device([&](fake_device&) {
        std::lock_guard guard(mutex);
        if (input_buffers[queue].empty()) return false;
        fake_device::chain c = input_buffers[queue].front();
        input_buffers[queue].pop_front();
        fake_device::copy_in(c, 0, text.data(), text.size());
        device.use(queue, c, static_cast<u32>(text.size()));
        return true;
      });
      if (sent) return;
      std::this_thread::yield();
    }
  }
  void tell(control m, const std::string& text = "") {
    device.as_device([&](fake_device&) {
      std::lock_guard guard(mutex);
      send(m, text);
    });
  }
  std::string output(u32 id) {
    std::lock_guard guard(mutex);
    return received[id];
  }
};

std::string read_some(console_port& p) {
  char bytes[4096];
  io::cursor c(bytes, sizeof bytes);
  const result<usize> n = p.read(c, true);
  return n.ok() ? std::string(bytes, n.value()) : "error";
}
usize write_all(console_port& p, const std::string& text) {
  io::cursor c(text.data(), text.size());
  return p.write(c, true).value_or(0);
}

TEST(console, finds_ports_by_name_and_leaves_the_guest_agent_alone) {
  host h({{1, "org.qemu.guest_agent.0"}, {2, "find.out"}, {5, std::string("find.in\0", 8)}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  EXPECT_NE(find_console_port("find.out"), nullptr);
  EXPECT_NE(find_console_port("find.in"), nullptr) << "QEMU's NUL is no part of the name";
  EXPECT_EQ(find_console_port("org.qemu.guest_agent.0"), nullptr);
  const auto opened = [&](u32 id) {
    std::lock_guard guard(h.mutex);
    for (const control& m : h.heard)
      if (m.id == id && m.event == 6) return true;
    return false;
  };
  while (!opened(5)) std::this_thread::yield();
  EXPECT_TRUE(opened(2));
  EXPECT_FALSE(opened(1));
}

TEST(console, writes_arrive_in_order_and_whole) {
  host h({{1, "order.out"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  console_port& p = *find_console_port("order.out");
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string text(static_cast<usize>(i) * 331, static_cast<char>('a' + i % 26));
    expected += text;
    EXPECT_EQ(write_all(p, text), text.size());
  }
  flush_consoles(never);
  EXPECT_EQ(h.output(1), expected);
}

TEST(console, a_host_that_takes_nothing_blocks_only_who_waits) {
  host h({{1, "stuck.out"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  console_port& p = *find_console_port("stuck.out");
  h.take_output = false;
  const std::string text(100'000, 'x');
  io::cursor c(text.data(), text.size());
  const result<usize> n = p.write(c, false);
  ASSERT_TRUE(n.ok());
  EXPECT_LT(n.value(), text.size());
  io::cursor again(text.data(), text.size());
  EXPECT_EQ(p.write(again, false).error(), errc::again);
  EXPECT_FALSE(p.poll() & io::poll_event::out);
  flush_consoles(sched::now() + 10 * millisecond);  // comes back
  h.take_output = true;
  h.device.as_device([&](fake_device& d) {
    for (auto& [queue, chain] : h.stuck) d.use(queue, chain, 0);
  });
  EXPECT_EQ(write_all(p, "y"), 1u);
}

TEST(console, input_ends_when_the_host_closes_after_its_bytes) {
  host h({{1, "end.in"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  console_port& p = *find_console_port("end.in");
  char byte;
  io::cursor c(&byte, 1);
  EXPECT_EQ(p.read(c, false).error(), errc::again) << "not open yet is not the end";
  h.tell({1, 6, 1});
  h.input(1, "last words");
  h.tell({1, 6, 0});
  EXPECT_EQ(read_some(p), "last words");
  EXPECT_EQ(read_some(p), "");
  EXPECT_EQ(read_some(p), "");
  EXPECT_TRUE(p.poll() & io::poll_event::hang_up);
  h.tell({1, 6, 1});
  h.input(1, "back");
  EXPECT_EQ(read_some(p), "back");
}

TEST(console, much_input_arrives_whole) {
  host h({{1, "much.in"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  console_port& p = *find_console_port("much.in");
  std::thread sender([&] {
    for (int i = 0; i < 200; ++i) h.input(1, std::string(1000, static_cast<char>('a' + i % 26)));
  });
  usize total = 0;
  while (total < 200'000) {
    const std::string piece = read_some(p);
    ASSERT_NE(piece, "error");
    for (usize i = 0; i < piece.size(); ++i) ASSERT_EQ(piece[i], static_cast<char>('a' + (total + i) / 1000 % 26));
    total += piece.size();
  }
  sender.join();
}

// --- hostile ---

TEST(console, odd_control_messages_do_no_harm) {
  host h({{1, "odd.out"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  for (u32 id : {0u, 1u, 7u, 31u, 32u, 0xffffffffu})
    for (u16 event : {0, 1, 2, 3, 4, 5, 6, 7, 99}) h.tell({id, event, 7}, std::string(100, 'n'));
  EXPECT_EQ(find_console_port("odd.out")->name(), "odd.out") << "a name is given once";
  EXPECT_EQ(write_all(*find_console_port("odd.out"), "fine"), 4u);
}

TEST(console, a_lying_device_gives_errors) {
  host h({{1, "lie.in"}});
  ASSERT_TRUE(start_console(h.device.make_transport()).ok());
  console_port& p = *find_console_port("lie.in");
  h.device.as_device([&](fake_device& d) {
    d.ring(4).use(1, 1u << 31);
    d.interrupt(4);
  });
  EXPECT_EQ(read_some(p), "error");
  io::cursor c("x", 1);
  EXPECT_EQ(p.write(c, true).error(), errc::io);
  EXPECT_TRUE(p.poll() & io::poll_event::error);
}

}  // namespace
}  // namespace osv::devices::virtio
