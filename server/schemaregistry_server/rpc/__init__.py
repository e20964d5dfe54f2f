"""The registry's RPCs, the same for every transport."""
