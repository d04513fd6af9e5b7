#pragma once
// The table of models, and the view of it that is filtered and sorted.

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "ui/models/model_entry.h"

namespace scalewright::ui {

class ModelTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, Parameters, Bits, Size, State, ColumnCount };
  explicit ModelTableModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

  void upsert(const ModelEntry& entry);    // by path
  void remove(const QString& path);
  void clear();
  int rowOf(const QString& path) const;    // -1: not here
  const ModelEntry* find(const QString& path) const;
  const ModelEntry& entry(int row) const { return m_entries[row]; }
  const QList<ModelEntry>& entries() const { return m_entries; }

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_entries.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(ColumnCount); }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QList<ModelEntry> m_entries;
};

class ModelFilterModel : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  enum Kind { All, Full, Quantized, Tuned };
  explicit ModelFilterModel(QObject* parent = nullptr);
  void setKind(Kind kind);
  void setText(const QString& text);  // in name, folder or family

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  Kind m_kind = All;
  QString m_text;
};

}  // namespace scalewright::ui
