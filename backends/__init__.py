"""Targets, one folder each.

A backend imports `harness.backend`, `harness.task`, `harness.sandbox` and the errors and records under them; nothing else.
"""
