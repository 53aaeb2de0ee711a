"""The manual's pages, in the order of their numbers: Markdown whose kernels a test grades and whose waveforms a test renders.

A block fenced as ``verilog P04`` is a kernel of that task; one fenced as ``wave NAME`` shows it running, and is drawn by `waves`.
"""
