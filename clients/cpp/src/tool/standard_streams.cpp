#include "standard_streams.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace schemaregistry {

void open_closed_streams() {
  constexpr int kFlags[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest free number is given out, and all below it are open.
    if (open("/dev/null", kFlags[descriptor]) == -1) return;
  }
}

int end_output(int code) {
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && !std::ferror(stdout)) return code;
  const int error = errno;
  std::fprintf(stderr, "schema-load: what is printed can't be written: %s.\n",
               error == EBADF ? "stdout is closed" : std::strerror(error));
  return 3;
}

}  // namespace schemaregistry
