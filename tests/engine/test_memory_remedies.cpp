// Ways to make a run fit, over a made-up machine: only what fits is named, the smallest change first.

#include <QtTest>

#include "engine/tune/memory_remedies.h"

using namespace scalewright;

class TestMemoryRemedies : public QObject {
  Q_OBJECT

  static TuneRecipe asked() {
    TuneRecipe recipe;
    recipe.context = 512;
    recipe.batch = 4;
    recipe.sample_prompt = "a question";
    return recipe;
  }
  // 8192 for the activations of the recipe above, 1000 for its scales, 100 for its prompt, 10 for the rest.
  static uint64_t bytes(const TuneRecipe& recipe) {
    return static_cast<uint64_t>(recipe.context * recipe.batch * 4) +
           (recipe.granularity == Granularity::Group ? 1000u : 50u) + (recipe.sample_prompt.empty() ? 0u : 100u) + 10u;
  }
  static Remedies within(uint64_t limit, const TuneRecipe& recipe = asked()) {
    return find_remedies(recipe, [limit](const TuneRecipe& tried) {
      return NeededMemory{bytes(tried), bytes(tried) <= limit};
    });
  }
  static std::vector<std::string> words(const Remedies& found) {
    std::vector<std::string> all;
    for (const MemoryRemedy& way : found.enough) all.push_back(way.words);
    return all;
  }
  using Words = std::vector<std::string>;
  static std::string joined(const Words& all) {
    std::string text;
    for (const std::string& each : all) text += "[" + each + "]";
    return text;
  }

 private slots:
  void one_change() {
    QCOMPARE(bytes(asked()), uint64_t{9302});
    const Words all = {"no sample prompt", "batch 1 with accumulate 4 (the same step)", "context 256",
                       "one factor a row instead of a scale a group"};
    QCOMPARE(joined(words(within(9301))), joined({all[0], all[1], all[2], all[3]}));
    QCOMPARE(joined(words(within(9000))), joined({all[1], all[2], all[3]}));
    QCOMPARE(joined(words(within(8000))), joined({all[1], all[2]}));
    QCOMPARE(joined(words(within(4000))), joined({all[1], "context 128"}));
    for (const uint64_t limit : {9301, 9000, 8000, 4000})
      for (const MemoryRemedy& way : within(limit).enough) QVERIFY(way.fits && way.bytes <= limit);
  }

  // No single change is enough: those that leave what is learned as it is, then a shorter context, then fewer scales.
  void several_together() {
    TuneRecipe recipe = asked();
    recipe.granularity = Granularity::Row;  // 8352: one row at once 2208, a context of 32 still 672
    QCOMPARE(joined(words(within(600, recipe))),
             joined({"no sample prompt, batch 1 with accumulate 4 (the same step) and context 128"}));
    const Remedies found = within(1100);
    QCOMPARE(joined(words(found)),
             joined({"no sample prompt, batch 1 with accumulate 4 (the same step), context 256 and one "
                     "factor a row instead of a scale a group"}));
    const MemoryRemedy& way = found.enough.front();
    QVERIFY(way.batch == 1 && way.accumulate == 4 && way.context == 256 && !way.sample_prompt);
    QVERIFY(way.granularity == Granularity::Row && !found.least);
  }

  void nothing() {
    const Remedies found = within(100);
    QVERIFY(found.enough.empty() && found.least && !found.ways.empty());
    QCOMPARE(found.least->bytes, uint64_t{32 * 4 + 50 + 10});
    QVERIFY(!found.least->fits);
    for (const MemoryRemedy& way : found.ways) QVERIFY(!way.fits);
  }

  // What a person may choose from: the contexts up to the first that fits, and rows with the most context that fits.
  void ways_to_choose() {
    const auto has = [](const Remedies& found, const std::string& said, bool fits) {
      return std::any_of(found.ways.begin(), found.ways.end(),
                         [&](const MemoryRemedy& way) { return way.words == said && way.fits == fits; });
    };
    const Remedies found = within(1700);
    QVERIFY(has(found, "context 32", true) && has(found, "context 64", false));
    QVERIFY(has(within(700), "one factor a row with batch 1 and context 128", true));
    QVERIFY(has(within(100), "one factor a row with batch 1 and context 32", false));
  }
};

QTEST_APPLESS_MAIN(TestMemoryRemedies)
#include "test_memory_remedies.moc"
