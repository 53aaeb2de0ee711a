"""Minnow: an example of a package that adds to kernelwright. Open `isa` first, then `port`."""


def create_backend(context):
    """The backend's entry point. Imports wait until it is called: a package must not slow down commands that do not need it."""
    from backends.isa.backend import create_backend
    from minnow.isa import isa
    from minnow.port import MinnowPort

    return create_backend(isa, MinnowPort, context)
