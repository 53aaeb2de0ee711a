"""Simulation of hardware kernels: benches, simulators, and what a run shows.

Open first: ``stream.sv.j2``, the bench of `kstream 1`; then `runs` (what is run), `trace` (what a bench writes), `driver` (how a
simulator is used) and `conductor`, which puts them together.

A verdict cannot be forged from inside a simulation, because nothing there knows an expected output, what a kernel may print is
not read, inputs come one beat at a time from a pipe, and the results file ends with a number that only this run knows.
"""
