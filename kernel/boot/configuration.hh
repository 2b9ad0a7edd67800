// What the machine is to do: boot.json of the boot disk (contracts/boot-configuration.schema.json), or the command line.
#pragma once

#include "base/string.hh"
#include "net/configuration.hh"

namespace osv::boot {

struct mount_configuration {
  string serial;  // of the block device; empty: a tmpfs
  string path;
  string type;
  u64 size_bytes = 0;
  bool read_only = false;
  bool format_if_blank = false;  // ext4: a disk that holds nothing gets a file system first
};

struct configuration {
  string program;
  vector<string> arguments;
  vector<string> environment;
  string working_directory;
  u32 user = 0, group = 0;
  string hostname;
  net::configuration network;
  vector<mount_configuration> mounts;
  u16 management_port = 9180;
  string management_token;
  vector<string> tracepoints;
  string panic_action;  // poweroff, halt, reboot
  string log_level;
  u32 stop_delay_seconds = 0;
};

/// From the text of boot.json. On failure `problem` is a sentence for people.
result<> parse_configuration(std::string_view json, configuration& out, string& problem);
/// From `-- program arguments…` of the command line. ENOENT if no program is named.
result<> configuration_from_command_line(std::string_view command_line, configuration& out);

}  // namespace osv::boot
