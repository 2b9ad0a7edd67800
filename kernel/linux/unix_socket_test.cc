// unix sockets: streams, messages, names, descriptors in flight, and every way to end.
#include "linux/unix_socket.hh"

#include "linux/test_support.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi::test {

namespace {

using namespace io::poll_event;
constexpr u32 non_blocking = io::open_flag::non_blocking;
constexpr int stream = 1, datagram = 2, sequenced = 5;

struct pair_of_sockets {
  ref<io::file> first, second;
  io::socket_file& a() { return *first->as_socket(); }
  io::socket_file& b() { return *second->as_socket(); }
};
pair_of_sockets make_pair(int type, u32 flags = 0) {
  auto pair = create_unix_pair(type, 0, flags).release();
  return {pair.first, pair.second};
}

ref<io::file> make_socket(int type, u32 flags = 0) {
  initialize_unix_sockets();
  return io::create_socket(1, type, 0, flags).release();
}

io::socket_address address_of(std::string_view name) {
  io::socket_address a;
  a.bytes[0] = 1;
  memcpy(a.bytes + 2, name.data(), name.size());
  a.length = static_cast<u32>(2 + name.size());
  return a;
}
io::socket_address abstract(std::string_view name) { return address_of(std::string(1, 0) + std::string(name)); }

/// Control data that carries descriptors.
std::vector<u8> rights(const std::vector<int>& fds) {
  std::vector<u8> control(16 + (fds.size() * 4 + 7) / 8 * 8);
  const u64 length = 16 + fds.size() * 4;
  const i32 level = 1, type = 1;
  memcpy(control.data(), &length, 8);
  memcpy(control.data() + 8, &level, 4);
  memcpy(control.data() + 12, &type, 4);
  memcpy(control.data() + 16, fds.data(), fds.size() * 4);
  return control;
}
result<usize> send_rights(io::socket_file& socket, std::string_view text, const std::vector<int>& fds) {
  auto control = rights(fds);
  io::cursor data(text.data(), text.size());
  io::message m;
  m.data = &data;
  m.control = control.data();
  m.control_capacity = control.size();
  return socket.send(m, 0);
}
struct received {
  std::string text;
  std::vector<int> fds;
  u32 flags;
};
received receive(io::socket_file& socket, usize size = 100, usize room = 256) {
  std::string text(size, 0);
  std::vector<u8> control(room + 1);
  io::cursor data(text.data(), size);
  io::message m;
  m.data = &data;
  m.control = control.data();
  m.control_capacity = room;
  auto n = socket.receive(m, 0);
  text.resize(n.ok() ? n.value() : 0);
  received r{text, {}, m.flags};
  if (m.control_length > 16) {
    u64 length;
    memcpy(&length, control.data(), 8);
    r.fds.resize((length - 16) / 4);
    memcpy(r.fds.data(), control.data() + 16, length - 16);
  }
  return r;
}

class unix_sockets : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(vfs::mount_empty_root().ok()); }
  void TearDown() override { current_process().files.close_all(); }
};

TEST_F(unix_sockets, stream_passes_bytes_without_borders) {
  auto p = make_pair(stream, non_blocking);
  EXPECT_EQ(out, p.first->poll());
  EXPECT_EQ(3u, write_text(*p.first, "one").value());
  EXPECT_EQ(3u, write_text(*p.first, "two").value());
  EXPECT_EQ(in | out, p.second->poll());
  EXPECT_EQ("onet", read_some(*p.second, 4));
  EXPECT_EQ("wo", read_some(*p.second, 10));
  EXPECT_EQ("error 11", read_some(*p.second, 10));
}

TEST_F(unix_sockets, messages_keep_their_borders) {
  for (int type : {datagram, sequenced}) {
    auto p = make_pair(type, non_blocking);
    EXPECT_TRUE(write_text(*p.first, "first").ok());
    EXPECT_TRUE(write_text(*p.first, "second").ok());
    auto got = receive(p.b(), 3);
    EXPECT_EQ("fir", got.text);
    EXPECT_TRUE(got.flags & io::message_flag::truncated);
    EXPECT_EQ("second", receive(p.b()).text);
  }
}

TEST_F(unix_sockets, stream_fills_up_and_drains) {
  auto p = make_pair(stream, non_blocking);
  const std::string piece(50'000, 'x');
  usize sent = 0;
  for (;;) {
    auto n = write_text(*p.first, piece);
    if (!n.ok()) {
      EXPECT_EQ(errc::again, n.error());
      break;
    }
    sent += n.value();
  }
  EXPECT_GE(sent, unix_endpoint::buffer_default);
  EXPECT_EQ(0u, p.first->poll() & out);
  usize got = 0;
  while (got < sent) {
    const std::string text = read_some(*p.second, 100'000);
    ASSERT_FALSE(text.empty());
    got += text.size();
  }
  EXPECT_EQ(sent, got);
  EXPECT_EQ(out, p.first->poll());
}

TEST_F(unix_sockets, a_blocked_sender_goes_on_when_there_is_room) {
  auto p = make_pair(stream);
  const std::string much(1'000'000, 'm');
  std::thread sender([&] { EXPECT_EQ(much.size(), write_text(*p.first, much).value()); });
  std::string got;
  while (got.size() < much.size()) got += read_some(*p.second, 70'000);
  sender.join();
  EXPECT_EQ(much, got);
}

TEST_F(unix_sockets, the_other_end_hears_of_a_close) {
  auto p = make_pair(stream);
  EXPECT_TRUE(write_text(*p.first, "last words").ok());
  p.first->closed();
  EXPECT_EQ("last words", read_some(*p.second, 100));
  EXPECT_EQ("", read_some(*p.second, 100));
  EXPECT_EQ(errc::broken_pipe, error_of(write_text(*p.second, "x")));
  EXPECT_EQ(in | out | read_hang_up | hang_up, p.second->poll());
}

TEST_F(unix_sockets, unread_bytes_reset_the_connection) {
  auto p = make_pair(stream);
  EXPECT_TRUE(write_text(*p.first, "unread").ok());
  p.second->closed();
  EXPECT_EQ("error 104", read_some(*p.first, 100));
  EXPECT_EQ("", read_some(*p.first, 100));
}

TEST_F(unix_sockets, shutdown_closes_one_direction) {
  auto p = make_pair(stream);
  EXPECT_TRUE(p.a().shutdown(1).ok());
  EXPECT_EQ(errc::broken_pipe, error_of(write_text(*p.first, "x")));
  EXPECT_EQ("", read_some(*p.second, 10));
  EXPECT_TRUE(write_text(*p.second, "still").ok());
  EXPECT_EQ("still", read_some(*p.first, 10));
  EXPECT_EQ(errc::invalid, error_of(p.a().shutdown(7)));
}

TEST_F(unix_sockets, listens_on_an_abstract_name) {
  auto server = make_socket(stream, non_blocking), client = make_socket(stream);
  EXPECT_EQ(errc::connection_refused, error_of(client->as_socket()->connect(abstract("service"))));
  ASSERT_TRUE(server->as_socket()->bind(abstract("service")).ok());
  EXPECT_EQ(errc::connection_refused, error_of(client->as_socket()->connect(abstract("service"))));
  ASSERT_TRUE(server->as_socket()->listen(5).ok());
  EXPECT_EQ(errc::again, error_of(server->as_socket()->accept(nullptr, 0)));
  ASSERT_TRUE(client->as_socket()->connect(abstract("service")).ok());
  EXPECT_EQ(in, server->poll());
  io::socket_address from;
  auto accepted = server->as_socket()->accept(&from, 0).release();
  EXPECT_EQ(2u, from.length);
  EXPECT_TRUE(write_text(*client, "hello").ok());
  EXPECT_EQ("hello", read_some(*accepted, 10));
  EXPECT_EQ(errc::is_connected, error_of(client->as_socket()->connect(abstract("service"))));
  auto second = make_socket(stream);
  EXPECT_EQ(errc::address_in_use, error_of(second->as_socket()->bind(abstract("service"))));
  io::socket_address name;
  ASSERT_TRUE(client->as_socket()->peer_name(name).ok());
  EXPECT_EQ(abstract("service").length, name.length);
}

TEST_F(unix_sockets, a_name_is_free_again_after_the_close) {
  for (int i = 0; i < 2; ++i) {
    auto server = make_socket(datagram);
    EXPECT_TRUE(server->as_socket()->bind(abstract("again")).ok());
  }
}

TEST_F(unix_sockets, finds_a_name_of_the_file_system) {
  auto server = make_socket(datagram), client = make_socket(datagram, non_blocking);
  ASSERT_TRUE(server->as_socket()->bind(address_of("/socket")).ok());
  EXPECT_EQ(errc::address_in_use, error_of(make_socket(datagram)->as_socket()->bind(address_of("/socket"))));
  EXPECT_EQ(errc::no_entry, error_of(client->as_socket()->connect(address_of("/nothing"))));
  ASSERT_TRUE(client->as_socket()->connect(address_of("/socket")).ok());
  EXPECT_TRUE(write_text(*client, "by path").ok());
  EXPECT_EQ("by path", read_some(*server, 100));
  EXPECT_EQ(errc::wrong_protocol_type, error_of(make_socket(stream)->as_socket()->connect(address_of("/socket"))));
  server->closed();
  EXPECT_EQ(errc::connection_refused, error_of(write_text(*client, "x")));
}

TEST_F(unix_sockets, gives_a_name_to_who_asks_for_any) {
  auto socket = make_socket(datagram);
  ASSERT_TRUE(socket->as_socket()->bind(address_of("")).ok());
  io::socket_address name;
  ASSERT_TRUE(socket->as_socket()->local_name(name).ok());
  EXPECT_EQ(8u, name.length);
  EXPECT_EQ(0, name.bytes[2]);
}

TEST_F(unix_sockets, a_full_backlog_makes_others_wait) {
  auto server = make_socket(stream);
  ASSERT_TRUE(server->as_socket()->bind(abstract("backlog")).ok());
  ASSERT_TRUE(server->as_socket()->listen(0).ok());
  std::vector<ref<io::file>> clients;
  for (;;) {
    clients.push_back(make_socket(stream, non_blocking));
    if (auto connected = clients.back()->as_socket()->connect(abstract("backlog")); !connected.ok()) {
      EXPECT_EQ(errc::again, connected.error());
      break;
    }
    ASSERT_LT(clients.size(), 10u);
  }
  std::thread late([] {
    auto client = make_socket(stream);
    EXPECT_TRUE(client->as_socket()->connect(abstract("backlog")).ok());
  });
  const usize waiting = clients.size();
  for (usize i = 0; i < waiting; ++i) EXPECT_TRUE(server->as_socket()->accept(nullptr, 0).ok());
  late.join();
}

TEST_F(unix_sockets, closing_the_listener_refuses_who_waits) {
  auto server = make_socket(stream), client = make_socket(stream);
  ASSERT_TRUE(server->as_socket()->bind(abstract("closing")).ok());
  ASSERT_TRUE(server->as_socket()->listen(5).ok());
  ASSERT_TRUE(client->as_socket()->connect(abstract("closing")).ok());
  server->closed();
  EXPECT_EQ("error 104", read_some(*client, 10));
}

TEST_F(unix_sockets, descriptors_travel) {
  auto p = make_pair(stream);
  descriptor_table& table = current_process().files;
  auto file = make_file();
  const int fd = table.install(file, false).value();
  EXPECT_TRUE(write_text(*p.first, "plain").ok());
  EXPECT_EQ(4u, send_rights(p.a(), "with", {fd, fd}).value());
  ASSERT_TRUE(table.close(fd).ok());
  EXPECT_EQ(0, file->times_closed) << "it is in flight";
  EXPECT_EQ("plain", receive(p.b()).text) << "descriptors end what one call reads";
  auto got = receive(p.b());
  EXPECT_EQ("with", got.text);
  ASSERT_EQ(2u, got.fds.size());
  EXPECT_EQ(file.get(), table.find(got.fds[0]).get());
  EXPECT_EQ(file.get(), table.find(got.fds[1]).get());
}

TEST_F(unix_sockets, descriptors_without_room_are_closed) {
  auto p = make_pair(datagram);
  descriptor_table& table = current_process().files;
  auto file = make_file();
  const int fd = table.install(file, false).value();
  EXPECT_TRUE(send_rights(p.a(), "x", {fd}).ok());
  ASSERT_TRUE(table.close(fd).ok());
  auto got = receive(p.b(), 10, 0);
  EXPECT_TRUE(got.fds.empty());
  EXPECT_TRUE(got.flags & io::message_flag::control_truncated);
  EXPECT_EQ(1, file->times_closed);
}

TEST_F(unix_sockets, descriptors_in_flight_die_with_the_socket) {
  auto p = make_pair(stream);
  descriptor_table& table = current_process().files;
  auto file = make_file();
  const int fd = table.install(file, false).value();
  EXPECT_TRUE(send_rights(p.a(), "x", {fd}).ok());
  ASSERT_TRUE(table.close(fd).ok());
  p.second->closed();
  EXPECT_EQ(1, file->times_closed);
  EXPECT_EQ(errc::bad_file, error_of(send_rights(p.a(), "x", {77})));
}

TEST_F(unix_sockets, tells_who_is_at_the_other_end) {
  auto p = make_pair(stream);
  unix_credentials c;
  EXPECT_EQ(sizeof c, p.a().get_option(1, 17, &c, sizeof c).value());
  EXPECT_EQ(1, c.process);
  EXPECT_EQ(errc::no_protocol_option, error_of(p.a().get_option(1, 999, &c, sizeof c)));
}

}  // namespace
}  // namespace osv::linux_abi::test
