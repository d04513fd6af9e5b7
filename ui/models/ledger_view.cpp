#include "ui/models/ledger_view.h"

#include <QCoreApplication>
#include <algorithm>

#include "ui/jobs/engine_words.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("LedgerView", text); }

void take(LedgerView& view, const std::vector<MemoryItem>& items) {
  quint64 bytes[5] = {};
  for (const MemoryItem& item : items) {
    view.entries.append({inWords(item.name), item.bytes});
    switch (item.part) {
      case MemoryPart::Weights: bytes[0] += item.bytes; break;
      case MemoryPart::Scales: bytes[1] += item.bytes; break;
      case MemoryPart::Activations: bytes[2] += item.bytes; break;
      case MemoryPart::Logits: bytes[3] += item.bytes; break;
      case MemoryPart::Workspace: case MemoryPart::Program: bytes[4] += item.bytes; break;
    }
  }
  view.parts = {{tr("Weights, frozen"), bytes[0], &ThemeTokens::memoryWeights},
                {tr("Scales, optimizer"), bytes[1], &ThemeTokens::memoryScales},
                {tr("Activations"), bytes[2], &ThemeTokens::memoryActivations},
                {tr("Logits"), bytes[3], &ThemeTokens::memoryLogits},
                {tr("Workspace"), bytes[4], &ThemeTokens::memoryWorkspace}};
}

// Of a whole and a part of it, which measured at different moments may be the larger one.
quint64 rest(quint64 whole, quint64 part) { return whole - std::min(whole, part); }

LedgerView ofMachine(const MemoryLedger& ledger) {
  LedgerView view;
  view.memory = ledger.machine_bytes;
  view.others = rest(ledger.machine_bytes, ledger.available_bytes);
  view.total = ledger.total_bytes;
  view.missing = rest(ledger.total_bytes, ledger.limit_bytes);
  take(view, ledger.items);
  return view;
}

LedgerView ofCard(const DeviceLedger& device) {
  LedgerView view;
  view.where = QString::fromStdString(device.name);
  view.memory = device.memory_bytes;
  view.others = rest(device.memory_bytes, device.available_bytes);
  view.total = device.total_bytes;
  view.missing = rest(device.total_bytes, device.limit_bytes);
  view.offloaded = device.offloaded_bytes;
  take(view, device.items);
  return view;
}

}  // namespace

LedgerView workedIn(const MemoryLedger& ledger) { return ledger.device ? ofCard(*ledger.device) : ofMachine(ledger); }

QList<LedgerView> moreCards(const MemoryLedger& ledger) {
  QList<LedgerView> views;
  for (const DeviceLedger& device : ledger.more_devices) views.append(ofCard(device));
  return views;
}

std::optional<LedgerView> besideCard(const MemoryLedger& ledger) {
  return ledger.device ? std::optional(ofMachine(ledger)) : std::nullopt;
}

QString memoryText(const MemoryStatus& machine, quint64 resident, const std::optional<DeviceMemory>& card) {
  if (!card) return tr("%1 used  ·  %2 free").arg(bytesText(resident), bytesText(machine.available_bytes));
  return tr("card: %1 used  ·  %2 free").arg(bytesText(card->held_bytes), bytesText(card->left_bytes()));
}

}  // namespace scalewright::ui
