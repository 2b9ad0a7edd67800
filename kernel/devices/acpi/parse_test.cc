#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "devices/acpi/tables.hh"

namespace osv::devices::acpi {
namespace {

table view(const std::vector<u8>& bytes) { return {bytes.data(), static_cast<u32>(bytes.size())}; }
table view(const std::string& bytes) { return {reinterpret_cast<const u8*>(bytes.data()), static_cast<u32>(bytes.size())}; }

TEST(table, reads_zero_beyond_its_end) {
  const std::vector<u8> bytes{1, 2, 3, 4};
  EXPECT_EQ(view(bytes).read<u32>(0), 0x04030201u);
  EXPECT_EQ(view(bytes).read<u32>(1), 0u);
  EXPECT_EQ(view(bytes).read<u8>(0xffffffff), 0);
}

TEST(madt, names_processors_io_apics_and_overrides) {
  std::vector<u8> t(44);
  const auto add = [&](std::initializer_list<u8> entry) { t.insert(t.end(), entry); };
  add({0, 8, 0, 0, 1, 0, 0, 0});                       // processor 0
  add({0, 8, 1, 1, 1, 0, 0, 0});                       // processor 1
  add({0, 8, 2, 2, 0, 0, 0, 0});                       // disabled
  add({9, 16, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});  // x2APIC 7
  add({0, 8, 1, 1, 1, 0, 0, 0});                       // told twice
  add({1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0});
  add({2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0});
  findings f{};
  parse_madt(view(t), f);
  ASSERT_EQ(f.cpus.count, 3u);
  EXPECT_EQ(f.cpus.items[2].apic_id, 7u);
  ASSERT_EQ(f.io_apics.count, 1u);
  EXPECT_EQ(to_u64(f.io_apics.items[0].address), 0xfec00000u);
  EXPECT_EQ(f.io_apics.items[0].gsi_base, 24u);
  ASSERT_EQ(f.overrides.count, 1u);
  EXPECT_EQ(f.overrides.items[0].flags, 0x0d);
}

TEST(madt, an_entry_of_length_zero_ends_the_walk) {
  std::vector<u8> t(60);
  findings f{};
  parse_madt(view(t), f);
  EXPECT_EQ(f.cpus.count, 0u);
}

TEST(madt, more_processors_than_the_kernel_takes_are_left_out) {
  std::vector<u8> t(44);
  for (unsigned i = 0; i < 200; ++i) t.insert(t.end(), {0, 8, 0, static_cast<u8>(i), 1, 0, 0, 0});
  findings f{};
  parse_madt(view(t), f);
  EXPECT_EQ(f.cpus.count, arch::cpus_max);
}

TEST(soft_off, is_read_from_the_package_in_the_dsdt) {
  u8 a = 9, b = 9;
  EXPECT_TRUE(find_soft_off(view(std::string("xx\x08_S5_\x12\x06\x04\x00\x00\x00\x00", 13)), a, b));
  EXPECT_EQ(a, 0);
  EXPECT_TRUE(find_soft_off(view(std::string("_S5_\x12\x08\x04\x0a\x05\x0a\x03\x00\x00", 13)), a, b));
  EXPECT_EQ(a, 5);
  EXPECT_EQ(b, 3);
  EXPECT_TRUE(find_soft_off(view(std::string("_S5_ _S5_\x12\x06\x04\x01\x00\x00\x00", 16)), a, b)) << "a mention before the definition";
  EXPECT_EQ(a, 1);
  EXPECT_FALSE(find_soft_off(view(std::string("_S4_\x12\x06\x04\x01")), a, b));
  EXPECT_FALSE(find_soft_off(table(), a, b));
}

TEST(virtio_windows, are_found_with_memory_and_interrupt) {
  std::string t = "....LNRO0005\x08_CRS";
  t += std::string("\x86\x09\x00\x01\x00\x00\xb0\xfe\x00\x02\x00\x00", 12);
  t += std::string("\x89\x06\x00\x01\x01\x18\x00\x00\x00", 9);
  t += "....LNRO0005 without resources";
  findings f{};
  parse_virtio_windows(view(t), f);
  ASSERT_EQ(f.virtio_windows.count, 1u);
  EXPECT_EQ(to_u64(f.virtio_windows.items[0].address), 0xfeb00000u);
  EXPECT_EQ(f.virtio_windows.items[0].size, 512u);
  EXPECT_EQ(f.virtio_windows.items[0].gsi, 24u);
}

TEST(parsers, survive_random_tables) {
  const std::string words[] = {"_S5_\x12", "LNRO0005", "APIC", "\x86\x09"};
  for (u32 seed = 0; seed < 20000; ++seed) {
    std::mt19937 random(seed);
    std::vector<u8> t(random() % 200);
    for (u8& byte : t) byte = static_cast<u8>(random() % 16);
    const std::string& word = words[random() % 4];
    if (t.size() > word.size()) memcpy(t.data() + random() % (t.size() - word.size()), word.data(), word.size());
    findings f{};
    parse_madt(view(t), f);
    parse_mcfg(view(t), f);
    parse_virtio_windows(view(t), f);
    u8 a, b;
    find_soft_off(view(t), a, b);
  }
}

}  // namespace
}  // namespace osv::devices::acpi
