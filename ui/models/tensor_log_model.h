#pragma once
// Tensors as they are quantized, the newest first.

#include <QAbstractTableModel>

#include "ui/jobs/quantize_work.h"

namespace scalewright::ui {

class TensorLogModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Tensor, Type, ErrorColumn, Seconds, ColumnCount };
  explicit TensorLogModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void clear();
  void setType(const QString& type) { m_type = type; }
  void add(const std::vector<QuantizedTensor>& batch);
  const QList<QuantizedTensor>& tensors() const { return m_tensors; }  // oldest first

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_tensors.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(ColumnCount); }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QList<QuantizedTensor> m_tensors;
  QString m_type;
};

}  // namespace scalewright::ui
