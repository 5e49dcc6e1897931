"""Quotes in messages: the start of a text that may be long."""

LONGEST_MESSAGE = 500
CUT_OFF = "..."


def quote_start(body: bytes) -> str:
    """The start of a body, on one line."""
    return shorten(" ".join(body[: 4 * LONGEST_MESSAGE].decode(errors="replace").split()), 200)


def shorten(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """The text, cut off after `longest` characters."""
    return text if len(text) <= longest else text[: longest - len(CUT_OFF)] + CUT_OFF


def end_sentence(text: str) -> str:
    """The text with a full stop, unless it ends a sentence already."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
