"""Finds the declared sensitive fields that no record has: a misspelt path hides nothing, and must not be silent."""

import json
from collections.abc import Collection, Mapping

from dazz_assets.extract.batch import RowBatch
from dazz_assets.extract.drift import RecordShape, ShapeField
from dazz_assets.field_paths import ANY_MEMBER, Path, split_path, without_indexes
from dazz_assets.names import closest_name, list_names
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import StreamSpec


class UnseenFields:
    """The sensitive fields of a stream that no record of a sync had so far."""

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._waiting = {path: _find_names(path) for path in stream.sensitive if _find_names(path)}
        self._found: list[str] = []
        self._records = 0
        self._is_own = hasattr(stream.stream, "sensitive")

    def add(self, rows: RowBatch) -> None:
        """Look for them in the records of a page, which are read only if a field of that name is somewhere."""
        self._records += len(rows)
        wanted = {path: names for path, names in self._waiting.items() if _may_hold(rows.text, names)}
        for record in rows.records() if wanted else ():
            value = json.loads(record, parse_int=float)
            for path, names in list(wanted.items()):
                if _leads_somewhere(value, names):
                    del self._waiting[path], wanted[path]
                    self._found.append(path)
            if not wanted:
                return

    def note_found(self, shape: RecordShape) -> None:
        """Keep in a shape which of them were found, as it is made of a sample of the records."""
        seen = {_plain(split_path(path.replace("[]", ""))) for path in shape.types()}
        for path in self._found:
            if not any(_matches(other, _plain(_find_names(path))) for other in seen):
                shape.note_field(path)

    def describe(self, known: Mapping[str, ShapeField]) -> list[str]:
        """Say which of them no record has, and what is close to each.

        known: the shape of the records stored before and of those of this sync.

        Nothing is said of a path that ends early, at a null or an empty list: the records don't prove it wrong.
        """
        if not self._records:
            return []
        seen: dict[Path, set[str]] = {}
        for path, item in known.items():
            seen.setdefault(_plain(split_path(path.replace("[]", ""))), set()).update(item.types)
        texts = sorted({".".join(path) for path in seen if path})
        return [
            self._describe(path, texts)
            for path, names in self._waiting.items()
            if _is_proven_wrong(_plain(names), seen) and self._is_meant_for_it(path, texts)
        ]

    def _is_meant_for_it(self, path: str, texts: Collection[str]) -> bool:
        """Whether a path is the stream's own. One of its integration may be that of another stream's records."""
        return self._is_own or closest_name(path, texts) is not None

    def _describe(self, path: str, texts: Collection[str]) -> str:
        close = closest_name(path, texts)
        found = f"did you mean {close!r}?" if close else f"they have {list_names(texts)}"
        advice = "correct the path" if self._is_own else "correct the path, or set `sensitive = ()` on it"
        return (
            f"no record received has anything at `{path}`, which is `sensitive` for {self._stream.stream.__name__}, so "
            f"nothing is hidden there: {advice}; {found}"
        )


def _find_names(path: str) -> Path:
    """The names of a declared path, without what a sensitive path leaves out."""
    (names,) = SensitiveFields([path]).paths
    return names


def _may_hold(text: bytes, names: Path) -> bool:
    named = [name for name in names if name != ANY_MEMBER]
    return not named or json.dumps(named[-1], ensure_ascii=False).encode() in text or b"\\u" in text


def _leads_somewhere(value: object, names: Path) -> bool:
    if isinstance(value, list):
        return any(_leads_somewhere(item, names) for item in value)
    if not names:
        return True
    if not isinstance(value, dict):
        return False
    return any(
        _leads_somewhere(member, names if name.isdecimal() and name != names[0] else names[1:])
        for name, member in value.items()
        if name.isdecimal() or names[0] in (name, ANY_MEMBER)
    )


def _plain(names: Path) -> Path:
    """As the shape of records has a path: names with dots are several there."""
    return without_indexes(tuple(part for name in names for part in name.split(".")))


def _is_proven_wrong(names: Path, seen: Mapping[Path, Collection[str]]) -> bool:
    """Whether a path leads from a value that is neither null nor empty to nothing."""
    for length in range(len(names), 0, -1):
        reached = [path for path in seen if _matches(path, names[:length])]
        if reached:
            return length < len(names) and any(_has_value(path, seen) for path in reached)
    return True


def _has_value(path: Path, seen: Mapping[Path, Collection[str]]) -> bool:
    """Whether there is more at a path than nulls, empty objects and empty lists."""
    return bool(set(seen[path]) - {"object", "list"}) or any(other[: len(path)] == path != other for other in seen)


def _matches(path: Path, names: Path) -> bool:
    return len(path) == len(names) and all(
        ANY_MEMBER in (ours, other) or ours == other for ours, other in zip(path, names, strict=True)
    )
