"""What ``kernelwright isa`` does. `backends.commands` declares the commands; open `programs` first."""
