#include "engine/model/model_copy.h"

namespace scalewright {

std::shared_ptr<Model> without_weights(const Model& model) {
  auto made = std::make_shared<Model>();
  made->name = model.name;
  made->path = model.path;
  made->container = model.container;
  made->gptq_v1 = model.gptq_v1;
  made->config = model.config;
  made->tokenizer = model.tokenizer;
  made->chat_template = model.chat_template;
  made->bos_token = model.bos_token;
  made->eos_token = model.eos_token;
  made->stop_ids = model.stop_ids;
  made->add_bos = model.add_bos;
  made->metadata = model.metadata;
  made->file_bytes = model.file_bytes;
  made->tuned_by = model.tuned_by;
  return made;
}

}  // namespace scalewright
