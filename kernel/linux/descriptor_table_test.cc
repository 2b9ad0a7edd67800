// Descriptors: the lowest is taken, the last close counts, limits hold, and look-ups race safely with closes.
#include "linux/test_support.hh"

namespace osv::linux_abi::test {

namespace {

TEST(descriptor_table, gives_the_lowest_free_descriptor) {
  descriptor_table table;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(i, table.install(make_file(), false).value());
  EXPECT_TRUE(table.close(1).ok());
  EXPECT_TRUE(table.close(3).ok());
  EXPECT_EQ(1, table.install(make_file(), false).value());
  EXPECT_EQ(3, table.install(make_file(), false).value());
  EXPECT_EQ(5, table.install(make_file(), false).value());
  EXPECT_EQ(6u, table.count());
}

TEST(descriptor_table, starts_at_the_number_that_was_asked_for) {
  descriptor_table table;
  EXPECT_EQ(100, table.install(make_file(), false, 100).value());
  EXPECT_EQ(101, table.install(make_file(), false, 100).value());
  EXPECT_EQ(0, table.install(make_file(), false).value());
  EXPECT_EQ(300, table.install(make_file(), false, 300).value());
  EXPECT_TRUE(table.find(300));
  EXPECT_FALSE(table.find(299));
  EXPECT_FALSE(table.find(-1));
  EXPECT_FALSE(table.find(1 << 30));
}

TEST(descriptor_table, closes_a_file_with_its_last_descriptor) {
  descriptor_table table;
  auto file = make_file();
  ASSERT_EQ(0, table.install(file, false).value());
  ASSERT_EQ(1, table.install(file, false).value());
  EXPECT_TRUE(table.close(0).ok());
  EXPECT_EQ(0, file->times_closed);
  const auto held = table.find(1);
  EXPECT_TRUE(table.close(1).ok());
  EXPECT_EQ(1, file->times_closed);
  EXPECT_EQ(errc::bad_file, error_of(table.close(1)));
  EXPECT_EQ(2u, file->reference_count());
}

TEST(descriptor_table, replaces_what_dup2_finds) {
  descriptor_table table;
  auto first = make_file(), second = make_file();
  ASSERT_EQ(0, table.install(first, false).value());
  ASSERT_EQ(1, table.install(second, false).value());
  EXPECT_TRUE(table.replace(0, second, true).ok());
  EXPECT_EQ(1, first->times_closed);
  EXPECT_TRUE(table.close_on_exec(0).value());
  EXPECT_FALSE(table.close_on_exec(1).value());
  EXPECT_TRUE(table.replace(200, second, false).ok());
  EXPECT_EQ(second.get(), table.find(200).get());
  EXPECT_EQ(errc::bad_file, error_of(table.replace(1 << 20, second, false)));
  EXPECT_EQ(errc::bad_file, error_of(table.replace(-1, second, false)));
}

TEST(descriptor_table, keeps_to_its_limit) {
  descriptor_table table;
  table.set_limit(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(table.install(make_file(), false).ok());
  EXPECT_EQ(errc::too_many_files, error_of(table.install(make_file(), false)));
  EXPECT_EQ(errc::invalid, error_of(table.install(make_file(), false, 3)));
  table.set_limit(10);
  EXPECT_EQ(3, table.install(make_file(), false).value());
}

TEST(descriptor_table, closes_ranges_and_what_is_marked) {
  descriptor_table table;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(table.install(make_file(), i == 6).ok());
  table.close_range(2, 3);
  EXPECT_FALSE(table.find(2));
  EXPECT_FALSE(table.find(3));
  table.mark_close_on_exec(4, ~0u);
  EXPECT_TRUE(table.close_on_exec(5).value());
  table.close_marked();
  EXPECT_EQ(2u, table.count());
  EXPECT_EQ(0, table.next_open(0));
  EXPECT_EQ(-1, table.next_open(2));
  table.close_range(~0u, ~0u);
  EXPECT_EQ(2u, table.count());
}

TEST(descriptor_table, survives_look_ups_while_others_close) {
  descriptor_table table;
  std::atomic<bool> stop{false};
  std::atomic<u64> found{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!stop)
        if (auto file = table.find(0)) found += file->poll() + 1;
    });
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(0, table.install(make_file(), false).value());
    if (i % 100 == 0) {
      ASSERT_TRUE(table.install(make_file(), false, i % 250).ok());
    }
    ASSERT_TRUE(table.close(0).ok());
    table.close_range(1, 255);
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(0u, table.count());
}

}  // namespace
}  // namespace osv::linux_abi::test
