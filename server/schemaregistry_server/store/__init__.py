"""Where versions are kept: one interface, several stores."""
