"""Targets. Each folder is one backend: it imports `harness.backend`, `harness.task` and `harness.sandbox`, nothing else of the harness."""
