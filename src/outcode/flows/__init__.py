"""The documents people build: their models, their checks when saved, their YAML form."""
