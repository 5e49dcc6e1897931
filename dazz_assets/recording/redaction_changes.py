"""What redaction changed or left that a parser may depend on: the names of members, and words of undeclared fields."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dazz_assets.privacy.json_tokens import rewrite_json
from dazz_assets.privacy.personal_data import replace_people
from dazz_assets.privacy.pseudonyms import PERSON
from dazz_assets.privacy.record_paths import RecordPaths, is_in_fields, split_fields, without_indexes
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange
from dazz_assets.spec.specs import StreamSpec

_PERSON = re.compile(PERSON)
_MOST_FIELDS = 5
"""Fields to name in one warning."""

_Token = tuple[str, tuple[str, ...], str]
"""Kind, path and value of a key, string or number."""


class RedactionChanges:
    """Compares pages as they were sent with what the recording has, and tells what a parser may see differently."""

    def __init__(self) -> None:
        self._renamed: defaultdict[str, set[str]] = defaultdict(set)
        self._replaced: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, stream: StreamSpec, before: str, after: str) -> None:
        """Compare a page with its redacted text. Both are JSON with the same tokens in the same order."""
        if before == after:
            return
        paths, fields = _paths(stream), split_fields(stream.personal)
        for (kind, _, old), (_, path, new) in zip(_read_tokens(before), _read_tokens(after), strict=True):
            if old == new:
                continue
            if kind == "key" and not paths.is_id(path):
                self._renamed[stream.name].add(_format_path(stream, (*path[:-1], "*")))
            is_from_elsewhere = kind != "key" and _PERSON.fullmatch(new) and replace_people(old, lambda _: "")
            if is_from_elsewhere and not is_in_fields(paths.find(path), fields):
                self._replaced[stream.name].add(_format_path(stream, path))

    def warnings(
        self, streams: Iterable[StreamSpec], exchanges: Iterable[Exchange], redactor: Redactor
    ) -> Iterator[str]:
        """What to check in a finished recording, a sentence each."""
        left = _find_words_left(streams, exchanges, redactor)
        for stream in streams:
            if names := self._renamed.get(stream.name):
                yield (
                    f"stream {stream.name}: names of members were replaced at {_join(names)}, as they hold a secret or "
                    "a person; check that no parser reads such a member by its name"
                )
            if fields := self._replaced.get(stream.name):
                yield (
                    f"stream {stream.name}: values of {_join(fields)} were replaced, as they are personal in another "
                    "field; if they name people, add the field to `personal`, and else take the other field out of it"
                )
            if fields := left.get(stream.name):
                yield (
                    f"stream {stream.name}: {_join(fields)} holds an ordinary word that is personal in another field, "
                    "so it was left; if it names a person, add the field to `personal`"
                )


def _find_words_left(
    streams: Iterable[StreamSpec], exchanges: Iterable[Exchange], redactor: Redactor
) -> dict[str, set[str]]:
    """The fields of each stream that hold an ordinary word that is personal elsewhere."""
    by_name, found = {stream.name: stream for stream in streams}, defaultdict[str, set[str]](set)
    for exchange in exchanges:
        stream = by_name.get(exchange.stream)
        try:
            tokens = _read_tokens(exchange.response.body.decode()) if stream else []
        except ValueError:  # another format, or another charset
            continue
        for kind, path, value in tokens:
            if stream and kind == "string" and redactor.is_persons_word(value):
                found[stream.name].add(_format_path(stream, path))
    return found


def _read_tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []

    def note(kind: str, path: tuple[str, ...], value: str) -> str:
        tokens.append((kind, path, value))
        return value

    rewrite_json(text, note)
    return tokens


def _paths(stream: StreamSpec) -> RecordPaths:
    return RecordPaths(stream.records, keyed_by_id=stream.shape == "by_id")


def _format_path(stream: StreamSpec, path: tuple[str, ...]) -> str:
    """A path for messages: from the record where it lies in one, as `personal` is written."""
    in_record = _paths(stream).find(path)
    return ".".join(without_indexes(path) if in_record is None else in_record)


def _join(paths: set[str]) -> str:
    shown = [f"`{path}`" for path in sorted(paths)]
    more = len(shown) - _MOST_FIELDS
    return ", ".join(shown[:_MOST_FIELDS]) + (f" and {more} more" if more > 0 else "")
