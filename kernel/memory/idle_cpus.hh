// A slot for the scheduler, which lies above: which CPUs idle and need no interrupt for stale translations.
#pragma once

namespace osv::memory {

extern bool (*cpu_is_idle)(unsigned cpu);

}  // namespace osv::memory
