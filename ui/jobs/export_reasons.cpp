#include "ui/jobs/export_reasons.h"

#include <QCoreApplication>

#include "ui/jobs/engine_words.h"

namespace scalewright::ui {
namespace {

struct Reason {
  const char* said;  // a part of the engine's sentence
  const char* plain;
};
constexpr Reason kReasons[] = {
    {"are no whole multiples of its scales", QT_TR_NOOP("Holds whole zero points only; Q4_1 and Q5_1 have others. Choose GGUF.")},
    {"has the nested scales of a GGUF K type", QT_TR_NOOP("Has plain scales only; K types have scales of scales. Choose GGUF.")},
    {"is not quantized; quantize the model first", QT_TR_NOOP("Holds quantized weights only. Quantize the model first.")},
    {"the format has one setting for all", QT_TR_NOOP("Has the same bits and groups everywhere; this model mixes them. Choose GGUF.")},
    {"do not fit", QT_TR_NOOP("Has too few bits for the numbers of this model. Choose GGUF.")},
    {", no multiple of ", QT_TR_NOOP("Packs weights in portions that its rows do not fill. Choose GGUF.")}};

}  // namespace

QString plainReason(ExportTarget target, const std::string& refusal) {
  if (target == ExportTarget::Gptq || target == ExportTarget::Awq || target == ExportTarget::CompressedTensors)
    for (const Reason& reason : kReasons)
      if (refusal.find(reason.said) != std::string::npos) return QCoreApplication::translate("ExportReasons", reason.plain);
  return inWords(refusal);
}

}  // namespace scalewright::ui
