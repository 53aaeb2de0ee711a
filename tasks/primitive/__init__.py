"""Primitive operators: P01 to P30."""
