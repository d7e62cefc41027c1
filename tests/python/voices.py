"""Speakers of tests, and the text in the audio of the fakes."""

from __future__ import annotations

from turnwire import SpeechRequest

HEAD = bytes([0xFF, 0xF3, 0x84, 0xC4]) + bytes(9)


def says(mp3: bytes) -> str:
    """The text in the audio of the fakes."""
    frames = (mp3[at : at + 192] for at in range(0, len(mp3), 192))
    data = (frame.removeprefix(HEAD).removeprefix(b"says:") for frame in frames if b"says:" in frame)
    return b"".join(piece.split(b"\0")[0] for piece in data).decode()


def echo(request: SpeechRequest) -> tuple[bytes, str]:
    """A speaker whose audio is the text."""
    return request.text.encode(), "audio/pcm"


class TextError(Exception):
    """Raised by a text."""
