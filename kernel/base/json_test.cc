#include "base/json.hh"

#include <gtest/gtest.h>

#include <string>

namespace osv::json {
namespace {

document parsed(std::string_view text) {
  parse_error error;
  result<document> d = document::parse(text, &error);
  EXPECT_TRUE(d.ok()) << text << ": " << (error.reason ? error.reason : "?") << " at " << error.position;
  return d.ok() ? d.release() : document();
}

std::string reason(std::string_view text, const limits& bounds = {}) {
  parse_error error;
  const result<document> d = document::parse(text, &error, bounds);
  if (d.ok()) return "no error";
  EXPECT_EQ(d.error(), errc::invalid);
  return error.reason;
}

TEST(JsonReader, ReadsABootConfiguration) {
  const document d = parsed(R"({
    "version": 1, "program": "/usr/bin/redis-server", "arguments": ["redis-server", "--save", ""],
    "network": {"interfaces": [{"addresses": ["10.0.2.15/24"], "dhcp": false, "mtu": 1500}]},
    "user": {"uid": -1}, "nothing": null})");
  const value root = d.root();
  EXPECT_TRUE(root.is(kind::object));
  EXPECT_EQ(root.size(), 6u);
  EXPECT_EQ(root["version"].integer(), 1);
  EXPECT_EQ(root["program"].text(), "/usr/bin/redis-server");
  std::string arguments;
  for (value a : root["arguments"]) arguments += "[" + std::string(a.text()) + "]";
  EXPECT_EQ(arguments, "[redis-server][--save][]");
  const value interface = *root["network"]["interfaces"].begin();
  EXPECT_FALSE(interface["dhcp"].boolean(true));
  EXPECT_EQ(interface["mtu"].integer(), 1500);
  EXPECT_EQ(root["user"]["uid"].integer(), -1);
  EXPECT_TRUE(root["nothing"].is(kind::null));
  EXPECT_FALSE(root["absent"]["deeper"].exists());
  EXPECT_EQ(root["absent"].integer(7), 7);
  EXPECT_EQ((*root.begin()).name(), "version");
}

TEST(JsonReader, DecodesEscapes) {
  EXPECT_EQ(parsed(R"("a\"\\\/\b\f\n\r\tz")").root().text(), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(parsed(R"("\u0041\u00e9\u20AC\ud83d\ude00")").root().text(), "Aé€😀");
  EXPECT_EQ(parsed(R"("\u0000")").root().text(), std::string_view("\0", 1));
  EXPECT_EQ(reason(R"("\ud83d")"), "lone surrogate");
  EXPECT_EQ(reason(R"("\ude00")"), "lone surrogate");
  EXPECT_EQ(reason(R"("\ud83d\u0041")"), "lone surrogate");
  EXPECT_EQ(reason(R"("\x")"), "unknown escape");
  EXPECT_EQ(reason(R"("\u12g4")"), "expected four hexadecimal digits");
}

TEST(JsonReader, ReadsNumbers) {
  EXPECT_EQ(parsed("-9223372036854775808").root().integer(), INT64_MIN);
  EXPECT_EQ(parsed("9223372036854775807").root().integer(), INT64_MAX);
  EXPECT_EQ(parsed("9223372036854775808").root().kind(), kind::number);
  EXPECT_EQ(parsed("-0").root().integer(5), 0);
  const document d = parsed("[1.5, 2e3, 0]");
  auto at = d.root().begin();
  EXPECT_EQ((*at).text(), "1.5");
  EXPECT_TRUE((*++at).is(kind::number));
  EXPECT_TRUE((*++at).is(kind::integer));
  for (const char* bad : {"01", "-", "1.", "1e", "1e+", ".5", "+1", "0x10", "NaN", "- 1"}) EXPECT_NE(reason(bad), "no error") << bad;
}

TEST(JsonReader, RefusesMalformedText) {
  for (const char* bad : {"", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{1:2}", "tru",
                          "truex", "1 2", "[}", "{]", "\"", "\"\\", "\"\n\"", "]", ",", "{\"a\" 1}", "[1 2]", "{,}", "nul"})
    EXPECT_NE(reason(bad), "no error") << bad;
  EXPECT_EQ(reason("{\"a\":1,\"a\":2}"), "member named twice");
  EXPECT_EQ(reason("\"\xff\""), "not UTF-8");
  EXPECT_EQ(reason("\"\xed\xa0\x80\""), "not UTF-8");
  EXPECT_EQ(reason("\"\xc0\xaf\""), "not UTF-8");
  EXPECT_EQ(reason(std::string_view("1\0", 2)), "text after the value");
}

TEST(JsonReader, HoldsItsLimits) {
  EXPECT_EQ(reason(std::string(100000, '[')), "nested too deeply");
  EXPECT_EQ(parsed(std::string(32, '[') + std::string(32, ']')).root().size(), 1u);
  EXPECT_EQ(reason(std::string(33, '[') + std::string(33, ']')), "nested too deeply");
  EXPECT_EQ(reason("[1,2,3,4]", {.values = 4}), "too many values");
  EXPECT_EQ(reason("[1,2,3]", {.values = 4}), "no error");
  EXPECT_EQ(reason("12345", {.bytes = 4}), "too long");
}

TEST(JsonReader, TellsWhere) {
  parse_error error;
  (void)document::parse("{\"a\": x}", &error);
  EXPECT_EQ(error.position, 6u);
}

TEST(JsonWriter, WritesWhatTheReaderReads) {
  string out;
  writer w(out);
  w.begin_object().member("number", -5).member("big", ~0ull).member("flag", true).member("text", "a\"b\\c\n\x7f€");
  w.name("list").begin_array().integer(1).null().begin_object().end_object().begin_array().end_array().end_array();
  w.member("bad", "x\xffy").end_object();
  ASSERT_TRUE(w.status().ok());
  EXPECT_EQ(out.view(),
            "{\"number\":-5,\"big\":18446744073709551615,\"flag\":true,\"text\":\"a\\\"b\\\\c\\u000a\\u007f€\","
            "\"list\":[1,null,{},[]],\"bad\":\"x\xef\xbf\xbdy\"}");
  const document d = parsed(out.view());
  EXPECT_EQ(d.root()["text"].text(), "a\"b\\c\n\x7f€");
  EXPECT_EQ(d.root()["list"].size(), 4u);
}

}  // namespace
}  // namespace osv::json
