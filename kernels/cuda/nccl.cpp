#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <nccl.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/cuda/card_sums.h"

namespace scalewright::kernels {
namespace {

// The few functions that are used, under their names in the library.
struct Library {
  decltype(&ncclCommInitAll) init = nullptr;
  decltype(&ncclCommDestroy) destroy = nullptr;
  decltype(&ncclCommAbort) abort = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  decltype(&ncclGroupStart) group_start = nullptr;
  decltype(&ncclGroupEnd) group_end = nullptr;
  decltype(&ncclCommGetAsyncError) failure = nullptr;
  decltype(&ncclGetVersion) version = nullptr;
  decltype(&ncclGetErrorString) words = nullptr;

  bool open() {
    const std::string name = "libnccl.so." + std::to_string(NCCL_MAJOR);
    void* handle = nullptr;  // stays loaded
    // As the system finds it, or beside the toolkit.
    for (const char* folder : {"", "/usr/local/cuda/lib64/", "/usr/local/cuda/lib/"})
      if (!handle) handle = ::dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    const auto find = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, symbol));
      return function != nullptr;
    };
    return find(init, "ncclCommInitAll") && find(destroy, "ncclCommDestroy") && find(abort, "ncclCommAbort") &&
           find(all_reduce, "ncclAllReduce") && find(group_start, "ncclGroupStart") &&
           find(group_end, "ncclGroupEnd") && find(failure, "ncclCommGetAsyncError") &&
           find(version, "ncclGetVersion") && find(words, "ncclGetErrorString");
  }
};

// Goes through cards and leaves the thread in the one that it was in.
class CardWalk {
 public:
  CardWalk() { known_ = cudaGetDevice(&before_) == cudaSuccess; }
  ~CardWalk() {
    if (known_) cudaSetDevice(before_);
  }
  CardWalk(const CardWalk&) = delete;
  CardWalk& operator=(const CardWalk&) = delete;

 private:
  int before_ = 0;
  bool known_ = false;
};

class Nccl final : public CardSums {
 public:
  explicit Nccl(const Library& library) : library_(library) {}
  ~Nccl() override {
    const CardWalk walk;
    for (const Card& card : cards_) {
      cudaSetDevice(card.number);
      if (card.comm) broken_ ? library_.abort(card.comm) : library_.destroy(card.comm);
      if (card.stream) cudaStreamDestroy(card.stream);
      cudaFree(card.room);
    }
  }

  // Empty, or why not.
  std::string start(std::span<const int> numbers, size_t most) {
    const CardWalk walk;
    most_ = most;
    for (const int number : numbers) {
      Card& card = cards_.emplace_back();
      card.number = number;
      if (const std::string error = of_cuda(cudaSetDevice(number)); !error.empty()) return error;
      // Shared pages would wander while other cards read them, so the numbers go through memory of the card alone.
      if (const std::string error = of_cuda(cudaMalloc(&card.room, most * sizeof(float))); !error.empty()) return error;
      if (const std::string error = of_cuda(cudaStreamCreateWithFlags(&card.stream, cudaStreamNonBlocking));
          !error.empty())
        return error;
    }
    std::vector<ncclComm_t> comms(numbers.size());
    if (const std::string error =
            of_nccl(library_.init(comms.data(), static_cast<int>(numbers.size()), numbers.data()));
        !error.empty())
      return error;
    for (size_t i = 0; i < comms.size(); ++i) cards_[i].comm = comms[i];
    return {};
  }

  std::string name() const override {
    int version = 0;
    library_.version(&version);
    return "NCCL " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100);
  }

  std::string add_up(std::span<float* const> numbers, size_t n) override {
    if (broken_) return "it failed before";
    if (numbers.size() != cards_.size() || n > most_) return "it was made for other numbers";
    const CardWalk walk;
    std::string error = put(numbers, n);
    if (error.empty()) error = wait();
    broken_ = !error.empty();
    return error;
  }

 private:
  struct Card {
    int number = 0;
    float* room = nullptr;  // [most]
    cudaStream_t stream = nullptr;
    ncclComm_t comm = nullptr;
  };
  static std::string of_cuda(cudaError_t error) {
    if (error == cudaSuccess) return {};
    cudaGetLastError();
    return std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error);
  }
  std::string of_nccl(ncclResult_t error) const { return error == ncclSuccess ? std::string() : library_.words(error); }

  std::string put(std::span<float* const> numbers, size_t n) {
    const auto copies = [&](bool in) {
      for (size_t i = 0; i < cards_.size(); ++i) {
        const Card& card = cards_[i];
        cudaSetDevice(card.number);
        if (std::string error = of_cuda(cudaMemcpyAsync(in ? card.room : numbers[i], in ? numbers[i] : card.room,
                                                        n * sizeof(float), cudaMemcpyDefault, card.stream));
            !error.empty())
          return error;
      }
      return std::string();
    };
    if (std::string error = copies(true); !error.empty()) return error;
    std::string error = of_nccl(library_.group_start());
    for (size_t i = 0; error.empty() && i < cards_.size(); ++i) {
      const Card& card = cards_[i];
      error = of_nccl(library_.all_reduce(card.room, card.room, n, ncclFloat, ncclSum, card.comm, card.stream));
    }
    const std::string ended = of_nccl(library_.group_end());
    if (!error.empty()) return error;
    return ended.empty() ? copies(false) : ended;
  }

  // Until all streams are empty. One that failed would let the others wait for ever.
  std::string wait() {
    for (const Card& card : cards_) {
      cudaSetDevice(card.number);
      for (;;) {
        const cudaError_t state = cudaStreamQuery(card.stream);
        if (state == cudaSuccess) break;
        if (state != cudaErrorNotReady) return of_cuda(state);
        for (const Card& other : cards_) {
          ncclResult_t failed = ncclSuccess;
          library_.failure(other.comm, &failed);
          if (failed != ncclSuccess && failed != ncclInProgress) return of_nccl(failed);
        }
      }
    }
    return {};
  }

  Library library_;
  std::vector<Card> cards_;
  size_t most_ = 0;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<CardSums> open_nccl(std::span<const int> cards, size_t most, std::string& why) {
  Library library;
  if (!library.open()) {
    why = "NCCL " + std::to_string(NCCL_MAJOR) + " is not installed";
    return nullptr;
  }
  auto made = std::make_unique<Nccl>(library);
  if (const std::string error = made->start(cards, most); !error.empty()) {
    why = "NCCL does not start (" + error + ")";
    return nullptr;
  }
  return made;
}

}  // namespace scalewright::kernels
