"""The gRPC and REST transports: sockets, requests, encodings, and errors as statuses."""
