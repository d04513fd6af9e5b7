#include "ui/pages/tune_model_step.h"

#include <QComboBox>
#include <QFileInfo>

#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/model_entry.h"
#include "ui/pages/first_start.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"

namespace scalewright::ui {

TuneModelStep::TuneModelStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  m_model = new Combo;
  m_model->setAccessibleName(tr("Model"));
  m_model->setToolTip(tr("A quantized model: GGUF, or a folder of safetensors (GPTQ, AWQ, compressed-tensors)"));
  m_facts = new FactsGrid(2, 8);
  m_notice = new Banner;
  auto* browse = new Button(Button::Default, tr("Choose a file…"), QStringLiteral("folder"));
  auto* card = new Card(tr("Model"));
  card->add({hbox({grow(m_model), browse}, 8), m_notice, gap(4), m_facts});
  card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  auto* about = new Card(tr("What will happen"));
  auto point = [](const QString& glyph, const QString& title, const QString& text) {
    return hbox({vbox({gap(2), new IconLabel(glyph, &ThemeTokens::accentText, 18), ui::fill()}, 0),
                 grow(vbox({label(title, FontRole::Strong), label(text, FontRole::Body, Ink::Text2, true)}, 2))}, 12);
  };
  about->add({hbox({ui::fill(), new ScalesPicture, ui::fill()}), gap(6),
              point(QStringLiteral("lock"), tr("The integers are frozen"), tr("Their hash is taken before and after, and shown.")),
              point(QStringLiteral("tune"), tr("Only the scales learn"), tr("A few megabytes in all, so the tuned model has the same size and the same speed.")),
              point(QStringLiteral("file"), tr("Your file is not touched"), tr("What is learned goes into a folder of its own, and can be written as a file of the same type.")), ui::fill()});
  setScaledSpacing(about->body(), 12);
  about->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setLayout(vbox({card, about, ui::fill()}, 16));
  connect(browse, &QPushButton::clicked, this, &TuneModelStep::choose);
  connect(m_model, &QComboBox::activated, this, [this](int index) { setModel(m_model->itemData(index).toString()); });
  connect(&app.catalog(), &ModelCatalog::changed, this, [this] {
    if (isVisible()) offer();
  });
}

QWidget* TuneModelStep::firstField() const { return m_model; }

QString TuneModelStep::refusal() const {
  if (!draft().hasModel()) return tr("Choose a model first");
  if (!draft().summary.unsupported.empty()) return QString::fromStdString(draft().summary.unsupported);
  if (!draft().summary.quantized) return tr("This model is in full precision: quantize it first");
  if (!draft().summary.has_tokenizer) return tr("This model has no tokenizer beside it");
  return {};
}

// As people say it: "SmolLM2-135M Q4_1" of "SmolLM2-135M-Instruct.Q4_1".
QString TuneModelStep::value() const {
  return QString::fromStdString(draft().summary.name).replace(QLatin1String("-Instruct"), QString()).replace(QLatin1String(".Q"), QLatin1String(" Q"));
}

void TuneModelStep::enter() {
  fill();
  show();
  offer();
}

// Until the person chooses, it is the one that was chosen on the Models page, or the only one that can learn.
void TuneModelStep::offer() {
  if (!m_reading.isEmpty() ? m_reading != m_offered : draft().hasModel()) return;
  const QString path = app().catalog().offered([](const ModelEntry& entry) { return !entry.run() && entry.summary && entry.summary->quantized && entry.summary->has_tokenizer; });
  if (path.isEmpty() || path == m_offered) return;
  setModel(path);
  m_offered = path;
}

void TuneModelStep::fill() {
  m_model->clear();
  const QString chosen = QString::fromStdString(draft().summary.path.string());
  const QStringList there = app().catalog().known(chosen);
  QStringList names;
  for (const QString& path : there) names << QFileInfo(path).fileName();
  names = distinctNames(names, there);
  for (qsizetype i = 0; i < there.size(); ++i) m_model->addItem(names[i], there[i]);
  m_model->setPlaceholderText(tr("Choose a model"));
  m_model->setCurrentIndex(chosen.isEmpty() ? -1 : m_model->findData(chosen));
}

void TuneModelStep::choose() {
  const QString path = askToOpen(this, app().settings(), Purpose::Model, tr("Choose a model"), tr("Models (*.gguf *.safetensors)"));
  if (!path.isEmpty()) setModel(path.endsWith(QLatin1String(".safetensors")) ? QFileInfo(path).path() : path);
}

void TuneModelStep::setModel(const QString& path) {
  if (path.isEmpty()) return;
  m_reading = path;
  m_offered.clear();
  app().jobs().run<ModelSummary>(
      tr("Reading %1").arg(QFileInfo(path).fileName()), Place::Tune, [path = path.toStdString()](JobContext&) { return summarize_model(path); }, this,
      [this, path](Result<ModelSummary> summary) {
        if (m_reading != path) return;
        if (!summary) {
          emit failed(tr("This model cannot be opened"), inWords(summary.error()));
          return;
        }
        if (draft().summary.path != summary->path) {
          draft().open.reset();
          draft().encoded.reset();
        }
        draft().summary = std::move(*summary);
        draft().recipe.model = draft().summary.path;
        app().settings().addRecentModel(path);
        fill();
        show();
        emit worked();
        emit changed();
      },
      Lane::Quick);
}

void TuneModelStep::show() {
  const ModelSummary& s = draft().summary;
  m_facts->setVisible(draft().hasModel());
  m_notice->dismiss();
  if (!draft().hasModel()) return;
  m_facts->setFacts({{tr("Family"), familyText(QString::fromStdString(s.family))},
                     {tr("Type"), QString::fromStdString(s.type)},
                     {tr("Parameters"), shortCountText(s.parameters)},
                     {tr("Size"), bytesText(s.file_bytes)},
                     {tr("Layers"), countText(s.layers)},
                     {tr("Context"), countText(s.context_length)},
                     {tr("Chat template"), s.has_chat_template ? tr("found") : tr("none: plain turns are used")},
                     {tr("Bits a weight"), numberText(s.bits_per_weight, 2)}});
  if (!s.unsupported.empty()) {
    m_notice->show(Tone::Danger, tr("This model cannot be run"), QString::fromStdString(s.unsupported), false);
  } else if (!s.quantized) {
    m_notice->show(Tone::Info, tr("This model is in full precision"), tr("Only scales learn, so it has to be quantized first. That takes a minute or two."), false);
    connect(m_notice->addAction(tr("Quantize it…")), &QPushButton::clicked, this, [this] { emit quantizeWanted(QString::fromStdString(draft().summary.path.string())); });
  }
}

}  // namespace scalewright::ui
