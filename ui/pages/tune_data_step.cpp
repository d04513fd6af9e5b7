#include "ui/pages/tune_data_step.h"

#include <QDialog>
#include <QDialogButtonBox>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMimeData>
#include <QSortFilterProxyModel>
#include <algorithm>
#include <cmath>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/settings/format.h"
#include "ui/widgets/bar_chart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/learned_text.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/swatch_label.h"
#include "ui/widgets/table.h"
#include "ui/widgets/value_slider.h"

namespace scalewright::ui {
namespace {

QString formatText(DatasetFormat format) {
  switch (format) {
    case DatasetFormat::Alpaca: return TuneDataStep::tr("instructions (Alpaca)");
    case DatasetFormat::ShareGpt: return TuneDataStep::tr("conversations (ShareGPT)");
    case DatasetFormat::Chat: return TuneDataStep::tr("chat messages");
    case DatasetFormat::PromptCompletion: return TuneDataStep::tr("prompts and completions");
    case DatasetFormat::Csv: return TuneDataStep::tr("table (CSV)");
    case DatasetFormat::Text: return TuneDataStep::tr("plain text");
    case DatasetFormat::Auto: break;
  }
  return TuneDataStep::tr("unknown");
}

}  // namespace

TuneDataStep::TuneDataStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  setAcceptDrops(true);
  setObjectName(QStringLiteral("dataStep"));
  m_add = new Button(Button::Quiet, tr("Choose a file…"), QStringLiteral("plus"));
  m_add->setHint(tr("JSON, JSONL, CSV, TSV or text"));
  m_fileName = new ElidedLabel({}, FontRole::Strong, Ink::Text, Qt::ElideMiddle);
  m_fileFacts = new ElidedLabel({}, FontRole::Help, Ink::Text2);
  m_format = new Chip;
  m_mapping = new Button(Button::Quiet, tr("Columns…"), QStringLiteral("columns"));
  m_mapping->setHint(tr("Which column is the prompt, which the answer"));
  m_remove = new Button(Button::Icon, tr("Remove this file"), QStringLiteral("close"));
  m_fileRow = sunkenFrame(hbox({new IconLabel(QStringLiteral("file"), &ThemeTokens::accent, 18), grow(vbox({m_fileName, m_fileFacts}, 2)), m_mapping, m_format, m_remove}, 10, QMargins(12, 8, 8, 8)));
  m_learn = new Segmented({tr("Answers only"), tr("Whole text")});
  m_learn->setName(tr("Learn from"));
  m_validation = new ValueSlider(tr("Held back to validate on, %"), 0, 50, 1, 0, 10);
  m_validation->setToolTip(tr("These rows are never learned from; their loss says whether it learns or only remembers"));
  auto* files = new Card(tr("File"));
  files->addTool(m_add);
  m_empty = new EmptyState(QStringLiteral("file"), tr("No examples yet"), tr("Drop a file here: chat messages, instructions, prompts with answers, a table or plain text."), tr("Use the sample dataset"));
  files->add({m_fileRow, m_empty, hbox({label(tr("Learn from"), FontRole::Body, Ink::Text2), fill(), m_learn}, 8), m_validation});

  m_ready = new Chip;
  m_cut = new Chip;
  m_skipped = new Chip;
  m_duplicates = new Chip;
  m_table = new TableView(46);
  m_table->setModel(&m_problems);
  m_table->setColumns({62, 300, 90}, RowProblemModel::Problem);
  m_table->setAccessibleName(tr("Rows with problems"));
  auto* checks = new Card(tr("Row checks"), tr("every row is read before the start"));
  checks->setBodyMargins(0, 0, 0, 8);
  setScaledSpacing(checks->body(), 0);
  m_good = new EmptyState(QStringLiteral("check"), tr("Every row can be learned from"), tr("Nothing is skipped and nothing is cut."));
  m_notes = label({}, FontRole::Help, Ink::Text3, true);
  m_notes->setContentsMargins(px(16), 0, px(16), px(8));
  checks->add({wrap(hbox({m_ready, m_cut, m_skipped, m_duplicates, fill()}, 6, QMargins(16, 2, 16, 10))), m_notes, horizontalLine(), grow(m_table), grow(m_good)});
  m_left = wrap(vbox({files, grow(checks)}, 16));

  m_text = new LearnedText;
  m_previous = new Button(Button::Icon, tr("Row before"), QStringLiteral("left"));
  m_next = new Button(Button::Icon, tr("Row after"), QStringLiteral("right"));
  m_rowText = label({}, FontRole::Mono);
  m_learned = new SwatchLabel(&ThemeTokens::learned);
  m_readOnly = new SwatchLabel(&ThemeTokens::card);
  m_tokens = label({}, FontRole::Help, Ink::Text2);
  auto* preview = new Card(tr("What the model sees"));
  preview->addTool(m_previous);
  preview->addTool(m_rowText);
  preview->addTool(m_next);
  m_text->setFrameShape(QFrame::NoFrame);
  m_text->viewport()->setAutoFillBackground(false);
  preview->add({grow(sunkenFrame(vbox({grow(m_text)}, 0, QMargins(10, 8, 4, 8)))), hbox({m_learned, m_readOnly, fill(), m_tokens}, 16)});
  m_lengths = new Histogram;
  m_lengthCard = new Card(tr("Length of rows"), tr("tokens"));
  m_lengthCard->add({m_lengths});
  setScaledMinimum(m_lengths, 0, 110);
  m_right = wrap(vbox({grow(preview), m_lengthCard}, 16));
  auto* columns = hbox({grow(m_left, 46), grow(m_right, 54)}, 16);
  m_columnsLayout = columns;
  setLayout(columns);

  connect(m_add, &QPushButton::clicked, this, &TuneDataStep::choose);
  connect(m_remove, &QPushButton::clicked, this, [this] { setFile({}); });
  connect(m_mapping, &QPushButton::clicked, this, &TuneDataStep::chooseColumns);
  connect(m_empty, &EmptyState::actionClicked, this, [this] { setFile(QString::fromStdString(sample_dataset_path(false).string())); });
  connect(m_learn, &Segmented::chosen, this, [this](int index) {
    this->draft().recipe.train_on_inputs = index == 1;
    read();
  });
  connect(m_validation, &ValueSlider::valueChanged, this, [this] { showValidation(); });
  connect(m_previous, &QPushButton::clicked, this, [this] { showRow(m_row - 1); });
  connect(m_next, &QPushButton::clicked, this, [this] { showRow(m_row + 1); });
  connect(m_table, &TableView::activatedRow, this, [this](int row) {
    const qint64 line = m_problems.line(row);
    if (!this->draft().dataset) return;
    const auto& examples = this->draft().dataset->examples;
    for (size_t i = 0; i < examples.size(); ++i)
      if (examples[i].line == line) return showRow(static_cast<int>(i));
  });
  show();
}

QWidget* TuneDataStep::firstField() const { return m_add; }

QString TuneDataStep::refusal() const {
  if (m_reading) return tr("The rows are being checked");
  if (m_file.isEmpty()) return tr("Choose examples first");
  if (!draft().hasData()) return tr("No row of this file can be learned from");
  return {};
}

QString TuneDataStep::value() const {
  return draft().hasData() ? tr("%1 rows").arg(countText(static_cast<qint64>(draft().encoded->examples.size()))) : QString();
}

void TuneDataStep::setNarrow(bool narrow) { m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight); }

void TuneDataStep::enter() {
  m_validation->setValue(draft().recipe.validation_split * 100.0);
  const QString file = QString::fromStdString(draft().recipe.data.string());
  if (!file.isEmpty() && (file != m_file || !draft().encoded)) {
    if (file != m_file) m_columns = draft().recipe.columns;
    m_file = file;
    read();
  }
  show();
}

void TuneDataStep::setFile(const QString& path) {
  m_file = path;
  m_columns.clear();
  draft().dataset.reset();
  draft().encoded.reset();
  draft().recipe.data = path.toStdString();
  m_problems.clear();
  if (!path.isEmpty()) app().project().addDataset(path);
  read();
}

void TuneDataStep::choose() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Choose examples"), QFileInfo(m_file).path(), tr("Datasets (*.json *.jsonl *.csv *.tsv *.txt *.md);;All files (*)"));
  if (!path.isEmpty()) setFile(path);
}

void TuneDataStep::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() && event->mimeData()->urls().front().isLocalFile()) event->acceptProposedAction();
}

void TuneDataStep::dropEvent(QDropEvent* event) { setFile(event->mimeData()->urls().front().toLocalFile()); }

void TuneDataStep::read() {
  if (m_file.isEmpty()) {
    show();
    emit changed();
    return;
  }
  m_reading = true;
  show();
  emit changed();
  EncodeSettings settings;
  settings.context = draft().recipe.context;
  settings.train_on_inputs = draft().recipe.train_on_inputs;
  settings.system_prompt = draft().recipe.system_prompt;
  ImportOptions import;
  import.columns = m_columns;
  app().jobs().run<Checked>(
      tr("Checking %1").arg(QFileInfo(m_file).fileName()), Place::Tune,
      [engine = &app().engine(), model = draft().summary.path, file = m_file.toStdString(), settings, import](JobContext& context) -> Result<Checked> {
        Checked checked;
        SW_ASSIGN(checked.open, engine->open(model, context));
        SW_ASSIGN(Dataset dataset, import_dataset(file, import));
        SW_ASSIGN(EncodedDataset encoded, encode_dataset(dataset, *checked.open->model, settings));
        checked.dataset = std::make_shared<const Dataset>(std::move(dataset));
        checked.encoded = std::make_shared<const EncodedDataset>(std::move(encoded));
        return checked;
      },
      this,
      [this, file = m_file](Result<Checked> checked) {
        if (file != m_file) return;
        m_reading = false;
        if (checked) {
          emit worked();
          draft().open = checked->open;
          draft().dataset = checked->dataset;
          draft().encoded = checked->encoded;
          draft().recipe.data_format = checked->dataset->format;
          draft().recipe.columns = m_columns;
          m_problems.setRows(*checked->dataset, *checked->encoded, draft().recipe.context);
        } else {
          emit failed(tr("These examples cannot be used"), QString::fromStdString(checked.error().message));
        }
        show();
        showRow(0);
        emit changed();
      });
}

void TuneDataStep::show() {
  const bool chosen = !m_file.isEmpty();
  m_fileRow->setVisible(chosen);
  m_empty->setVisible(!chosen);
  m_fileName->setFullText(QFileInfo(m_file).fileName());
  m_learn->setCurrent(draft().recipe.train_on_inputs ? 1 : 0);
  const auto dataset = draft().dataset;
  const auto encoded = draft().encoded;
  const bool known = chosen && dataset && encoded && !m_reading;
  m_fileFacts->setFullText(m_reading ? tr("reading every row…")
                           : known   ? tr("%1 rows, %2, %3").arg(countText(dataset->rows), bytesText(static_cast<quint64>(QFileInfo(m_file).size())), formatText(dataset->format))
                                     : tr("not read"));
  m_format->setState(known ? tr("Format recognized") : m_reading ? tr("Reading") : tr("Not usable"), known ? Tone::Ok : m_reading ? Tone::Neutral : Tone::Danger);
  m_mapping->setVisible(known && dataset->format == DatasetFormat::Csv);
  const auto chip = [known](Chip* c, qint64 count, const QString& text, Tone tone) {
    c->setVisible(known && count > 0);
    c->setState(text.arg(countText(count)), tone);
  };
  const qint64 usable = known ? static_cast<qint64>(encoded->examples.size()) : 0;
  chip(m_ready, usable, tr("%1 ready"), Tone::Ok);
  chip(m_cut, known ? encoded->cut : 0, tr("%1 cut"), Tone::Info);
  chip(m_skipped, known ? static_cast<qint64>(dataset->problems.size()) + encoded->dropped : 0, tr("%1 skipped"), Tone::Warn);
  chip(m_duplicates, known ? dataset->duplicates : 0, tr("%1 twice"), Tone::Neutral);
  if (known && usable > 0) {
    std::vector<int64_t> lengths;
    for (const EncodedExample& example : encoded->examples) lengths.push_back(static_cast<int64_t>(example.ids.size()));
    std::sort(lengths.begin(), lengths.end());
    const double limit = static_cast<double>(draft().recipe.context);
    const double high = std::max(static_cast<double>(lengths.back()) * 1.05, 16.0);
    constexpr int kBins = 44;
    QList<double> bins(kBins, 0.0);
    for (const int64_t length : lengths) bins[std::min(kBins - 1, static_cast<int>(static_cast<double>(length) / high * kBins))] += 1.0;
    m_lengths->setBins(bins, 0.0, high);
    m_lengths->setLimit(limit <= high ? limit : qQNaN(), tr("context %1").arg(draft().recipe.context));
    m_lengthCard->setHint(tr("tokens; median %1, longest %2").arg(countText(lengths[lengths.size() / 2]), countText(lengths.back())));
  }
  m_lengthCard->setVisible(known && usable > 0);
  m_table->setVisible(!known || m_problems.rowCount() > 0);
  m_good->setVisible(known && m_problems.rowCount() == 0);
  QStringList notes;
  if (known)
    for (const std::string& note : dataset->notes) notes << QString::fromStdString(note);
  m_notes->setText(notes.join(QLatin1Char('\n')));
  m_notes->setVisible(!notes.isEmpty());
  showValidation();
  if (!known) showRow(-1);
}

void TuneDataStep::showValidation() {
  const double fraction = m_validation->value() / 100.0;
  draft().recipe.validation_split = fraction;
  const qint64 rows = draft().hasData() ? static_cast<qint64>(draft().encoded->examples.size()) : 0;
  // As split_dataset holds them back: at least one, and never all.
  const qint64 held = fraction > 0.0 && rows >= 2 ? std::clamp<qint64>(std::llround(fraction * static_cast<double>(rows)), 1, rows - 1) : 0;
  m_validation->setUnit(rows > 0 ? tr("%  ·  %1 of %2 rows").arg(countText(held), countText(rows)) : QStringLiteral("%"));
}

void TuneDataStep::showRow(int row) {
  const auto dataset = draft().dataset;
  const int count = dataset ? static_cast<int>(dataset->examples.size()) : 0;
  m_previous->setEnabled(count > 0 && row > 0);
  m_next->setEnabled(count > 0 && row + 1 < count);
  if (row < 0 || row >= count || !draft().open) {
    m_text->setRendered({});
    for (QLabel* text : {m_rowText, m_tokens}) text->clear();
    for (SwatchLabel* text : {m_learned, m_readOnly}) text->setText({});
    return;
  }
  m_row = row;
  m_rowText->setText(tr("Row %1 of %2").arg(countText(row + 1), countText(count)));
  EncodeSettings settings;
  settings.context = draft().recipe.context;
  settings.train_on_inputs = draft().recipe.train_on_inputs;
  settings.system_prompt = draft().recipe.system_prompt;
  app().jobs().run<Rendered>(
      tr("Rendering a row"), Place::Tune, [open = draft().open, dataset, row, settings](JobContext&) { return preview_example(dataset->examples[static_cast<size_t>(row)], *open->model, settings); },
      this,
      [this, row, dataset](Result<Rendered> rendered) {
        if (row != m_row || dataset != draft().dataset) return;
        if (!rendered) return emit failed(tr("This row cannot be rendered"), QString::fromStdString(rendered.error().message));
        m_text->setRendered(*rendered);
        const EncodedExample* encoded = nullptr;
        for (const EncodedExample& example : draft().encoded->examples)
          if (example.line == dataset->examples[static_cast<size_t>(row)].line) encoded = &example;
        if (!encoded) return m_tokens->setText(tr("nothing to learn in this row"));
        const auto learned = std::count(encoded->learned.begin(), encoded->learned.end(), uint8_t{1});
        m_learned->setText(tr("learned, %1 tokens").arg(learned));
        m_readOnly->setText(tr("read only, %1 tokens").arg(encoded->ids.size() - static_cast<size_t>(learned)));
        m_tokens->setText(tr("%1 of %2 tokens").arg(encoded->ids.size()).arg(draft().recipe.context));
      },
      Lane::Quick);
}

// For tables: which column is the prompt, the answer, the system prompt.
void TuneDataStep::chooseColumns() {
  if (!draft().dataset) return;
  QDialog dialog(this);
  dialog.setWindowTitle(tr("Columns"));
  const QStringList keys = {QStringLiteral("prompt"), QStringLiteral("completion"), QStringLiteral("system")};
  const QStringList names = {tr("Prompt"), tr("Answer"), tr("System prompt")};
  QList<QComboBox*> boxes;
  auto* column = vbox({}, 12, QMargins(16, 16, 16, 16));
  for (int i = 0; i < keys.size(); ++i) {
    auto* box = new Combo;
    box->addItem(i == 2 ? tr("none") : tr("recognized by its name"), QString());
    for (const std::string& name : draft().dataset->columns) box->addItem(QString::fromStdString(name), QString::fromStdString(name));
    const auto it = m_columns.find(keys[i].toStdString());
    if (it != m_columns.end()) box->setCurrentIndex(std::max(0, box->findData(QString::fromStdString(it->second))));
    boxes.append(box);
    column->addWidget(new FormField(names[i], box));
  }
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
  column->addWidget(buttons);
  dialog.setLayout(column);
  connect(buttons, &QDialogButtonBox::accepted, &dialog, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, &dialog, &QDialog::reject);
  if (dialog.exec() != QDialog::Accepted) return;
  m_columns.clear();
  for (int i = 0; i < keys.size(); ++i)
    if (const QString name = boxes[i]->currentData().toString(); !name.isEmpty()) m_columns[keys[i].toStdString()] = name.toStdString();
  read();
}

}  // namespace scalewright::ui
