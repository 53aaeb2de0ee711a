"""C from checked bodies: `unit.translate` makes the text of an architecture's engine.

`layout` says where state lies, `expressions` and `statements` write bodies, `windows` their windows, `timing` the clock,
`lanes` and `lane_loops` loops over elements, `nests` the order of loops, `instruction` puts one instruction together, `unit`
everything. Nothing here looks at a name: variables, memories and traps go by number, so that a definition with other names makes
the same C.
"""
