"""Generated integrations pass linters and type checkers, load, and parse the records of their page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dazz_assets import CursorToken, LinkHeader, NextLink, PageNumber
from dazz_assets.assistant.generate import AuthorChoices, NoProposalError, propose, write_call, write_source
from dazz_assets.assistant.generate.proposal import LONGEST_NAME
from dazz_assets.http import Paginator
from tests.assistant.choices import fields_of, make_choices, models_of, parse, spec_in, write
from tests.spec.samples import BASE_URL, SAMPLES, page_of

ROOT = Path(__file__).parents[2]


LONG = "a_vendor_of_names_of_30_letter"
# Makes every construct longer than a line: class heads, imports, the parser's signature, params and keys.
LONG_SETTINGS: dict[str, Any] = {
    "stream": "vulnerabilities_of_some_images",
    "params": {f"parameter_number_{number}": 'with a "quoted" value of some length' for number in range(4)},
    "primary_key": ("repository.id", "number"),
    "since": "updated_after",
}


def all_files(*, is_first_party: bool) -> dict[str, Mapping[str, str]]:
    found = {
        name: propose(
            make_choices(name), page_of(sample.document, headers=sample.headers), is_first_party=is_first_party
        )
        for name, sample in SAMPLES.items()
    }
    found[LONG] = propose(
        make_choices(LONG, **LONG_SETTINGS), page_of(SAMPLES["github"].document), is_first_party=is_first_party
    )
    return {name: write_source(item.plan) for name, item in found.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated integration for each sample."""
    folder = tmp_path_factory.mktemp("written")
    for name, files in all_files(is_first_party=False).items():
        write(folder / name, files)
    return folder


def run(*command: str, cwd: Path) -> str:
    ran = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=300)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_ruff_with_default_settings_passes(written: Path) -> None:
    assert run("ruff", "check", "--isolated", ".", cwd=written) == ""
    assert run("ruff", "check", "--isolated", "--select=I", ".", cwd=written) == ""
    assert run("ruff", "format", "--isolated", "--check", ".", cwd=written) == ""


def test_ruff_with_this_projects_settings_passes(tmp_path: Path) -> None:
    for name, files in all_files(is_first_party=True).items():
        write(tmp_path / name, files)
    settings = ("--config", "pyproject.toml", "--no-cache", str(tmp_path))
    assert run("ruff", "check", *settings, cwd=ROOT) == ""
    assert run("ruff", "format", "--check", *settings, cwd=ROOT) == ""


@pytest.mark.xdist_group("types")
def test_mypy_strict_passes(written: Path, mypy_cache: Path) -> None:
    folders = [item.name for item in written.iterdir() if item.is_dir() and not item.name.startswith(".")]
    assert len(folders) == len(SAMPLES) + 1
    assert run("mypy", "--strict", f"--cache-dir={mypy_cache}", *folders, cwd=written) == ""


@pytest.mark.xdist_group("types")
def test_pyright_strict_passes(written: Path) -> None:
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (written / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    assert run("pyright", "--pythonpath", sys.executable, cwd=written) == ""


def test_the_longest_names_work(written: Path) -> None:
    assert len(LONG) == len(LONG_SETTINGS["stream"]) == LONGEST_NAME
    assert len(parse(spec_in(written / LONG), SAMPLES["github"].items)) == 3


@pytest.mark.parametrize("name", SAMPLES)
def test_generated_code_loads_and_declares_what_the_page_showed(written: Path, name: str) -> None:
    sample, spec = SAMPLES[name], spec_in(written / name)
    (stream,) = spec.streams.values()
    assert (spec.name, stream.name, stream.path) == (name, "issues", "/issues")
    assert stream.records == sample.records
    assert stream.primary_key == sample.key
    assert (stream.cursor.field if stream.cursor else None) == sample.cursor
    assert (write_call(stream.paginator) if stream.paginator else None) == sample.paginator


@pytest.mark.parametrize("name", SAMPLES)
def test_the_parser_yields_an_object_for_each_record_of_the_page(written: Path, name: str) -> None:
    sample, spec = SAMPLES[name], spec_in(written / name)
    objects = parse(spec, sample.items)
    assert len({item.id for item in objects}) == len(sample.items)


def test_the_domain_object_has_the_key_and_the_most_useful_fields(written: Path) -> None:
    (only,) = parse(spec_in(written / "jsonapi"), SAMPLES["jsonapi"].items)
    shown = only.model_dump(mode="json", exclude={"id"})
    assert shown == {
        "uid": "6f1f7f0e-7f0e-4c3e-9d5e-0d9d0a3a3c0f",
        "title": "t",
        "status": "open",
        "type": "issue",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00.123000Z",
    }
    assert type(only).table_name() == "jsonapi_issues"


def test_names_that_are_no_python_identifiers_get_an_alias(written: Path) -> None:
    text = (written / "weird_names" / "models.py").read_text(encoding="utf-8")
    fields = fields_of(text, "Issue")
    assert fields["type"] == "str | None = None"
    assert fields["type_2"] == 'str | None = Field(default=None, alias="@type")'
    assert fields["class_"] == 'str | None = Field(default=None, alias="class")'
    assert fields["a_b"] == "int | None = None"
    assert fields["a_b_2"] == 'int | None = Field(default=None, alias="a-b")'
    assert fields["field_2fa"] == 'bool | None = Field(default=None, alias="2fa")'
    assert fields["some_camel_case"] == 'str | None = Field(default=None, alias="someCamelCase")'
    assert fields["http_server"] == 'str | None = Field(default=None, alias="HTTPServer")'
    assert fields["date_"] == 'date | None = Field(default=None, alias="date")'
    assert fields["import_"] == 'object | None = Field(default=None, alias="import")'
    assert fields["schema_"] == 'str | None = Field(default=None, alias="schema")'


def test_a_field_of_several_types_is_a_union() -> None:
    fields = fields_of(models_of(SAMPLES["mixed_types"].items), "Issue")
    assert fields["value"] == "int | str | None = None"
    assert fields["size"] == "float | None = None"
    assert fields["who"] == "str | Who | None = None"
    assert fields["many"] == "list[int | str | None] | None = None"
    assert fields["at"] == "str | None = None"


def test_times_are_read_as_times() -> None:
    record = {"id": 1, "a": "2026-01-01T00:00:00Z", "b": "2026-01-01 10:00:00", "c": "2026-01-01", "d": 1767225600}
    fields = fields_of(models_of([record]), "Issue")
    assert fields == {
        "id": "int",
        "a": "AwareDatetime | None = None",
        "b": "datetime | None = None",
        "c": "date | None = None",
        "d": "int | None = None",
    }


def test_an_object_by_id_is_a_mapping(written: Path) -> None:
    text = (written / "maps" / "models.py").read_text(encoding="utf-8")
    assert fields_of(text, "Issue")["by_user"] == "dict[str, ByUser] | None = None"
    assert fields_of(text, "ByUser") == {"votes": "int | None = None"}


def test_objects_share_a_model_only_if_name_and_shape_are_the_same(written: Path) -> None:
    text = (written / "same_names" / "models.py").read_text(encoding="utf-8")
    assert fields_of(text, "Issue")["owner"] == fields_of(text, "Parent")["owner"] == "Owner | None = None"
    assert fields_of(text, "Project")["owner"] == "ProjectOwner | None = None"
    assert fields_of(text, "IssueData") == {"data": "IssueDataData | None = None"}


def test_class_names_avoid_those_of_the_framework_and_python() -> None:
    text = models_of([{"id": 1, "stream": {"x": 1}, "field": {"x": 2, "y": 1}, "acme_config": {"z": 1}}])
    fields = fields_of(text, "Issue")
    assert fields["stream"] == "StreamRecord | None = None"
    assert fields["field"] == "FieldRecord | None = None"
    assert fields["acme_config"] != "AcmeConfig | None = None"


def test_a_cursor_of_epochs_sends_bounds_as_epochs(tmp_path: Path) -> None:
    proposal = propose(make_choices("acme", since="oldest"), page_of(SAMPLES["epochs"].document))
    (stream,) = spec_in(write(tmp_path / "acme", write_source(proposal.plan))).streams.values()
    assert stream.cursor is not None
    assert (stream.cursor.field, stream.cursor.since, stream.cursor.format) == ("updated", "oldest", "epoch")


@pytest.mark.parametrize("given", [LinkHeader(), NextLink("next"), CursorToken("next", param="x")])
def test_a_paginator_that_finds_nothing_in_a_page_with_counts_is_refused(given: Paginator) -> None:
    page = page_of({"items": [{"id": 1}], "startAt": 0, "total": 9})
    with pytest.raises(NoProposalError, match=r'finds nothing in the page; use Offset\(param="startAt"'):
        propose(make_choices("acme", paginator=given), page)


def test_the_sign_of_more_pages_is_inferred_for_a_given_parameter() -> None:
    page = page_of({"items": [{"id": 1}], "page": 0, "total_pages": 9})
    plan = propose(make_choices("acme", paginator=PageNumber("p")), page).plan
    assert (plan.paginator, plan.params) == (PageNumber("p", more="total_pages"), {"p": 0})


def test_names_that_do_not_follow_from_the_class_names_are_declared(tmp_path: Path) -> None:
    choices = AuthorChoices(
        name="github",
        prefix="GitHub",
        base_url=BASE_URL,
        auth=None,
        path="/orgs/{config.org}/a_b",
        stream="a_b",
        params={"per_page": 100, "v": "2"},
    )
    spec = spec_in(write(tmp_path / "github", write_source(propose(choices, page_of([{"id": 1}])).plan)))
    (stream,) = spec.streams.values()
    assert (spec.name, stream.name, dict(stream.params)) == ("github", "a_b", {"per_page": 100, "v": "2"})
    assert set(spec.config.model_fields) == {"base_url", "org"}


@pytest.mark.parametrize("name", ["epochs", "github"])
def test_personal_fields_are_declared_in_the_stream(written: Path, name: str) -> None:
    (stream,) = spec_in(written / name).streams.values()
    assert stream.personal == propose(make_choices(name), page_of(SAMPLES[name].document)).plan.personal
    assert name != "epochs" or stream.personal == ("profile.real_name",)


@pytest.mark.parametrize("length", [60, 66, 67, 68, 69, 80, 98, 99, 100, 101, 130])
def test_a_long_personal_field_is_declared_on_a_line_of_its_own_if_needed(tmp_path: Path, length: int) -> None:
    """The layout holds for any line length of a formatter."""
    path = ("person." * 20)[: length - len("x.name")] + "x.name"
    people: dict[str, Any] = {"name": "Ann", "email": "a@b.example"}
    for name in reversed(path.split(".")[:-1]):
        people = {name: people}
    files = write_source(propose(make_choices("acme"), page_of([{"id": 1, **people}])).plan)
    (stream,) = spec_in(write(tmp_path / "acme", files)).streams.values()
    assert (stream.personal, len(path)) == ((path,), length)
    assert (f'    personal = ("{path}",)' in files["integration.py"].splitlines()) == (length <= 68)
    for columns in ("88", "120"):
        assert run("ruff", "format", "--isolated", f"--line-length={columns}", "--check", ".", cwd=tmp_path) == ""
    assert run("ruff", "check", "--config", str(ROOT / "pyproject.toml"), "--select=E501", ".", cwd=tmp_path) == ""


def test_many_personal_fields_get_a_line_each(tmp_path: Path) -> None:
    people = {f"a_person_of_some_kind_{at}": {"name": "x", "email": "a@b.example"} for at in range(4)}
    files = write_source(propose(make_choices("acme"), page_of([{"id": 1, **people}])).plan)
    (stream,) = spec_in(write(tmp_path / "acme", files)).streams.values()
    assert stream.personal == tuple(f"{name}.name" for name in people)
    assert run("ruff", "format", "--isolated", "--check", ".", cwd=tmp_path) == ""
