"""Generated models take records of which the page had no example: a field may be missing, null or empty."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dazz_assets.assistant.generate import propose, write_source
from tests.assistant.choices import fields_of, make_choices, models_of, parse, spec_in, write
from tests.spec.samples import SAMPLES, page_of

DAY = "2026-01-02T00:00:00Z"


def paths_in(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of each member of the objects in a value, also in lists."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in items:
        if isinstance(value, dict):
            yield *above, name
        yield from paths_in(member, (*above, name))


def holder_of(record: Any, path: tuple[str | int, ...]) -> Any:
    for name in path[:-1]:
        record = record[name]
    return record


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_that_lacks_any_field_but_key_and_cursor_is_parsed(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    plan = propose(make_choices(name), page_of(sample.document, headers=sample.headers)).plan
    spec = spec_in(write(tmp_path / name, write_source(plan)))
    needed = {*plan.primary_key, *([plan.cursor.field] if plan.cursor else []), "attributes"}
    required = {tuple(item.split(".")[:end]) for item in needed for end in range(1, item.count(".") + 2)}
    record = sample.items[0]
    for path in paths_in(record):
        if path in required or "by_user" in path[:-1]:  # The values of a map are no fields.
            continue
        for change in ("missing", "null"):
            changed = deepcopy(record)
            if change == "null":
                holder_of(changed, path)[path[-1]] = None
            else:
                del holder_of(changed, path)[path[-1]]
            assert len(parse(spec, [changed])) == 1, (path, change)


def test_only_the_key_the_cursor_and_what_holds_the_fields_are_required() -> None:
    record = {"id": 1, "a": None, "b": [1], "attributes": {"updated_at": DAY, "name": "x", "tags": [{"k": "v"}]}}
    text = models_of([record])
    assert fields_of(text, "Issue") == {
        "id": "int",
        "a": "object | None = None",
        "b": "list[int] | None = None",
        "attributes": "IssueAttributes",
    }
    assert fields_of(text, "IssueAttributes") == {
        "updated_at": "AwareDatetime",
        "name": "str | None = None",
        "tags": "list[Tag] | None = None",
    }
    assert fields_of(text, "Tag") == {"k": "str | None = None"}
    assert text.startswith(
        '"""Models of Acme\'s records and of the domain objects made from them.\n\n'
        "Only what the parser can't do without is required: one page doesn't show which other\n"
        'fields a record may lack.\n"""\n'
    )


def test_a_holder_of_fields_that_some_records_lack_is_optional_and_the_parser_leaves_it_alone(tmp_path: Path) -> None:
    records: list[Any] = [{"id": 1, "attributes": {"name": "x"}}, {"id": 2, "attributes": None}]
    plan = propose(make_choices("acme"), page_of(records)).plan
    spec = spec_in(write(tmp_path / "acme", write_source(plan)))
    assert len(parse(spec, [*records, {"id": 3}])) == 3


def test_each_part_of_a_key_is_required_down_to_it() -> None:
    records = [{"number": at, "repository": {"id": at // 2, "name": "x"}} for at in (1, 2, 3)]
    text = models_of(records, primary_key=("repository.id", "number"))
    assert fields_of(text, "Issue") == {"number": "int", "repository": "Repository"}
    assert fields_of(text, "Repository") == {"id": "int", "name": "str | None = None"}


def test_objects_of_one_name_share_no_model_where_only_one_holds_the_key() -> None:
    repository = {"id": 1, "name": "x"}
    text = models_of([{"repository": repository, "fork": {"repository": repository}}], primary_key=("repository.id",))
    assert fields_of(text, "Issue")["repository"] != fields_of(text, "Fork")["repository"].partition(" ")[0]


def test_a_record_without_its_key_or_cursor_is_still_invalid(tmp_path: Path) -> None:
    record = {"id": 1, "updated_at": DAY}
    spec = spec_in(write(tmp_path / "acme", write_source(propose(make_choices("acme"), page_of([record])).plan)))
    for bad in ({**record, "id": None}, {**record, "updated_at": None}, {"id": 1}):
        with pytest.raises(ValidationError):
            parse(spec, [bad])


def test_a_cursor_that_some_records_lack_is_optional() -> None:
    records = [{"id": 1, "updated_at": None, "created_at": DAY}, {"id": 2, "updated_at": DAY, "created_at": DAY}]
    assert fields_of(models_of(records), "Issue")["updated_at"] == "AwareDatetime | None = None"


def test_times_are_texts_where_an_api_writes_nothing_as_an_empty_text() -> None:
    record = {"id": 1, "updated_at": DAY, "closed_at": DAY, "due": "2026-01-02", "parent": ""}
    assert fields_of(models_of([record]), "Issue") == {
        "id": "int",
        "updated_at": "AwareDatetime",
        "closed_at": "str | None = None",
        "due": "str | None = None",
        "parent": "str | None = None",
    }
