"""YAML and environment become frozen values, or a clear error."""
