// Quantizers against the golden set (errors in float64 of an independent implementation) and against their own
// definitions.

#include <QtTest>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/quant/awq.h"
#include "engine/quant/gptq.h"
#include "engine/quant/grid.h"
#include "engine/quant/quantizer.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

fs::path golden_folder() {
  if (const char* folder = std::getenv("SCALEWRIGHT_GOLDEN")) return fs::path(folder) / "quantize";
  return fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden" / "quantize";
}

// The few lines of safetensors that this test needs, so that it depends on no other room.
struct Tensors {
  nlohmann::json header;
  std::string data;
  bool load(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    uint64_t bytes = 0;
    if (!in.read(reinterpret_cast<char*>(&bytes), 8) || bytes > (1u << 20)) return false;
    std::string text(bytes, ' ');
    in.read(text.data(), static_cast<std::streamsize>(bytes));
    header = nlohmann::json::parse(text);
    data.assign(std::istreambuf_iterator<char>(in), {});
    return true;
  }
  bool has(const std::string& name) const { return header.contains(name); }
  template <class T>
  std::vector<T> get(const std::string& name) const {
    const uint64_t begin = header[name]["data_offsets"][0], end = header[name]["data_offsets"][1];
    std::vector<T> out((end - begin) / sizeof(T));
    std::memcpy(out.data(), data.data() + begin, end - begin);
    return out;
  }
  std::vector<int64_t> shape(const std::string& name) const {
    return header[name]["shape"].get<std::vector<int64_t>>();
  }
};

struct Errors {
  double weight = 0.0, output = 0.0;
};

Errors errors_of(const std::vector<float>& w, const std::vector<double>& hessian_sum, const QuantizedArrays& q,
                 int64_t rows, int64_t cols, const QuantSpec& spec) {
  const int64_t group = quant::group_size(spec, cols), groups = quant::group_count(spec, cols);
  Errors errors;
  std::vector<double> d(static_cast<size_t>(cols));
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < cols; ++k) {
      const size_t at = static_cast<size_t>(n * groups + k / group);
      d[k] = w[n * cols + k] - static_cast<double>(q.scales[at]) * (q.codes[n * cols + k] - q.zeros[at]);
      errors.weight += d[k] * d[k];
    }
    for (int64_t i = 0; i < cols; ++i) {
      double sum = 0.0;
      for (int64_t j = 0; j < cols; ++j) sum += hessian_sum[i * cols + j] * d[j];
      errors.output += sum * d[i];
    }
  }
  return errors;
}

}  // namespace

class TestQuantizer : public QObject {
  Q_OBJECT

 private:
  Tensors tensors_;
  nlohmann::json expected_;
  std::vector<float> w_;
  std::vector<double> gram_;  // X^T X
  int64_t rows_ = 0, cols_ = 0, samples_ = 0;
  QuantizedArrays rtn_;

  static std::string case_name(const nlohmann::json& entry, const char* method) {
    const int group = entry["group"];
    return "w" + std::to_string(entry["bits"].get<int>()) + "_" + (group == 0 ? "row" : "g" + std::to_string(group)) +
           "." + method;
  }

 private slots:
  void initTestCase() {
    if (!tensors_.load(golden_folder() / "quantize.safetensors")) QSKIP("the golden set is not here");
    expected_ = nlohmann::json::parse(std::ifstream(golden_folder() / "errors.json"));
    w_ = tensors_.get<float>("W");
    rows_ = tensors_.shape("W")[0];
    cols_ = tensors_.shape("W")[1];
    const auto halves = tensors_.get<uint16_t>("X");
    samples_ = tensors_.shape("X")[0];
    std::vector<double> x(halves.size());
    for (size_t i = 0; i < halves.size(); ++i) x[i] = kernels::half_to_float(halves[i]);
    gram_.assign(static_cast<size_t>(cols_ * cols_), 0.0);
    for (int64_t s = 0; s < samples_; ++s) {
      for (int64_t i = 0; i < cols_; ++i) {
        for (int64_t j = 0; j < cols_; ++j) gram_[i * cols_ + j] += x[s * cols_ + i] * x[s * cols_ + j];
      }
    }
  }

  void golden_errors() {
    std::vector<double> hessian(gram_.size());
    for (size_t i = 0; i < gram_.size(); ++i) hessian[i] = 2.0 * gram_[i] / static_cast<double>(samples_);
    int checked = 0;
    for (const auto& entry : expected_) {
      for (const auto& [method, reference] : entry.items()) {
        if (!reference.is_object()) continue;
        const bool symmetric = method.ends_with("_sym");
        const QuantSpec spec{entry["bits"], entry["group"], symmetric};
        QuantizedArrays q;
        if (method.starts_with("minmax")) {
          q = quantize_rtn(w_, rows_, cols_, spec);
        } else if (method.starts_with("clip")) {
          q = quantize_clip(w_, rows_, cols_, spec, {});
        } else {
          auto result = quantize_gptq(w_, rows_, cols_, spec, hessian, 0.01, method.starts_with("gptq_clip"));
          QVERIFY2(result.has_value(), result ? "" : result.error().message.c_str());
          q = std::move(*result);
        }
        const Errors got = errors_of(w_, gram_, q, rows_, cols_, spec);
        const double weight = got.weight / reference["weight_error"].get<double>();
        const double output = got.output / reference["output_error"].get<double>();
        const std::string what = case_name(entry, method.c_str()) + ": weight error " + std::to_string(weight) +
                                 ", output error " + std::to_string(output) + " of the reference's";
        if (qEnvironmentVariableIsSet("SCALEWRIGHT_VERBOSE")) qInfo("%s", what.c_str());
        QVERIFY2(weight <= 1.01 && output <= 1.01, what.c_str());
        if (method.starts_with("minmax")) {
          QVERIFY2(std::abs(weight - 1.0) <= 1e-3 && std::abs(output - 1.0) <= 1e-3, what.c_str());
        }
        // Where the scales are recorded, those of plain rounding are the same numbers.
        const std::string name = case_name(entry, method.c_str());
        if (method.starts_with("minmax") && tensors_.has(name + ".scales")) {
          QVERIFY2(tensors_.get<float>(name + ".scales") == q.scales, name.c_str());
          const auto zeros = tensors_.get<uint8_t>(name + ".zeros");
          QVERIFY2(std::equal(zeros.begin(), zeros.end(), q.zeros.begin(), q.zeros.end()), name.c_str());
        }
        if (method.starts_with("minmax") && tensors_.has(name + ".codes")) {
          const auto codes = tensors_.get<uint8_t>(name + ".codes");
          const int64_t group = quant::group_size(spec, cols_), groups = quant::group_count(spec, cols_);
          for (int64_t i = 0; i < rows_ * cols_; ++i) {
            if (codes[i] == q.codes[i]) continue;
            const double ratio = w_[i] / q.scales[i / cols_ * groups + i % cols_ / group];
            QVERIFY2(std::abs(std::abs(ratio - std::floor(ratio)) - 0.5) < 1e-4, name.c_str());
          }
        }
        ++checked;
      }
    }
    QVERIFY(checked > 0);
  }

  // HQQ is never worse than plain rounding in the norm that it minimizes, and gains where zero points are free.
  void hqq_norm() {
    for (const int group : {0, 32, 64}) {
      for (const int bits : {2, 3, 4, 8}) {
        for (const bool symmetric : {false, true}) {
          const QuantSpec spec{bits, group, symmetric};
          const auto norm = [&](const QuantizedArrays& q) {
            const int64_t size = quant::group_size(spec, cols_), groups = quant::group_count(spec, cols_);
            double sum = 0.0;
            for (int64_t i = 0; i < rows_ * cols_; ++i) {
              const size_t at = static_cast<size_t>(i / cols_ * groups + i % cols_ / size);
              const double unit = rtn_.scales[at];
              sum += std::pow(std::abs(w_[i] - static_cast<double>(q.scales[at]) * (q.codes[i] - q.zeros[at])) / unit, 0.7);
            }
            return sum;
          };
          rtn_ = quantize_rtn(w_, rows_, cols_, spec);
          const auto hqq = quantize_hqq(w_, rows_, cols_, spec);
          QVERIFY(norm(hqq) <= norm(rtn_) * 1.0001);
          if (bits <= 4) QVERIFY2(norm(hqq) < norm(rtn_) * 0.99, qPrintable(QString::number(norm(hqq) / norm(rtn_))));
          for (const float scale : hqq.scales) QCOMPARE(quant::nearest_half(scale), scale);
          for (const int16_t zero : hqq.zeros) QVERIFY(zero >= 0 && zero < 1 << bits && (!symmetric || zero == 1 << (bits - 1)));
        }
      }
    }
  }

  // The largest inputs first: groups stay in their places, and where inputs differ much in size the output error falls.
  void act_order() {
    std::vector<double> hessian(gram_.size());
    for (size_t i = 0; i < gram_.size(); ++i) hessian[i] = 2.0 * gram_[i] / static_cast<double>(samples_);
    // Inputs of very different size, the large ones last.
    std::vector<double> uneven(hessian.size()), gram(hessian.size());
    const auto size = [&](int64_t k) { return std::pow(8.0, static_cast<double>(k) / static_cast<double>(cols_)); };
    for (int64_t i = 0; i < cols_; ++i) {
      for (int64_t j = 0; j < cols_; ++j) {
        uneven[i * cols_ + j] = hessian[i * cols_ + j] * size(i) * size(j);
        gram[i * cols_ + j] = gram_[i * cols_ + j] * size(i) * size(j);
      }
    }
    for (const int group : {0, 32}) {
      for (const int bits : {2, 3, 4}) {
        const QuantSpec spec{bits, group, false};
        const auto plain = quantize_gptq(w_, rows_, cols_, spec, uneven, 0.01, true);
        const auto ordered = quantize_gptq(w_, rows_, cols_, spec, uneven, 0.01, true, 1, true);
        const auto again = quantize_gptq(w_, rows_, cols_, spec, uneven, 0.01, true, 3, true);
        QVERIFY(plain.has_value() && ordered.has_value() && again.has_value());
        QVERIFY(ordered->codes == again->codes && ordered->scales == again->scales);
        const double a = errors_of(w_, gram, *plain, rows_, cols_, spec).output,
                     b = errors_of(w_, gram, *ordered, rows_, cols_, spec).output;
        QVERIFY2(b < a, qPrintable(QStringLiteral("w%1 g%2: %3 and with act order %4").arg(bits).arg(group).arg(a).arg(b)));
      }
    }
  }

  // Scaling columns makes the error smaller where some inputs are much larger than others, and does nothing where none is.
  void awq_factors() {
    std::vector<double> hessian(gram_.size());
    const auto size = [&](int64_t k) { return k % 40 == 7 ? 12.0 : 1.0; };
    for (int64_t i = 0; i < cols_; ++i) {
      for (int64_t j = 0; j < cols_; ++j) hessian[i * cols_ + j] = gram_[i * cols_ + j] * size(i) * size(j);
    }
    const QuantSpec spec{3, 64, false};
    const std::vector<std::span<const float>> weights = {w_};
    const auto f = quant::awq_factors(weights, cols_, hessian, {}, spec, 2);
    QVERIFY(f == quant::awq_factors(weights, cols_, hessian, {}, spec, 1));
    QVERIFY(f[7] > 1.5f * f[8]);
    std::vector<float> scaled = w_;
    for (size_t i = 0; i < scaled.size(); ++i) scaled[i] *= f[i % static_cast<size_t>(cols_)];
    auto error = [&](const QuantizedArrays& q, const std::vector<float>& by) {
      std::vector<double> inside = hessian;
      for (int64_t i = 0; i < cols_; ++i)
        for (int64_t j = 0; j < cols_; ++j) inside[i * cols_ + j] /= static_cast<double>(by[i]) * by[j];
      return errors_of(by == f ? scaled : w_, inside, q, rows_, cols_, spec).output;
    };
    const double with = error(quantize_rtn(scaled, rows_, cols_, spec), f),
                 without = error(quantize_rtn(w_, rows_, cols_, spec), std::vector<float>(f.size(), 1.0f));
    QVERIFY2(with < 0.9 * without, qPrintable(QStringLiteral("%1 of %2").arg(with).arg(without)));
    // Inputs that share a factor get one.
    quant::FactorGroups groups;
    groups.factors = cols_ / 2;
    for (int64_t k = 0; k < cols_; ++k) groups.source.push_back(static_cast<int32_t>(k % groups.factors));
    const auto shared = quant::awq_factors(weights, cols_, hessian, groups, spec, 2);
    for (int64_t k = 0; k < groups.factors; ++k) QCOMPARE(shared[k], shared[k + groups.factors]);
  }

  void half_rounding() {
    for (uint32_t half = 1; half < 0x7c00; ++half) {
      const double value = kernels::half_to_float(static_cast<uint16_t>(half));
      QCOMPARE(static_cast<double>(quant::nearest_half(value)), value);
      const double next = half + 1 < 0x7c00 ? kernels::half_to_float(static_cast<uint16_t>(half + 1)) : value;
      const double middle = (value + next) / 2;  // ties go to the even one
      QCOMPARE(static_cast<double>(quant::nearest_half(middle)), half % 2 == 0 ? value : next);
      QCOMPARE(static_cast<double>(quant::nearest_half(middle * (1 + 1e-12))), next);
    }
    QCOMPARE(quant::nearest_half(1e-12), 0x1p-24f);
    QCOMPARE(quant::nearest_half(1e9), 65504.0f);
  }

  // 576 is no multiple of 128: the last group is short; a group of zeros; the same bits whatever the number of threads.
  void short_last_group() {
    const int64_t rows = 21, cols = 576;
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> w(rows * cols), mean_square(cols);
    for (float& value : w) value = 0.05f * normal(random);
    std::fill(w.begin() + 512, w.begin() + 576, 0.0f);
    for (float& value : mean_square) value = std::abs(normal(random)) + 0.01f;
    std::vector<double> hessian(cols * cols, 0.0);
    for (int64_t i = 0; i < cols; ++i) hessian[i * cols + i] = mean_square[i];
    for (int bits : {2, 3, 4, 5, 6, 8}) {
      for (bool symmetric : {false, true}) {
        const QuantSpec spec{bits, 128, symmetric};
        const auto rtn = quantize_rtn(w, rows, cols, spec, 1);
        const auto clip = quantize_clip(w, rows, cols, spec, mean_square, 1);
        const auto gptq = quantize_gptq(w, rows, cols, spec, hessian, 0.01, true, 1);
        QVERIFY(gptq.has_value());
        QCOMPARE(static_cast<int64_t>(rtn.scales.size()), rows * 5);
        QCOMPARE(rtn.scales[4], 1.0f);
        QCOMPARE(static_cast<int>(rtn.zeros[4]), symmetric ? 1 << (bits - 1) : 0);
        for (int k = 512; k < 576; ++k) QCOMPARE(static_cast<int>(rtn.codes[k]), static_cast<int>(rtn.zeros[4]));
        // A diagonal Hessian pushes no error: GPTQ is then the unweighted clip search.
        const auto plain = quantize_clip(w, rows, cols, spec, {}, 1);
        QVERIFY(gptq->scales == plain.scales && gptq->zeros == plain.zeros);
        int different = 0;
        for (size_t i = 0; i < plain.codes.size(); ++i) different += plain.codes[i] != gptq->codes[i];
        QVERIFY(different <= 2);
        const auto weighted = [&](const QuantizedArrays& q) {
          return errors_of(w, hessian, q, rows, cols, spec).output;
        };
        QVERIFY(weighted(clip) <= weighted(rtn) * 1.0001);
        QVERIFY(weighted(clip) <= weighted(plain) * 1.0001);
        const auto again = quantize_clip(w, rows, cols, spec, mean_square, 3);
        QVERIFY(again.codes == clip.codes && again.scales == clip.scales && again.zeros == clip.zeros);
        const auto gptq_again = quantize_gptq(w, rows, cols, spec, hessian, 0.01, true, 3);
        QVERIFY(gptq_again->codes == gptq->codes && gptq_again->scales == gptq->scales);
      }
    }
  }

  // Against GPTQ as its paper writes it (Cholesky of the inverse), in double precision.
  void gptq_as_published() {
    const int64_t rows = 5, cols = 300;
    const QuantSpec spec{3, 64, false};
    std::mt19937 random(11);
    std::normal_distribution<double> normal;
    std::vector<float> w(rows * cols);
    for (float& value : w) value = static_cast<float>(0.03 * normal(random));
    std::vector<double> h(cols * cols, 0.0);
    std::vector<double> x(cols);
    const int n = 900;
    for (int s = 0; s < n; ++s) {
      const double shared = normal(random);
      for (int64_t i = 0; i < cols; ++i) x[i] = normal(random) + shared * std::sin(0.1 * static_cast<double>(i));
      for (int64_t i = 0; i < cols; ++i) {
        for (int64_t j = 0; j < cols; ++j) h[i * cols + j] += 2.0 * x[i] * x[j] / n;
      }
    }
    const auto ours = quantize_gptq(w, rows, cols, spec, h, 0.01, true);
    QVERIFY(ours.has_value());

    double mean = 0.0;
    for (int64_t i = 0; i < cols; ++i) mean += h[i * cols + i] / static_cast<double>(cols);
    // Removing inputs one after another from the inverse gives the rows of its Cholesky factor.
    std::vector<double> a = h, inverse(cols * cols, 0.0);
    for (int64_t i = 0; i < cols; ++i) {
      a[i * cols + i] += 0.01 * mean;
      inverse[i * cols + i] = 1.0;
    }
    for (int64_t p = 0; p < cols; ++p) {
      const double pivot = a[p * cols + p];
      for (int64_t j = 0; j < cols; ++j) a[p * cols + j] /= pivot, inverse[p * cols + j] /= pivot;
      for (int64_t i = 0; i < cols; ++i) {
        if (i == p) continue;
        const double f = a[i * cols + p];
        for (int64_t j = 0; j < cols; ++j) {
          a[i * cols + j] -= f * a[p * cols + j];
          inverse[i * cols + j] -= f * inverse[p * cols + j];
        }
      }
    }
    std::vector<double> v(w.begin(), w.end());
    int different = 0;
    std::vector<quant::Grid> grids(rows);
    for (int64_t j = 0; j < cols; ++j) {
      const double d = inverse[j * cols + j];
      if (j % 64 == 0) {
        for (int64_t r = 0; r < rows; ++r) {
          std::vector<float> values;
          for (int64_t k = j; k < std::min(cols, j + 64); ++k) values.push_back(static_cast<float>(v[r * cols + k]));
          grids[r] = quant::clip_grid(values.data(), nullptr, static_cast<int64_t>(values.size()), spec);
        }
      }
      for (int64_t r = 0; r < rows; ++r) {
        const int code =
            static_cast<int>(std::clamp(std::nearbyint(v[r * cols + j] / grids[r].scale) + grids[r].zero, 0.0, 7.0));
        different += code != ours->codes[r * cols + j];
        const double error = (v[r * cols + j] - static_cast<double>(grids[r].scale) * (code - grids[r].zero)) / d;
        for (int64_t k = j; k < cols; ++k) v[r * cols + k] -= error * inverse[j * cols + k];
      }
      for (int64_t i = j + 1; i < cols; ++i) {
        const double f = inverse[i * cols + j] / d;
        for (int64_t k = j; k < cols; ++k) inverse[i * cols + k] -= f * inverse[j * cols + k];
      }
    }
    QVERIFY2(different <= 5, std::to_string(different).c_str());
  }

  void bad_statistics() {
    std::vector<float> w(4 * 32, 0.1f);
    std::vector<double> h(32 * 32, 0.0);
    QVERIFY(quantize_gptq(w, 4, 32, {4, 32, false}, h, 0.01, false).has_value());  // inputs always zero: plain rounding
    h[5 * 32 + 5] = -1.0;
    QVERIFY(!quantize_gptq(w, 4, 32, {4, 32, false}, h, 0.01, false).has_value());
    h[5 * 32 + 5] = NAN;
    QVERIFY(!quantize_gptq(w, 4, 32, {4, 32, false}, h, 0.01, false).has_value());
  }

  void specs() {
    QVERIFY(check_quant_spec({4, 64, false}));
    QVERIFY(!check_quant_spec({7, 64, false}));
    QVERIFY(!check_quant_spec({4, 48, false}));
    for (const QuantMethod method : kQuantMethods) QCOMPARE(*quant_method_from(to_string(method)), method);
    QVERIFY(!quant_method_from("magic"));
  }

  // SCALEWRIGHT_TIMING=1: a matrix of a 7B model's kind, for comparison with other programs.
  void speed() {
    if (!qEnvironmentVariableIsSet("SCALEWRIGHT_TIMING"))
      QSKIP("set SCALEWRIGHT_TIMING to time GPTQ and the clip search");
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{576, 1536}, {1536, 576}, {4096, 4096}}) {
      std::mt19937 random(5);
      std::normal_distribution<float> normal;
      std::vector<float> w(rows * cols);
      for (float& value : w) value = 0.02f * normal(random);
      std::vector<double> h(cols * cols);
      for (int64_t i = 0; i < cols; ++i) {
        for (int64_t j = 0; j < cols; ++j) h[i * cols + j] = std::exp(-0.05 * std::abs(static_cast<double>(i - j)));
      }
      const QuantSpec spec{4, 128, false};
      QElapsedTimer timer;
      timer.start();
      quantize_clip(w, rows, cols, spec, {});
      const qint64 clip = timer.restart();
      const auto factor = quant::GptqFactor::create(h, cols, 0.01, 2);
      const qint64 create = timer.restart();
      factor->quantize(w, rows, spec, false, 2);
      qInfo("[%d, %d]: clip %d ms, GPTQ factor %d ms, rounding %d ms", int(rows), int(cols), int(clip), int(create),
            int(timer.elapsed()));
    }
  }
};

QTEST_APPLESS_MAIN(TestQuantizer)
#include "test_quantizer.moc"
