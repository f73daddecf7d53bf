"""Slots from names: the stable hash that decides where a new root row lives. No Django here."""

from hashlib import blake2b

from .ids import SLOTS


def slot_from_text(text: str) -> int:
    """The slot, 0 to 4095, of `text`: the same on every machine and in every version.

    Python's own hash is salted for each process, so BLAKE2b it is. Lone surrogates, which UTF-8
    refuses, are hashed as they are.
    """
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SLOTS
