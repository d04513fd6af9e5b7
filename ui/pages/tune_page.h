#pragma once
// Fine-tune: a wizard of five steps, from the model to the live run.

#include <QTimer>
#include <array>
#include <atomic>
#include <memory>

#include "ui/jobs/tune_job.h"
#include "ui/pages/page.h"
#include "ui/pages/tune_draft.h"

namespace scalewright::ui {

class Button;
namespace Desktop { class StayAwake; }
class PageStack;
class Stepper;
class TuneModelStep;
class TunePlanStep;
class TuneRunView;
class TuneStep;

class TunePage : public Page {
  Q_OBJECT
 public:
  explicit TunePage(AppContext& app, QWidget* parent = nullptr);
  ~TunePage() override;
  void activate() override;
  void receive(const PageMessage& message) override;
  void primary() override;
  void setNarrow(bool narrow) override;
  QWidget* firstField() const override;
  bool running() const { return m_job && !m_job->finished(); }

 private:
  enum Step { ModelStep, DataStep, MethodStep, PlanStep, RunStep, StepCount };
  void goTo(int step);
  void showStep();
  void next();
  void start(bool resume, const QString& folder);
  void launch(bool resume);
  void resumeRun(const QString& folder);
  void onDone(Result<TuneReport> report);
  void trySample();
  QString freshFolder() const;
  QString learned() const;
  static QString keptWords(const TuneReport& report);
  TuneModelStep* modelStep();
  TunePlanStep* planStep();
  TuneStep* step(int index);      // made when first asked for, so that the page is there at once; null for the run
  TuneRunView* run();             // likewise: its charts are the heaviest part
  template <class T>
  T* make(int index);

  TuneDraft m_draft;
  int m_step = ModelStep, m_reached = ModelStep;
  Stepper* m_stepper;
  PageStack* m_stack;
  std::array<TuneStep*, RunStep> m_steps{};
  TuneRunView* m_run = nullptr;
  Button *m_back, *m_next, *m_stop, *m_pause, *m_try, *m_chat, *m_export, *m_again;
  std::shared_ptr<TuneControl> m_control;
  std::shared_ptr<LivePrompt> m_prompt;   // of the run that goes on
  std::shared_ptr<Job> m_job;
  std::unique_ptr<Desktop::StayAwake> m_awake;
  QString m_runFolder;
  HeldOutScore m_score;                   // of the run that is done
  bool m_finished = false, m_narrow = false, m_stepped = false;
  std::shared_ptr<std::atomic<bool>> m_byPerson = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace scalewright::ui
