#include "ui/pages/model_detail.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QLocale>
#include <QMenu>
#include <QPainter>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"
#include "ui/widgets/bar_chart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/heat_map.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/learned_text.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/table.h"

namespace scalewright::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

class Dot : public QWidget {
 public:
  Dot() {
    setScaledWidth(this, 8);
    setScaledHeight(this, 8);
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(&ThemeTokens::seriesValidation));
    painter.drawEllipse(rect());
  }
};

QString groupText(const ModelSummary& summary) {
  for (const TensorSummary& tensor : summary.tensors)
    if (tensor.bits < 16 && summary.type.ends_with(tensor.type)) return tensor.group > 0 ? ModelDetail::tr("group %1").arg(tensor.group) : ModelDetail::tr("a row");
  return {};
}

}  // namespace

ModelDetail::ModelDetail(AppContext& app, QWidget* parent) : QFrame(parent), m_app(app) {
  setObjectName(QStringLiteral("card"));
  setAccessibleName(tr("Details of the model"));
  m_name = new ElidedLabel({}, FontRole::CardTitle, Ink::Text, Qt::ElideMiddle);
  m_state = new Chip;
  m_template = new Chip;
  m_tunable = new Chip;
  m_more = new Button(Button::Icon, tr("More"), QStringLiteral("more"));
  connect(m_more, &Button::clicked, this, [this] {
    QMenu menu(this);
    menu.addAction(tr("Show in folder"), this, [this] { emit showFolderRequested(m_entry.path); });
    menu.addAction(tr("Copy path"), this, [this] { QApplication::clipboard()->setText(m_entry.path); });
    if (m_entry.usable() && m_entry.state != ModelState::Tuned) menu.addAction(tr("Quantize…"), this, [this] { emit quantizeRequested(m_entry.path); });
    menu.addSeparator();
    menu.addAction(tr("Remove from list"), this, [this] { emit removeRequested(m_entry.path); });
    menu.exec(m_more->mapToGlobal(QPoint(0, m_more->height())));
  });
  m_tune = new Button(Button::Soft, tr("Fine-tune"), QStringLiteral("tune"));
  m_chat = new Button(Button::Default, tr("Chat"), QStringLiteral("chat"));
  m_export = new Button(Button::Default, tr("Export"), QStringLiteral("export"));
  m_chat->setHint(tr("Talk with this model"));
  m_export->setHint(tr("Write it as a file for other programs"));
  connect(m_tune, &Button::clicked, this, [this] {
    m_entry.state == ModelState::FullPrecision ? emit quantizeRequested(m_entry.path) : emit tuneRequested(m_entry.path);
  });
  connect(m_chat, &Button::clicked, this, [this] { emit chatRequested(m_entry.path); });
  connect(m_export, &Button::clicked, this, [this] { emit exportRequested(m_entry.path); });
  m_tabs = new Segmented({tr("Tensors"), tr("Chat template"), tr("File")}, 0, true);
  m_tabs->setName(tr("Details"));
  m_stack = new QStackedWidget;
  m_stack->setObjectName(QStringLiteral("clear"));
  m_stack->addWidget(buildTensors());
  m_stack->addWidget(buildTemplate());
  m_stack->addWidget(buildFile());
  m_stack->addWidget(buildProblem());
  m_stack->addWidget(new EmptyState(QStringLiteral("models"), tr("No model is chosen"), tr("Choose one in the table to see what it is made of.")));
  connect(m_tabs, &Segmented::chosen, m_stack, &QStackedWidget::setCurrentIndex);

  auto* head = hbox({grow(vbox({m_name, hbox({m_state, m_template, m_tunable, fill()}, 6)}, 7)), m_more}, 8);
  setLayout(vbox({head, hbox({grow(m_tune), grow(m_chat), grow(m_export)}, 8), m_tabs, grow(m_stack)}, 11, {16, 14, 16, 12}));
  showNothing();
}

QWidget* ModelDetail::buildTensors() {
  m_facts = new FactsGrid(2, 5);
  m_measure = new Segmented({tr("Error"), tr("Bits")}, 0);
  m_measure->setName(tr("Measure"));
  m_measure->setChoiceHint(0, tr("How much rounding to this grid costs each tensor, estimated from its scales"));
  m_measure->setChoiceHint(1, tr("Bits per weight, scales included"));
  connect(m_measure, &Segmented::chosen, this, [this] { refreshHeat(); });
  m_heat = new HeatMap;
  connect(m_heat, &HeatMap::currentChanged, this, &ModelDetail::showTensor);
  m_ramp = new HeatRamp;
  m_rampWords = label({}, FontRole::Help, Ink::Text3);
  m_progress = new ProgressBar(3);
  m_progress->hide();
  m_tensorName = new ElidedLabel({}, FontRole::Strong);
  m_tensorName->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  m_tensorError = label({}, FontRole::Help, Ink::Text3);
  m_tensorScales = label({}, FontRole::Help, Ink::Text3);
  m_tensorLine = wrap(hbox({new Dot, m_tensorName, m_tensorError, fill(), m_tensorScales}, 8));
  m_histogram = new Histogram;
  setScaledMaximumHeight(m_histogram, 190);
  m_histogram->setAccessibleName(tr("Scales of the chosen tensor"));
  m_histogram->setFormat([](double v) { return v == 0 ? QStringLiteral("0") : QLocale().toString(v, 'g', 2); });
  return wrap(vbox({m_facts, horizontalLine(), hbox({label(tr("Tensors by layer"), FontRole::Strong), fill(), m_measure}), grow(m_heat, 2),
                    hbox({m_rampWords, fill(), m_ramp}, 6), m_progress, horizontalLine(),
                    m_tensorLine, grow(m_histogram, 3), fill(0)}, 8));
}

QWidget* ModelDetail::buildTemplate() {
  m_rendered = new LearnedText;
  m_rendered->setObjectName(QStringLiteral("code"));
  m_templateNote = label({}, FontRole::Help, Ink::Text3, true);
  return wrap(vbox({label(tr("An example as the model sees it"), FontRole::Strong), grow(m_rendered), m_templateNote}, 8));
}

QWidget* ModelDetail::buildFile() {
  m_fileFacts = new FactsGrid(1, 5);
  m_fileTable = new TableView(30, 0);
  m_fileModel = new QStandardItemModel(0, 4, this);
  m_fileModel->setHorizontalHeaderLabels({tr("Tensor"), tr("Type"), tr("Shape"), tr("Size")});
  m_fileTable->setModel(m_fileModel);
  m_fileTable->setColumns({150, 62, 96, 78}, 0);
  m_fileTable->setAccessibleName(tr("Tensors of the file"));
  return wrap(vbox({m_fileFacts, grow(m_fileTable)}, 8));
}

QWidget* ModelDetail::buildProblem() {
  m_problem = label({}, FontRole::Body, Ink::Text2, true);
  m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_problemPane = wrap(vbox({label(tr("Why it cannot be used"), FontRole::Strong), m_problem}, 6));
  return wrap(vbox({m_problemPane, fill()}, 0));
}

void ModelDetail::setProblemTold(bool told) { m_problemPane->setVisible(!told); }

void ModelDetail::showNothing() {
  if (m_job) m_job->cancel();
  m_entry = {};
  m_name->setFullText(tr("Details"));
  for (QWidget* widget : std::initializer_list<QWidget*>{m_state, m_template, m_tunable, m_tabs, m_more, m_tune, m_chat, m_export}) widget->hide();
  m_stack->setCurrentIndex(4);
}

void ModelDetail::showEntry(const ModelEntry& entry) {
  const bool same = entry.path == m_entry.path && entry.state == m_entry.state && entry.bytes == m_entry.bytes;
  m_entry = entry;
  if (same) return refreshFacts();
  QString title = entry.name;
  if (title.endsWith(QLatin1String(".gguf"))) title.chop(5);
  m_name->setFullText(title);
  m_state->setState(stateText(entry.shownState()), Tone(stateTone(entry.shownState())));
  const bool hasTemplate = entry.summary && entry.summary->has_chat_template;
  m_template->setState(entry.summary ? (hasTemplate ? tr("Template found") : tr("No template")) : QString(), hasTemplate ? Tone::Neutral : Tone::Warn);
  const bool tunable = entry.usable() && entry.summary && entry.summary->quantized;
  m_tunable->setState(tunable ? tr("Can be tuned") : QString(), Tone::Ok);
  m_state->show();
  m_template->setVisible(entry.summary != nullptr);
  m_tunable->setVisible(tunable);
  for (QWidget* widget : std::initializer_list<QWidget*>{m_tabs, m_more, m_tune, m_chat, m_export}) widget->show();

  const bool full = entry.state == ModelState::FullPrecision;
  m_tune->setText(full ? tr("Quantize") : tr("Fine-tune"));
  m_tune->setIconName(full ? QStringLiteral("quantize") : QStringLiteral("tune"));
  m_tune->setHint(full ? tr("Make it small first; then its scales can be tuned") : tr("Teach it your answers; only its scales learn"));
  const QString refusal = entry.usable() ? QString() : entry.state == ModelState::Reading ? tr("It is still being read") : entry.problem;
  m_tune->setRefusal(refusal);
  m_chat->setRefusal(refusal);
  m_export->setRefusal(refusal);

  m_tabs->setVisible(entry.usable());
  if (!entry.usable()) {
    if (m_job) m_job->cancel();
    m_problem->setText(entry.state == ModelState::Reading ? tr("It is being read.") : entry.problem);
    m_stack->setCurrentIndex(3);
    return;
  }
  m_stack->setCurrentIndex(std::max(0, m_tabs->current()));
  startReading();
}

void ModelDetail::refreshFacts() {
  if (!m_entry.summary) return;
  const ModelSummary& s = *m_entry.summary;
  const QString group = groupText(s);
  const QString type = QString::fromStdString(s.type);
  m_facts->setFacts({{tr("Family"), familyText(m_entry.family)},
                     {tr("Layers"), countText(s.layers)},
                     {tr("Width"), countText(s.width)},
                     {tr("Vocabulary"), countText(s.vocabulary)},
                     {tr("Context"), countText(s.context_length)},
                     {tr("Type"), group.isEmpty() ? type : QStringLiteral("%1, %2").arg(type, group)},
                     {tr("Scales"), m_scales > 0 ? countText(m_scales) : m_read ? tr("none") : QStringLiteral("…")},
                     {tr("Codes hash"), m_hash.isEmpty() ? (m_read ? QStringLiteral("–") : QStringLiteral("…")) : hashText(m_hash), m_hash}});
  m_fileFacts->setFacts({{tr("Path"), folderText(m_entry.path), m_entry.path},
                         {tr("Container"), containerText(s.container)},
                         {tr("Size"), tr("%1 (%2 bytes)").arg(bytesText(s.file_bytes), countText(qint64(s.file_bytes)))},
                         {tr("Bits per weight"), numberText(s.bits_per_weight, 2)},
                         {tr("Tokenizer"), s.has_tokenizer ? tr("found") : tr("none: it cannot chat")},
                         {tr("Tensors"), countText(qint64(s.tensors.size()))}});
}

void ModelDetail::startReading() {
  if (m_job) m_job->cancel();
  m_rows.clear();
  m_tensors.clear();
  m_layers = m_entry.summary ? m_entry.summary->layers : 0;
  m_scales = 0;
  m_hash.clear();
  m_read = false;
  m_rendered->setRendered({});
  m_templateNote->setText(tr("Reading the template"));
  m_tensorLine->hide();
  // What is not quantized has no rounding error: its bits are shown in place of it.
  m_measure->setChoiceEnabled(0, true);
  if (std::exchange(m_bitsAlone, false)) m_measure->setCurrent(0);
  m_histogram->setBins({}, 0, 1);
  m_heat->setCells({}, 0, {}, {});
  refreshFacts();

  m_fileModel->removeRows(0, m_fileModel->rowCount());
  if (m_entry.summary) {
    QList<QList<QStandardItem*>> rows;
    for (const TensorSummary& tensor : m_entry.summary->tensors) {
      QStringList shape;
      for (int64_t extent : tensor.shape) shape << QString::number(extent);
      QList<QStandardItem*> row{new QStandardItem(QString::fromStdString(tensor.name)), new QStandardItem(QString::fromStdString(tensor.type)),
                                new QStandardItem(shape.join(QStringLiteral(" × "))), new QStandardItem(bytesText(tensor.bytes))};
      for (QStandardItem* item : row) {
        item->setEditable(false);
        item->setData(true, MonoRole);
      }
      row[1]->setData(true, QuietRole);
      row[3]->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      m_fileModel->appendRow(row);
    }
  }

  const QString base = m_entry.basePath.isEmpty() ? m_entry.path : m_entry.basePath;
  const QString path = m_entry.path;
  const EventStream<TensorFigures> figures([this, path](std::vector<TensorFigures> batch) {
    if (path == m_entry.path) takeFigures(batch);
  });
  auto job = std::make_shared<WorkJob<ModelDetails>>(
      tr("Reading %1").arg(m_entry.name), Place::None, [base, figures](JobContext& context) { return readModelDetails(base, figures, context); }, this,
      [this, path, number = ++m_reading](Result<ModelDetails> details) {
        if (path != m_entry.path || number != m_reading) return;  // a later reading replaced this one
        m_progress->hide();
        m_read = true;
        if (details) {
          takeDetails(*details);
        } else {
          m_templateNote->setText(inWords(details.error()));
          m_rampWords->setText(inWords(details.error()));
          refreshFacts();
        }
      });
  job->listen(figures);
  connect(job.get(), &Job::progressed, this, [this, raw = job.get()] { m_progress->setFraction(raw->fraction()); });
  m_job = job;
  m_progress->setFraction(0);
  m_progress->show();
  m_app.jobs().start(job, Lane::Quick);
}

void ModelDetail::takeFigures(const std::vector<TensorFigures>& batch) {
  for (const TensorFigures& figures : batch) {
    const QString row = QString::fromStdString(figures.row);
    int r = int(m_rows.indexOf(row));
    if (r < 0) {
      r = int(m_rows.size());
      m_rows << row;
      m_tensors << QList<std::shared_ptr<const TensorFigures>>(m_layers);
    }
    if (figures.layer < m_layers) m_tensors[r][figures.layer] = std::make_shared<const TensorFigures>(figures);
    m_scales += figures.scales;
  }
  refreshHeat();
}

void ModelDetail::takeDetails(const ModelDetails& details) {
  m_scales = details.scales;
  m_hash = QString::fromStdString(details.codesHash);
  refreshFacts();
  const bool quantized = std::any_of(m_tensors.begin(), m_tensors.end(), [](const auto& row) { return std::any_of(row.begin(), row.end(), [](const auto& t) { return t && std::isfinite(t->error); }); });
  m_measure->setChoiceEnabled(0, quantized, tr("Nothing is quantized: no rounding error"));
  if (!quantized && m_measure->current() == 0) {
    m_bitsAlone = true;
    m_measure->setCurrent(1);
  }
  refreshHeat();
  m_rendered->setRendered(details.example);
  m_templateNote->setText(details.templateSource.empty()       ? tr("This model has no chat template. Plain \"User: … Assistant: …\" turns are used.")
                          : !details.templateProblem.empty()   ? QString::fromStdString(details.templateProblem)
                                                               : tr("What a tune learns to write is highlighted: answers and their end. %1.").arg(QString::fromStdString(details.tokenizer)));
  // Begin with the tensor that suffered most.
  int layer = -1, row = -1;
  double worst = -1;
  for (int r = 0; r < m_tensors.size(); ++r)
    for (int l = 0; l < m_layers; ++l)
      if (m_tensors[r][l] && m_tensors[r][l]->error > worst) {
        worst = m_tensors[r][l]->error;
        layer = l;
        row = r;
      }
  if (layer >= 0 && m_heat->currentLayer() < 0) {
    m_heat->setCurrent(layer, row);
    showTensor(layer, row);
  }
}

const TensorFigures* ModelDetail::tensor(int layer, int row) const {
  return row >= 0 && row < m_tensors.size() && layer >= 0 && layer < m_layers ? m_tensors[row][layer].get() : nullptr;
}

void ModelDetail::refreshHeat() {
  const bool errors = m_measure->current() == 0;
  double low = 1e300, high = -1e300;
  for (const auto& row : m_tensors)
    for (const auto& tensor : row) {
      if (!tensor) continue;
      const double value = errors ? tensor->error : tensor->bits;
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  const bool any = high >= low;
  QList<QList<double>> values;
  QList<QStringList> texts;
  for (int r = 0; r < m_tensors.size(); ++r) {
    QList<double> row;
    QStringList words;
    for (int l = 0; l < m_layers; ++l) {
      const auto& t = m_tensors[r][l];
      const double value = t ? (errors ? t->error : t->bits) : kNone;
      row << (std::isfinite(value) && any ? (high > low ? (value - low) / (high - low) : 0.5) : kNone);
      words << (t ? tr("blk.%1.%2: %3, error %4").arg(l).arg(m_rows[r], tr("%1 bits").arg(numberText(t->bits, 2)), percentText(t->error)) : QString());
    }
    values << row;
    texts << words;
  }
  m_heat->setCells(m_rows, m_layers, values, texts);
  m_ramp->setVisible(any);
  if (any) m_ramp->setEnds(errors ? percentText(low, high - low < 0.03 ? 1 : 0) : numberText(low, 1), errors ? percentText(high, high - low < 0.03 ? 1 : 0) : numberText(high, 1));
  m_rampWords->setText(errors ? tr("Rounding error, from the scales") : tr("Bits per weight"));
}

void ModelDetail::showTensor(int layer, int row) {
  const TensorFigures* t = tensor(layer, row);
  if (!t) return;
  m_tensorLine->show();
  m_tensorName->setFullText(QStringLiteral("blk.%1.%2").arg(layer).arg(m_rows[row]));
  m_tensorError->setText(std::isfinite(t->error) ? tr("error %1").arg(percentText(t->error)) : tr("not quantized"));
  m_tensorScales->setText(t->scales > 0 ? tr("%1 scales").arg(countText(t->scales)) : QString());
  QList<double> bins;
  for (float count : t->histogram) bins << count;
  m_histogram->setBins(bins, t->lowestScale, t->highestScale);
}

}  // namespace scalewright::ui
