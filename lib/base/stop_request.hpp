// Requests to stop from outside: SIGTERM, SIGUSR1 and SIGINT set a flag that the training loop reads at a step's end.
//
// Handlers are installed once per process; the flag is async-signal-safe and may be read from any thread. A second
// SIGINT ends the process at once.
#pragma once

namespace fastbox {

void install_stop_handlers();
bool stop_requested();

}  // namespace fastbox
