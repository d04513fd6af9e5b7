#include "ui/pages/chat_pane.h"

#include <QFileInfo>
#include <QPlainTextEdit>
#include <QSpinBox>
#include <QStandardItemModel>

#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/value_slider.h"

namespace scalewright::ui {
namespace {

const QString kBrowse = QStringLiteral("?");

QSpinBox* spinBox(int low, int high, int value, const QString& tip) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setValue(value);
  box->setButtonSymbols(QAbstractSpinBox::NoButtons);
  box->setToolTip(tip);
  return box;
}

}  // namespace

ChatPane::ChatPane(QWidget* parent) : QScrollArea(parent) {
  m_model = new Combo;
  m_model->setToolTip(tr("The model that answers"));
  m_model->setPlaceholderText(tr("Choose a model"));
  m_pack = new Combo;
  m_pack->setToolTip(tr("What a tuning run learned; switching overwrites scales in place and undoes exactly"));
  m_packFacts = label({}, FontRole::Help, Ink::Text3);
  m_packFacts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_packFacts->hide();
  m_system = new QPlainTextEdit;
  m_system->setTabChangesFocus(true);
  m_system->setToolTip(tr("Said to the model before every conversation"));
  m_system->setPlaceholderText(tr("None"));
  setScaledHeight(m_system, 44);
  m_defaults = new Button(Button::Quiet, tr("Defaults"), QStringLiteral("undo"));
  m_temperature = new ValueSlider(tr("Temperature"), 0.0, 2.0, 0.05, 2, 0.7);
  m_topP = new ValueSlider(tr("Top-p"), 0.05, 1.0, 0.05, 2, 0.95);
  m_minP = new ValueSlider(tr("Min-p"), 0.0, 0.5, 0.01, 2, 0.05);
  m_penalty = new ValueSlider(tr("Repeat penalty"), 1.0, 2.0, 0.05, 2, 1.0);
  m_temperature->setToolTip(tr("0: always the likeliest word; higher: more varied"));
  m_topP->setToolTip(tr("Only the likeliest words that together make up this probability"));
  m_minP->setToolTip(tr("Only words at least this likely against the likeliest"));
  m_penalty->setToolTip(tr("Above 1: words said lately become less likely"));
  m_precision = new Segmented({tr("Exact"), tr("Fast")}, 0);
  m_precision->setName(tr("Arithmetic"));
  m_precision->setChoiceHint(0, tr("Computes with full numbers, as tuning and the checks do: the same answer everywhere"));
  m_precision->setChoiceHint(1, tr("Rounds what flows through the model to 8 bits, as llama.cpp does: long prompts are read faster, and some answers come out a little different. Both sides of a comparison use it."));
  m_seed = spinBox(0, 1'000'000, 42, tr("Same seed, same prompt: same answer"));
  m_longest = spinBox(1, 8192, 256, tr("Longest answer, in tokens"));
  m_contextBar = new ProgressBar(6);
  m_contextText = label({}, FontRole::Help, Ink::Text2);
  m_memoryNote = label({}, FontRole::Help, Ink::Text3, true);
  m_memoryNote->hide();

  connect(m_model, &QComboBox::activated, this, [this](int index) {
    const QString path = m_model->itemData(index).toString();
    path == kBrowse ? emit modelWanted() : emit modelChosen(path);
  });
  connect(m_pack, &QComboBox::activated, this, [this](int index) {
    const QString path = m_pack->itemData(index).toString();
    path == kBrowse ? emit packWanted() : emit packChosen(path);
  });
  connect(m_defaults, &QPushButton::clicked, this, &ChatPane::reset);
  connect(m_precision, &Segmented::chosen, this, &ChatPane::precisionChosen);

  auto* card = new Card;
  card->setBodyMargins(16, 10, 16, 10);
  card->add({new FormField(tr("Model"), m_model), vbox({new FormField(tr("Scale pack"), m_pack), m_packFacts}, 4), new FormField(tr("System prompt"), m_system),
             horizontalLine(), hbox({label(tr("Sampling"), FontRole::Strong), fill(), m_defaults}), m_temperature, m_topP, m_minP, m_penalty,
             hbox({label(tr("Arithmetic"), FontRole::Body, Ink::Text2), fill(), m_precision}, 8),
             hbox({grow(new FormField(tr("Seed"), m_seed)), grow(new FormField(tr("Longest"), m_longest))}, 8),
             vbox({hbox({label(tr("Context"), FontRole::Strong), fill(), m_contextText}), m_contextBar, m_memoryNote}, 5), fill()});
  setScaledSpacing(card->body(), 6);
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setWidget(card);
  setScaledWidth(this, kWidth);
  showContext(0, 0);
  reset();
}

void ChatPane::setModels(const QStringList& paths, const QString& current) {
  m_model->clear();
  QStringList names;
  for (const QString& path : paths) names << (QFileInfo(path).isDir() ? QFileInfo(path).fileName() : QFileInfo(path).completeBaseName());
  names = distinctNames(names, paths);
  for (qsizetype i = 0; i < paths.size(); ++i) m_model->addItem(names[i], paths[i]);
  m_model->addItem(tr("Choose a file…"), kBrowse);
  m_model->setCurrentIndex(current.isEmpty() ? -1 : m_model->findData(current));
}

void ChatPane::setPacks(const std::vector<PackEntry>& packs, const QString& current, const QString& currentName, bool enabled) {
  m_pack->clear();
  m_pack->addItem(tr("None: its own scales"), QString());
  for (const PackEntry& pack : packs) m_pack->addItem(tr("%1 · %2").arg(pack.name, bytesText(pack.bytes)), pack.path);
  if (!current.isEmpty() && m_pack->findData(current) < 0) m_pack->addItem(currentName, current);
  m_pack->addItem(tr("Open a pack…"), kBrowse);
  m_pack->setCurrentIndex(std::max(0, m_pack->findData(current)));
  m_pack->setEnabled(enabled);
}

void ChatPane::setSystemPrompt(const QString& text) { m_system->setPlainText(text); }
QString ChatPane::systemPrompt() const { return m_system->toPlainText(); }

void ChatPane::setModelSampling(const ModelSampling& sampling) {
  m_own = sampling;
  m_defaults->setText(sampling.fromModel ? tr("Model's own") : tr("Defaults"));
  m_defaults->setHint(sampling.fromModel ? tr("Sampling as the model's file asks for") : tr("This model asks for nothing of its own: the program's defaults"));
  reset();
}

void ChatPane::reset() {
  const SamplingOptions& own = m_own.options;
  m_temperature->setDefault(own.temperature);
  m_topP->setDefault(own.top_p);
  m_minP->setDefault(own.min_p);
  m_penalty->setDefault(own.repeat_penalty);
}

SamplingOptions ChatPane::sampling() const {
  SamplingOptions options = m_own.options;
  options.temperature = m_temperature->value();
  options.top_p = m_topP->value();
  options.min_p = m_minP->value();
  options.repeat_penalty = m_penalty->value();
  options.seed = static_cast<uint64_t>(m_seed->value());
  options.max_tokens = m_longest->value();
  return options;
}

void ChatPane::setPrecision(Precision precision) { m_precision->setCurrent(precision == Precision::Fast ? 1 : 0); }
Precision ChatPane::precision() const { return m_precision->current() == 1 ? Precision::Fast : Precision::Exact; }

void ChatPane::setMemoryNote(const QString& words) {
  m_memoryNote->setText(words);
  m_memoryNote->setVisible(!words.isEmpty());
}

void ChatPane::nextSeed() { m_seed->setValue(m_seed->value() + 1); }

void ChatPane::showSwitched(double milliseconds) {
  m_packFacts->setVisible(milliseconds >= 0);
  if (milliseconds < 0) return;
  m_packFacts->setText(tr("Switched in %1 ms, codes in place").arg(milliseconds, 0, 'f', 0));
}

void ChatPane::showContext(qint64 used, qint64 total) {
  m_contextBar->setFraction(total > 0 ? static_cast<double>(used) / static_cast<double>(total) : 0.0);
  m_contextText->setText(total > 0 ? tr("%1 of %2 tokens").arg(countText(used), countText(total)) : tr("nothing used yet"));
}

}  // namespace scalewright::ui
