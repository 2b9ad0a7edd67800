// What the reader accepts, the writer writes so that the reader reads the same.
#include <cstddef>
#include <cstdint>

#include "base/json.hh"

namespace osv::json {
namespace {

/// Depth is bounded by the reader.
void write(writer& w, value v) {
  switch (v.kind()) {
    case kind::missing:
      panic("a missing value among the children");
    case kind::null:
      w.null();
      break;
    case kind::boolean:
      w.boolean(v.boolean());
      break;
    case kind::integer:
      w.integer(v.integer());
      break;
    case kind::number:
    case kind::text:
      w.text(v.text());
      break;
    case kind::array:
      w.begin_array();
      for (value element : v) write(w, element);
      w.end_array();
      break;
    case kind::object:
      w.begin_object();
      for (value member : v) write(w.name(member.name()), member);
      w.end_object();
      break;
  }
}

string written(const document& d) {
  string out;
  writer w(out);
  write(w, d.root());
  return out;
}

}  // namespace
}  // namespace osv::json

extern "C" const char* const* fuzz_seeds() {
  static const char* const seeds[] = {
      R"({"version":1,"program":"/bin/a","arguments":["a",""],"network":{"interfaces":[{"mtu":1500,"dhcp":false}]}})",
      R"([1,-2,3.5e7,"\u00e9\ud83d\ude00\n",null,true,{"a":{}}])", "[[[[[[[[[[]]]]]]]]]]", nullptr};
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace osv;
  auto d = json::document::parse({reinterpret_cast<const char*>(data), size}, nullptr, {.values = 1000});
  if (!d.ok()) return 0;
  const string once = json::written(d.value());
  auto again = json::document::parse(once);
  ASSERT(again.ok());
  ASSERT(json::written(again.value()).view() == once.view());
  return 0;
}
