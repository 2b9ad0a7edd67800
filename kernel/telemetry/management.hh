// The management API: HTTP on one port (contracts/management-api.json). Reading metrics and health needs no token, all else
// does. One kernel thread serves every connection; it goes before the program's threads, and sleeps when nobody asks.
#pragma once

#include <string_view>

#include "base/function.hh"
#include "base/result.hh"

namespace osv::telemetry {

struct thread_row {
  u32 id;
  std::string_view name;
  bool kernel;             // never runs the program's code
  std::string_view state;  // running, runnable, blocked
  u32 cpu;
  nanoseconds run_time;
  u64 switches;
};

struct mapping_row {
  u64 start, end;
  char permissions[5];    // as in /proc/self/maps
  std::string_view path;  // empty: anonymous
};

/// What only upper layers know; boot/ fills it in. A missing hook (nullptr) makes its part of the API answer 503 or empty.
struct management_hooks {
  bool (*program_running)() = nullptr;
  /// As a press of the power button: SIGTERM to the program. Must not wait.
  void (*power_off)() = nullptr;
  void (*list_threads)(function_ref<void(const thread_row&)>) = nullptr;
  void (*list_mappings)(function_ref<void(const mapping_row&)>) = nullptr;
  /// Paths that did not exist when opened, bounded.
  void (*list_missing_files)(function_ref<void(std::string_view)>) = nullptr;
  /// Called after tracepoints were switched: who keeps slow paths for them looks here which are on.
  void (*tracepoints_changed)() = nullptr;
};

struct management_configuration {
  u16 port = 9180;         // 0: no server
  std::string_view token;  // at most 256 bytes; empty: everything that needs a token answers 401
  management_hooks hooks;
};

/// Binds the port and starts the server's thread. Needs the network and register_kernel_sources(). Errors of socket(2) and
/// bind(2) (EADDRINUSE), EINVAL for a token that is too long.
result<> start_management(const management_configuration& configuration);

/// Switches a tracepoint on or off by name, as the API does (boot.json's kernel.tracepoints); the hook is not called.
/// ENOENT, ENOMEM.
result<> enable_tracepoint(std::string_view name, bool on = true);

}  // namespace osv::telemetry
