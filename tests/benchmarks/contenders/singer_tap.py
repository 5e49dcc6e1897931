"""singer-sdk: a tap with one REST stream, whose messages go to a file as JSON lines. `msgspec`: written by msgspec."""

import os
import sys
from typing import Any
from urllib.parse import ParseResult, parse_qsl

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseHATEOASPaginator

_ANY_OBJECT = th.ObjectType(additional_properties=True)


class LinkPaginator(BaseHATEOASPaginator):
    def get_next_url(self, response: Any) -> str | None:
        following: str | None = response.json()["links"].get("next")
        return following


class Issues(RESTStream):
    name = "issues"
    path = "/issues"
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True),
        th.Property("type", th.StringType),
        th.Property("attributes", _ANY_OBJECT),
        th.Property("relationships", _ANY_OBJECT),
    ).to_dict()

    @property
    def url_base(self) -> str:
        return str(self.config["url"])

    def get_new_paginator(self) -> LinkPaginator:
        return LinkPaginator()

    def get_url_params(self, context: object, next_page_token: ParseResult | None) -> dict[str, str]:
        return dict(parse_qsl(next_page_token.query)) if next_page_token else {}


class IssuesTap(Tap):
    name = "tap-issues"
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType, required=True)).to_dict()

    def discover_streams(self) -> list[RESTStream]:
        return [Issues(self)]


def main(url: str, out: str, writer: str = "default") -> None:
    # Messages go to standard output, which is the file from here on.
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), sys.stdout.fileno())
    if writer == "msgspec":
        from singer_sdk.contrib.msgspec import MsgSpecWriter

        IssuesTap.message_writer_class = MsgSpecWriter
    IssuesTap(config={"url": url}).sync_all()
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4])
