"""What a server counts about itself, for Prometheus: docs/metrics.md has the names."""
