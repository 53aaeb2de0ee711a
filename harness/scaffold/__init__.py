"""New packages for ``kernelwright backends new``: `package` writes them from the templates beside it, one folder a kind."""
