"""A backend and a model for tests of runs, registered through the entry points of the dist-info beside this package."""
