"""What a sync tells while it runs: plain lines, or on a terminal a line a work that is kept up to date."""

from __future__ import annotations

import io

import pytest

from dazz_assets.cli.progress_view import show_progress
from dazz_assets.reports import Progress


class Screen(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def work(progress: Progress) -> None:
    """A stream of two pages, with a wait between them."""
    progress.began("snyk/acme", "issues")
    progress.page("snyk/acme", "issues", records=1_000, bytes_=10)
    progress.waiting("snyk/acme", 42.0, "429 Too Many Requests")
    progress.page("snyk/acme", "issues", records=500, bytes_=10)
    progress.ended("snyk/acme", "issues")
    progress.began("snyk/acme", "findings")
    progress.parsed("snyk/acme", "findings", objects=1_500)
    progress.ended("snyk/acme", "findings")


def test_where_nobody_watches_there_is_a_line_a_work_and_one_a_wait(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        work(progress)
    waits, issues, findings = capsys.readouterr().err.splitlines()
    assert waits == "snyk/acme issues: waiting 42 s: 429 Too Many Requests"
    assert issues.startswith("snyk/acme issues: 1,500 records, 2 pages, ")
    assert findings.startswith("snyk/acme findings: 1,500 objects, ")


def test_another_sync_that_is_waited_for_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as progress:
        progress.waiting("snyk/acme", 0, "snyk/acme is being synced by process 7")
    assert capsys.readouterr().err == "snyk/acme: waiting: snyk/acme is being synced by process 7\n"


def test_a_terminal_shows_records_pages_rate_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    with show_progress(as_json=True) as progress:
        work(progress)
        progress.began("snyk/acme", "projects")
        progress.waiting("snyk/acme", 42.0, "429 Too Many Requests")
    text = screen.getvalue()
    assert "1,500 records, 2 pages, " in text
    assert "1,500 objects" in text
    assert "waiting 42 s: 429 Too Many Requests" in text


def test_with_json_nothing_is_told_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(as_json=True) as progress:
        work(progress)
    assert capsys.readouterr() == ("", "")
