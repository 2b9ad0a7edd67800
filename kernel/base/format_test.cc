#include "base/format.hh"

#include <gtest/gtest.h>

namespace osv {
namespace {

template <typename... A>
std::string text(std::string_view pattern, const A&... values) {
  return std::string(formatted<128>(pattern, values...).view());
}

TEST(Format, Integers) {
  EXPECT_EQ(text("{} {} {}", 0, -5, 18446744073709551615ull), "0 -5 18446744073709551615");
  EXPECT_EQ(text("{}", INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(text("{:x} {:08x}", 255, 0xbeefu), "ff 0000beef");
  EXPECT_EQ(text("[{:4}] [{:04}] [{:04}]", 42, 42, -42), "[  42] [0042] [-042]");
}

TEST(Format, TextAndOthers) {
  EXPECT_EQ(text("{} {} {}", "abc", std::string_view("def"), 'g'), "abc def g");
  EXPECT_EQ(text("{} {}", true, false), "true false");
  EXPECT_EQ(text("{:5}|", "ab"), "ab   |");
  EXPECT_EQ(text("{}", reinterpret_cast<void*>(0x10)), "0x10");
  EXPECT_EQ(text("{{}} {}", 1), "{} 1");
}

TEST(Format, TooFewArgumentsShow) { EXPECT_EQ(text("{} {}", 1), "1 {?}"); }

TEST(Format, TruncatesAndRemembers) {
  char small[4];
  text_writer out(small, sizeof small);
  format_to(out, "{}", "abcdef");
  EXPECT_EQ(out.view(), "abcd");
  EXPECT_TRUE(out.truncated());
  EXPECT_EQ(formatted<4>("{}", "abcdef").view(), "abc");
}

}  // namespace
}  // namespace osv
