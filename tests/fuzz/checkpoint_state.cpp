// The parsers of a checkpoint's state.json and manifest.json: refuse with Error(data) or give values that are written
// so that they come back.

#include "train/checkpoint_state.hpp"
#include "fuzz.hpp"

using namespace fastbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(fuzz::text_of(bytes, size));
  if (const auto state = fuzz::accepted(ExitCode::data, [&] { return train::parse_state(text, "input"); })) {
    fuzz::require(state->step >= 0 && state->samples >= 0, "counts are no less than 0");
    if (state->ranks > 0) {  // a state of format 1 lacks what is written today
      const std::string written = train::format_state(*state);
      fuzz::require(train::format_state(train::parse_state(written, "again")) == written, "the state comes back");
    }
    train::best_step(state->history, "car", {state->step});
  }
  if (const auto manifest = fuzz::accepted(ExitCode::data, [&] { return train::parse_manifest(text, "input"); })) {
    for (const auto& [name, digest] : *manifest)
      fuzz::require(name.find('/') == std::string::npos && name.front() != '.', "no file lies outside of the folder");
    const std::string written = train::format_manifest(*manifest);
    fuzz::require(train::format_manifest(train::parse_manifest(written, "again")) == written,
                  "the manifest comes back");
  }
  return 0;
}
