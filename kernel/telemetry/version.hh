// The product's version.
#pragma once

namespace osv::telemetry {

/// Such as "0.1.0".
const char* version();

}  // namespace osv::telemetry
