#pragma once
// What there is to know about the terminal behind a descriptor.

namespace relapse::os {

// A terminal that obeys cursor movement: not one that calls itself "dumb" or nothing at all.
bool is_live_terminal(int fd);

// In columns; 0 when the descriptor is no terminal or does not know.
int terminal_width(int fd);

}  // namespace relapse::os
