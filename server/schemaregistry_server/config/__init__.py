"""The settings of a server: options, environment variables and a TOML file, completed by the mode it runs in."""
