// The page's style sheet and script, as constants.
#pragma once

namespace fastbox::report {

extern const char* const page_style;
extern const char* const page_script;

}  // namespace fastbox::report
