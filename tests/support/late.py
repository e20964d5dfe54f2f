"""A module whose import takes a second, as that of pyarrow may on a busy machine."""

import time

time.sleep(1)
