"""TLS files, certificates, and who may do what."""
