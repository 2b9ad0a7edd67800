// A small fuzzer for compilers without libFuzzer: runs LLVMFuzzerTestOneInput on mutations of the corpus.
//   PROGRAM [--runs=N] [--seed=N] [FILE…]
// Without coverage feedback it is no match for libFuzzer; it finds what simple damage finds, the same on every run.
// A program may offer `fuzz_seeds()`, inputs worth mutating. A failing input is left in the file `crash-input`.
#include <sanitizer/asan_interface.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
/// Ends with nullptr.
extern "C" const char* const* fuzz_seeds() __attribute__((weak));

namespace {

std::string present_input;

void keep_present_input() {
  std::ofstream("crash-input", std::ios::binary) << present_input;
  std::fprintf(stderr, "the failing input is in the file crash-input (%zu bytes)\n", present_input.size());
}

void mutate(std::string& input, std::mt19937_64& random, const std::vector<std::string>& corpus) {
  const size_t at = input.empty() ? 0 : random() % input.size();
  switch (random() % 8) {
    case 0:
      if (!input.empty()) input[at] ^= static_cast<char>(1u << random() % 8);
      break;
    case 1:
      if (!input.empty()) input[at] = static_cast<char>(random());
      break;
    case 2:
      input.insert(at, 1, static_cast<char>(random()));
      break;
    case 3:
      if (!input.empty()) input.erase(at, 1 + random() % 8);
      break;
    case 4:
      input.resize(at);
      break;
    case 5: {  // repeats a piece
      const std::string piece = input.substr(at, 1 + random() % 16);
      for (unsigned i = random() % 8; i; --i) input.insert(at, piece);
      break;
    }
    case 6: {  // splices with another input
      const std::string& other = corpus[random() % corpus.size()];
      if (!other.empty()) input = input.substr(0, at) + other.substr(random() % other.size());
      break;
    }
    case 7: {  // a number at the edge
      static const char* const edges[] = {"0", "-1", "255", "65536", "2147483648", "4294967296", "18446744073709551616", "1e999"};
      input.insert(at, edges[random() % std::size(edges)]);
      break;
    }
  }
  if (input.size() > 65536) input.resize(65536);
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 100000, seed = 1;
  std::vector<std::string> corpus{""};
  for (int i = 1; i < argc; ++i) {
    if (!std::strncmp(argv[i], "--runs=", 7)) {
      runs = std::strtoull(argv[i] + 7, nullptr, 10);
    } else if (!std::strncmp(argv[i], "--seed=", 7)) {
      seed = std::strtoull(argv[i] + 7, nullptr, 10);
    } else {
      std::ifstream file(argv[i], std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  if (fuzz_seeds)
    for (const char* const* s = fuzz_seeds(); *s; ++s) corpus.emplace_back(*s);
  __asan_set_death_callback(keep_present_input);
  std::mt19937_64 random(seed);
  for (uint64_t run = 0; run < runs; ++run) {
    present_input = corpus[run < corpus.size() ? run : random() % corpus.size()];
    if (run >= corpus.size())
      for (unsigned i = 1 + random() % 8; i; --i) mutate(present_input, random, corpus);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(present_input.data()), present_input.size());
  }
  std::printf("%llu inputs, no failure\n", static_cast<unsigned long long>(runs));
}
