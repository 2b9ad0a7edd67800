// /dev/null, zero, full (null(4), full(4)), random and urandom (random(4)).
#include "sync/random.hh"
#include "vfs/device/device_directory.hh"

namespace osv::vfs {

namespace {

class null_file : public io::file {
 public:
  using io::file::file;
  result<usize> read(io::cursor&) override { return 0ul; }
  result<usize> write(io::cursor& from) override {
    const usize n = from.remaining();
    from.skip(n);
    return n;
  }
  result<usize> read_at(io::cursor& into, u64) override { return read(into); }
  result<usize> write_at(io::cursor& from, u64) override { return write(from); }
  result<u64> seek(i64, int) override { return 0ul; }
};

/// Fresh zeroed pages: what a shared mapping of /dev/zero shows (private ones are anonymous memory in all but name).
class zero_backing final : public memory::backing {
 public:
  result<memory::frame*> page(u64, bool) override { return memory::allocate_zeroed_frame(); }
  std::string_view name() const override { return "/dev/zero"; }
};

class zero_file : public null_file {
 public:
  using null_file::null_file;
  result<usize> read(io::cursor& into) override { return into.put_zeroes(into.remaining()); }
  /// ENODEV for shared mappings: their pages would have to be remembered. Programs use MAP_ANONYMOUS.
  result<ref<memory::backing>> map(bool shared, bool) override {
    if (shared) return fail(errc::no_device);
    return TRY(osv::make_ref<zero_backing>());
  }
};

class full_file final : public zero_file {
 public:
  using zero_file::zero_file;
  result<usize> write(io::cursor&) override { return fail(errc::no_space); }
};

class random_file final : public null_file {
 public:
  using null_file::null_file;
  result<usize> read(io::cursor& into) override {
    usize done = 0;
    while (!into.done()) {
      u8 bytes[256];
      const usize n = into.remaining() < sizeof bytes ? into.remaining() : sizeof bytes;
      sync::random_bytes(bytes, n);
      auto put = into.put(bytes, n);
      __builtin_memset(bytes, 0, sizeof bytes);
      if (!put.ok()) {
        if (done) return done;
        return fail(put.error());
      }
      done += put.value();
      if (put.value() < n) break;
    }
    return done;
  }
  result<usize> write(io::cursor& from) override {
    usize done = 0;
    while (!from.done()) {
      u8 bytes[256];
      auto taken = from.take(bytes, sizeof bytes);
      if (!taken.ok()) {
        if (done) return done;
        return fail(taken.error());
      }
      sync::add_entropy(bytes, taken.value(), 0);
      done += taken.value();
      if (!taken.value()) break;
    }
    return done;
  }
};

template <typename T>
result<ref<io::file>> open_as(u32 flags) {
  return TRY(osv::make_ref<T>(flags));
}

}  // namespace

result<> register_memory_devices() {
  static constexpr struct {
    std::string_view name;
    u32 minor;
    device_opener opener;
  } table[] = {
      {"null", 3, open_as<null_file>}, {"zero", 5, open_as<zero_file>},      {"full", 7, open_as<full_file>},
      {"random", 8, open_as<random_file>}, {"urandom", 9, open_as<random_file>},
  };
  for (const auto& d : table) {
    auto registered = register_character_device(d.name, 1, d.minor, 0666, d.opener);
    if (!registered.ok() && registered.error() != errc::exists) return registered;
  }
  return {};
}

}  // namespace osv::vfs
