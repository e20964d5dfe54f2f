"""TLS files and certificates, the identity that a certificate states, and what each identity may call."""
