"""GNU assembly, for instruction sets with a `Dialect`. Open `assemble` first, then `forms` and `directives`."""
