"""Slots: the stable hash that maps the name of a root row to its slot. No Django here."""

from hashlib import blake2b

from .ids import SLOTS


def slot_from_text(text: str) -> int:
    """Return the slot of `text`, 0 to 4095: the same on every machine and in every version.

    BLAKE2b, since Python's own hash is salted for each process. Lone surrogates, which UTF-8
    rejects, are hashed as they are.
    """
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SLOTS
