// What LibTorch's operators cost while some work runs, and the exact calls of its convolutions.
//
// LibTorch tells of every operator's begin and end on every thread (at::RecordFunction). One log at a time in a process; the
// work's own threads may call operators meanwhile, the log itself belongs to the thread that made it. Watching costs about a microsecond
// a call, and on a GPU, where every operator is waited for, the overlap of operators.
#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fastbox::apps {

/// A call of aten::convolution or aten::convolution_backward, without its tensors' contents.
struct ConvolutionCall {
  bool backward = false;
  std::vector<c10::IValue> arguments;  ///< the operator's own; tensors are empty ones of the same shape, order and type
  std::string key;                     ///< equal for equal calls
  std::int64_t calls = 0;
};

struct OperatorTime {
  std::int64_t calls = 0;
  double seconds = 0;  ///< of the operator itself, without the operators that it called
};

class OperatorLog {
 public:
  /// Begins to watch. `device_is_cpu`: else every operator's end is waited for.
  explicit OperatorLog(bool device_is_cpu);
  ~OperatorLog();
  OperatorLog(const OperatorLog&) = delete;
  OperatorLog& operator=(const OperatorLog&) = delete;

  /// Stops watching; what was seen, by the operator's name ("aten::add_").
  std::map<std::string, OperatorTime> stop();

  /// In the order of their first calls. After stop().
  const std::vector<ConvolutionCall>& convolutions() const;

 private:
  std::uint64_t handle_ = 0;
};

}  // namespace fastbox::apps
