#include <QFileInfo>
#include <QMessageBox>
#include <QSaveFile>
#include <QSvgGenerator>

#include "ui/widgets/chart_parts.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

QPixmap Chart::picture(const QSize& size) {
  redrawNow();
  QPixmap pixmap(size * 2);
  pixmap.setDevicePixelRatio(2.0);
  pixmap.fill(color(&ThemeTokens::card));
  QCPPainter painter(&pixmap);
  m_plot->toPainter(&painter, size.width(), size.height());
  return pixmap;
}

bool Chart::save(const QString& path, QString* error) {
  redrawNow();
  const QString ending = QFileInfo(path).suffix().toLower();
  const QSize size = m_plot->size().expandedTo(QSize(640, 320));
  auto refuse = [error](const QString& why) {
    if (error) *error = why;
    return false;
  };
  if (ending == QLatin1String("png")) {
    return picture(size).save(path) || refuse(tr("%1 cannot be written. Choose another folder.").arg(path));
  }
  if (ending == QLatin1String("svg")) {
    QSvgGenerator generator;
    generator.setFileName(path);
    generator.setSize(size);
    generator.setViewBox(QRect(QPoint(), size));
    QCPPainter painter;
    if (!painter.begin(&generator)) return refuse(tr("%1 cannot be written. Choose another folder.").arg(path));
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    m_plot->toPainter(&painter, size.width(), size.height());
    return true;
  }
  if (ending == QLatin1String("csv")) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return refuse(tr("%1 cannot be written: %2. Choose another folder.").arg(path, file.errorString()));
    file.write("series,x,y\n");
    for (const auto& series : m_series) {
      const QByteArray name = '"' + series->style.name.toUtf8().replace('"', "\"\"") + '"';
      for (const QCPGraphData& point : *series->graph->data())
        file.write(name + ',' + QByteArray::number(point.key, 'g', 12) + ',' + QByteArray::number(point.value, 'g', 12) + '\n');
    }
    return file.commit() || refuse(tr("%1 cannot be written: %2. Free some space or choose another folder.").arg(path, file.errorString()));
  }
  return refuse(tr("A chart is saved as .png, .svg or .csv; %1 has none of these endings.").arg(QFileInfo(path).fileName()));
}

void Chart::saveAs(const QString& suggestedName, Settings& settings) {
  const QString path = askToSave(this, settings, Purpose::Chart, tr("Save the chart"), suggestedName + QStringLiteral(".png"),
                                 tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)"));
  if (path.isEmpty()) return;
  QString error;
  if (!save(path, &error)) QMessageBox::warning(this, tr("The chart was not saved"), error);
}

}  // namespace scalewright::ui
