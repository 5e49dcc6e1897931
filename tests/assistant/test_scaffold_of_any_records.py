"""The code generated from any records is well formatted, loads, and reads those records."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets.assistant.generate import AuthorChoices, propose, write_source
from dazz_assets.assistant.infer import decode_json
from dazz_assets.declare.parser import FullRefresh
from dazz_assets.domain import DomainObject
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import read_integration
from tests.spec.samples import BASE_URL, page_of

names = st.one_of(
    st.sampled_from(["data", "class", "a-b", "aB", "AB", "date", "datetime", "str", "items", "model_dump", "Field"]),
    st.sampled_from(["name", "login", "author", "avatar_url", "fullName"]),
    st.sampled_from(["BaseModel", "self", "record", "None", "object", "list", "__init__", "_x", "名前", "\ud800"]),
    st.text(max_size=6),
    st.text(alphabet="abcXYZ_19. $@", max_size=8),
)
scalar_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01 00:00:00", "a@b.example"]),
)
values = st.recursive(
    scalar_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)


def parse(folder: Path, records: list[Any]) -> list[DomainObject]:
    (class_,) = load_classes(folder)
    spec = read_integration(class_)
    model: Any = spec.streams["things"].required_model
    models = [model.model_validate(record) for record in records]
    return list(getattr(spec.integration(), next(iter(spec.parsers)))(FullRefresh(models)))


@pytest.mark.filterwarnings("error")
def test_code_from_any_records_is_formatted_loads_and_reads_them(tmp_path: Path) -> None:
    numbers = count()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.dictionaries(names, values, max_size=5), min_size=1, max_size=3))
    def check(found: list[dict[str, Any]]) -> None:
        records = [{**record, "id": number} for number, record in enumerate(found)]
        name = f"vendor_{next(numbers)}"
        choices = AuthorChoices(
            name=name, prefix="Vendor", base_url=BASE_URL, auth=None, path="/things", stream="things", cursor=""
        )
        files = write_source(propose(choices, page_of(records)).plan)
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text, encoding="utf-8")
        objects = parse(tmp_path / name, [decode_json(json.dumps(record)) for record in records])
        assert len({item.id for item in objects}) == len(records)

    check()
    for command in (("check",), ("format", "--check"), ("format", "--check", "--line-length=120")):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "."]
        ran = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout
