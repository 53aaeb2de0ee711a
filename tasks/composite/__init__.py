"""Composite operators: C01 to C22."""
