// Trees of generated files: procfs and sysfs. Upper layers register `path → generator`; the content is made when read.
#pragma once

#include "base/format.hh"
#include "base/function.hh"
#include "base/memory.hh"
#include "base/string.hh"
#include "io/file.hh"

namespace osv::vfs {

/// Growing text; after the first failed growth everything is dropped and `failed()` says so (the read answers ENOMEM).
class text_sink : pinned {
 public:
  void put(string_view text) {
    if (!failed_ && !text_.append(text).ok()) failed_ = true;
  }
  void put(char c) { put(string_view(&c, 1)); }
  /// At most 512 bytes a call.
  template <typename... A>
  void print(string_view pattern, const A&... values) {
    put(formatted<512>(pattern, values...).view());
  }
  bool failed() const { return failed_; }
  string_view view() const { return text_; }
  string take() { return std::move(text_); }

 private:
  string text_;
  bool failed_ = false;
};

/// Writes the whole content of a file, or the target of a link.
using text_generator = inplace_function<result<>(text_sink&)>;
/// Takes what one write(2) brought.
using text_receiver = inplace_function<result<>(string_view)>;

/// What a name in a generated directory is. Made by the four functions below.
class generated_provider;
struct generated_item {
  enum class kind : u8 { file, link, directory } type = kind::file;
  u32 permissions = 0444;
  text_generator generate;                  // file content or link target
  text_receiver receive;                    // file: nullptr if read-only
  generated_provider* entries = nullptr;    // directory with generated names; lives for ever
  u64 argument = 0;                         // given to `entries` (a thread id, for example)
  ref<io::file> target;                     // link: what it leads to whatever its text says (/proc/self/fd/3)

  static generated_item file(text_generator generate, u32 permissions = 0444);
  static generated_item writable_file(text_generator generate, text_receiver receive, u32 permissions = 0644);
  static generated_item link(text_generator target);
  /// A link that opens `file` itself; its text is path_of(file).
  static generated_item file_link(ref<io::file> file);
  static generated_item directory(generated_provider& entries, u64 argument = 0);
};

/// Names of a directory that change by themselves (/proc/self/fd, /proc/self/task).
class generated_provider {
 public:
  virtual ~generated_provider() = default;
  /// ENOENT if there is no such name now.
  virtual result<generated_item> find(u64 argument, string_view name) = 0;
  /// Calls `sink(name, type)` for each name; stop when it returns false. Numbers come last and ascend: a reader that goes on
  /// after names went (closing what /proc/self/fd lists) misses none.
  virtual result<> list(u64 argument, function_ref<bool(string_view name, generated_item::kind type)> sink) = 0;
};

/// A tree of registered names. Registration makes missing parents; it may happen before or after the mount.
class generated_tree {
 public:
  virtual ~generated_tree() = default;
  /// `path` without leading '/', for example "self/status" or "sys/kernel/osrelease". EEXIST if registered already.
  virtual result<> add(string_view path, generated_item item) = 0;
  result<> add_file(string_view path, text_generator generate, u32 permissions = 0444) {
    return add(path, generated_item::file(generate, permissions));
  }
  /// A file whose text never changes and lives for ever.
  result<> add_text(string_view path, const char* text);
  result<> add_link(string_view path, text_generator target) { return add(path, generated_item::link(target)); }
  /// A directory with registered names only; empty until something is added below it.
  virtual result<> add_directory(string_view path) = 0;
  result<> add_directory(string_view path, generated_provider& entries, u64 argument = 0) {
    return add(path, generated_item::directory(entries, argument));
  }
};

/// /proc and /sys. vfs registers "mounts", "filesystems", "1/mounts" and "1/mountinfo" in /proc itself; the rest of "1", and
/// the links "self" and "thread-self", are linux/'s.
generated_tree& proc();
generated_tree& sys();

}  // namespace osv::vfs
