#pragma once
// A memory ledger as it is shown: of the machine, and of the card where a run computes there.

#include <QList>
#include <QString>
#include <algorithm>
#include <optional>

#include "engine/backend/backend.h"
#include "engine/core/system.h"
#include "engine/tune/trainer.h"
#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

struct LedgerPart {
  QString name;
  quint64 bytes = 0;
  Token token = &ThemeTokens::memoryWeights;
};

// One memory with what the run takes of it.
struct LedgerView {
  QString where;                  // "NVIDIA H100"; empty: this machine
  quint64 memory = 0;             // all there is, bytes
  quint64 others = 0;             // of it, held by other programs
  quint64 total = 0;              // what the run takes
  quint64 offloaded = 0;          // weights that it does not hold and fetches from the machine's memory
  quint64 missing = 0;            // how much more than there is left for it; 0: it fits
  QList<LedgerPart> parts;        // bottom to top, of `total`
  QList<QPair<QString, quint64>> entries;  // every line of the ledger
  quint64 stillFree() const { return memory - std::min(memory, others + total); }
};
// The memory that the run works in: the card's where there is one, else the machine's.
LedgerView workedIn(const MemoryLedger& ledger);
// Of a run on several cards: those beside the first.
QList<LedgerView> moreCards(const MemoryLedger& ledger);
// What a run on a card takes of the machine's memory besides; none without a card.
std::optional<LedgerView> besideCard(const MemoryLedger& ledger);

// The foot of the window: "573 MB used  ·  6.1 GB free", or those of the card that is used.
QString memoryText(const MemoryStatus& machine, quint64 resident, const std::optional<DeviceMemory>& card);

}  // namespace scalewright::ui
