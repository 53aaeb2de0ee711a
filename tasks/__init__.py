"""x"""


def core():
    return None
