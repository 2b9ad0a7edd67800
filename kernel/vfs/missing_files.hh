// Paths that the program wanted to open and that do not exist: what an image may lack. Bounded; told by the management API.
#pragma once

#include <string_view>

#include "base/function.hh"
#include "base/types.hh"

namespace osv::vfs {

constexpr usize missing_files_max = 128;
constexpr usize missing_path_max = 120;  // longer ones are cut at the front

/// Remembers `path`, as the program wrote it, once. When the table is full, only the counter goes on.
void note_missing(std::string_view path);
/// In the order in which they were first missed. `show` may sleep.
void for_each_missing(function_ref<void(std::string_view)> show);

}  // namespace osv::vfs
