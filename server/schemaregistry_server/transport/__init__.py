"""gRPC and REST: sockets, requests, encodings and statuses."""
