// What the scheduler knows of its threads.
#pragma once

#include "telemetry/management.hh"

namespace osv::telemetry {

/// The metric of threads by state.
void register_scheduler_sources();

/// Every live thread, for management_hooks::list_threads.
void list_kernel_threads(function_ref<void(const thread_row&)> show);

}  // namespace osv::telemetry
