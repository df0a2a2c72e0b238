"""What is done to files so that they must not pass."""

from pathlib import Path


def flip(path: Path, at: int | None = None) -> None:
    """Turns one byte into another: the one in the middle, unless told otherwise."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x20
    path.write_bytes(content)
