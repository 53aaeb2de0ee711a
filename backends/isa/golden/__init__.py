"""The golden engine: the definition itself, run by CPython. Open `engine`, then `windows`; `scoreboard` defines the cycles."""
