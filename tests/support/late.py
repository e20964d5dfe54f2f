"""A module whose import takes three seconds, as that of pyarrow may on a busy machine."""

import time

time.sleep(3)
