"""The folders of tables, the path or URL of a lake, and names that are not safe in a path."""

import re
from pathlib import Path

import pytest

from dazz_assets.lake import Lake, LakeError, json_rows, query
from tests.lake.rows import MODEL, MONDAY, Row, findings_table, publish, store, stored_keys


def test_every_table_has_a_folder_for_its_connection(lake: Lake) -> None:
    tables = [
        lake.raw("snyk", "issues", "acme", windowed=True),
        lake.domain("findings", "snyk", "alerts", "acme", MODEL),
        lake.quarantine("snyk", "alerts", "acme"),
        lake.marks("snyk", "issues", "acme"),
    ]
    assert [table.path.folder for table in tables] == [
        "raw/snyk/issues/connection=acme",
        "domain/findings/integration=snyk/parser=alerts/connection=acme",
        "quarantine/integration=snyk/parser=alerts/connection=acme",
        "marks/snyk/issues/connection=acme",
    ]


@pytest.mark.parametrize("connection", ["", "../acme", "a/b", "Acme", "-a", "a b", "a=b", "a" * 101, "a.b", "ä", "a\n"])
def test_connection_ids_that_would_need_escaping_are_refused(lake: Lake, connection: str) -> None:
    with pytest.raises(LakeError, match="can't be the id of a connection"):
        lake.raw("snyk", "issues", connection, windowed=True)
    with pytest.raises(LakeError, match="can't be the id of a connection"):
        lake.lock("snyk", connection)


@pytest.mark.parametrize("connection", ["a", "0", "123", "acme-eu_2", "a" * 100])
def test_connection_ids_become_part_of_the_path(lake: Lake, connection: str) -> None:
    assert lake.marks("snyk", "issues", connection).path.folder.endswith(f"connection={connection}")


def test_names_that_would_lead_out_of_the_lake_are_refused(lake: Lake) -> None:
    with pytest.raises(LakeError, match=r"'\.\./x' can't be the name of a stream"):
        lake.raw("snyk", "../x", "acme", windowed=True)
    with pytest.raises(LakeError, match="'Snyk' can't be the name of an integration"):
        lake.raw("Snyk", "issues", "acme", windowed=True)
    with pytest.raises(LakeError, match="A domain table can't be named 'quarantine'"):
        lake.domain("quarantine", "snyk", "alerts", "acme", MODEL)


def test_the_lake_lists_only_its_tables(lake: Lake) -> None:
    store(lake.raw("snyk", "issues", "acme", windowed=True), MONDAY, Row("a", 1, 1))
    publish(findings_table(lake), {MONDAY: ["a"]})
    assert lake.root.local is not None
    (lake.root.local / "raw" / "snyk" / "issues" / "notes").mkdir()
    (lake.root.local / "raw" / "snyk" / "README").write_text("by hand")

    assert [table.path.folder for table in lake.tables()] == [
        "raw/snyk/issues/connection=acme",
        "domain/findings/integration=snyk/parser=alerts/connection=acme",
    ]
    assert [table.path.kind for table in lake.tables("domain")] == ["domain"]


@pytest.mark.parametrize("name", ["plain", "with space", "x=1", "a[b]*c?", "dot.d/é#1", "it's"])
def test_a_lake_can_be_in_any_folder(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name / "lake")
    table = lake.raw("snyk", "issues", "123", windowed=True)
    store(table, MONDAY, Row("a", 1, 1))
    publish(findings_table(lake, "123"), {MONDAY: ["f"]})

    assert stored_keys(table) == ["a"]
    assert list(json_rows(query(lake, "select connection, key from raw.snyk_issues"))) == [
        {"connection": "123", "key": "a"}
    ]
    assert list(json_rows(query(lake, "select connection, id from findings"))) == [{"connection": "123", "id": "f"}]


def test_a_lake_is_given_by_a_path_or_a_url(tmp_path: Path) -> None:
    store(Lake(str(tmp_path / "a b")).raw("snyk", "issues", "acme", windowed=True), MONDAY, Row("a", 1, 1))
    assert stored_keys(Lake((tmp_path / "a b").as_uri()).raw("snyk", "issues", "acme", windowed=True)) == ["a"]


def test_a_folder_with_a_percent_sign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="reads '%' in a path as an escape"):
        Lake(tmp_path / "50%25")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/lake?region=eu-west-1", "such as s3://bucket/lake: set credentials, region and endpoint in the"),
        ("s3://key:canary-secret@bucket/lake", "such as s3://bucket/lake: set credentials, region and endpoint in the"),
        ("s3://bucket/a lake", "The lake can't be opened at s3://bucket/a lake: Cannot parse URI"),
        ("s4://bucket/lake", "The lake can't be opened at s4://bucket/lake: Unrecognized filesystem type"),
    ],
)
def test_a_url_that_leads_to_no_lake_is_told_without_its_secret(url: str, told: str) -> None:
    with pytest.raises(LakeError, match=re.escape(told)) as caught:
        Lake(url)
    assert "canary" not in str(caught.value)
