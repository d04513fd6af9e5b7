#include <QtTest>
#include <bit>
#include <cmath>

#include "kernels/common/unpack.h"
#include "kernels/cpu/cpu_features.h"
#include "tests/kernels/quant_samples.h"

using namespace scalewright::tests;

class TestStripCodec : public QObject {
  Q_OBJECT
 private slots:
  void halves();
  void round_trip_data();
  void round_trip();
  void masters();
  void stored_scales();
  void known_bytes();
};

void TestStripCodec::halves() {
  for (uint32_t h = 0; h < 65536; ++h) {
    const float f = half_to_float(static_cast<uint16_t>(h));
    const uint32_t exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31 && fraction != 0) {
      QVERIFY(std::isnan(f));
      QVERIFY(std::isnan(half_to_float(float_to_half(f))));
      continue;
    }
    const double magnitude = exponent == 31  ? INFINITY
                             : exponent == 0 ? std::ldexp(fraction, -24)
                                             : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
    QCOMPARE(static_cast<double>(f), h & 0x8000 ? -magnitude : magnitude);
    QCOMPARE(uint32_t{float_to_half(f)}, h);
    // Halfway to the next half ties to even; just beside it goes to the nearer.
    if (exponent == 31 || (h & 0x7fff) == 0x7bff) continue;
    const float next = half_to_float(static_cast<uint16_t>(h + 1));
    const auto middle = static_cast<float>((double{f} + double{next}) / 2);
    QCOMPARE(uint32_t{float_to_half(middle)}, h & 1 ? h + 1 : h);
    QCOMPARE(uint32_t{float_to_half(std::nextafter(middle, f))}, h);
    QCOMPARE(uint32_t{float_to_half(std::nextafter(middle, next))}, h + 1);
  }
  QCOMPARE(uint32_t{float_to_half(65519.0f)}, 0x7bffu);
  QCOMPARE(uint32_t{float_to_half(65520.0f)}, 0x7c00u);
  QCOMPARE(uint32_t{float_to_half(-1e30f)}, 0xfc00u);
  QCOMPARE(uint32_t{float_to_half(1e-30f)}, 0u);
}

void TestStripCodec::round_trip_data() {
  QTest::addColumn<int>("kind");
  const auto kinds = quant_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    QTest::addRow("%zu %s %d bits block %d", i, kinds[i].name, kinds[i].bits, kinds[i].block) << static_cast<int>(i);
  }
}

void TestStripCodec::round_trip() {
  QFETCH(int, kind);
  const QuantKind k = quant_kinds()[kind];
  const bool super = k.sub != 0;
  const std::vector<int64_t> inputs =
      super ? std::vector<int64_t>{256, 768} : std::vector<int64_t>{16, 32, 48, 56, 96, 192, 576, 1000};
  for (const int64_t N : {1, 15, 16, 17, 33}) {
    for (const int64_t K : inputs) {
      const QuantSample sample = make_sample(k, N, K, 77 + N * 1009 + K);
      const QuantLayout& layout = sample.layout;
      const int64_t G = layout.groups(), subs = layout.subs(), chunks = layout.chunks(), width = chunks * 32;
      std::vector<float> a(16 * subs), c(16 * subs), panel(width * 16), fast(width * 16), raw(width * 16),
          raw_fast(width * 16);
      for (int64_t strip = 0; strip < layout.strips(); ++strip) {
        std::vector<uint8_t> codes(16 * width, 0xee);
        std::vector<uint16_t> scale(16 * G), scale_min(16 * G);
        std::vector<int16_t> zero(16 * G), sub_scale(16 * subs), sub_min(16 * subs);
        const PlainStrip plain{codes.data(), scale.data(),     scale_min.data(),
                               zero.data(),  sub_scale.data(), sub_min.data()};
        unpack_strip(layout, sample.records + strip * layout.strip_bytes(), plain);
        std::vector<uint8_t> again(layout.strip_bytes(), 0x55);
        pack_strip(layout, plain, again.data());
        QVERIFY2(std::memcmp(again.data(), sample.records + strip * layout.strip_bytes(), again.size()) == 0,
                 sample.label().c_str());
        if (scalewright::kernels::cpu::supported(scalewright::kernels::cpu::Isa::Avx2)) {
          std::ranges::fill(again, uint8_t{0x55});
          pack_strip_avx2(layout, plain, again.data());
          QVERIFY2(std::memcmp(again.data(), sample.records + strip * layout.strip_bytes(), again.size()) == 0,
                   sample.label().c_str());
        }
        strip_scales(sample.view(), strip, a.data(), c.data());
        unpack_panel(sample.view(), strip, 0, chunks, a.data(), c.data(), panel.data());
        unpack_codes(sample.view(), strip, 0, chunks, raw.data());
        int64_t wrong = 0;
        for (int64_t row = 0; row < 16; ++row) {
          const int64_t n = strip * 16 + row;
          for (int64_t j = 0; j < width; ++j) {
            const bool inside = n < N && j < K;
            const int code = inside ? sample.codes[n * K + j] : 0;
            wrong += codes[row * width + j] != code || raw[j * 16 + row] != static_cast<float>(code);
            const double expected = inside ? sample.weight(n, j) : 0.0;
            const double size =
                inside ? std::abs(half_to_float(sample.scale[n * G + j / layout.block])) * 256 * (super ? 64 : 1) : 0;
            wrong += !(std::abs(panel[j * 16 + row] - expected) <= 3e-7 * size);
          }
          if (n >= N) continue;
          for (int64_t g = 0; g < G; ++g) {
            QCOMPARE(scale[row * G + g], sample.scale[n * G + g]);
            if (layout.kind == BlockKind::Affine) QCOMPARE(zero[row * G + g], sample.zero[n * G + g]);
            if (layout.kind == BlockKind::Min) QCOMPARE(scale_min[row * G + g], sample.scale_min[n * G + g]);
          }
        }
        QVERIFY2(wrong == 0, sample.label().c_str());
        if (!scalewright::kernels::cpu::supported(scalewright::kernels::cpu::Isa::Avx2)) continue;
        // AVX2 in two pieces, cut anywhere.
        for (const int64_t cut : {int64_t{0}, chunks / 2, chunks}) {
          const int64_t first = cut * 32 / layout.sub;
          unpack_panel_avx2(sample.view(), strip, 0, cut, a.data(), c.data(), fast.data());
          unpack_panel_avx2(sample.view(), strip, cut, chunks - cut, a.data() + first * 16, c.data() + first * 16,
                            fast.data() + cut * 512);
          unpack_codes_avx2(sample.view(), strip, 0, cut, raw_fast.data());
          unpack_codes_avx2(sample.view(), strip, cut, chunks - cut, raw_fast.data() + cut * 512);
          QVERIFY(raw_fast == raw);
          for (size_t i = 0; i < panel.size(); ++i)
            wrong += !(std::abs(panel[i] - fast[i]) <= 1e-6f * (1 + std::abs(panel[i])));
          if (scalewright::kernels::cpu::supported(scalewright::kernels::cpu::Isa::Avx512)) {
            std::vector<float> wide(fast.size());
            unpack_panel_avx512(sample.view(), strip, 0, cut, a.data(), c.data(), wide.data());
            unpack_panel_avx512(sample.view(), strip, cut, chunks - cut, a.data() + first * 16, c.data() + first * 16,
                                wide.data() + cut * 512);
            QVERIFY(wide == fast);
          }
          QVERIFY2(wrong == 0, sample.label().c_str());
          // In one place at a time, the scales of a part alone give the same.
          if (cut == chunks) continue;
          const int64_t count = subs - first;
          std::vector<float> a2(16 * count), c2(16 * count);
          strip_scales(sample.view(), strip, first, count, a2.data(), c2.data());
          QVERIFY(std::equal(a2.begin(), a2.end(), a.begin() + first * 16) &&
                  std::equal(c2.begin(), c2.end(), c.begin() + first * 16));
          strip_scales_avx2(sample.view(), strip, first, count, a2.data(), c2.data());
          QVERIFY(std::equal(a2.begin(), a2.end(), a.begin() + first * 16) &&
                  std::equal(c2.begin(), c2.end(), c.begin() + first * 16));
        }
      }
    }
  }
}

void TestStripCodec::masters() {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> around(0.5f, 1.5f);
  for (const QuantKind& kind : quant_kinds()) {
    const int64_t N = 18, K = 512;
    const QuantSample sample = make_sample(kind, N, K, 3);
    const int64_t G = sample.layout.groups();
    std::vector<float> scale(N * G), scale_min(N * G), row(N);
    for (int64_t i = 0; i < N * G; ++i) scale[i] = half_to_float(sample.scale[i]) * around(random);
    for (int64_t i = 0; i < N * G; ++i) scale_min[i] = half_to_float(sample.scale_min[i]) * around(random);
    for (auto& r : row) r = around(random);
    QuantView view = sample.view();
    view.scale = scale.data();
    if (kind.kind == BlockKind::KMin) view.scale_min = scale_min.data();
    view.row_scale = row.data();
    std::vector<float> a(16 * sample.layout.subs()), c(a.size()), panel(16 * K);
    int64_t wrong = 0;
    for (int64_t strip = 0; strip < 2; ++strip) {
      strip_scales(view, strip, a.data(), c.data());
      if (scalewright::kernels::cpu::supported(scalewright::kernels::cpu::Isa::Avx2)) {
        std::vector<float> a2(a.size()), c2(c.size());
        for (const bool scales : {true, false}) {
          QuantView rows = view;
          if (!scales) {
            rows.scale = rows.scale_min = nullptr;
            strip_scales(rows, strip, a.data(), c.data());
          }
          strip_scales_avx2(rows, strip, 0, sample.layout.subs(), a2.data(), c2.data());
          QVERIFY2(a == a2 && c == c2, sample.label().c_str());
        }
        strip_scales(view, strip, a.data(), c.data());
      }
      unpack_panel(view, strip, 0, K / 32, a.data(), c.data(), panel.data());
      for (int64_t r = 0; r < 16; ++r) {
        const int64_t n = strip * 16 + r;
        for (int64_t k = 0; k < K; ++k) {
          const double expected =
              n < N
                  ? row[n] * sample.weight(n, k, scale, kind.kind == BlockKind::KMin ? scale_min : std::vector<float>{})
                  : 0;
          wrong += !(std::abs(panel[k * 16 + r] - expected) <= 1e-6 * (1 + std::abs(expected)) * (kind.sub ? 64 : 1));
        }
      }
    }
    QVERIFY2(wrong == 0, sample.label().c_str());
  }
}

void TestStripCodec::stored_scales() {
  for (const QuantKind& kind : quant_kinds()) {
    const int64_t N = 17, K = 256;
    QuantSample sample = make_sample(kind, N, K, 9);
    const int64_t G = sample.layout.groups();
    std::vector<float> scale(N * G), second(N * G), base, base_second;
    load_scales(sample.layout, sample.records, scale.data(), second.data());
    for (int64_t i = 0; i < N * G; ++i) QCOMPARE(scale[i], half_to_float(sample.scale[i]));
    base = scale;
    base_second = second;
    for (int64_t i = 0; i < N * G; ++i) scale[i] *= 1.0f + 0.01f * static_cast<float>(i % 7);
    if (kind.kind == BlockKind::KMin) {
      for (auto& m : second) m *= 0.75f;
    }
    // Twice: what was stored first must not move the second result.
    std::vector<float> other(N * G, 0.125f);
    store_scales(sample.layout, sample.records, other.data(), nullptr, base.data(), base_second.data());
    store_scales(sample.layout, sample.records, scale.data(), kind.kind == BlockKind::KMin ? second.data() : nullptr,
                 base.data(), base_second.data());
    std::vector<float> scale_back(N * G), second_back(N * G);
    load_scales(sample.layout, sample.records, scale_back.data(), second_back.data());
    for (int64_t i = 0; i < N * G; ++i) {
      QCOMPARE(scale_back[i], half_to_float(float_to_half(scale[i])));
      if (kind.kind == BlockKind::Min) {
        QCOMPARE(second_back[i], half_to_float(float_to_half(base_second[i] * (scale[i] / base[i]))));
      } else if (kind.kind == BlockKind::KMin) {
        QCOMPARE(second_back[i], half_to_float(float_to_half(second[i])));
      }
    }
    // Storing what is there changes nothing, and codes stay.
    const QuantSample fresh = make_sample(kind, N, K, 9);
    store_scales(sample.layout, sample.records, base.data(),
                 kind.kind == BlockKind::KMin ? base_second.data() : nullptr, base.data(), base_second.data());
    QVERIFY(std::memcmp(sample.records, fresh.records, static_cast<size_t>(sample.layout.bytes())) == 0);
  }
}

void TestStripCodec::known_bytes() {
  // Known bytes: row 3, input 5 (quad 1, byte 1) of a Q4_0 strip is the high nibble of byte 4 * 3 + 1 of line 0.
  QuantLayout layout{.rows = 16, .cols = 32, .kind = BlockKind::Offset, .bits = 4, .offset = 8};
  std::vector<uint8_t> codes(16 * 32), strip(288);
  std::vector<uint16_t> scale(16);
  codes[3 * 32 + 5] = 11;
  codes[3 * 32 + 1] = 6;
  scale[3] = 0x3c00;
  PlainStrip plain;
  plain.codes = codes.data();
  plain.scale = scale.data();
  pack_strip(layout, plain, strip.data());
  QCOMPARE(int{strip[32 + 13]}, 0xb6);
  QCOMPARE(int{strip[7]}, 0x3c);
  // 3 bits: quad 7 of row 0 lies in the top bits of lines B and C.
  layout.bits = 3;
  std::fill(codes.begin(), codes.end(), uint8_t{0});
  codes[28] = 5;  // quad 7: low bit in bit 7 of B, the others in C
  strip.assign(static_cast<size_t>(layout.strip_bytes()), 0);
  pack_strip(layout, plain, strip.data());
  QCOMPARE(int{strip[32]}, 0);
  QCOMPARE(int{strip[32 + 64]}, 0x80);
  QCOMPARE(int{strip[32 + 128]}, 0x80);
}

QTEST_APPLESS_MAIN(TestStripCodec)
#include "test_strip_codec.moc"
