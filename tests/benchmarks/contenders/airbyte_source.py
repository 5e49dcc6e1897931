"""airbyte-cdk: a declarative source, whose messages go to a file as JSON lines. It may be told what is allowed."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def _manifest(url: str, rate: int | None) -> dict[str, Any]:
    """The source as its low-code YAML would describe it. rate: the requests that the vendor allows in a second."""
    following = {
        "type": "CursorPagination",
        "cursor_value": "{{ '" + url + "' ~ response.links.next }}",
        "stop_condition": "{{ 'next' not in response.links }}",
    }
    retriever = {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url_base": url, "path": "/issues", "http_method": "GET"},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["data"]}},
        "paginator": {
            "type": "DefaultPaginator",
            "pagination_strategy": following,
            "page_token_option": {"type": "RequestPath"},
        },
    }
    stream = {
        "type": "DeclarativeStream",
        "name": "issues",
        "primary_key": ["id"],
        "retriever": retriever,
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "additionalProperties": True}},
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["issues"]},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
        "streams": [stream],
        **({} if rate is None else {"api_budget": _budget(rate)}),
    }


def _budget(rate: int) -> dict[str, Any]:
    """Its way to stay within a limit: so many calls in any second, of all requests."""
    allowed = {"type": "Rate", "limit": rate, "interval": "PT1S"}
    policy = {"type": "MovingWindowCallRatePolicy", "rates": [allowed], "matchers": []}
    return {"type": "HTTPAPIBudget", "policies": [policy]}


_CATALOG = {
    "streams": [
        {
            "stream": {"name": "issues", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
    ]
}


def main(url: str, out: str, rate: int | None = None) -> None:
    # Messages go to standard output, which is the file from here on.
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), sys.stdout.fileno())
    from airbyte_cdk.entrypoint import launch
    from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
    from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

    with tempfile.TemporaryDirectory() as work:
        config, catalog = Path(work, "config.json"), Path(work, "catalog.json")
        config.write_text("{}")
        catalog.write_text(json.dumps(_CATALOG))
        source = ConcurrentDeclarativeSource(
            catalog=ConfiguredAirbyteCatalogSerializer.load(_CATALOG),
            config={},
            state=None,
            source_config=_manifest(url, rate),
        )
        launch(source, ["read", "--config", str(config), "--catalog", str(catalog)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:4]))
