#pragma once
// Whether this program computes on cards. Found out once: they are looked for and checked against the processor.

#include <memory>
#include <string>
#include <vector>

#include "engine/backend/backend.h"

namespace scalewright {

// The card or cards that `word`, a word of BackendOptions::device, names. Null where one cannot be used; `why` then says
// so, in sentences.
std::unique_ptr<Backend> make_gpu_backend(const std::string& word, std::string& why);
// "cuda:0,cuda:1" in its parts.
std::vector<std::string> device_parts(const std::string& word);
// Whether "auto" is the card: there is one, it passed its check, and it was measured to be faster than the processor.
bool auto_is_gpu();

}  // namespace scalewright
