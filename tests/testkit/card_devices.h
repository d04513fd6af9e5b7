#pragma once
// The devices that tests of the card's operations run on: the emulated card always, and a card where there is one.

#include <QtTest>
#include <memory>
#include <string>
#include <utility>

#include "engine/backend/cuda_backend.h"

namespace scalewright::testkit {

class CardDevices {
 public:
  // `products`: of the emulated card.
  explicit CardDevices(std::unique_ptr<kernels::CardProducts> products = nullptr) {
    std::string why;
    emulated_ = cuda_emulated::make_cuda_backend(std::move(products), why);
    if (!emulated_) qFatal("%s", why.c_str());
    auto real = make_backend({.device = "cuda"});
    if (real) {
      card_ = std::move(*real);
      qInfo("also run on %s", card_->description().c_str());
    } else {
      no_card_ = real.error().message;
    }
  }
  Backend& emulated() const { return *emulated_; }
  // Null where there is no card; why_not() then says why.
  Backend* device(bool real) const { return real ? card_.get() : emulated_.get(); }
  std::string why_not() const { return "not run on a card: " + no_card_; }

  // Rows of data, one a device.
  static void rows() {
    QTest::addColumn<bool>("real");
    QTest::newRow("emulated") << false;
    QTest::newRow("card") << true;
  }

 private:
  std::unique_ptr<Backend> emulated_, card_;
  std::string no_card_;
};

// Declares `backend`, the device of this row of data.
#define SW_DEVICE_OR_SKIP(devices)           \
  QFETCH(bool, real);                        \
  Backend* backend = (devices).device(real); \
  if (!backend) QSKIP((devices).why_not().c_str())

}  // namespace scalewright::testkit
