"""Progress of a sync or parse: plain lines, or on a terminal one live line for each stream and parser."""

from __future__ import annotations

import io
import re

import pytest

from dazz_assets.cli.progress_view import show_progress
from dazz_assets.reports import Progress


class Screen(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def report_work(progress: Progress) -> None:
    """Report a stream of two pages with a wait between them, then a parser."""
    progress.began("snyk/acme", "issues")
    progress.page("snyk/acme", "issues", records=1_000, bytes_=10)
    progress.waiting("snyk/acme", 42.0, "429 Too Many Requests")
    progress.page("snyk/acme", "issues", records=500, bytes_=10)
    progress.ended("snyk/acme", "issues")
    progress.began("snyk/acme", "findings")
    progress.parsed("snyk/acme", "findings", objects=1_500)
    progress.ended("snyk/acme", "findings")


def test_without_a_terminal_each_wait_and_each_end_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        report_work(progress)
    waits, issues, findings = capsys.readouterr().err.splitlines()
    assert waits == "snyk/acme issues: waiting 42 s: 429 Too Many Requests"
    assert issues.startswith("snyk/acme issues: 1,500 records fetched, 2 pages, ")
    assert findings.startswith("snyk/acme findings: 1,500 objects, ")


def test_the_line_of_what_failed_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress, pytest.raises(ValueError, match="no"), progress.during("snyk/acme", "issues"):
        raise ValueError("no")
    assert re.fullmatch(r"snyk/acme issues: failed, \d\.\d s\n", capsys.readouterr().err)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_the_line_of_what_was_interrupted_does_not_say_that_it_failed(
    capsys: pytest.CaptureFixture[str], interruption: type[BaseException]
) -> None:
    with show_progress() as progress, pytest.raises(interruption), progress.during("snyk/acme", "issues"):
        raise interruption
    assert re.fullmatch(r"snyk/acme issues: interrupted, \d\.\d s\n", capsys.readouterr().err)


def test_one_record_and_one_page_are_written_so(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress, progress.during("snyk/acme", "issues"):
        progress.page("snyk/acme", "issues", records=1, bytes_=10)
    assert capsys.readouterr().err.startswith("snyk/acme issues: 1 record fetched, 1 page, ")


def test_a_wait_of_less_than_a_second_is_not_one_of_none(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        progress.waiting("snyk/acme", 0.4, "429 Too Many Requests")
    assert capsys.readouterr().err == "snyk/acme: waiting 1 s: 429 Too Many Requests\n"


def test_waiting_for_another_sync_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        progress.waiting("snyk/acme", 0, "snyk/acme is being synced by process 7")
    assert capsys.readouterr().err == "snyk/acme: waiting: snyk/acme is being synced by process 7\n"


def test_a_terminal_shows_records_pages_rate_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    with show_progress(as_json=True) as progress:
        report_work(progress)
        progress.began("snyk/acme", "projects")
        progress.waiting("snyk/acme", 42.0, "429 Too Many Requests")
    text = screen.getvalue()
    assert "1,500 records fetched, 2 pages, " in text
    assert "1,500 objects" in text
    assert "waiting 42 s: 429 Too Many Requests" in text


def test_with_json_and_no_terminal_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(as_json=True) as progress:
        report_work(progress)
    assert capsys.readouterr() == ("", "")
