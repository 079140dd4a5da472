// The kernels instead of their twins: the dispatcher prefers what was registered last.
#include "gpu/kernel_place.hpp"

#include <c10/util/Exception.h>
#include <torch/library.h>

#include <vector>

#include "emulated_gpu/kernels.hpp"

namespace fastbox::test {
namespace {

using Registration = void (*)(torch::Library&);

std::vector<Registration>& registrations() {
  static std::vector<Registration> all;
  return all;
}

/// LibTorch warns of a kernel that takes another's place, which is what is wanted here.
struct Silent : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

}  // namespace

bool keep_registration(void (*registration)(torch::Library&)) {
  registrations().push_back(registration);
  return true;
}

std::optional<KernelPlace> KernelPlace::find() {
  return KernelPlace(at::kCPU);
}

std::shared_ptr<void> KernelPlace::use_kernels() {
  Silent silent;
  const c10::WarningUtils::WarningHandlerGuard no_warnings(&silent);
  auto library =
      std::make_shared<torch::Library>(torch::Library::IMPL, "fastbox", c10::DispatchKey::CPU, __FILE__, __LINE__);
  for (const Registration registration : registrations()) registration(*library);
  return library;
}

}  // namespace fastbox::test
