"""Primitive operators: P01 to P33."""
