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
    {"are no whole multiples of its scales", QT_TR_NOOP("Holds whole zero points only; those of Q4_1 and Q5_1 lie in between. Choose GGUF, or quantize the full-precision model anew.")},
    {"has the nested scales of a GGUF K type", QT_TR_NOOP("Has plain scales only; the K types of GGUF have scales of scales. Choose GGUF, or quantize the full-precision model anew.")},
    {"is not quantized; quantize the model first", QT_TR_NOOP("Holds quantized weights only, and this model has others. Quantize it first, or write it in full precision.")},
    {"the format has one setting for all", QT_TR_NOOP("Has the same bits and groups everywhere; this model mixes them. Choose GGUF.")},
    {"do not fit", QT_TR_NOOP("Has too few bits for the numbers of this model. Choose GGUF, or quantize the full-precision model anew.")},
    {", no multiple of ", QT_TR_NOOP("Packs weights in fixed portions, and the rows of this model do not fill them. Choose GGUF.")}};

}  // namespace

QString plainReason(ExportTarget target, const std::string& refusal) {
  if (target == ExportTarget::Gptq || target == ExportTarget::Awq || target == ExportTarget::CompressedTensors)
    for (const Reason& reason : kReasons)
      if (refusal.find(reason.said) != std::string::npos) return QCoreApplication::translate("ExportReasons", reason.plain);
  return inWords(refusal);
}

}  // namespace scalewright::ui
