// The one process and its threads' Linux side. (fork will make more of them; nothing here may assume a single one but
// `current_process()`.)
#pragma once

#include "base/memory.hh"
#include "base/string.hh"
#include "io/file.hh"
#include "linux/descriptor_table.hh"
#include "mapping/address_space.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi {

class task;

/// Identity and limits a program can ask for.
struct credentials {
  u32 real_user = 0, effective_user = 0, saved_user = 0;
  u32 real_group = 0, effective_group = 0, saved_group = 0;
};

struct resource_limit {
  u64 soft, hard;
};

class process : public ref_counted<process> {
 public:
  u32 id = 1;
  memory::address_space& space;
  descriptor_table files;
  credentials identity;
  string executable;          // /proc/self/exe
  vfs::working_directory working_directory;
  string hostname;
  vector<string> arguments;   // /proc/self/cmdline
  vector<string> environment;
  resource_limit limits[16];
  std::atomic<u32> file_mode_mask{022};   // umask(2)
  nanoseconds started_at = 0;

  explicit process(memory::address_space& s) : space(s) {}
  ~process() = default;
};

process& current_process();

}  // namespace osv::linux_abi
