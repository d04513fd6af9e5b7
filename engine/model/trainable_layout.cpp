#include <string>

#include "engine/model/train_graph.h"

namespace scalewright {

TrainableLayout trainable_layout(const Model& model, Granularity granularity) {
  TrainableLayout layout;
  layout.granularity = granularity;
  const std::vector<const Linear*> linears = model.weights.linears();
  for (size_t i = 0; i < linears.size(); ++i) {
    const Matrix& weight = linears[i]->weight;
    if (!weight.quantized()) continue;
    const kernels::QuantLayout& q = weight.quant().layout();
    TrainableEntry entry;
    entry.linear = i;
    entry.name = linears[i]->name;
    entry.rows = q.rows;
    entry.groups = granularity == Granularity::Group ? q.groups() : 1;
    entry.second = granularity == Granularity::Group && q.has_second_scale();
    entry.offset = layout.total;
    entry.count = static_cast<size_t>(entry.rows * entry.groups) * (entry.second ? 2 : 1);
    layout.total += entry.count;
    layout.entries.push_back(std::move(entry));
  }
  return layout;
}

}  // namespace scalewright
