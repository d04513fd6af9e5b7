#include <memory>

#include "engine/backend/backend.h"

namespace scalewright {

Result<std::unique_ptr<Backend>> make_backend(const BackendOptions&) { return make_reference_backend(); }

}  // namespace scalewright
