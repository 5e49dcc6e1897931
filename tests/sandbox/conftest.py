from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import ClassVar

import pytest
import requests

from dazz_assets.sandbox import Change, Sandbox, SandboxRequest, SandboxResponse, VendorSandbox, json_response, route

NOW = datetime(2025, 6, 1, tzinfo=UTC)


class LibrarySandbox(VendorSandbox):
    """A vendor with one list, `/books`, and no pages."""

    name: ClassVar[str] = "library"
    token = "reader"

    def populate(self, random: Random) -> None:
        self.books = [f"book-{random.randrange(1000)}" for _ in range(20)]

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        self.books.append(f"book-{random.randrange(1000)}")
        change.added["books"] = self.books[-1:]

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return json_response({"message": "who are you?"}, status=401)
        return None

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        return json_response({"message": "no such shelf"}, status=404)

    def settings(self, url: str) -> dict[str, str]:
        return {"token": self.token, "base_url": url}

    @route("GET", "/books")
    def list_books(self, request: SandboxRequest) -> SandboxResponse:
        return json_response(self.books, records=len(self.books))

    @route("GET", "/shelves/{shelf}/books/{title}")
    def show_book(self, request: SandboxRequest, shelf: str, title: str) -> SandboxResponse:
        return json_response({"shelf": shelf, "title": title, "origin": request.origin})


@pytest.fixture
def library() -> LibrarySandbox:
    return LibrarySandbox(seed=1, now=NOW)


@pytest.fixture
def sandbox(library: LibrarySandbox) -> Iterator[Sandbox]:
    with Sandbox([library]) as running:
        yield running


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    return sandbox.url("library")


@pytest.fixture
def reader() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer reader"
        yield session
