#pragma once
// What to quantize and how: model, bits, group, method, container, text and file, each with a line of plain words.

#include "engine/export/exporter.h"
#include "engine/quant/quantize_job.h"
#include "ui/widgets/card.h"

class QComboBox;
class QLineEdit;

namespace scalewright::ui {

class AppContext;
class FormField;
class OptionCard;
class Segmented;
struct ModelEntry;

class QuantizeForm : public Card {
  Q_OBJECT
 public:
  explicit QuantizeForm(AppContext& app, QWidget* parent = nullptr);
  void fillModels();                    // from the catalog; keeps what is chosen
  void fillTexts();                     // from the project's datasets
  void chooseModel(const QString& path);
  bool hasModels() const;
  const ModelEntry* model() const;      // null: none
  QString textPath() const;             // empty: none
  QString outputPath() const;
  QuantizeRequest request() const;      // zero points placed as the container holds them best
  ExportTarget target() const;
  bool freeZeros() const;               // asked for in a GGUF although the file grows
  QString containerName() const;        // "Q4_0"; of a folder its own words
  QString resultName() const;           // the same, with the bits where a type has room for more: "W3 in Q4_0"
  QString methodWords() const;          // within a sentence
  QString refusal() const;              // why it cannot start; empty: it can
  void refuseOutput(const QString& why);  // empty: it is good
  void refuseContainer(const QString& why);
  QString agreed() const { return m_agreed; }  // may be replaced, once: the dialog asked
  void forgetAgreed() { m_agreed.clear(); }
  QWidget* firstField() const;
  QWidget* outputField() const;
  void saveState();

 signals:
  void changed();                       // any choice but the file's name

 private:
  void choose();
  void showMethod();
  void showContainers();
  void suggestOutput();
  void openMethods();
  void browseText();
  void browseOutput();
  int bits() const;
  int group() const;
  QuantMethod method() const;

  AppContext& m_app;
  QComboBox *m_model, *m_text, *m_container;
  Segmented *m_bits, *m_group;
  OptionCard *m_rtn, *m_clip, *m_gptq, *m_other;
  FormField *m_bitsField, *m_groupField, *m_modelField, *m_containerField, *m_outputField, *m_textField;
  QLineEdit* m_output;
  int m_otherMethod = 0;                // of the fourth card, an index into its methods
  bool m_outputByHand = false, m_modelByHand = false;
  QString m_agreed;
};

}  // namespace scalewright::ui
