#include "ui/pages/help_page.h"

#include <QScrollBar>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "ui/jobs/app_context.h"
#include "ui/widgets/card.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

QString heading(const QString& text) { return QStringLiteral("<h3>%1</h3>").arg(text.toHtmlEscaped()); }
QString paragraph(const QString& text) { return QStringLiteral("<p>%1</p>").arg(text.toHtmlEscaped()); }
QString row(const QString& key, const QString& text) {
  return QStringLiteral("<tr><td style=\"padding-right:24px; white-space:nowrap\"><b>%1</b></td><td>%2</td></tr>").arg(key.toHtmlEscaped(), text.toHtmlEscaped());
}

}  // namespace

HelpPage::HelpPage(AppContext& app, QWidget* parent)
    : Page(app, Place::Help, tr("Help"), tr("How the main job goes, what the words mean, and the keys."), parent) {
  m_tabs = new Segmented({tr("The main job"), tr("Words"), tr("Keys"), tr("About")}, 0);
  m_tabs->setName(tr("Help about"));
  header()->addAction(m_tabs);
  m_text = new QTextBrowser;
  m_text->setOpenExternalLinks(true);
  m_text->setFrameShape(QFrame::NoFrame);
  m_text->setAccessibleName(tr("Help text"));
  setScaledMaximumWidth(m_text, 720);
  connect(m_tabs, &Segmented::chosen, this, &HelpPage::showText);
  auto* card = new Card;
  card->setBodyMargins(24, 12, 24, 12);
  card->add({hbox({grow(m_text, 10), ui::fill()})});
  body()->addWidget(card, 1);
  connect(&theme(), &Theme::changed, this, &HelpPage::showText);
  showText();
}

void HelpPage::activate() { showText(); }
QWidget* HelpPage::firstField() const { return m_text; }
void HelpPage::receive(const PageMessage& message) {
  if (message.what != QLatin1String("about")) return;
  m_tabs->setCurrent(3);
  showText();
}

void HelpPage::showText() {
  const QString style = QStringLiteral(
                            "<style>h2 { font-size: %1px; margin-bottom: 4px } h3 { font-size: %2px; margin: 14px 0 2px 0 } p { margin: 4px 0 } li { margin: 3px 0 } td { padding: 3px 0 } a { color: %3 }</style>")
                            .arg(px(20))
                            .arg(px(14))
                            .arg(color(&ThemeTokens::accentText).name());
  const int tab = m_tabs->current();
  m_text->setHtml(style + (tab == 0 ? guide() : tab == 1 ? wordList() : tab == 2 ? keys() : about()));
  m_text->verticalScrollBar()->setValue(0);
}

QString HelpPage::guide() const {
  return QStringLiteral("<h2>%1</h2>").arg(tr("From the model you run to one that is better at your task").toHtmlEscaped()) +
         paragraph(tr("A quantized model is made of codes and scales. The codes are small whole numbers and most of the file; the scales say what a code is worth. Here the codes never change: only the scales learn. "
                      "So the tuned file has the same type and size as the one you began with, and whatever runs that one runs this one.")) +
         heading(tr("1. Models")) + paragraph(tr("Drop a GGUF file or a model folder anywhere in the window, or scan a folder. The pane at the right shows what the model is made of and what can be done with it.")) +
         heading(tr("2. Quantize, if it is full precision")) +
         paragraph(tr("Four bits in groups of 32 with a clip search keep nearly all of the quality. Size, memory and time are shown before anything is written; with a text of your own, the expected quality too.")) +
         heading(tr("3. Fine-tune")) +
         paragraph(tr("Five steps: the model, your examples, how long to learn, the plan, the run. Every row of your file is checked before the start, and what the model learns to write is highlighted. "
                      "The plan counts every byte; what does not fit is refused, with what would. The run saves itself every few seconds and can always go on.")) +
         heading(tr("4. Chat, side by side")) + paragraph(tr("One prompt, one seed, the original beside the tuned model. Both use the same codes; only the scales differ.")) +
         heading(tr("5. Export")) + paragraph(tr("Choose where it shall run. Whether a format holds the model exactly is said before writing; the written file is opened again and compared."));
}

QString HelpPage::wordList() const {
  return QStringLiteral("<table>") + row(tr("Bits"), tr("How many values a code can have: 4 bits are 16 values. Fewer bits, smaller file, less quality.")) +
         row(tr("Code"), tr("The small whole number that is kept of a weight. Times its scale it is the weight again, nearly.")) +
         row(tr("Group"), tr("How many weights share one scale. Smaller groups are more precise and leave more to tune.")) +
         row(tr("Scale"), tr("The size of one step of a group's codes. The only thing that is tuned here.")) +
         row(tr("Row multipliers"), tr("One number for each output row of a matrix, learned in place of the scales: less to learn, and steps are faster.")) +
         row(tr("Act order"), tr("GPTQ that rounds first what the text uses most.")) +
         row(tr("Perplexity"), tr("How surprised a model is by a text; lower is better. The same text must be used to compare.")) +
         row(tr("Validation"), tr("Rows kept apart from learning, to see whether the model learns the task and not only the rows.")) +
         row(tr("Epoch"), tr("One pass over all rows.")) + row(tr("Context"), tr("How many tokens are seen at once. Longer rows are cut.")) +
         row(tr("Token"), tr("A piece of text as the model sees it: a word or a part of one.")) +
         row(tr("Learning rate"), tr("How far a step goes. Too large and the loss rises; the default fits the bits.")) +
         row(tr("Warm-up"), tr("The first steps, in which the learning rate rises to its full size.")) +
         row(tr("Accumulate"), tr("Several batches are read before the scales change: as one large batch, in less memory.")) +
         row(tr("Gradient norm"), tr("How hard a step pulls at the scales. Clipping limits it, so that one odd row cannot spoil what was learned.")) +
         row(tr("Logit"), tr("The number a model gives each token before it chooses one: the larger, the likelier.")) +
         row(tr("Min-p"), tr("Leaves out tokens that are less likely than this share of the likeliest.")) +
         row(tr("Scale pack"), tr("A task as a file of a few MB: the learned scales, to be put onto the same base.")) +
         row(tr("Codes hash"), tr("A fingerprint of the codes. The same before and after tuning: nothing else has changed.")) + QStringLiteral("</table>");
}

QString HelpPage::keys() const {
  return QStringLiteral("<table>") + row(QStringLiteral("Ctrl+1 … Ctrl+6"), tr("The six places")) + row(QStringLiteral("Ctrl+O"), tr("Open a model")) +
         row(QStringLiteral("Ctrl+N"), tr("New: a chat on the Chat page, else a project")) + row(QStringLiteral("Ctrl+Enter"), tr("The page's main action")) +
         row(QStringLiteral("F5"), tr("Read again")) + row(QStringLiteral("F6"), tr("Between the rail and the page")) + row(QStringLiteral("F10, Alt"), tr("The menu")) + row(QStringLiteral("F11"), tr("Full screen")) +
         row(QStringLiteral("Ctrl++, Ctrl+−, Ctrl+0"), tr("Larger, smaller, normal text")) + row(QStringLiteral("Ctrl+,"), tr("Settings")) + row(QStringLiteral("Esc"), tr("Closes a message; never ends a run")) +
         row(tr("Arrows"), tr("Within choices, heat maps and tables")) + row(tr("In a chart: +, −, arrows, 0"), tr("Zoom, move, whole range; Ctrl with the wheel and dragging too")) + QStringLiteral("</table>");
}

QString HelpPage::about() const {
  struct Used { const char *name, *licence, *what; };
  static const Used used[] = {
      {"Qt 6", "LGPL 3", QT_TR_NOOP("window")},          {"QCustomPlot", "GPL 3", QT_TR_NOOP("charts")},      {"oneDNN", "Apache 2.0", QT_TR_NOOP("matrix products on the CPU")},
      {"SentencePiece", "Apache 2.0", QT_TR_NOOP("tokenizers")}, {"ICU", "Unicode", QT_TR_NOOP("characters")}, {"nlohmann/json", "MIT", QT_TR_NOOP("JSON")},
      {"SQLite", QT_TR_NOOP("public domain"), QT_TR_NOOP("history of runs")}, {"xxHash", "BSD 2-clause", QT_TR_NOOP("fingerprints")},
      {"CLI11", "BSD 3-clause", QT_TR_NOOP("command line")}, {"tl::expected", "CC0", QT_TR_NOOP("errors as values")},
  };
  QString text = QStringLiteral("<h2>Scalewright %1</h2>").arg(QStringLiteral(SCALEWRIGHT_VERSION)) +
                 paragraph(tr("Quantizes language models, tunes only their scales, lets you talk with the result and writes it for the programs you use. Runs on this machine alone; needs no network.")) +
                 paragraph(tr("The method is PEQA (Kim and others, 2023): memory-efficient tuning of quantized models by their scales.")) + heading(tr("Made with")) + QStringLiteral("<table>");
  for (const Used& library : used) text += row(QString::fromLatin1(library.name), tr("%1; %2").arg(tr(library.what), tr(library.licence)));
  text += QStringLiteral("</table>") + paragraph(tr("Fonts, where they are installed: Inter and Noto, under the SIL Open Font License."));
  return text;
}

}  // namespace scalewright::ui
