"""The blocks of a Markdown page, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code. words: what stands behind the language, as a file's path; line: where it begins in the page."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a `console` block, and the lines that the page shows below it."""

    text: str
    shown: tuple[str, ...]


def blocks(page: str) -> Iterator[Block]:
    """All blocks of a page."""
    for match in _BLOCK.finditer(page):
        language, words, text = match.groups()
        yield Block(language, tuple(words.split()), text, page.count("\n", 0, match.start()) + 1)


def only_block(page: str, language: str, holding: str = "") -> str:
    """The text of the only block of a page that is in this language and holds this text."""
    (found,) = [block.text for block in blocks(page) if block.language == language and holding in block.text]
    return found


def commands(console: str) -> Iterator[Command]:
    """The commands of a `console` block: `$ ` begins one, a `\\` at the end of a line continues it."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        end = next(number for number, line in enumerate(lines) if not line.endswith("\\")) + 1
        yield Command("\n".join(lines[:end]), tuple(lines[end:]))


def changed(text: str, diff: str) -> str:
    """A text with the hunks of a diff applied, each of which must fit exactly one place; `...` separates them."""
    for hunk in re.split(r"^\.\.\.\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        if text.count(before) != 1:
            raise ValueError(f"this fits {text.count(before)} places:\n{before}")
        text = text.replace(before, after)
    return text
