#pragma once
// A look at a file that import_dataset refuses: what its columns are called, and what is wrong with its first rows.

#include "engine/data/dataset.h"

namespace scalewright {

// As import_dataset, but neither columns that are not known nor rows of which none can be used are errors: the columns and
// problems of the first options.limit rows say why. The format is Auto where no row has a known form.
Result<Dataset> look_at_dataset(const std::filesystem::path& path, const ImportOptions& options);

}  // namespace scalewright
