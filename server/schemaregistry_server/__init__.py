"""The schema registry's server: stores, the catalog in memory, the RPCs, and their gRPC and REST transports."""

import os

# Before grpc is imported, which reads it then: gRPC's own notices quote what peers send, as it is, so that a peer could
# write any line into the log.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
