#include "vfs/missing_files.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trace/count.hh"

namespace osv::vfs {
namespace {

std::vector<std::string> missing() {
  std::vector<std::string> paths;
  for_each_missing([&](std::string_view path) { paths.emplace_back(path); });
  return paths;
}

TEST(MissingFiles, AreToldOnceAndCountedAlways) {
  const u64 before = trace::total(trace::counter::files_missing);
  for (const char* path : {"/etc/a", "/etc/b", "/etc/a", "relative"}) note_missing(path);
  EXPECT_EQ(missing(), (std::vector<std::string>{"/etc/a", "/etc/b", "relative"}));
  EXPECT_EQ(trace::total(trace::counter::files_missing) - before, 4u);
}

TEST(MissingFiles, AreBounded) {
  note_missing(std::string(200, 'x') + "/end");
  EXPECT_EQ(missing().back().size(), missing_path_max);
  EXPECT_TRUE(missing().back().ends_with("x/end"));
  for (int i = 0; i < 1000; ++i) note_missing("/n/" + std::to_string(i));
  EXPECT_EQ(missing().size(), missing_files_max);
}

}  // namespace
}  // namespace osv::vfs
