#include <algorithm>
#include <map>
#include <set>

#include "engine/export/dense_values.h"
#include "engine/export/export_plan.h"
#include "engine/export/gguf_container.h"
#include "engine/export/gguf_metadata.h"
#include "engine/format/file_metadata.h"
#include "engine/format/gguf_blocks.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

// A tensor and how it is written; raw bytes are kept from the file the model came from.
struct Planned {
  GgufTensor header;
  ExportTensor tensor;
  ContainerPlan container;
  std::vector<std::byte> raw;
};

struct GgufPlan {
  std::vector<Planned> tensors;
  GgufHeader header;
  ExportCheck check;
};

std::string most_common(const std::map<GgufType, int64_t>& types) {
  const auto most = std::ranges::max_element(types, {}, [](const auto& item) { return item.second; });
  return most == types.end() ? std::string() : std::string(gguf_type_info(most->first).name);
}

// Bits of a block matrix's integers where its type has room for more; 0: they fill it. What came from a GGUF file looks like
// its type: only the file's own word tells. `said`: that word.
int bits_within(const Matrix& matrix, GgufType type, int said) {
  if (!matrix.quantized() || is_dense(type)) return 0;
  const kernels::QuantLayout& layout = matrix.quant().layout();
  const int bits = gguf_type_of(layout) ? said : layout.bits;
  return bits < gguf_layout(type, layout.rows, layout.cols)->bits ? bits : 0;
}

Result<Planned> plan_tensor(const ExportTensor& tensor, const std::string& wanted, const FileMetadata& metadata) {
  Planned planned;
  planned.tensor = tensor;
  planned.header.name = tensor.name;
  if (tensor.matrix != nullptr) {
    // A quantized type is asked for the layers; embedding and head keep theirs.
    const GgufTypeInfo* asked = find_gguf_type(wanted);
    const bool applies = tensor.name.starts_with("blk.") || asked == nullptr || is_dense(asked->type);
    SW_ASSIGN(planned.container, plan_container(*tensor.matrix, tensor.name.substr(0, tensor.name.size() - 7),
                                                applies ? wanted : std::string()));
    planned.header.ne = {tensor.matrix->cols(), tensor.matrix->rows()};
    planned.header.type = planned.container.type;
    return planned;
  }
  planned.header.ne = {static_cast<int64_t>(tensor.vector->size())};
  planned.header.type = GgufType::F32;
  // A norm that came as F16 goes out as F16: it is exact, and the file stays the same.
  for (const GgufTensor& old : metadata.tensors) {
    if (old.name == tensor.name && is_dense(old.type)) planned.header.type = old.type;
  }
  return planned;
}

// The tensors in the order of the file that the model came from; new ones behind.
void put_in_old_order(std::vector<Planned>& tensors, const FileMetadata& metadata) {
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < metadata.tensors.size(); ++i) place.emplace(metadata.tensors[i].name, i);
  std::ranges::stable_sort(tensors, {}, [&](const Planned& p) {
    const auto found = place.find(p.header.name);
    return found == place.end() ? place.size() : found->second;
  });
}

Result<GgufPlan> plan_gguf(const Model& model, const std::string& wanted) {
  if (!model.metadata)
    return fail(ErrorCode::InvalidArgument, model.name + ": the model has lost what it was opened from.");
  const FileMetadata& metadata = *model.metadata;
  const bool llama = gguf_architecture(model.config) == "llama";
  const RopeStyle style = llama ? RopeStyle::Adjacent : RopeStyle::Halves;
  if (llama && model.config.rope_style != style && model.config.rotary != model.config.head_dim) {
    return fail(ErrorCode::Unsupported, model.name + ": GGUF cannot hold a llama model whose heads turn only in part.");
  }
  GgufPlan plan;
  std::map<GgufType, int64_t> all_types, block_types;
  std::set<Loss> losses;
  std::set<int> bits;  // bits_within
  const int said = bits_said(model);
  plan.check.exact = true;
  for (const ExportTensor& tensor : export_tensors(model, style)) {
    SW_ASSIGN(Planned planned, plan_tensor(tensor, wanted, metadata));
    if (tensor.matrix != nullptr) {
      const int64_t weights = tensor.matrix->rows() * tensor.matrix->cols();
      ++all_types[planned.header.type];
      if (tensor.name.starts_with("blk.")) {
        block_types[planned.header.type] += weights;
        bits.insert(bits_within(*tensor.matrix, planned.header.type, said));
      }
      if (!planned.container.exact()) {
        plan.check.exact = false;
        // One sentence a kind of problem is enough; the first tensor stands for the others.
        if (losses.insert(planned.container.loss).second) {
          plan.check.explanation += (plan.check.explanation.empty() ? "" : " ") + planned.container.note;
        }
      }
    }
    plan.tensors.push_back(std::move(planned));
  }
  plan.check.bits = bits.size() == 1 ? *bits.begin() : 0;
  SW_ASSIGN(plan.header, gguf_header(model, all_types, plan.check.bits));
  for (const auto& [name, bytes] : metadata.extra) {
    Planned planned;
    planned.header.name = name;
    for (const GgufTensor& old : metadata.tensors) {
      if (old.name == name) planned.header = old;
    }
    planned.raw = bytes;
    plan.tensors.push_back(std::move(planned));
  }
  for (const auto& [name, values] : plan.header.tensors) {
    Planned planned;
    planned.header.name = name;
    planned.header.ne = {static_cast<int64_t>(values.size())};
    append_dense(values, "F32", planned.raw);
    plan.tensors.push_back(std::move(planned));
  }
  put_in_old_order(plan.tensors, metadata);
  for (const std::string& note : plan.header.notes)
    plan.check.explanation += (plan.check.explanation.empty() ? "" : " ") + note;
  plan.check.container = most_common(block_types);
  plan.check.opens_in = {"llama.cpp", "Ollama", "LM Studio", "Scalewright"};
  if (block_types.contains(GgufType::Q2_0)) {
    plan.check.opens_in = {"llama.cpp (a recent build)", "Scalewright"};
    plan.check.explanation += (plan.check.explanation.empty() ? "" : " ") +
                              std::string("Q2_0 is new: older builds of llama.cpp reject the file.");
  }
  std::vector<GgufTensor> headers;
  for (const Planned& planned : plan.tensors) headers.push_back(planned.header);
  SW_ASSIGN(plan.check.bytes, GgufWriter::file_bytes(model.name, plan.header.entries, std::move(headers)));
  return plan;
}

}  // namespace

Result<ExportCheck> check_gguf(const Model& model, const std::string& type) {
  SW_ASSIGN(GgufPlan plan, plan_gguf(model, type));
  return plan.check;
}

Result<ExportCheck> write_gguf(const Model& model, const fs::path& path, const std::string& type, Observer& observer,
                               std::stop_token stop) {
  SW_ASSIGN(const GgufPlan plan, plan_gguf(model, type));
  std::vector<GgufTensor> headers;
  for (const Planned& planned : plan.tensors) headers.push_back(planned.header);
  SW_ASSIGN(GgufWriter writer, GgufWriter::create(path, plan.header.entries, std::move(headers)));
  const auto write = [&](std::span<const std::byte> part) { return writer.write(part); };
  ExportProgress progress(observer, std::move(stop), plan.tensors.size());
  for (const Planned& planned : plan.tensors) {
    SW_TRY(progress.step(planned.header.name));
    if (planned.tensor.matrix != nullptr) {
      SW_TRY(with_matrix(planned.tensor,
                         [&](const Matrix& matrix) { return write_in_container(matrix, planned.container, write); }));
    } else if (planned.tensor.vector != nullptr) {
      std::vector<std::byte> bytes;
      append_dense(vector_in_order(planned.tensor), gguf_type_info(planned.header.type).name, bytes);
      SW_TRY(write(bytes));
    } else {
      SW_TRY(write(planned.raw));
    }
  }
  SW_TRY(writer.commit());
  return plan.check;
}

}  // namespace scalewright
