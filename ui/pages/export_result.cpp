#include "ui/pages/export_result.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QRegularExpression>
#include <QSaveFile>
#include <QStandardItemModel>

#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/table.h"

namespace scalewright::ui {

ExportResult::ExportResult(Settings& settings, QWidget* parent) : QWidget(parent), m_settings(settings) {
  setObjectName(QStringLiteral("clear"));
  m_rows = new QStandardItemModel(0, 4, this);
  m_table = new TableView(34);
  m_table->setModel(m_rows);
  m_table->setSelectionMode(QAbstractItemView::NoSelection);
  m_table->setAccessibleName(tr("Self-check"));
  m_table->setFocusPolicy(Qt::TabFocus);
  auto* save = new Button(Button::Quiet, tr("Save report…"), QStringLiteral("save"));
  connect(save, &Button::clicked, this, &ExportResult::saveReport);
  auto* check = new Card(tr("Self-check"), tr("the written file, opened again and run"));
  check->addTool(save);
  check->setBodyMargins(0, 4, 0, 0);
  check->add({m_table});
  m_before = new Metric;
  m_after = new Metric;
  m_changed = new Card(tr("What changed"), tr("tuned against original"));
  m_changed->add({hbox({grow(m_after), grow(m_before)}, 12)});
  m_command = new ElidedLabel({}, FontRole::Mono);
  m_command->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* copy = new Button(Button::Default, tr("Copy"), QStringLiteral("copy"));
  copy->setHint(tr("Copies the command"));
  connect(copy, &Button::clicked, this, [this] {
    QApplication::clipboard()->setText(m_command->fullText());
    emit copied();
  });
  m_ollama = new Card;
  m_ollama->add({hbox({grow(vbox({label(tr("Try it in Ollama"), FontRole::Strong), m_command}, 5)), copy}, 12)});
  for (Card* card : {check, m_changed, m_ollama}) card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setLayout(vbox({check, m_changed, m_ollama, fill()}, 14));
}

void ExportResult::setOutcome(const ExportOutcome& outcome, const ExportChoices& choices, const QString& written) {
  m_check = outcome.rows;
  m_written = written;
  m_rows->clear();
  m_rows->setHorizontalHeaderLabels({tr("Check"), tr("In memory"), tr("In the file"), tr("Difference")});
  for (int column = 1; column < 4; ++column) m_rows->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  for (const CheckRow& row : m_check) {
    QList<QStandardItem*> items;
    for (const std::string& text : {row.what, row.memory, row.file, row.difference}) {
      auto* item = new QStandardItem(QString::fromStdString(text));
      item->setEditable(false);
      if (!items.isEmpty()) {
        item->setData(true, MonoRole);
        item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      }
      items << item;
    }
    items[0]->setData(row.good ? QStringLiteral("check") : QStringLiteral("warn"), IconRole);
    items[0]->setData(row.good ? int(Tone::Ok) : int(Tone::Warn), IconToneRole);
    m_rows->appendRow(items);
  }
  m_table->setColumns({220, 120, 120, 120}, 0);
  m_table->setFixedHeight(px(30) + m_rows->rowCount() * px(34) + 4);
  m_table->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_changed->setVisible(choices.validationLast > 0);
  if (choices.validationLast > 0) {
    m_after->setFigure(numberText(choices.validationLast, 2), {}, tr("perplexity on your validation rows, from %1").arg(numberText(choices.validationFirst, 2)));
    const QStringList size = bytesText(outcome.report.bytes).split(QLatin1Char(' '));
    m_before->setFigure(size.value(0), size.value(1), tr("on disk"));
  }
  m_ollama->setVisible(!outcome.modelfile.empty());
  if (outcome.modelfile.empty()) return;
  static const QRegularExpression type(QStringLiteral("\\.(I?Q\\d\\w*|B?F\\d+)$"), QRegularExpression::CaseInsensitiveOption);
  static const QRegularExpression unsafe(QStringLiteral("[^a-z0-9._-]"));
  const QString name = QFileInfo(written).completeBaseName().remove(type).toLower().replace(unsafe, QStringLiteral("-"));
  m_command->setFullText(QStringLiteral("ollama create %1 -f %2").arg(name, QString::fromStdString(outcome.modelfile.filename().string())));
}

void ExportResult::saveReport() {
  const QString path = askToSave(this, m_settings, Purpose::Report, tr("Save the report"), QFileInfo(m_written).completeBaseName() + QStringLiteral("-check.txt"), tr("Text (*.txt)"));
  if (path.isEmpty()) return;
  QString text = tr("Self-check of %1").arg(m_written) + QLatin1Char('\n');
  for (const CheckRow& row : m_check)
    text += QStringLiteral("%1\t%2\t%3\t%4\n").arg(QString::fromStdString(row.what), QString::fromStdString(row.memory), QString::fromStdString(row.file), QString::fromStdString(row.difference));
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(text.toUtf8()) < 0 || !file.commit()) emit failed(tr("The report was not saved"), tr("%1: %2").arg(path, file.errorString()));
}

}  // namespace scalewright::ui
