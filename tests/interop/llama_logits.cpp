// Logits of token ids by llama.cpp: llama_logits MODEL.gguf ID ID ... writes float32 [ids, vocabulary] to the standard output.
// Not part of the build. With a llama.cpp that was built beside its sources in LC:
//
//   g++ -std=c++17 -O2 llama_logits.cpp -ILC/include -ILC/ggml/include LC/build/src/libllama.a LC/build/ggml/src/libggml.a \
//       LC/build/ggml/src/libggml-cpu.a LC/build/ggml/src/libggml-base.a -fopenmp -ldl -lpthread -o llama_logits

#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: llama_logits MODEL.gguf ID ID ...\n");
    return 2;
  }
  llama_log_set([](ggml_log_level level, const char* text, void*) { if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr); }, nullptr);
  llama_backend_init();
  llama_model_params model_params = llama_model_default_params();
  model_params.use_extra_bufts = false;  // the weights as they are in the file
  llama_model* model = llama_model_load_from_file(argv[1], model_params);
  if (!model) return 1;
  const int count = argc - 2, vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = static_cast<uint32_t>(count < 64 ? 64 : count);
  params.n_threads = params.n_threads_batch = 1;
  params.type_k = params.type_v = GGML_TYPE_F32;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  llama_context* context = llama_init_from_model(model, params);
  if (!context) return 1;
  llama_batch batch = llama_batch_init(count, 0, 1);
  batch.n_tokens = count;
  for (int i = 0; i < count; ++i) {
    batch.token[i] = std::atoi(argv[i + 2]);
    batch.pos[i] = i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  if (llama_decode(context, batch) != 0) return 1;
  for (int i = 0; i < count; ++i) std::fwrite(llama_get_logits_ith(context, i), sizeof(float), static_cast<size_t>(vocabulary), stdout);
  return 0;
}
