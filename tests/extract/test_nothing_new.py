"""A sync that brought nothing costs nothing that grows with history."""

from pathlib import Path

from tests.desk import Customer, Desk


def test_it_opens_no_raw_file(customer: Customer, tmp_path: Path) -> None:
    customer.sync()
    customer.parse()
    # With the files gone, whatever opened one would fail.
    for file in (tmp_path / "lake" / "raw").rglob("*.parquet"):
        file.unlink()
    reports = customer.sync()
    assert (reports["agents"].records, reports["tickets"].records) == (2, 0)
    assert customer.parse().windows == {}


def test_it_commits_nothing(customer: Customer, tmp_path: Path) -> None:
    customer.sync()
    customer.parse()
    before = sorted(path for path in (tmp_path / "lake").rglob("*") if path.is_file())
    customer.sync()
    customer.parse()
    assert sorted(path for path in (tmp_path / "lake").rglob("*") if path.is_file()) == before


def test_a_record_dated_in_the_future_is_no_news_the_second_time(desk: Desk, customer: Customer) -> None:
    desk.put(9, "2099-01-01T00:00:00Z", "from the future")
    customer.sync()
    customer.parse()
    assert customer.sync()["tickets"].records == 0
    assert customer.parse().windows == {}
    assert "from the future" in customer.titles()


def test_the_boundary_is_read_again_and_what_shares_its_value_is_not_lost(desk: Desk, customer: Customer) -> None:
    customer.sync()
    desk.put(5, "2026-01-20T10:00:00Z", "same moment as ticket 4")
    report = customer.sync()["tickets"]
    assert (report.received, report.records) == (2, 1)
    customer.parse()
    assert "same moment as ticket 4" in customer.titles()
    assert customer.rows("select count(*) as n from incidents") == [{"n": 5}]
