// No input makes the parser read out of bounds; what it accepts lies within the input; a prefix of an accepted request is
// never refused.
#include <cstddef>
#include <cstdint>

#include "base/assert.hh"
#include "telemetry/http_request.hh"

extern "C" const char* const* fuzz_seeds() {
  static const char* const seeds[] = {
      "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text\r\n\r\n",
      "POST /api/v1/tracepoints?a=b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}",
      "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\nExpect: 100-continue\r\n\r\nGET / HTTP/1.1\r\n", nullptr};
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace osv::telemetry;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  http_request r;
  const parse_outcome o = parse_request(bytes, r);
  if (o.state != parse_outcome::kind::complete) {
    ASSERT(o.consumed == 0 && (o.state == parse_outcome::kind::incomplete) == (o.status == 0));
    return 0;
  }
  ASSERT(o.consumed <= size && r.body.size() <= request_body_max);
  for (std::string_view part : {r.path, r.query, r.accept, r.authorization, r.body})
    ASSERT(part.empty() || (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + o.consumed));
  http_request prefix;
  for (size_t n = 0; n < o.consumed; n += 1 + o.consumed / 64)
    ASSERT(parse_request(bytes.substr(0, n), prefix).state == parse_outcome::kind::incomplete);
  return 0;
}
