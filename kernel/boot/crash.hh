// Mistakes on purpose, by the command-line option `crash=`: so that tests see how the kernel answers to them.
#pragma once

#include <string_view>

namespace osv::boot {

/// Makes the mistake of that name, which ends in a panic. Does nothing without a name; an unknown one is logged with those there are.
void crash(std::string_view name);

}  // namespace osv::boot
