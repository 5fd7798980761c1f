"""A set of row ids with one bit per row, so that a million rows take 125 kB."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# Ids may start anywhere and have gaps, so only blocks that contain an id are kept.
BLOCK_BYTES = 1024
BLOCK_BITS = 8 * BLOCK_BYTES
_NUMBER = struct.Struct("<Q")


class IdSet:
    """A set of row ids."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, row_id: int) -> bool:
        number, place = divmod(row_id, BLOCK_BITS)
        block = self._blocks.get(number)
        return block is not None and bool(block[place >> 3] & 1 << (place & 7))

    def add(self, row_id: int) -> bool:
        """Add an id, and return whether it is new."""
        # This is called twice for each course run of the list, so it does not call another method.
        number, place = divmod(row_id, BLOCK_BITS)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = bytearray(BLOCK_BYTES)
        byte, bit = place >> 3, 1 << (place & 7)
        if block[byte] & bit:
            return False
        block[byte] |= bit
        self._count += 1
        return True

    def to_bytes(self) -> bytes:
        """Return the set as bytes that another process can merge."""
        return b"".join(_NUMBER.pack(number) + block for number, block in self._blocks.items())

    def merge(self, other: bytes) -> list[int]:
        """Add the bytes of another set, and return the ids that are in both."""
        in_both = []
        for start in range(_NUMBER.size, len(other), _NUMBER.size + BLOCK_BYTES):
            (number,) = _NUMBER.unpack_from(other, start - _NUMBER.size)
            theirs = other[start : start + BLOCK_BYTES]
            mine = int.from_bytes(self._blocks.get(number, b""), "little")
            added = int.from_bytes(theirs, "little")
            self._count += (added & ~mine).bit_count()
            self._blocks[number] = bytearray((mine | added).to_bytes(BLOCK_BYTES, "little"))
            in_both += [number * BLOCK_BITS + place for place in _places(mine & added)]
        return in_both


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
