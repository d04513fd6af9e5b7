#pragma once
// What every page may use: settings, project, jobs, engine. Owned by main; pages hold a reference.

#include <QObject>
#include <memory>

#include "ui/jobs/engine_host.h"
#include "ui/jobs/job_queue.h"
#include "ui/jobs/model_catalog.h"
#include "ui/settings/project.h"
#include "ui/settings/settings.h"

namespace scalewright {
class RunStore;
}

namespace scalewright::ui {

class AppContext : public QObject {
  Q_OBJECT
 public:
  explicit AppContext(Settings& settings, QObject* parent = nullptr);
  ~AppContext() override;
  Settings& settings() { return m_settings; }
  Project& project() { return m_project; }
  JobQueue& jobs() { return m_jobs; }
  EngineHost& engine() { return m_engine; }
  ModelCatalog& catalog() { return m_catalog; }

 private:
  Settings& m_settings;
  Project m_project;
  EngineHost m_engine;  // outlives the queue, whose threads use it
  JobQueue m_jobs;
  ModelCatalog m_catalog;
};

}  // namespace scalewright::ui
