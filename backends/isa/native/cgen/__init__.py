"""C from checked bodies: `unit.translate` makes one translation unit of an architecture.

`layout` says where state lies, `expressions` and `statements` write bodies, `windows` their windows, `timing` the clock,
`instruction` puts one instruction together, `unit` everything. Nothing here looks at a name: variables, memories and traps
go by number, so that a definition with other names makes the same C.
"""
