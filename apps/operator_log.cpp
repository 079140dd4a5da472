#include "operator_log.hpp"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/record_function.h>

#include <chrono>
#include <mutex>
#include <sstream>

namespace fastbox::apps {
namespace {

using Clock = std::chrono::steady_clock;

/// What the callbacks, which are plain functions, write to.
struct Seen {
  std::mutex mutex;
  bool waits = false;  // for the device at every operator's end
  std::map<std::string, OperatorTime> times;
  std::vector<ConvolutionCall> convolutions;
  std::map<std::string, std::size_t> by_key;
};

Seen& seen() {
  static Seen all;
  return all;
}

/// An operator that runs on this thread.
struct Running : at::ObserverContext {
  Clock::time_point begin;
  double called_seconds = 0;  // by operators that it called
  Running* caller = nullptr;
};

thread_local Running* innermost = nullptr;

/// What makes two calls the same work.
void describe(const c10::IValue& value, std::ostream& text) {
  if (!value.isTensor()) {
    text << value << ';';
    return;
  }
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.defined())
    text << "none;";
  else
    text << tensor.scalar_type() << tensor.sizes() << tensor.strides() << ';';
}

c10::IValue emptied(const c10::IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return value;
  const at::Tensor& tensor = value.toTensor();
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().requires_grad(false));
}

void note_convolution(const std::vector<c10::IValue>& arguments, bool backward) {
  std::ostringstream key;
  key << backward << ';';
  for (const auto& argument : arguments) describe(argument, key);
  Seen& all = seen();
  const std::lock_guard lock(all.mutex);
  const auto [found, is_new] = all.by_key.try_emplace(key.str(), all.convolutions.size());
  if (is_new) all.convolutions.push_back({backward, {}, key.str(), 0});
  ConvolutionCall& entry = all.convolutions[found->second];
  ++entry.calls;
  if (is_new) entry.arguments = arguments;
}

/// The convolution in a call of aten::cudnn_convolution_relu (input, weight, bias, stride, padding, dilation, groups):
/// aten::convolution takes two more arguments, before the groups.
std::vector<c10::IValue> without_relu(std::vector<c10::IValue> arguments) {
  const std::vector<std::int64_t> no_padding = {0, 0};
  arguments.insert(arguments.end() - 1, {/*transposed=*/false, no_padding});
  return arguments;
}

std::unique_ptr<at::ObserverContext> begin_operator(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  const auto arguments = [&] { return std::vector<c10::IValue>(call.inputs().begin(), call.inputs().end()); };
  if (name == "aten::convolution" || name == "aten::convolution_backward")
    note_convolution(arguments(), name == "aten::convolution_backward");
  if (name == "aten::cudnn_convolution_relu") note_convolution(without_relu(arguments()), /*backward=*/false);
  auto running = std::make_unique<Running>();
  running->caller = innermost;
  innermost = running.get();
  running->begin = Clock::now();
  return running;
}

void end_operator(const at::RecordFunction& call, at::ObserverContext* context) {
  auto* running = static_cast<Running*>(context);
  Seen& all = seen();
  if (all.waits) at::accelerator::synchronizeDevice(at::accelerator::getDeviceIndex());
  const double seconds = std::chrono::duration<double>(Clock::now() - running->begin).count();
  innermost = running->caller;
  if (innermost != nullptr) innermost->called_seconds += seconds;
  const std::lock_guard lock(all.mutex);
  OperatorTime& time = all.times[call.name()];
  ++time.calls;
  time.seconds += seconds - running->called_seconds;
}

}  // namespace

OperatorLog::OperatorLog(bool device_is_cpu) {
  Seen& all = seen();
  all.waits = !device_is_cpu;
  all.times.clear(), all.convolutions.clear(), all.by_key.clear();
  handle_ = at::addGlobalCallback(
      at::RecordFunctionCallback(begin_operator, end_operator).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

OperatorLog::~OperatorLog() {
  if (handle_ != 0) at::removeCallback(handle_);
}

std::map<std::string, OperatorTime> OperatorLog::stop() {
  if (handle_ != 0) at::removeCallback(std::exchange(handle_, 0));
  for (auto& call : seen().convolutions)
    for (auto& argument : call.arguments) argument = emptied(argument);
  return seen().times;
}

const std::vector<ConvolutionCall>& OperatorLog::convolutions() const {
  return seen().convolutions;
}

}  // namespace fastbox::apps
