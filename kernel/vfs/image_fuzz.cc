// Damaged images of every file system that reads foreign bytes. The input says which image, where it is cut, and which bytes
// are changed; the images are made by the real tools when the fuzzer starts.
#include "vfs/test_images.hh"

using namespace osv;
using namespace osv::vfs;

namespace {

std::vector<u8> make(const std::string& command) {
  test::scratch_folder tree, out;
  tree.write("a/b/c/file", test::pattern(9000));
  tree.write("a/other", "text");
  tree.write("program", test::pattern(20'000, 5));
  tree.write("same", std::string(10'000, 'z'));
  std::filesystem::create_symlink("a/b", tree.at("link"));
  std::filesystem::create_symlink(std::string(150, 'l') + "/x", tree.at("long-link"));
  for (int i = 0; i < 12; ++i) tree.write("names/name-of-some-length-" + std::to_string(i), "");
  if (std::system((command + " " + out.at("image") + " " + tree.path() + " >/dev/null 2>&1").c_str()) != 0) return {};
  return test::read_host_file(out.at("image"));
}

struct image {
  std::vector<u8> bytes;
  usize start;  // where its metadata lies
  usize size;
};

const std::vector<image>& images() {
  static const auto* made = new std::vector<image>([] {
    std::vector<image> all;
    for (const char* options : {"", "-x-1", "-E force-inode-extended", "-E noinline_data", "--chunksize=4096", "-zlz4hc"}) {
      auto bytes = make(std::string("mkfs.erofs ") + options);
      if (bytes.size() <= 2048) continue;
      // Without the checksum's feature bit, so that damage to the super block is not all found by it.
      bytes[1024 + 8] &= static_cast<u8>(~1);
      all.push_back({std::move(bytes), 1024, 16'384});
    }
    for (const char* options : {"-R", ""}) {
      auto bytes = make(std::string("xorrisofs -quiet ") + options + " -o");
      if (bytes.size() > 40'000) all.push_back({std::move(bytes), 32'768, 40'960});
    }
    return all;
  }());
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (images().empty() || size < 2) return 0;
  const image& chosen = images()[data[0] % images().size()];
  std::vector<u8> bytes = chosen.bytes;
  if (data[1] & 1) bytes.resize(bytes.size() * (data[1] | 1) / 256);
  for (usize i = 2; i + 3 <= size; i += 3) {
    const usize at = chosen.start + (data[i] | data[i + 1] << 8) % chosen.size;
    if (at < bytes.size()) bytes[at] = data[i + 2];
  }
  test::memory_device device(std::move(bytes));
  if (mount_empty_root().ok() && mount_device(device, "/mnt", "auto").ok()) test::visit_everything("/mnt");
  unmount_everything();
  return 0;
}

extern "C" const char* const* fuzz_seeds() {
  // Short ones that pick each image; the mutations add damage.
  static const char* const seeds[] = {"A0", "B0aaa", "C0abcdef", "D0zzzzzz", "E0qwertyuiop", "F0aaabbbccc", "G0aaaxyz", "H0aaaxyz", nullptr};
  return seeds;
}
