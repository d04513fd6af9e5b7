#include "tests/testkit/simt/faults.h"

#include <set>

namespace simt {
namespace {

Fault fault = Fault::None;
FaultPlace broken;
bool watching = false;
std::set<FaultPlace> barriers, accesses;

FaultPlace place_of(const Where& where) {
  const std::string path(where.file_name());
  return {path.substr(path.rfind('/') + 1), where.line(), where.column()};
}

// Whether the fault is of this kind and here; a place that is watched for is remembered.
bool is_here(Fault kind, const Where& where, std::set<FaultPlace>& seen) {
  if (watching) seen.insert(place_of(where));
  if (fault != kind || where.line() != broken.line || where.column() != broken.column) return false;
  return place_of(where).file == broken.file;
}

}  // namespace

void break_at(Fault kind, const FaultPlace& place) {
  fault = kind;
  broken = place;
  faults_wanted = watching || fault != Fault::None;
}
void watch(bool on) {
  watching = on;
  if (on) barriers.clear(), accesses.clear();
  faults_wanted = watching || fault != Fault::None;
}
std::vector<FaultPlace> places_seen(Fault kind) {
  const std::set<FaultPlace>& seen = kind == Fault::NoBarrier ? barriers : accesses;
  return {seen.begin(), seen.end()};
}
int64_t index_shift(const Where& where) {
  return is_here(Fault::ShiftedIndex, where, accesses) ? 1 : 0;
}
bool left_out(const Where& where) {
  return is_here(Fault::NoBarrier, where, barriers);
}

}  // namespace simt
