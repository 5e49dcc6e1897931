"""Dagster's UI in a browser, driven as a user does: by the text on the page."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
]
# Milliseconds to wait for an element of a page, and for a run, which waits in the queue and starts a process.
_PAGE_TIMEOUT = 60_000
_RUN_TIMEOUT = 120_000
_LOCATION = "dazz"


class Ui:
    """A browser on the UI. screenshots: the folder for screenshots, or None to take none."""

    def __init__(self, page: Page, url: str, screenshots: Path | None) -> None:
        self.page, self.url, self.screenshots = page, url, screenshots

    def open_group(self, group: str) -> None:
        """Open the asset graph of a group."""
        self.page.goto(f"{self.url}/locations/{_LOCATION}/asset-groups/{group}")

    def open_partition(self, asset: str, partition: str) -> None:
        """Open a partition on the asset's page."""
        self.page.goto(f"{self.url}/assets/{asset}?{urlencode({'view': 'partitions', 'partition': partition})}")

    def open_events(self, asset: str) -> None:
        """Open an asset's materializations. The page shows the newest."""
        self.page.goto(f"{self.url}/assets/{asset}?view=events")

    def open_overview(self, asset: str) -> None:
        """Open an asset's page."""
        self.page.goto(f"{self.url}/assets/{asset}?view=overview")

    def row_count(self) -> int:
        """The row count on an asset's page."""
        text = self.page.get_by_text(re.compile(r"^Row count\s*[\d,]+$")).filter(visible=True).last.inner_text()
        return int(re.sub(r"\D", "", text))

    def open_check(self, asset: str, check: str) -> None:
        """Open a check of an asset."""
        self.page.goto(f"{self.url}/assets/{asset}?{urlencode({'view': 'checks', 'checkDetail': check})}")

    def row_of(self, cell: str) -> list[str]:
        """The texts of a row of the check's table, by the text of one of its cells."""
        row = self.page.locator("tbody tr").filter(has=self.page.get_by_role("cell", name=cell, exact=True)).last
        return [item.inner_text().strip() for item in row.get_by_role("cell").all()]

    def left_edge(self, name: str) -> float:
        """The left edge of an asset's node in the graph."""
        box = self.page.get_by_text(name, exact=True).filter(visible=True).first.bounding_box()
        assert box is not None
        return box["x"]

    def choose_partition(self, asset: str, connection: str, window: str | None = None) -> None:
        """Open the dialog that materializes one partition of an asset. window: None is the newest."""
        page = self.page
        page.goto(f"{self.url}/assets/{asset}?view=partitions")
        page.get_by_role("button", name="Materialize").first.click()
        self._dialog.get_by_text("Select a partition or create one").last.click()
        page.get_by_title(connection, exact=True).filter(visible=True).last.click()
        page.keyboard.press("Escape")
        if window is None:
            self._dialog.get_by_role("button", name="Latest").click()
        else:
            self._dialog.get_by_placeholder("ex: ").fill(window)
            page.keyboard.press("Enter")
        self._dialog.get_by_text("1 partition", exact=True).wait_for()

    def launch(self) -> None:
        """Launch the run of the open dialog, and wait until it succeeds."""
        self._dialog.get_by_role("button", name="Launch 1 run").click()
        self.page.get_by_role("link", name="View", exact=True).click()
        result = self.page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
        result.wait_for(timeout=_RUN_TIMEOUT)
        assert result.inner_text() == "Success"

    def metadata(self) -> dict[str, str]:
        """Read the table of metadata on the page."""
        row = self.page.get_by_role("row").filter(has_text=re.compile("^(dazz|dagster)/"))
        row.first.wait_for()
        cells = [[cell.inner_text() for cell in item.get_by_role("cell").all()] for item in row.all()]
        return {item[0].strip(): item[1].strip() for item in cells}

    def screenshot(self, name: str) -> None:
        """Save a screenshot of the page, if there is a folder for screenshots."""
        if self.screenshots is not None:
            self.page.mouse.move(0, 0)
            self.page.wait_for_load_state("networkidle")
            self.page.screenshot(path=self.screenshots / f"{name}.png")

    @property
    def _dialog(self) -> Locator:
        return self.page.get_by_role("dialog").filter(has_text="Launch runs to materialize")


@contextmanager
def open_browser(chromium: str, url: str, screenshots: Path | None) -> Iterator[Ui]:
    """A headless browser on the UI, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(_PAGE_TIMEOUT)
        page.set_default_navigation_timeout(_PAGE_TIMEOUT)
        yield Ui(page, url, screenshots)
        browser.close()


def find_free_port() -> int:
    """A port that no process listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
