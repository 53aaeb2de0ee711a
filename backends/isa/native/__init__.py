"""The native engine: C made from checked bodies, compiled once. Open `engine` first, then `cgen` and `dispatch.c`."""
