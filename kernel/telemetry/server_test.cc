// The server against clients that misbehave, over sockets in memory, in virtual time.
#include "telemetry/server.hh"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "base/json.hh"
#include "hosted/virtual_clock.hh"
#include "log/log.hh"
#include "telemetry/routes.hh"
#include "telemetry/sources.hh"
#include "trace/points.hh"

namespace osv::telemetry {
namespace {

/// What flows between a client and the server's end of one connection.
struct wire {
  std::string to_server, to_client;
  bool client_closed = false, server_closed = false, server_finished = false;
  usize window = 1 << 20;  // bytes of to_client that the client lets be there
  sync::wait_queue queue;
};

class fake_socket : public io::socket_file {
 public:
  explicit fake_socket(std::shared_ptr<wire> w) : socket_file(io::open_flag::read_write), wire_(std::move(w)) {}
  void closed() override { wire_->server_closed = true; }
  sync::wait_queue* poll_queue() override { return &wire_->queue; }
  result<> shutdown(int) override {
    wire_->server_finished = true;
    return {};
  }
  result<usize> receive(io::message& m, u32 flags) override {
    EXPECT_TRUE(flags & io::message_flag::dont_wait);
    if (wire_->to_server.empty()) {
      if (wire_->client_closed) return 0;
      return fail(errc::again);
    }
    const usize n = TRY(m.data->put(wire_->to_server.data(), std::min(wire_->to_server.size(), m.data->remaining())));
    wire_->to_server.erase(0, n);
    return n;
  }
  result<usize> send(io::message& m, u32) override {
    if (wire_->client_closed) return fail(errc::broken_pipe);
    const usize room = wire_->window > wire_->to_client.size() ? wire_->window - wire_->to_client.size() : 0;
    if (!room) return fail(errc::again);
    std::string bytes(std::min(room, m.data->remaining()), '\0');
    TRY(m.data->take(bytes.data(), bytes.size()));
    wire_->to_client += bytes;
    return bytes.size();
  }

 private:
  std::shared_ptr<wire> wire_;
};

struct network {
  std::deque<std::shared_ptr<wire>> waiting;
  sync::wait_queue queue;
};
network* present_network;

class fake_listener : public io::socket_file {
 public:
  fake_listener() : socket_file(io::open_flag::read_write) {}
  sync::wait_queue* poll_queue() override { return &present_network->queue; }
  result<> set_option(int, int, const void*, usize) override { return {}; }
  result<> bind(const io::socket_address& a) override {
    EXPECT_EQ(a.bytes[2] << 8 | a.bytes[3], 9180);
    return {};
  }
  result<> listen(int) override { return {}; }
  result<ref<io::file>> accept(io::socket_address*, u32) override {
    if (present_network->waiting.empty()) return fail(errc::again);
    auto w = present_network->waiting.front();
    present_network->waiting.pop_front();
    return ref<io::file>(TRY(make_ref<fake_socket>(w)));
  }
};

class client {
 public:
  client() : wire_(std::make_shared<wire>()) {
    present_network->waiting.push_back(wire_);
    present_network->queue.wake();
  }
  ~client() { close(); }
  void send(const std::string& bytes) {
    wire_->to_server += bytes;
    wire_->queue.wake();
  }
  void close() {
    wire_->client_closed = true;
    wire_->queue.wake();
  }
  void set_window(usize bytes) {
    wire_->window = bytes;
    wire_->queue.wake();
  }
  const std::string& received() const { return wire_->to_client; }
  bool has(std::string_view text) const { return wire_->to_client.find(text) != std::string::npos; }
  bool server_closed() const { return wire_->server_closed; }
  bool server_finished() const { return wire_->server_finished; }

 private:
  std::shared_ptr<wire> wire_;
};

const std::string host = "Host: osv\r\n";
const std::string token = "Authorization: Bearer secret\r\n";
std::string get(const std::string& path, const std::string& fields = "") { return "GET " + path + " HTTP/1.1\r\n" + host + fields + "\r\n"; }
std::string post(const std::string& path, const std::string& body, const std::string& fields = token) {
  return "POST " + path + " HTTP/1.1\r\n" + host + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool powered_off;

class Server : public testing::Test {
 protected:
  Server() {
    present_network = &network_;
    io::register_socket_family(2, [](int, int, u32) -> result<ref<io::file>> { return ref<io::file>(TRY(make_ref<fake_listener>())); });
    register_kernel_sources();
    management_configuration c;
    c.token = "secret";
    c.hooks.program_running = [] { return true; };
    c.hooks.power_off = [] { powered_off = true; };
    c.hooks.list_threads = [](function_ref<void(const thread_row&)> show) { show({7, "main", false, "running", 0, 5, 6}); };
    EXPECT_TRUE(configure_routes(c).ok());
    server_ = server::create(9180).release();
    EXPECT_TRUE(sched::spawn("management", [this] {
                  server_->run();
                  ended_ = true;
                }).ok());
  }
  ~Server() override {
    server_->stop();
    EXPECT_TRUE(clock.run_until([this] { return ended_; }));
    server_.reset();
    present_network = nullptr;
  }
  bool answered(const client& c, std::string_view text) {
    return clock.run_until([&] { return c.has(text); }, 5 * second);
  }

  network network_;
  hosted::virtual_clock clock;
  unique<server> server_;
  bool ended_ = false;
};

TEST_F(Server, AnswersMetricsWithoutToken) {
  client c;
  c.send(get("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n"));
  EXPECT_TRUE(answered(c, "# EOF\n"));
  EXPECT_TRUE(c.received().starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  EXPECT_TRUE(c.has("osv_cpus 1\n"));
}

TEST_F(Server, KeepsConnectionsAndPipelines) {
  client c;
  c.send(get("/health") + get("/health") + "HEAD /health HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
  EXPECT_TRUE(clock.run_until([&] { return c.server_finished(); }));
  usize answers = 0, bodies = 0;
  for (usize at = 0; (at = c.received().find("HTTP/1.1 200 OK", at)) != std::string::npos; ++at) ++answers;
  for (usize at = 0; (at = c.received().find("{\"status\":\"running\"}", at)) != std::string::npos; ++at) ++bodies;
  EXPECT_EQ(answers, 3u);
  EXPECT_EQ(bodies, 2u);
  c.close();
  EXPECT_TRUE(clock.run_until([&] { return c.server_closed(); }));
}

TEST_F(Server, AsksForTheToken) {
  for (const char* path : {"/api/v1/threads", "/api/v1/memory", "/api/v1/tracepoints", "/api/v1/missing", "/api/v1/log", "/api/v1/nothing"}) {
    client none, wrong;
    none.send(get(path));
    wrong.send(get(path, "Authorization: Bearer secreu\r\n"));
    EXPECT_TRUE(answered(none, "HTTP/1.1 401 Unauthorized\r\n")) << path;
    EXPECT_TRUE(answered(wrong, "HTTP/1.1 401 Unauthorized\r\n")) << path;
    EXPECT_TRUE(none.has("WWW-Authenticate: Bearer\r\n"));
  }
  client c;
  c.send(post("/api/v1/poweroff", "", ""));
  EXPECT_TRUE(answered(c, " 401 "));
  EXPECT_FALSE(powered_off);
}

TEST_F(Server, ServesTheApi) {
  client c;
  c.send(get("/api/v1/threads", token));
  EXPECT_TRUE(answered(c, R"({"threads":[{"id":7,"name":"main","kernel":false,"state":"running","cpu":0,"runNanoseconds":5,"switches":6}]})"));
  c.send(get("/api/v1/memory", token));
  EXPECT_TRUE(answered(c, R"("used":{"kernel_image":)"));
  c.send(get("/api/v1/missing", token));
  EXPECT_TRUE(answered(c, R"({"systemCalls":[],"files":[]})"));
  log::write(log::level::warning, "something \"odd\"");
  c.send(get("/api/v1/log", token));
  EXPECT_TRUE(answered(c, R"({"microseconds":0,"level":"warning","text":"something \"odd\""})"));
  c.send(get("/api/v1/nothing", token));
  EXPECT_TRUE(answered(c, " 404 "));
  c.send(post("/metrics", ""));
  EXPECT_TRUE(answered(c, "Allow: GET, HEAD\r\n"));
  powered_off = false;
  c.send(post("/api/v1/poweroff", ""));
  EXPECT_TRUE(answered(c, "HTTP/1.1 202 Accepted\r\n"));
  EXPECT_TRUE(powered_off);
}

TEST_F(Server, SwitchesTracepointsAndReadsEvents) {
  client c;
  c.send(post("/api/v1/tracepoints", R"({"tracepoints":[{"name":"tcp_retransmit","enabled":true,"argument":"bytes","equals":9}]})"));
  EXPECT_TRUE(answered(c, R"({"name":"tcp_retransmit","enabled":true,"hits":0,"arguments":["ports","sequence","bytes"],"argument":"bytes","equals":9})"));
  trace::point::tcp_retransmit(1, 2, 9);
  trace::point::tcp_retransmit(1, 2, 8);
  client events;
  events.send(get("/api/v1/tracepoints/events?limit=10", token + "Connection: close\r\n"));
  EXPECT_TRUE(answered(events, R"("name":"tcp_retransmit","ports":1,"sequence":2,"bytes":9})"));
  EXPECT_FALSE(events.has(R"("bytes":8})"));
  for (const char* bad : {"", "[]", "{\"tracepoints\":1}", R"({"tracepoints":[{"name":"x","enabled":true}]})", R"({"tracepoints":[{"name":"tcp_retransmit"}]})",
                          R"({"tracepoints":[{"name":"tcp_retransmit","enabled":true,"argument":"x","equals":1}]})",
                          R"({"tracepoints":[{"name":"tcp_retransmit","enabled":true,"equals":1}]})"}) {
    client b;
    b.send(post("/api/v1/tracepoints", bad));
    EXPECT_TRUE(answered(b, "HTTP/1.1 400 Bad Request\r\n")) << bad;
  }
  client off;
  off.send(post("/api/v1/tracepoints", R"({"tracepoints":[{"name":"tcp_retransmit","enabled":false}]})"));
  EXPECT_TRUE(answered(off, R"("enabled":false,"hits":1)"));
}

TEST_F(Server, RefusesGarbageAndCloses) {
  client c;
  c.send("\x16\x03\x01garbage\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_TRUE(answered(c, "HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(c.has("Connection: close\r\n"));
  EXPECT_TRUE(c.server_finished());
  EXPECT_FALSE(c.server_closed());  // waits for the client, so that the answer arrives
  clock.advance(drain_time_max + second);
  EXPECT_TRUE(c.server_closed());
}

TEST_F(Server, EndsSlowRequests) {
  client c;
  c.send("GET /metrics HTTP/1.1\r\n");
  for (int i = 0; i < 9; ++i) {
    clock.advance(second);
    c.send("A: b\r\n");  // one field a second does not put the deadline off
    EXPECT_FALSE(c.server_closed());
  }
  clock.advance(2 * second);
  EXPECT_TRUE(c.server_closed());
}

TEST_F(Server, EndsClientsThatDoNotRead) {
  client c;
  c.set_window(100);
  c.send(get("/metrics"));
  clock.advance(answer_time_max - second);
  EXPECT_FALSE(c.server_closed());
  clock.advance(2 * second);
  EXPECT_TRUE(c.server_closed());
}

TEST_F(Server, GoesOnWhenTheClientReads) {
  client c;
  c.set_window(100);
  c.send(get("/metrics", "Accept: application/openmetrics-text\r\n"));
  clock.advance(second);
  EXPECT_EQ(c.received().size(), 100u);
  c.set_window(1 << 20);
  EXPECT_TRUE(answered(c, "# EOF\n"));
}

TEST_F(Server, OutlivesAThousandConnections) {
  std::vector<std::unique_ptr<client>> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(std::make_unique<client>());
  for (auto& c : idle) c->send("GET /");
  clock.advance(0);
  client last;
  last.send(get("/health"));
  // Those that wait longest make room, a batch whenever the oldest has waited a second.
  EXPECT_TRUE(clock.run_until([&] { return last.has("HTTP/1.1 200 OK"); }, 60 * second));
  usize closed = 0;
  for (auto& c : idle) closed += c->server_closed();
  EXPECT_GE(closed, 960u);
}

TEST_F(Server, TellsTheOverflowThatItIsBusy) {
  std::vector<std::unique_ptr<client>> busy;
  for (usize i = 0; i < connections_max; ++i) busy.push_back(std::make_unique<client>());
  for (auto& c : busy) {
    c->set_window(0);
    c->send(get("/metrics"));
  }
  clock.advance(0);
  client c;
  c.send(get("/health"));
  EXPECT_TRUE(answered(c, "HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_TRUE(c.has("too many connections"));
}

}  // namespace
}  // namespace osv::telemetry
