"""The cost of a sync without new records does not grow with what is stored."""

from pathlib import Path

from tests.help_desk_vendor import Customer, Desk


def test_a_sync_without_new_records_opens_no_raw_file(customer: Customer, tmp_path: Path) -> None:
    customer.sync()
    customer.parse()
    # Without the files, opening one would fail.
    for file in (tmp_path / "lake" / "raw").rglob("*.parquet"):
        file.unlink()
    reports = customer.sync()
    assert (reports["agents"].records, reports["tickets"].records) == (2, 0)
    assert customer.parse().windows == {}


def test_a_sync_without_new_records_commits_nothing(customer: Customer, tmp_path: Path) -> None:
    customer.sync()
    customer.parse()
    before = sorted(path for path in (tmp_path / "lake").rglob("*") if path.is_file())
    customer.sync()
    customer.parse()
    assert sorted(path for path in (tmp_path / "lake").rglob("*") if path.is_file()) == before


def test_a_record_dated_in_the_future_is_new_only_once(desk: Desk, customer: Customer) -> None:
    desk.put(9, "2099-01-01T00:00:00Z", "from the future")
    customer.sync()
    customer.parse()
    assert customer.sync()["tickets"].records == 0
    assert customer.parse().windows == {}
    assert "from the future" in customer.titles()


def test_records_at_the_mark_are_read_again_so_a_new_one_of_the_same_time_is_not_lost(
    desk: Desk, customer: Customer
) -> None:
    customer.sync()
    desk.put(5, "2026-01-20T10:00:00Z", "same moment as ticket 4")
    report = customer.sync()["tickets"]
    assert (report.received, report.records) == (2, 1)
    customer.parse()
    assert "same moment as ticket 4" in customer.titles()
    assert customer.rows("select count(*) as n from incidents") == [{"n": 5}]
