"""The integration that docs/templates.md shows loads, and sends what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dazz_assets.assistant.announced_requests import announce_requests
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.docs.markdown import only_block

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")


def _sent(spec: IntegrationSpec) -> Iterator[str]:
    for stream in spec.streams.values():
        for request in announce_requests(spec, stream):
            if request.sync in {"first sync", "incremental sync"}:
                yield f"{stream.name}, {request.sync}: {request.method} {request.url}"
                if request.body:
                    yield f"    {request.body}"


def test_its_integration_sends_the_requests_that_it_shows(tmp_path: Path) -> None:
    (tmp_path / "tracker.py").write_text(only_block(PAGE, "python"), encoding="utf-8")
    spec = find_integration(str(tmp_path / "tracker.py"))
    assert list(_sent(spec)) == only_block(PAGE, "text").splitlines()
