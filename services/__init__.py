"""The processes: each sub-package is one, and none imports another."""
