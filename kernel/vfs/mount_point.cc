#include "vfs/mount_point.hh"

#include "lock/spin_lock.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

location::location() = default;
location::location(ref<mount_point> mount, ref<entry> at) : mount_(std::move(mount)), at_(std::move(at)) {}
location::location(const location&) = default;
location::location(location&&) noexcept = default;
location& location::operator=(location other) noexcept {
  std::swap(mount_, other.mount_);
  std::swap(at_, other.at_);
  return *this;
}
location::~location() = default;

/// All mounts in the order they were made. The lock is held for a walk of the list and never while a file system works.
class mount_table {
 public:
  ref<mount_point> on(const location& at) {
    lock::guard g(lock_);
    // The newest mount on an entry hides the older ones.
    ref<mount_point> found;
    for (mount_point& m : mounts_)
      if (m.on_ == at) found = ref<mount_point>(&m);
    return found;
  }
  location mounted_on(const mount_point& m) {
    lock::guard g(lock_);
    return m.on_;
  }
  void add(mount_point& m) {
    m.retain();
    lock::guard g(lock_);
    mounts_.push_back(m);
    if (m.on_) m.on_.at().mounts.fetch_add(1, std::memory_order_relaxed);
  }
  result<> remove(mount_point& m) {
    location on;
    {
      lock::guard g(lock_);
      if (!m.hook_.is_linked()) return fail(errc::invalid);
      for (mount_point& other : mounts_)
        if (other.on_ && &other.on_.mount() == &m) return fail(errc::busy);
      m.hook_.unlink();
      if (m.on_) m.on_.at().mounts.fetch_sub(1, std::memory_order_relaxed);
      std::swap(on, m.on_);
    }
    m.system_->unmounted();
    m.release();
    return {};
  }
  ref<mount_point> at(usize index) {
    lock::guard g(lock_);
    for (mount_point& m : mounts_)
      if (index-- == 0) return ref<mount_point>(&m);
    return nullptr;
  }
  ref<mount_point> root() { return at(0); }
  bool has(const file_system& system) {
    lock::guard g(lock_);
    for (mount_point& m : mounts_)
      if (&m.system() == &system) return true;
    return false;
  }

 private:
  lock::spin_lock lock_{lock::rank::vfs_mount};
  mount_point::mounts mounts_;
};

namespace {
mount_table& table() {
  static mount_table instance;  // first used by boot, before there are threads
  return instance;
}
// The root mount never changes while programs run: a plain pointer, set once.
constinit std::atomic<mount_point*> root_mount{nullptr};

result<ref<mount_point>> make_mount(ref<file_system> system, location on, string_view source, bool read_only) {
  ref<inode> node = TRY(system->root());
  if (!node->is_directory()) return fail(errc::corrupt);
  ref<entry> root = TRY(entry::create(nullptr, "", std::move(node)));
  string kept = TRY(string::create(source));
  return make_ref<mount_point>(std::move(system), std::move(root), std::move(on), std::move(kept), read_only);
}

void put_escaped(text_sink& out, string_view text) {
  // getmntent(3): space, tab, newline and backslash as octal.
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
      out.print("\\0{}{}", static_cast<char>('0' + (c >> 3 & 7)), static_cast<char>('0' + (c & 7)));
    else
      out.put(c);
  }
}
}  // namespace

location mount_point::mounted_on() const { return table().mounted_on(*this); }

bool has_root() { return root_mount.load(std::memory_order_acquire) != nullptr; }

mount_point& root_mount_point() {
  mount_point* m = root_mount.load(std::memory_order_acquire);
  ASSERT(m != nullptr);
  return *m;
}

location root_location() {
  mount_point& m = root_mount_point();
  return {ref<mount_point>(&m), m.root_ref()};
}

result<> attach_root(ref<file_system> system, string_view source, bool read_only) {
  if (has_root()) return fail(errc::busy);
  ref<mount_point> m = TRY(make_mount(std::move(system), {}, source, read_only));
  table().add(*m);
  root_mount.store(m.get(), std::memory_order_release);
  return {};
}

result<> attach(ref<file_system> system, const location& on, string_view source, bool read_only) {
  if (!on.at().node() || !on.at().node()->is_directory()) return fail(errc::not_directory);
  ref<mount_point> m = TRY(make_mount(std::move(system), on, source, read_only));
  table().add(*m);
  return {};
}

result<ref<mount_point>> hidden_mount(ref<file_system> system) { return make_mount(std::move(system), {}, "", false); }

result<> detach(const location& at) {
  mount_point& m = at.mount();
  if (&m.root() != &at.at() || &m == root_mount.load()) return fail(errc::invalid);
  TRY(table().remove(m));
  if (!table().has(m.system())) end_watches(m.system());
  return {};
}

location cross_mounts(location at) {
  while (at.at().mounts.load(std::memory_order_relaxed)) {
    ref<mount_point> above = table().on(at);
    if (!above) break;
    ref<entry> root = above->root_ref();
    at = location(std::move(above), std::move(root));
  }
  return at;
}

ref<mount_point> mount_at(usize index) { return table().at(index); }

void detach_all() {
  root_mount.store(nullptr);
  for (bool again = true; again;) {
    again = false;
    // From the newest on: nothing is mounted below it.
    ref<mount_point> last;
    for (usize i = 0;; ++i) {
      ref<mount_point> m = table().at(i);
      if (!m) break;
      last = m;
    }
    if (last && table().remove(*last).ok()) again = true;
  }
  drop_unused_entries();
}

result<> write_mounts(text_sink& out) {
  for (usize i = 0;; ++i) {
    ref<mount_point> m = table().at(i);
    if (!m) return {};
    const string path = TRY(path_of(location(m, m->root_ref())));
    put_escaped(out, m->source());
    out.put(' ');
    put_escaped(out, path);
    out.print(" {} {},noatime 0 0\n", m->system().type(), m->read_only() ? "ro" : "rw");
  }
}

result<> write_mountinfo(text_sink& out) {
  for (usize i = 0;; ++i) {
    ref<mount_point> m = table().at(i);
    if (!m) return {};
    const string path = TRY(path_of(location(m, m->root_ref())));
    const char* access = m->read_only() ? "ro" : "rw";
    out.print("{} {} 0:{} / ", i + 20, i ? 20u : 1u, m->system().device() & 0xff);
    put_escaped(out, path);
    out.print(" {},noatime - {} ", access, m->system().type());
    put_escaped(out, m->source());
    out.print(" {}\n", access);
  }
}

result<> write_file_systems(text_sink& out) {
  out.put("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n\terofs\n\tiso9660\n\text4\n");
  return {};
}

}  // namespace osv::vfs
