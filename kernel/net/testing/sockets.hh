// For tests: the socket calls with less ceremony. Errors come as negative numbers, as from system calls.
#pragma once

#include <cstring>
#include <string>

#include "net/tcp/socket.hh"
#include "net/udp/socket.hh"

namespace osv::net::testing {

class test_socket {
 public:
  test_socket() = default;
  explicit test_socket(ref<io::file> f) : file_(std::move(f)) {}
  test_socket(test_socket&&) = default;
  test_socket& operator=(test_socket&& o) {
    close();
    file_ = std::move(o.file_);
    return *this;
  }
  ~test_socket() { close(); }
  static test_socket tcp(stack& s, int family = family_ipv4, u32 flags = 0) { return test_socket(tcp::create_socket(s, family, flags).release()); }
  static test_socket udp(stack& s, int family = family_ipv4, u32 flags = 0) { return test_socket(udp::create_socket(s, family, flags).release()); }

  explicit operator bool() const { return static_cast<bool>(file_); }
  io::socket_file& get() { return *file_->as_socket(); }
  void close() {
    if (!file_) return;
    file_->closed();
    file_ = nullptr;
  }
  static io::socket_address name(const net::address& ip, u16 port, int family = family_ipv4) {
    io::socket_address a;
    to_socket_address({ip, port}, family, a);
    return a;
  }
  template <typename T>
  static i64 code(const result<T>& r) {
    if (!r.ok()) return -static_cast<i64>(r.error());
    if constexpr (std::is_integral_v<T>)
      return static_cast<i64>(r.value());
    else
      return 0;
  }
  i64 bind(const net::address& ip, u16 port, int family = family_ipv4) { return code(get().bind(name(ip, port, family))); }
  i64 connect(const net::address& ip, u16 port, int family = family_ipv4) { return code(get().connect(name(ip, port, family))); }
  i64 listen(int backlog = 128) { return code(get().listen(backlog)); }
  test_socket accept(u32 flags = 0) {
    auto r = get().accept(nullptr, flags);
    return r.ok() ? test_socket(r.release()) : test_socket();
  }
  i64 accept_error() { return code(get().accept(nullptr, 0)); }
  i64 send(const void* data, usize size, u32 flags = 0) {
    io::cursor c(data, size);
    io::message m;
    m.data = &c;
    return code(get().send(m, flags));
  }
  i64 send(const std::string& text, u32 flags = 0) { return send(text.data(), text.size(), flags); }
  i64 receive(void* into, usize size, u32 flags = 0) {
    io::cursor c(into, size);
    io::message m;
    m.data = &c;
    return code(get().receive(m, flags));
  }
  std::string receive_text(usize size, u32 flags = 0) {
    std::string text(size, 0);
    const i64 n = receive(text.data(), size, flags);
    text.resize(n > 0 ? static_cast<usize>(n) : 0);
    return text;
  }
  i64 send_to(const std::string& text, const net::address& ip, u16 port, int family = family_ipv4, u32 flags = 0) {
    io::cursor c(text.data(), text.size());
    io::socket_address to = name(ip, port, family);
    io::message m;
    m.data = &c;
    m.address = &to;
    return code(get().send(m, flags));
  }
  i64 set(int level, int option, i32 value) { return code(get().set_option(level, option, &value, sizeof value)); }
  i32 get_option(int level, int option) {
    i32 value = 0;
    EXPECT_TRUE(get().get_option(level, option, &value, sizeof value).ok());
    return value;
  }
  u16 port() {
    io::socket_address a;
    EXPECT_TRUE(get().local_name(a).ok());
    return static_cast<u16>(a.bytes[2] << 8 | a.bytes[3]);
  }
  i64 shutdown(int how) { return code(get().shutdown(how)); }
  u32 poll() { return get().poll(); }

 private:
  ref<io::file> file_;
};

}  // namespace osv::net::testing
