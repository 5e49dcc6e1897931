"""`dazz explain`: what an integration declares, and which requests its syncs will begin with; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dazz_assets.cli.exit_status import UsageError
from dazz_assets.cli.options import AsJson, TargetArgument
from dazz_assets.cli.output import one_line, print_json, print_note, print_result, print_table

if TYPE_CHECKING:
    from dazz_assets.assistant.announced_requests import AnnouncedRequest
    from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

Mermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart, for docs or a pull request.")]

_LEGEND = (
    "<start>: the connection's start. <mark>: the greatest cursor value stored. What is sent is one unit (a second, a "
    "day) earlier, so that records with the same cursor value are fetched again."
)
_NOW = "<now>: the end of the second (minute, day) in which the request is sent, for a parameter that needs an end."
# The number of characters of a body that are shown.
_BODY_WIDTH = 500


def explain_integration(name_or_path: TargetArgument, mermaid: Mermaid = False, as_json: AsJson = False) -> None:
    """Show an integration's config, streams, parsers and tables, and the first requests that syncs would send.

    Needs no connection, and sends nothing.
    """
    if mermaid and as_json:
        raise UsageError("--mermaid and --json are two output formats: give one of them")
    from dazz_assets.assistant.announced_requests import announce_requests
    from dazz_assets.spec import summary
    from dazz_assets.spec.combination_rules import find_lists_without_key, find_unused_secrets
    from dazz_assets.spec.discovery import find_integration

    spec = find_integration(name_or_path)
    if mermaid:
        print_result(summary.draw_mermaid(spec))
        return
    requests = {stream.name: announce_requests(spec, stream) for stream in spec.streams.values()}
    document = _document(spec, requests)
    if as_json:
        print_json(document)
    else:
        _print_document(spec, document, requests)
    for warning in (*find_unused_secrets(spec), *find_lists_without_key(spec)):
        print_note(f"warning: {warning}", "yellow")


def _document(spec: IntegrationSpec, requests: dict[str, list[AnnouncedRequest]]) -> dict[str, Any]:
    from dazz_assets.spec import summary
    from dazz_assets.spec.config_fields import describe_config, describe_purpose

    integration = spec.integration
    return {
        "name": spec.name,
        "description": spec.doc,
        "base_url": integration.base_url,
        "auth": summary.describe_setting(integration.auth),
        "facts": {name: stream.request_line for name, stream in spec.facts.items()},
        "permissions_url": integration.permissions_url,
        "config": {
            "description": describe_purpose(spec.config),
            "fields": [asdict(field) for field in describe_config(spec.config)],
        },
        "window": spec.window,
        "check": spec.check,
        "streams": [_stream_document(spec, item, requests[item.name]) for item in spec.streams.values()],
        "parsers": [_parser_document(spec, item) for item in spec.parsers.values()],
        "unread": [item.name for item in spec.streams.values() if not summary.find_readers(spec, item)],
    }


def _stream_document(spec: IntegrationSpec, stream: StreamSpec, requests: list[AnnouncedRequest]) -> dict[str, Any]:
    from dazz_assets.spec import summary

    cursor = stream.cursor
    return {
        "name": stream.name,
        "description": stream.doc,
        "kind": summary.sync_mode(stream),
        "primary_key": stream.primary_key,
        "cursor": cursor
        and {
            "field": cursor.field,
            "since": summary.describe_bound(stream, "since"),
            "until": summary.describe_bound(stream, "until"),
            "order": cursor.order,
            "lookback_seconds": cursor.lookback.total_seconds(),
            "format": cursor.format,
            "text": summary.describe_cursor(stream),
        },
        "partitions": summary.describe_partitions(spec, stream),
        "parent": stream.parent,
        "parents_per_request": stream.parents_per_request,
        "paginator": summary.describe_paging(stream),
        "records": stream.records,
        "permissions": stream.permissions,
        "sensitive": stream.sensitive,
        "model": stream.model and stream.model.__name__,
        "read_by": summary.find_readers(spec, stream),
        "requests": requests,
    }


def _parser_document(spec: IntegrationSpec, parser: ParserSpec) -> dict[str, Any]:
    from dazz_assets.spec import summary

    return {
        "name": parser.name,
        "description": parser.doc,
        "version": parser.version,
        "inputs": [{"parameter": each.parameter, "stream": each.stream, "kind": each.kind} for each in parser.inputs],
        "reads": [summary.describe_input(each) for each in parser.inputs],
        "outputs": [{"model": model.__name__, "table": model.table_name()} for model in parser.models],
        "partitions": summary.describe_partitions(spec, parser),
    }


def _print_document(
    spec: IntegrationSpec, document: dict[str, Any], requests: dict[str, list[AnnouncedRequest]]
) -> None:
    summary = document["description"].partition("\n")[0]
    print_result(one_line(f"{document['name']}: {summary}" if summary else document["name"]))
    base_url = document["base_url"] or ("from the config" if spec.sends_requests else "none, as an SDK sends all")
    print_result(one_line(f"base URL {base_url}, auth {document['auth'] or 'none'}"))
    for name, request_line in document["facts"].items():
        print_result(one_line(f"fact {name}: {request_line}"))
    _print_config(document["config"])
    streams = document["streams"]
    print_result("")
    print_table(
        ("stream", "kind", "key", "cursor", "partitions", "parent", "records at", "paginator", "read by"),
        [
            (
                item["name"],
                item["kind"],
                ", ".join(item["primary_key"]) or ("the id" if stream.shape == "by_id" else "none"),
                item["cursor"] and item["cursor"]["text"],
                item["partitions"],
                item["parent"],
                item["records"] or "the page",
                item["paginator"],
                ", ".join(item["read_by"]) or "no parser",
            )
            for item, stream in zip(streams, spec.streams.values(), strict=True)
        ],
    )
    print_result("")
    print_table(
        ("parser", "reads", "yields", "table", "partitions"),
        [
            (item["name"], ", ".join(item["reads"]), output["model"], output["table"], item["partitions"])
            for item in document["parsers"]
            for output in item["outputs"]
        ],
    )
    _print_permissions(document)
    print_result("\nFirst requests of a sync:")
    for item in streams:
        several = item["parents_per_request"]
        each = f"for up to {several} records" if several else "for each record"
        parent = f", {each} of {item['parent']}" if item["parent"] else ""
        print_result(f"\n{item['name']}{parent}")
        for line in _format_requests(requests[item["name"]]):
            print_result(f"  {one_line(line)}")
    if any("<mark" in line for each in requests.values() for line in _format_requests(each)):
        print_result(f"\n{_LEGEND}")
    if any("<now" in line for each in requests.values() for line in _format_requests(each)):
        print_result(f"\n{_NOW}")


def _print_config(config: dict[str, Any]) -> None:
    """Print what the config of a connection takes, a line for each field: `token: str, required, secret (a user's)`."""
    about = config["description"].partition("\n")[0]
    print_result("")
    print_result(one_line(f"Config of a connection: {about}").rstrip())
    for field in config["fields"]:
        default = field["default"]
        necessity = "required" if field["required"] else "optional" if default is None else f"by default {default}"
        facts = [field["type"], necessity, *(["secret"] if field["secret"] else [])]
        about = f" ({field['description']})" if field["description"] else ""
        print_result(one_line(f"  {field['name']}: {', '.join(facts)}{about}"))


def _print_permissions(document: dict[str, Any]) -> None:
    """Print what the credentials need, and which fields are never shown."""
    streams, url = document["streams"], document["permissions_url"]
    if any(item["permissions"] for item in streams):
        print_result(f"\nPermissions that the credentials need{f' ({url})' if url else ''}:")
        for item in streams:
            print_result(one_line(f"  {item['name']}: {', '.join(item['permissions']) or 'none declared'}"))
    for item in streams:
        if item["sensitive"]:
            print_result(one_line(f"\nSensitive fields of {item['name']}, never shown: {', '.join(item['sensitive'])}"))


def _format_requests(requests: list[AnnouncedRequest]) -> Iterator[str]:
    for request in requests:
        yield f"{request.sync}: {request.method} {request.url}"
        if request.body:
            is_long = len(request.body) > _BODY_WIDTH
            yield f"    body: {request.body[: _BODY_WIDTH - 1] + '…' if is_long else request.body}"
        if request.note:
            yield f"    {request.note}"
    if requests[0].headers:
        yield f"headers: {', '.join(f'{name}: {value}' for name, value in requests[0].headers.items())}"
