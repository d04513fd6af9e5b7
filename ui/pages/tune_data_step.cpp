#include "ui/pages/tune_data_step.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QSortFilterProxyModel>
#include <algorithm>
#include <cmath>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/pages/data_file_row.h"
#include "ui/settings/format.h"
#include "ui/widgets/bar_chart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/learned_text.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/swatch_label.h"
#include "ui/widgets/table.h"
#include "ui/widgets/value_slider.h"

namespace scalewright::ui {
namespace {

bool isSample(const std::vector<DataFile>& files) { return files.size() == 1 && files.front().path == sample_dataset_path(false); }

QStringList droppedFiles(const QMimeData* data) {
  QStringList paths;
  for (const QUrl& url : data->urls())
    if (url.isLocalFile() && QFileInfo(url.toLocalFile()).isFile()) paths << url.toLocalFile();
  return paths;
}

}  // namespace

TuneDataStep::TuneDataStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  setAcceptDrops(true);
  setObjectName(QStringLiteral("dataStep"));
  m_add = new Button(Button::Quiet, tr("Choose a file…"), QStringLiteral("plus"));
  m_add->setHint(tr("JSON, JSONL, CSV, TSV or text"));
  m_fileRows = vbox({}, 8);
  m_learn = new Segmented({tr("Answers only"), tr("Whole text")});
  m_learn->setName(tr("Learn from"));
  m_validation = new ValueSlider(tr("Held back to validate on, %"), 0, 50, 1, 0, 10);
  m_validation->setToolTip(tr("These rows are never learned from; their loss says whether it learns or only remembers"));
  m_fileCard = new Card(tr("File"));
  m_fileCard->addTool(m_add);
  m_empty = new EmptyState(QStringLiteral("file"), tr("No examples yet"), tr("Drop a file here: chat messages, instructions, prompts with answers, a table or plain text."), tr("Use the sample dataset"));
  m_own = new Button(Button::Quiet, tr("Own file…"), QStringLiteral("file"));
  m_own->setHint(tr("Validates on the rows of another file; nothing of the examples is held back then"));
  m_holdBack = wrap(hbox({grow(m_validation), m_own}, 12));
  m_ownFileRow = vbox({label(tr("Validated on"), FontRole::Strong)}, 6);
  m_ownFile = wrap(m_ownFileRow);
  m_fileCard->add({m_fileRows, m_empty, hbox({label(tr("Learn from"), FontRole::Body, Ink::Text2), fill(), m_learn}, 8), m_holdBack, m_ownFile});

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
  m_left = wrap(vbox({m_fileCard, grow(checks)}, 16));

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
  connect(m_empty, &EmptyState::actionClicked, this, [this] { setFiles({QString::fromStdString(sample_dataset_path(false).string())}); });
  connect(m_learn, &Segmented::chosen, this, [this](int index) {
    this->draft().recipe.train_on_inputs = index == 1;
    read();
  });
  connect(m_validation, &ValueSlider::valueChanged, this, [this] { showValidation(); });
  connect(m_own, &QPushButton::clicked, this, &TuneDataStep::chooseValidation);
  connect(m_previous, &QPushButton::clicked, this, [this] { showRow(m_row - 1); });
  connect(m_next, &QPushButton::clicked, this, [this] { showRow(m_row + 1); });
  connect(m_table, &TableView::activatedRow, this, [this](int row) {
    const qint64 number = m_problems.rowOfDataset(row);
    if (!this->draft().dataset) return;
    const auto& examples = this->draft().dataset->examples;
    for (size_t i = 0; i < examples.size(); ++i)
      if (examples[i].row == number) return showRow(static_cast<int>(i));
  });
  show();
}

QWidget* TuneDataStep::firstField() const { return m_add; }

QString TuneDataStep::refusal() const {
  if (m_reading) return tr("The rows are being checked");
  if (m_files.empty()) return tr("Choose examples first");
  for (size_t i = 0; i < m_files.size(); ++i)
    if (asks(i)) return tr("Say which column is the prompt and which the answer");
  if (m_validationRefused) return tr("The file to validate on cannot be used");
  if (m_refused && draft().hasData()) return tr("Remove the file that cannot be used");
  if (!draft().hasData()) return m_files.size() > 1 ? tr("No row of these files can be learned from") : tr("No row of this file can be learned from");
  return {};
}

QString TuneDataStep::value() const {
  // Where another context was chosen since, the rows are still those that were read.
  const size_t rows = draft().hasData() ? draft().encoded->examples.size() : draft().dataset ? draft().dataset->examples.size() : 0;
  return rows > 0 ? tr("%n row(s)", nullptr, static_cast<int>(rows)) : QString();
}

void TuneDataStep::setNarrow(bool narrow) { m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight); }

void TuneDataStep::enter() {
  if (draft().recipe.validation.empty()) m_validation->setValue(draft().recipe.validation_split * 100.0);
  // What a resumed run or the sample brings. Files that were merged here stay the files.
  const std::filesystem::path& chosen = draft().recipe.data;
  if (chosen != m_data) {
    m_files = chosen.empty() ? std::vector<DataFile>{} : std::vector<DataFile>{{chosen, draft().recipe.columns}};
    m_data = chosen;
    showFiles();
    read();
  } else if (!m_files.empty() && !draft().encoded) {
    read();
  }
  show();
}

void TuneDataStep::setFiles(const QStringList& paths) {
  std::vector<DataFile> files;
  for (const QString& path : paths) files.push_back({.path = path.toStdString()});
  take(std::move(files));
}

void TuneDataStep::addFiles(const QStringList& paths) {
  // The sample is only there to show how it goes, and what cannot be used is what the person replaces.
  if (m_files.empty() || isSample(m_files) || (!m_reading && !draft().hasData())) return setFiles(paths);
  std::vector<DataFile> files = m_files;
  for (const QString& path : paths) files.push_back({.path = path.toStdString()});
  take(std::move(files));
}

// Whether the columns of the file are for the person to name: none is known, or those that were named do not do.
bool TuneDataStep::asks(size_t file) const {
  return m_refused && unusable(file) && file < m_facts.size() && !m_facts[file].columns.empty() && (m_facts[file].format == DatasetFormat::Auto || !m_files[file].columns.empty());
}

void TuneDataStep::take(std::vector<DataFile> files) {
  emit worked();  // what was wrong was of the files before
  m_files = without_repeats(std::move(files));
  m_data = m_files.size() == 1 ? m_files.front().path : std::filesystem::path();
  draft().dataset.reset();
  draft().encoded.reset();
  draft().recipe.data = m_data;
  m_problems.clear();
  for (const DataFile& file : m_files) app().project().addDataset(QString::fromStdString(file.path.string()));
  showFiles();
  read();
}

// A line a file, made anew when the list changes.
void TuneDataStep::showFiles() {
  clearLayout(m_fileRows);
  m_rows.clear();
  m_facts.clear();
  for (size_t i = 0; i < m_files.size(); ++i) {
    auto* row = new DataFileRow(m_files[i]);
    m_fileRows->addWidget(row);
    m_rows << row;
    connect(row, &DataFileRow::removeClicked, this, [this, i] {
      std::vector<DataFile> files = m_files;
      files.erase(files.begin() + std::ptrdiff_t(i));
      take(std::move(files));
    });
    connect(row, &DataFileRow::columnsClicked, this, [this, i] { chooseColumnsOf(i); });
    connect(row, &DataFileRow::columnsNamed, this, [this, i](const std::map<std::string, std::string>& columns) {
      m_files[i].columns = columns;
      read();
    });
  }
}

void TuneDataStep::choose() {
  const QStringList paths = askToOpenMany(this, app().settings(), Purpose::Data, tr("Choose examples"), tr("Datasets (*.json *.jsonl *.csv *.tsv *.txt *.md);;All files (*)"));
  if (!paths.isEmpty()) addFiles(paths);
}

void TuneDataStep::chooseValidation() {
  const QString path = askToOpen(this, app().settings(), Purpose::Data, tr("Choose examples to validate on"), tr("Datasets (*.json *.jsonl *.csv *.tsv *.txt *.md);;All files (*)"));
  if (!path.isEmpty()) setValidation(path.toStdString());
}

void TuneDataStep::setValidation(const std::filesystem::path& file) {
  emit worked();
  draft().recipe.validation = file;
  draft().validation.reset();
  m_validationRefused = false;
  read();
}

void TuneDataStep::dragEnterEvent(QDragEnterEvent* event) {
  if (!droppedFiles(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void TuneDataStep::dropEvent(QDropEvent* event) {
  if (const QStringList paths = droppedFiles(event->mimeData()); !paths.isEmpty()) addFiles(paths);
}

void TuneDataStep::chooseColumnsOf(size_t file) {
  if (file >= m_facts.size() || !chooseColumns(this, m_facts[file].columns, &m_files[file].columns)) return;
  read();
}

// Its files may wait behind hours of other work.
QString TuneDataStep::waitsFor() const {
  const Job* current = app().jobs().current();
  return m_readJob && m_readJob->state() == Job::State::Waiting && current && current != m_readJob.get() ? current->title() : QString();
}

void TuneDataStep::read() {
  if (m_files.empty()) {
    ++m_reads;
    m_reading = m_refused = false;
    show();
    emit changed();
    return;
  }
  QString error;
  if (m_files.size() > 1 && !app().project().ensureOpen(&error)) return emit failed(tr("There is no place for the rows"), error);
  const DataOrder order{.model = draft().summary.path, .files = m_files, .validation = draft().recipe.validation, .folder = app().project().folder().toStdString(), .settings = settings()};
  m_readJob = app().jobs().run<CheckedData>(
      tr("Checking %1").arg(QFileInfo(QString::fromStdString(m_files.front().path.string())).fileName()), Place::Tune,
      [engine = &app().engine(), order](JobContext& context) { return checkData(*engine, order, context); }, this,
      [this, number = ++m_reads](Result<CheckedData> checked) {
        if (number == m_reads) onChecked(std::move(checked));
      });
  connect(m_readJob.get(), &Job::started, this, &TuneDataStep::show);
  m_reading = true;
  show();
  emit changed();
}

// What was read last: the rows, or why they cannot be used.
void TuneDataStep::onChecked(Result<CheckedData> checked) {
  m_reading = false;
  m_readJob.reset();
  m_refused = checked && checked->refused;
  m_facts = checked ? checked->files : std::vector<DataFileFacts>();
  m_unusable = checked ? checked->unusable : std::vector<bool>();
  if (checked) {
    draft().validation = checked->validation;
    m_validationRows = checked->validationRows;
    m_validationRefused = checked->validationRefused.has_value();
  }
  if (m_refused) {
    const bool others = checked->encoded != nullptr;  // files that can be used
    draft().open = checked->open;
    draft().dataset = others ? checked->dataset : nullptr;
    draft().encoded = checked->encoded;
    m_problems.setRows(*checked->dataset, others ? *checked->encoded : EncodedDataset(), others ? draft().recipe.context : 0, m_files.size() > 1);
    // Columns that nobody has named yet are a question, and no failure.
    bool asked = false;
    for (size_t i = 0; i < m_files.size(); ++i) asked = asked || (asks(i) && m_files[i].columns.empty());
    if (asked) emit worked();
    else emit failed(others ? tr("One of the files cannot be used") : tr("These examples cannot be used"), inWords(*checked->refused));
  } else if (checked) {
    emit worked();
    draft().open = checked->open;
    draft().dataset = checked->dataset;
    draft().encoded = checked->encoded;
    draft().recipe.data = m_data = checked->data;
    // A file to validate on may be of another form than the examples: each is recognized by itself.
    draft().recipe.data_format = draft().recipe.validation.empty() ? checked->dataset->format : DatasetFormat::Auto;
    draft().recipe.columns = columnsOf(m_files);
    if (m_validationRefused) emit failed(tr("This file cannot be validated on"), inWords(*checked->validationRefused));
    m_problems.setRows(*checked->dataset, *checked->encoded, draft().recipe.context, m_files.size() > 1);
  } else {
    emit failed(tr("These examples cannot be used"), inWords(checked.error()));
  }
  show();
  showRow(0);
  emit changed();
}

EncodeSettings TuneDataStep::settings() const {
  EncodeSettings settings;
  settings.context = draft().recipe.context;
  settings.train_on_inputs = draft().recipe.train_on_inputs;
  settings.system_prompt = draft().recipe.system_prompt;
  return settings;
}

void TuneDataStep::show() {
  const bool chosen = !m_files.empty();
  m_empty->setVisible(!chosen);
  m_fileCard->setTitle(m_files.size() > 1 ? tr("%1 files, one run").arg(m_files.size()) : tr("File"));
  m_add->setText(chosen ? tr("Add a file…") : tr("Choose a file…"));
  m_own->setRefusal(chosen ? QString() : tr("Choose examples first"));
  m_learn->setCurrent(draft().recipe.train_on_inputs ? 1 : 0);
  const auto dataset = draft().dataset;
  const auto encoded = draft().encoded;
  const bool known = chosen && dataset && encoded && !m_reading;
  for (qsizetype i = 0; i < m_rows.size(); ++i) {
    if (m_reading)
      m_rows[i]->setReading(waitsFor());
    else if (asks(size_t(i)))
      m_rows[i]->ask(m_facts[size_t(i)].columns, m_files[size_t(i)].columns);
    else
      m_rows[i]->setFacts(known && size_t(i) < m_facts.size() && !unusable(size_t(i)) ? &m_facts[size_t(i)] : nullptr);
  }
  const auto chip = [known](Chip* c, qint64 count, const QString& text, Tone tone) {
    c->setVisible(known && count > 0);
    c->setState(text.arg(countText(count)), tone);
  };
  const qint64 usable = known ? static_cast<qint64>(encoded->examples.size()) : 0;
  chip(m_ready, usable, tr("%1 ready"), Tone::Ok);
  chip(m_cut, known ? encoded->cut : 0, tr("%1 cut"), Tone::Info);
  chip(m_skipped, known ? static_cast<qint64>(dataset->problems.size()) + encoded->dropped : 0, tr("%1 skipped"), Tone::Warn);
  if (m_refused && !known && !m_reading && m_problems.rowCount() > 0) {
    const qint64 problems = m_problems.rowCount();
    m_skipped->setVisible(true);
    m_skipped->setState((problems < kLookedAt ? tr("%1 skipped") : tr("the first %1 skipped")).arg(countText(problems)), Tone::Danger);
  }
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
  const std::filesystem::path& file = draft().recipe.validation;
  m_holdBack->setVisible(file.empty());
  m_ownFile->setVisible(!file.empty());
  if (file.empty() || !m_validationRow || m_validationRow->path() != file) {
    if (m_validationRow) m_validationRow->deleteLater();
    m_validationRow = nullptr;
  }
  if (!file.empty()) {
    draft().recipe.validation_split = 0.0;
    if (!m_validationRow) {
      m_validationRow = new DataFileRow({.path = file}, false);
      m_ownFileRow->addWidget(m_validationRow);
      connect(m_validationRow, &DataFileRow::removeClicked, this, [this] { setValidation({}); });
    }
    const auto& rows = draft().validation;
    const DataFileFacts facts{.format = rows ? rows->format : DatasetFormat::Auto, .rows = m_validationRows, .columns = {}};
    if (m_reading) m_validationRow->setReading(waitsFor());
    else m_validationRow->setFacts(rows ? &facts : nullptr);
    return;
  }
  draft().validation.reset();
  m_validationRefused = false;
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
  app().jobs().run<Rendered>(
      tr("Rendering a row"), Place::Tune, [open = draft().open, dataset, row, settings = settings()](JobContext&) { return preview_example(dataset->examples[static_cast<size_t>(row)], *open->model, settings); },
      this,
      [this, row, dataset](Result<Rendered> rendered) {
        if (row != m_row || dataset != draft().dataset) return;
        if (!rendered) return emit failed(tr("This row cannot be rendered"), inWords(rendered.error()));
        m_text->setRendered(*rendered);
        const EncodedExample* encoded = nullptr;
        for (const EncodedExample& example : draft().encoded->examples)
          if (example.row == dataset->examples[static_cast<size_t>(row)].row) encoded = &example;
        if (!encoded) return m_tokens->setText(tr("nothing to learn in this row"));
        const auto learned = std::count(encoded->learned.begin(), encoded->learned.end(), uint8_t{1});
        m_learned->setText(tr("learned, %1 tokens").arg(learned));
        m_readOnly->setText(tr("read only, %1 tokens").arg(encoded->ids.size() - static_cast<size_t>(learned)));
        m_tokens->setText(tr("%1 of %2 tokens").arg(encoded->ids.size()).arg(draft().recipe.context));
      },
      Lane::Quick);
}

}  // namespace scalewright::ui
