"""Instruction sets, one folder each: ``isa.py`` says what instructions mean, ``machine.toml`` how large and how fast the machine
is, ``manual/`` what its author adds to the generated manual. Start with ``tiny``.
"""
