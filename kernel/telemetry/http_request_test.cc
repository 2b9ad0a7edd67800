#include "telemetry/http_request.hh"

#include <gtest/gtest.h>

#include <string>

namespace osv::telemetry {
namespace {

using state = parse_outcome::kind;

u16 status(const std::string& bytes) {
  http_request r;
  const parse_outcome o = parse_request(bytes, r);
  if (o.state == state::complete) return 200;
  return o.state == state::incomplete ? 0 : o.status;
}

const std::string host = "Host: a\r\n";

TEST(HttpRequest, ParsesWhatPrometheusSends) {
  const std::string bytes =
      "GET /metrics?a=1&bc=2 HTTP/1.1\r\nHost: 10.0.0.1:9180\r\nUser-Agent: Prometheus\r\n"
      "Accept: application/openmetrics-text;version=1.0.0\r\nAuthorization: Bearer abc\r\n\r\nGET ";
  http_request r;
  const parse_outcome o = parse_request(bytes, r);
  ASSERT_EQ(o.state, state::complete);
  EXPECT_EQ(o.consumed, bytes.size() - 4);
  EXPECT_EQ(r.method, http_method::get);
  EXPECT_EQ(r.path, "/metrics");
  EXPECT_EQ(query_value(r.query, "a"), "1");
  EXPECT_EQ(query_value(r.query, "bc"), "2");
  EXPECT_EQ(query_value(r.query, "b"), "");
  EXPECT_EQ(r.accept, "application/openmetrics-text;version=1.0.0");
  EXPECT_TRUE(bears_token(r.authorization, "abc"));
  EXPECT_TRUE(r.keep_alive);
}

TEST(HttpRequest, TakesABody) {
  http_request r;
  const std::string bytes = "POST /x HTTP/1.1\r\n" + host + "Content-Length: 3\r\nConnection: close\r\n\r\nabcd";
  EXPECT_EQ(parse_request(bytes.substr(0, bytes.size() - 2), r).state, state::incomplete);
  const parse_outcome o = parse_request(bytes, r);
  ASSERT_EQ(o.state, state::complete);
  EXPECT_EQ(r.body, "abc");
  EXPECT_FALSE(r.keep_alive);
}

TEST(HttpRequest, AnnouncesContinue) {
  http_request r;
  const std::string head = "POST /x HTTP/1.1\r\n" + host + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(parse_request(head, r).continue_expected);
  EXPECT_FALSE(parse_request(head + "a", r).continue_expected);
}

TEST(HttpRequest, KeepsAliveAsTheVersionSays) {
  http_request r;
  (void)parse_request("GET / HTTP/1.0\r\n\r\n", r);
  EXPECT_FALSE(r.keep_alive);
  (void)parse_request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", r);
  EXPECT_TRUE(r.keep_alive);
  (void)parse_request("GET / HTTP/1.1\r\n" + host + "Connection: upgrade, close\r\n\r\n", r);
  EXPECT_FALSE(r.keep_alive);
}

TEST(HttpRequest, EveryPrefixIsIncomplete) {
  const std::string bytes = "\r\nPOST /a HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nhi";
  for (usize n = 0; n < bytes.size(); ++n) EXPECT_EQ(status(bytes.substr(0, n)), 0) << n;
  EXPECT_EQ(status(bytes), 200);
}

TEST(HttpRequest, RefusesMalformed) {
  for (const std::string& bytes : {
           std::string("GET /\r\n\r\n"), std::string("GET  HTTP/1.1\r\n"), std::string("GET / HTTP/1.1\n"), std::string(" GET / HTTP/1.1\r\n"),
           std::string("G@T / HTTP/1.1\r\n"), std::string("GET a HTTP/1.1\r\n"), std::string("GET http://a/ HTTP/1.1\r\n"),
           std::string("GET /\x01 HTTP/1.1\r\n"), std::string("GET /\xff HTTP/1.1\r\n"), std::string("GET / FTP/1.1\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),  // no Host
           "GET / HTTP/1.1\r\n" + host + host + "\r\n", "GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + " folded\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "nocolon\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + ": empty\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "A: b\x01" "c\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "Content-Length: 1 1\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "Content-Length: 0x1\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "GET / HTTP/1.1\r\n" + host + "Authorization: a\r\nAuthorization: b\r\n\r\n", std::string("\x16\x03\x01\x02", 4),
           std::string(1, '\0'),
       })
    EXPECT_EQ(status(bytes), 400) << bytes;
}

TEST(HttpRequest, RefusesWhatIsTooMuch) {
  EXPECT_EQ(status("GET /" + std::string(request_head_max, 'a')), 414);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "A: " + std::string(request_head_max, 'a')), 431);
  std::string many = "GET / HTTP/1.1\r\n" + host;
  for (usize i = 0; i < header_fields_max; ++i) many += "A: b\r\n";
  EXPECT_EQ(status(many + "\r\n"), 431);
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 16385\r\n\r\n"), 413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n"), 413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n"), 501);
  EXPECT_EQ(status("GET / HTTP/2.0\r\n"), 505);
}

TEST(Token, MatchesExactlyOrNot) {
  EXPECT_TRUE(bears_token("Bearer secret", "secret"));
  EXPECT_TRUE(bears_token("bearer secret", "secret"));
  EXPECT_FALSE(bears_token("Bearer secre", "secret"));
  EXPECT_FALSE(bears_token("Bearer secretsecret", "secret"));
  EXPECT_FALSE(bears_token("Bearer ", "secret"));
  EXPECT_FALSE(bears_token("Basic secret", "secret"));
  EXPECT_FALSE(bears_token("", "secret"));
  EXPECT_FALSE(bears_token("Bearer x", ""));
  EXPECT_FALSE(bears_token("Bearer ", ""));
}

TEST(Decimal, Parses) {
  EXPECT_EQ(parse_decimal("0", 9), 0u);
  EXPECT_EQ(parse_decimal("18446744073709551615", 9), ~0ull);
  EXPECT_EQ(parse_decimal("18446744073709551616", 9), 9u);
  EXPECT_EQ(parse_decimal("", 9), 9u);
  EXPECT_EQ(parse_decimal("1a", 9), 9u);
}

}  // namespace
}  // namespace osv::telemetry
