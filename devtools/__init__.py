"""What a checkout has for development and tests: it isn't part of what is installed."""
