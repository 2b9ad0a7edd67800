#include "base/failure_injection.hh"

#include <gtest/gtest.h>

#include <string>

namespace osv::inject {

/// Which of the next ten fail, as a text of zeroes and ones.
std::string next_ten(point p) {
  std::string out;
  for (int i = 0; i < 10; ++i) out += fails(p) ? '1' : '0';
  return out;
}

TEST(failure_injection, fails_once_or_for_ever) {
  EXPECT_EQ("0000000000", next_ten(point::block_request));
  EXPECT_EQ(0u, passes(point::block_request));
  ASSERT_TRUE(arm("block:3").ok());
  EXPECT_EQ("0010000000", next_ten(point::block_request));
  EXPECT_EQ(10u, passes(point::block_request));
  ASSERT_TRUE(arm("block:8+").ok());
  EXPECT_EQ("0000000111", next_ten(point::block_request));
  ASSERT_TRUE(arm("block:0").ok());
  EXPECT_EQ("0000000000", next_ten(point::block_request));
  EXPECT_EQ(10u, passes(point::block_request));
}

TEST(failure_injection, refuses_what_it_does_not_know) {
  for (const char* wrong : {"", "block", "block:", "block:+", "block:x", "disk:3", "block:-1", "block:9999999999999999999"})
    EXPECT_EQ(errc::invalid, arm(wrong).error()) << wrong;
}

}  // namespace osv::inject
