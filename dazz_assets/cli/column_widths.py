"""The widths of a table's columns on a terminal, if they fit readably."""

from bisect import bisect_right
from collections.abc import Sequence

from rich.cells import cell_len

# A text of more cells than this has at least so many in a line. A longer word than the other may be broken.
_SHORTEST_LINE = 20
_LONGEST_WORD = 40


def choose_widths(names: Sequence[str], rows: Sequence[Sequence[str]], width: int, gap: int) -> list[int] | None:
    """The width of each column, the widest ones narrowed as far as need be; None if the columns don't fit readably.

    gap: between two columns.
    """
    columns = [[row[index] for row in rows] for index in range(len(names))]
    whole = [max(map(cell_len, [name, *cells])) for name, cells in zip(names, columns, strict=True)]
    least = [max(_longest_word([name]), _least_width(cells)) for name, cells in zip(names, columns, strict=True)]
    room = width - gap * (len(names) - 1)
    if sum(least) > room:
        return None

    def narrow(most: int) -> list[int]:
        return [max(at_least, min(each, most)) for each, at_least in zip(whole, least, strict=True)]

    return narrow(bisect_right(range(room + 1), room, key=lambda most: sum(narrow(most))) - 1)


def _least_width(cells: Sequence[str]) -> int:
    is_long = max(map(cell_len, cells), default=0) > _SHORTEST_LINE
    return min(max(_longest_word(cells), _SHORTEST_LINE if is_long else 0), _LONGEST_WORD)


def _longest_word(texts: Sequence[str]) -> int:
    return max((cell_len(word) for text in texts for word in text.split()), default=0)
