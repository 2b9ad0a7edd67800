// One processor as /proc/cpuinfo shows it, read from CPUID (SDM volume 2, CPUID; arch/x86/kernel/cpu/proc.c for the words).
#if defined(__x86_64__)
#include <cpuid.h>

#include "linux/proc/proc.hh"

namespace osv::linux_abi {

namespace {

/// A feature word: leaf, subleaf, register (0 eax, 1 ebx, 2 ecx, 3 edx), and the names of its bits in order; "" is a gap.
struct feature {
  u32 leaf;
  u8 reg, bit;
  const char* name;
};
constexpr feature features[] = {
    {1, 3, 0, "fpu"},      {1, 3, 1, "vme"},       {1, 3, 2, "de"},       {1, 3, 3, "pse"},      {1, 3, 4, "tsc"},
    {1, 3, 5, "msr"},      {1, 3, 6, "pae"},       {1, 3, 7, "mce"},      {1, 3, 8, "cx8"},      {1, 3, 9, "apic"},
    {1, 3, 11, "sep"},     {1, 3, 12, "mtrr"},     {1, 3, 13, "pge"},     {1, 3, 14, "mca"},     {1, 3, 15, "cmov"},
    {1, 3, 16, "pat"},     {1, 3, 17, "pse36"},    {1, 3, 19, "clflush"}, {1, 3, 23, "mmx"},     {1, 3, 24, "fxsr"},
    {1, 3, 25, "sse"},     {1, 3, 26, "sse2"},     {1, 3, 28, "ht"},      {0x80000001, 3, 11, "syscall"},
    {0x80000001, 3, 20, "nx"}, {0x80000001, 3, 26, "pdpe1gb"}, {0x80000001, 3, 27, "rdtscp"}, {0x80000001, 3, 29, "lm"},
    {1, 2, 0, "pni"},      {1, 2, 1, "pclmulqdq"}, {1, 2, 9, "ssse3"},    {1, 2, 12, "fma"},     {1, 2, 13, "cx16"},
    {1, 2, 17, "pcid"},    {1, 2, 19, "sse4_1"},   {1, 2, 20, "sse4_2"},  {1, 2, 21, "x2apic"},  {1, 2, 22, "movbe"},
    {1, 2, 23, "popcnt"},  {1, 2, 24, "tsc_deadline_timer"}, {1, 2, 25, "aes"}, {1, 2, 26, "xsave"}, {1, 2, 28, "avx"},
    {1, 2, 29, "f16c"},    {1, 2, 30, "rdrand"},   {1, 2, 31, "hypervisor"}, {0x80000001, 2, 0, "lahf_lm"},
    {0x80000001, 2, 5, "abm"}, {0x80000001, 2, 6, "sse4a"}, {7, 1, 0, "fsgsbase"}, {7, 1, 3, "bmi1"}, {7, 1, 5, "avx2"},
    {7, 1, 7, "smep"},     {7, 1, 8, "bmi2"},      {7, 1, 9, "erms"},     {7, 1, 10, "invpcid"}, {7, 1, 16, "avx512f"},
    {7, 1, 17, "avx512dq"}, {7, 1, 18, "rdseed"},  {7, 1, 19, "adx"},     {7, 1, 20, "smap"},    {7, 1, 23, "clflushopt"},
    {7, 1, 24, "clwb"},    {7, 1, 28, "avx512cd"}, {7, 1, 29, "sha_ni"},  {7, 1, 30, "avx512bw"}, {7, 1, 31, "avx512vl"},
    {7, 2, 8, "gfni"},     {7, 2, 9, "vaes"},      {7, 2, 10, "vpclmulqdq"}, {7, 2, 22, "rdpid"}, {7, 3, 4, "fsrm"},
};

struct registers {
  u32 values[4];
};
registers cpuid(u32 leaf, u32 subleaf = 0) {
  registers r{};
  if (__get_cpuid_max(leaf & 0x80000000, nullptr) < leaf) return r;
  __cpuid_count(leaf, subleaf, r.values[0], r.values[1], r.values[2], r.values[3]);
  return r;
}

string_view trimmed(const char* text, usize size) {
  usize begin = 0, end = 0;
  while (end < size && text[end]) ++end;
  while (begin < end && text[begin] == ' ') ++begin;
  while (end > begin && text[end - 1] == ' ') --end;
  return {text + begin, end - begin};
}

}  // namespace

void put_processor(vfs::text_sink& out, unsigned cpu) {
  const registers vendor = cpuid(0), signature = cpuid(1);
  char vendor_text[12], model_text[48] = {};
  __builtin_memcpy(vendor_text, &vendor.values[1], 4);
  __builtin_memcpy(vendor_text + 4, &vendor.values[3], 4);
  __builtin_memcpy(vendor_text + 8, &vendor.values[2], 4);
  for (u32 i = 0; i < 3; ++i) {
    const registers part = cpuid(0x80000002 + i);
    __builtin_memcpy(model_text + i * 16, part.values, 16);
  }
  const u32 version = signature.values[0];
  u32 family = version >> 8 & 15, model = version >> 4 & 15;
  if (family == 6 || family == 15) model |= version >> 12 & 0xf0;
  if (family == 15) family += version >> 20 & 0xff;
  const string_view name = trimmed(model_text, sizeof model_text);
  out.print("processor\t: {}\nvendor_id\t: {}\ncpu family\t: {}\nmodel\t\t: {}\nmodel name\t: {}\nstepping\t: {}\nmicrocode\t: 0x1\n", cpu,
            string_view(vendor_text, sizeof vendor_text), family, model, name.empty() ? string_view("unknown") : name, version & 15);
  const u64 khz = sched::timestamp_at(2 * second) - sched::timestamp_at(second);
  const u64 hundredths = khz / 10000;
  out.print("cpu MHz\t\t: {}.{:02}0\ncache size\t: 16384 KB\nphysical id\t: 0\nsiblings\t: {}\ncore id\t\t: {}\ncpu cores\t: {}\n",
            hundredths / 100, hundredths % 100, arch::cpu_count, cpu, arch::cpu_count);
  out.print("apicid\t\t: {}\ninitial apicid\t: {}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: {}\nwp\t\t: yes\nflags\t\t:", cpu, cpu,
            vendor.values[0]);
  for (const feature& f : features)
    if (cpuid(f.leaf).values[f.reg] >> f.bit & 1) out.print(" {}", f.name);
  out.print("\nbugs\t\t:\nbogomips\t: {}.{:02}\nclflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: {} bits physical, {} bits virtual\n",
            hundredths / 50, hundredths * 2 % 100, cpuid(0x80000008).values[0] & 0xff, cpuid(0x80000008).values[0] >> 8 & 0xff);
  out.put("power management:\n\n");
}

}  // namespace osv::linux_abi
#endif
