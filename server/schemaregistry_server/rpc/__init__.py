"""The registry's RPCs, which gRPC and REST both call."""
