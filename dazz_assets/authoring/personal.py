"""Whether the fields that a stream declares as personal are there in its records."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from dazz_assets.authoring.inference.fields import fields_of
from dazz_assets.authoring.inference.shape import shape_of
from dazz_assets.authoring.naming import suggestion
from dazz_assets.http.paths import split


def unmatched(personal: Sequence[str], records: Sequence[object]) -> dict[str, str]:
    """The declared paths at which these records can't have anything, each with what it may have been meant to be.

    The latter is written as `suggestion` does, to follow the path in a sentence. Where the way to a field ends in null
    or in an empty list wherever it is followed, nothing is known, and the path is not among these.
    """
    missed = [path for path in personal if _is_missed(split(path), records)]
    if not missed:
        return {}
    known = {item.path.replace("[]", "") for item in fields_of(shape_of(records)) if ".*" not in item.path}
    return {path: suggestion(path, get_close_matches(path, known, n=1) or known) for path in missed}


def _is_missed(names: Sequence[str], records: Sequence[object]) -> bool:
    here: list[object] = list(records)
    for name in names:
        if name.isdecimal():
            continue
        reached = [value for item in here for value in _reached(item)]
        here = [value[name] for value in reached if isinstance(value, dict) and name in value]
        if not here:
            return bool(reached)
    return False


def _reached(value: object) -> Iterator[object]:
    """What a name is looked for in: as in recordings, a path goes through lists, and objects by number, unsaid."""
    if isinstance(value, list):
        for item in value:
            yield from _reached(item)
    elif isinstance(value, dict):
        numbered = [member for name, member in value.items() if str(name).isdecimal()]
        for member in numbered:
            yield from _reached(member)
        if not numbered or len(numbered) < len(value):
            yield value
    elif value is not None:
        yield value
