// The three standard streams of a program: open from its start, and checked at its end.
#pragma once

namespace schemaregistry {

/// Open the null device in the place of each of the descriptors 0 to 2 that is closed, so that no file or socket gets
/// its number. Reading stdin and writing stdout then fail, as in gnulib's stdopen.c; what goes to stderr is dropped.
void open_closed_streams();

/// Flush stdout. Returns `code`, or 3 (could not tell) after a sentence on stderr where what was printed is lost.
int end_output(int code);

}  // namespace schemaregistry
