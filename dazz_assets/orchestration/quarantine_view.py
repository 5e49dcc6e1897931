"""What is in quarantine, shown to people who may not be meant to see the records: no secrets, nobody's name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dazz_assets.field_paths import split_path
from dazz_assets.http import Mask
from dazz_assets.orchestration.check_texts import MOST_LISTED, in_windows, join_texts
from dazz_assets.privacy.personal_data import replace_people
from dazz_assets.reports import ParseReport
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.masked_values import HIDDEN_VALUE, is_personal, mask_text
from dazz_assets.transform.quarantine import HeldRows

TABLE = "dazz/quarantine"
TABLE_COLUMNS = ("connection", "window", "stream or model", "key or id", "reason", "value, masked")

# A text as `repr` writes it: in double quotes if it holds a single one.
_QUOTED = re.compile(r"""(["'])(.*)\1""", re.DOTALL)


class QuarantineView:
    """Describes what a parser's quarantine holds for one connection. mask: of the connection's secrets."""

    def __init__(self, spec: IntegrationSpec, report: ParseReport, mask: Mask) -> None:
        self._spec = spec
        self._report = report
        self._mask = mask

    def describe_records(self, held: HeldRows) -> str:
        """What is wrong with the records, and what to do. There must be some."""
        return (
            f"{self._count(held, 'records')}, the first because of: {self._reason(held.examples[0])}. "
            f"{self._advise(held.examples[0])}. The table `quarantine` of the lake holds all"
        )

    def describe_parts(self, held: HeldRows) -> str:
        """Which records were parsed without an invalid part, and what to do. There must be some."""
        names = ", ".join(f"{count} of {name}" for name, count in held.counts.most_common(MOST_LISTED))
        be = "record is" if held.count == 1 else "records are"
        return (
            f"{self._report.parser}: {held.count} {be} parsed without an optional part that is invalid ({names}"
            f"{in_windows(held.windows)}), the first because of: {self._reason(held.examples[0])}. "
            f"{self._advise(held.examples[0])}"
        )

    def describe_duplicates(self, held: HeldRows) -> str:
        """Which objects are yielded more than once, and what to do. There must be some."""
        ids = join_texts(dict.fromkeys(self._hide(row["object_id"]) for row in held.examples))
        return (
            f"{self._count(held, 'objects')}, as their ids are yielded more than once: {ids}. Each is published once. "
            f"Make the ids of what vendor ids tell apart, then run `{self._parse_command}`"
        )

    def metadata(self, held: HeldRows) -> dict[str, Any]:
        """How many there are, and a table of examples."""
        if not held.count:
            return {}
        rows = [dg.TableRecord(dict(zip(TABLE_COLUMNS, self._cells(row), strict=True))) for row in held.examples]
        return {"dazz/quarantined": held.count, TABLE: make_table(rows)}

    @property
    def _parse_command(self) -> str:
        return f"dazz parse {self._spec.name} {self._report.parser}"

    def _count(self, held: HeldRows, what: str) -> str:
        names = ", ".join(f"{count} of {name}" for name, count in held.counts.most_common(MOST_LISTED))
        be = "is" if held.count == 1 else "are"
        noun = what[:-1] if held.count == 1 else what
        return f"{self._report.parser}: {held.count} {noun} {be} in quarantine ({names}{in_windows(held.windows)})"

    def _advise(self, row: Mapping[str, Any]) -> str:
        """What to do about a record, by its kind."""
        stream = self._spec.streams.get(row["stream"])
        name = stream.stream.__name__ if stream else row["stream"]
        if setting := {"no key": "primary_key", "no cursor": "cursor"}.get(row["kind"]):
            refetch = f"dazz sync {self._spec.name} --stream {row['stream']} --refetch"
            return f"Correct `{setting}` of {name}, then run `{refetch}`"
        if row["kind"] == "unreadable":
            return "No model can accept what is not JSON: report it to the vendor"
        return f"Let the model of {name} accept what the vendor sends, then run `{self._parse_command}`"

    def _cells(self, row: Mapping[str, Any]) -> Iterator[str]:
        yield self._report.connection
        yield row["window_start"].isoformat() if row["window_start"] else ""
        yield row["stream"] or row["model"]
        yield self._key(row) if row["stream"] else self._hide(row["object_id"])
        yield self._reason(row)
        yield row.get("looks_like") or ""

    def _key(self, row: Mapping[str, Any]) -> str:
        if (stream := self._spec.streams.get(row["stream"])) is None:
            return HIDDEN_VALUE
        of_parents = [path for each in self._spec.streams.values() for path in each.personal]
        hidden = any(is_personal(split_path(path), stream.personal) for path in stream.key_paths) or any(
            is_personal(split_path(path), of_parents) for path in stream.key_parent_fields
        )
        return HIDDEN_VALUE if hidden else self._hide(row["key"] or "")

    def _reason(self, row: Mapping[str, Any]) -> str:
        # What is wrong with a key or cursor quotes it; what is wrong with a field quotes the model alone.
        is_quoted = row["kind"] in ("no key", "no cursor")
        reason = _QUOTED.sub(lambda match: mask_text(match[2]), row["reason"]) if is_quoted else row["reason"]
        return self._hide(reason)

    def _hide(self, text: str) -> str:
        return self._mask(replace_people(text, lambda _: HIDDEN_VALUE))


def make_table(rows: list[dg.TableRecord]) -> dg.TableMetadataValue:
    """The table of quarantined records or objects."""
    return dg.MetadataValue.table(rows, dg.TableSchema(columns=[dg.TableColumn(name) for name in TABLE_COLUMNS]))
