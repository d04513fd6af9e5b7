#include "ui/pages/data_file_row.h"

#include <QComboBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFileInfo>
#include <utility>

#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/segmented.h"

namespace scalewright::ui {
namespace {

QString formatText(DatasetFormat format) {
  switch (format) {
    case DatasetFormat::Alpaca: return DataFileRow::tr("instructions (Alpaca)");
    case DatasetFormat::ShareGpt: return DataFileRow::tr("conversations (ShareGPT)");
    case DatasetFormat::Chat: return DataFileRow::tr("chat messages");
    case DatasetFormat::PromptCompletion: return DataFileRow::tr("prompts and completions");
    case DatasetFormat::Csv: return DataFileRow::tr("table (CSV)");
    case DatasetFormat::Text: return DataFileRow::tr("plain text");
    case DatasetFormat::Auto: break;
  }
  return DataFileRow::tr("unknown");
}

}  // namespace

DataFileRow::DataFileRow(const DataFile& file, bool ownColumns, QWidget* parent) : QFrame(parent), m_path(file.path), m_ownColumns(ownColumns), m_named(!file.columns.empty()) {
  setObjectName(QStringLiteral("sunken"));
  const QFileInfo info(QString::fromStdString(file.path.string()));
  m_bytes = quint64(info.size());
  m_name = new ElidedLabel(info.fileName(), FontRole::Strong, Ink::Text, Qt::ElideMiddle);
  m_facts = label({}, FontRole::Help, Ink::Text2, true);
  m_chip = new Chip;
  m_columns = new Button(Button::Quiet, tr("Columns…"), QStringLiteral("columns"));
  m_columns->setHint(tr("Which column is the prompt, which the answer, or which is the text"));
  m_columns->hide();
  m_remove = new Button(Button::Icon, tr("Remove this file"), QStringLiteral("close"));
  m_prompt = new Combo;
  m_answer = new Combo;
  const std::pair<Combo*, QString> names[] = {{m_prompt, tr("Prompt")}, {m_answer, tr("Answer")}};
  for (const auto& [box, name] : names) {
    box->setAccessibleName(tr("Column: %1").arg(name));
    box->setPlaceholderText(tr("Choose a column"));
    box->setToolTip(tr("Which column is the prompt, which the answer"));
    connect(box, &QComboBox::activated, this, &DataFileRow::named);
  }
  m_naming = wrap(hbox({grow(new FormField(tr("Prompt"), m_prompt)), grow(new FormField(tr("Answer"), m_answer))}, 10));
  m_naming->hide();
  auto* line = hbox({new IconLabel(QStringLiteral("file"), &ThemeTokens::accent, 18), grow(vbox({m_name, m_facts}, 2)), m_columns, m_chip, m_remove}, 10);
  setLayout(vbox({wrap(line), m_naming}, 8, QMargins(12, 8, 8, 8)));
  connect(m_columns, &QPushButton::clicked, this, &DataFileRow::columnsClicked);
  connect(m_remove, &QPushButton::clicked, this, &DataFileRow::removeClicked);
}

// The answer's box has one line more than there are columns: a column of texts has no answers beside it.
void DataFileRow::ask(std::vector<std::string> names, const Columns& columns) {
  std::erase(names, std::string());  // a column without a name cannot be named
  m_columns->hide();
  m_facts->setText(tr("Which column is which?"));
  m_chip->setState(tr("Columns unknown"), Tone::Warn);
  m_naming->show();
  if (names == m_names) return;
  m_names = std::move(names);
  for (Combo* box : {m_prompt, m_answer}) {
    box->clear();
    for (const std::string& name : m_names) box->addItem(QString::fromStdString(name));
    box->setCurrentIndex(-1);
  }
  m_answer->addItem(tr("none: the texts are learned whole"));
  const auto choose = [&](Combo* box, const char* key) {
    if (const auto it = columns.find(key); it != columns.end()) box->setCurrentIndex(box->findText(QString::fromStdString(it->second)));
  };
  choose(m_prompt, columns.contains("text") ? "text" : "prompt");
  choose(m_answer, "completion");
}

void DataFileRow::named() {
  const int prompt = m_prompt->currentIndex(), answer = m_answer->currentIndex();
  if (prompt < 0 || answer < 0 || prompt == answer) return;
  m_named = true;
  const std::string& first = m_names[size_t(prompt)];
  if (size_t(answer) == m_names.size()) emit columnsNamed({{"text", first}});
  else emit columnsNamed({{"prompt", first}, {"completion", m_names[size_t(answer)]}});
}

void DataFileRow::setReading(const QString& behind) {
  m_facts->setText(behind.isEmpty() ? tr("reading every row…") : tr("is read when this is done: %1").arg(behind));
  m_chip->setState(behind.isEmpty() ? tr("Reading") : tr("Waiting"), Tone::Neutral);
}

void DataFileRow::setFacts(const DataFileFacts* facts) {
  m_naming->hide();
  m_columns->setVisible(facts && m_ownColumns && (facts->format == DatasetFormat::Csv || m_named));
  m_facts->setText(facts ? tr("%n row(s), %1, %2", nullptr, static_cast<int>(facts->rows)).arg(bytesText(m_bytes), formatText(facts->format)) : tr("not read"));
  m_chip->setState(facts ? tr("Format recognized") : tr("Not usable"), facts ? Tone::Ok : Tone::Danger);
}

bool chooseColumns(QWidget* parent, const std::vector<std::string>& names, std::map<std::string, std::string>* columns) {
  QDialog dialog(parent);
  dialog.setWindowTitle(DataFileRow::tr("Columns"));
  // A box of all columns; `first`: what stands before them, with no column.
  const auto box = [&](const QString& first, const char* key) {
    auto* made = new Combo;
    if (!first.isEmpty()) made->addItem(first, QString());
    for (const std::string& name : names)
      if (!name.empty()) made->addItem(QString::fromStdString(name), QString::fromStdString(name));
    if (const auto it = columns->find(key); it != columns->end()) made->setCurrentIndex(std::max(0, made->findData(QString::fromStdString(it->second))));
    return made;
  };
  const struct { const char* key; QString title, first; } parts[] = {{"prompt", DataFileRow::tr("Prompt"), DataFileRow::tr("recognized by its name")},
                                                                     {"completion", DataFileRow::tr("Answer"), DataFileRow::tr("recognized by its name")},
                                                                     {"system", DataFileRow::tr("System prompt"), DataFileRow::tr("none")}};
  QList<QComboBox*> boxes;
  auto* answers = vbox({}, 12);
  for (const auto& part : parts) {
    boxes.append(box(part.first, part.key));
    answers->addWidget(new FormField(part.title, boxes.back()));
  }
  Combo* text = box({}, "text");
  if (!columns->contains("text")) text->setCurrentIndex(std::max(0, text->findText(QStringLiteral("text"), Qt::MatchFixedString)));
  auto* answersPart = wrap(answers);
  auto* textPart = wrap(vbox({new FormField(DataFileRow::tr("Text"), text, DataFileRow::tr("Learned whole; the other columns are not read."))}, 12));
  auto* kind = new Segmented({DataFileRow::tr("Prompts and answers"), DataFileRow::tr("Plain texts")});
  kind->setName(DataFileRow::tr("What the rows are"));
  const auto show = [&](int index) {
    answersPart->setVisible(index == 0);
    textPart->setVisible(index == 1);
  };
  QObject::connect(kind, &Segmented::chosen, &dialog, show);
  kind->setCurrent(columns->contains("text") ? 1 : 0);
  show(kind->current());
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
  dialog.setLayout(vbox({kind, answersPart, textPart, fill(), buttons}, 16, QMargins(16, 16, 16, 16)));
  dialog.setMinimumWidth(px(360));
  QObject::connect(buttons, &QDialogButtonBox::accepted, &dialog, &QDialog::accept);
  QObject::connect(buttons, &QDialogButtonBox::rejected, &dialog, &QDialog::reject);
  if (dialog.exec() != QDialog::Accepted) return false;
  columns->clear();
  if (kind->current() == 1) {
    (*columns)["text"] = text->currentData().toString().toStdString();
    return true;
  }
  for (size_t i = 0; i < std::size(parts); ++i)
    if (const QString name = boxes[qsizetype(i)]->currentData().toString(); !name.isEmpty()) (*columns)[parts[i].key] = name.toStdString();
  return true;
}

}  // namespace scalewright::ui
