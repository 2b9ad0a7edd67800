#include "telemetry/version.hh"

namespace osv::telemetry {

const char* version() { return OSV_VERSION; }

}  // namespace osv::telemetry
