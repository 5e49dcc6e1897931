"""Pages as APIs send them, from plain to strange."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dazz_assets.http import Page, Param, Request

BASE_URL = "https://api.vendor.example"


@dataclass(frozen=True)
class Sample:
    """A page, where its records are, and what should be inferred from it."""

    document: Any
    records: str
    key: tuple[str, ...]
    cursor: str | None = None
    paginator: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def items(self) -> list[Any]:
        """The records."""
        found = self.document
        for name in self.records.split(".") if self.records else ():
            found = found[name]
        return list(found)


def page_of(
    document: Any,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Param] | None = None,
    body: Any = None,
) -> Page:
    """A page with this document as its body."""
    return Page(
        body=document if isinstance(document, bytes) else json.dumps(document).encode(),
        url=f"{BASE_URL}/things",
        status=200,
        headers=headers or {},
        fetched_at=datetime(2026, 1, 31, tzinfo=UTC),
        request=Request(url=f"{BASE_URL}/things", params=params or {}, body=body),
    )


def _nested(depth: int) -> dict[str, Any]:
    return {"level": depth, "below": _nested(depth - 1)} if depth else {"bottom": True}


SAMPLES: Mapping[str, Sample] = {
    "bare_list": Sample(
        [{"id": 1, "name": "a", "active": True}, {"id": 2, "name": "b", "active": False}],
        "",
        ("id",),
        paginator="LinkHeader()",
        headers={"link": '<https://api.vendor.example/things?page=2>; rel="next"'},
    ),
    "nested": Sample(
        {
            "result": {
                "entries": [
                    {"key": "A-1", "owner": {"login": "ann", "id": 7}, "labels": [{"name": "x", "color": None}]},
                    {"key": "A-2", "owner": None, "labels": [], "note": "seldom"},
                ]
            },
            "paging": {"startAt": 0, "maxResults": 2, "total": 5},
        },
        "result.entries",
        ("key",),
        paginator='Offset(param="startAt", more="paging.total")',
    ),
    "github": Sample(
        [
            {
                "number": number,
                "state": "open",
                "html_url": f"https://github.com/acme/{repository}/alerts/{number}",
                "repository": {"id": repository, "full_name": f"acme/{repository}", "owner": {"login": "acme"}},
                "security_advisory": {"ghsa_id": "GHSA-1", "cvss": {"score": 7.5}, "cwes": [{"cwe_id": "CWE-1"}]},
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-02T00:00:00Z",
                "fixed_at": None,
                "dismissed_by": None if number == 1 else {"login": "ann"},
            }
            for repository, number in ((5, 1), (5, 2), (6, 1))
        ],
        "",
        ("repository.id", "number"),
        cursor="updated_at",
    ),
    "jsonapi": Sample(
        {
            "jsonapi": {"version": "1.0"},
            "data": [
                {
                    "id": "6f1f7f0e-7f0e-4c3e-9d5e-0d9d0a3a3c0f",
                    "type": "issue",
                    "attributes": {
                        "title": "t",
                        "status": "open",
                        "created_at": "2026-01-01T00:00:00Z",
                        "updated_at": "2026-01-02T00:00:00.123Z",
                        "coordinates": [{"representations": [{"dependency": {"package_name": "x"}}]}],
                    },
                    "relationships": {"organization": {"data": {"id": "7", "type": "org"}}},
                }
            ],
            "links": {"next": "/rest/issues?starting_after=v1"},
            "included": [{"id": "1"}],
        },
        "data",
        ("id",),
        cursor="attributes.updated_at",
        paginator='NextLink("links.next")',
    ),
    "epochs": Sample(
        {
            "members": [
                {
                    "id": "U1",
                    "updated": 1767225600,
                    "tz_offset": 3600,
                    "profile": {"email": "a@b.example", "real_name": "A B"},
                },
                {"id": "U2", "updated": 1767225601, "tz_offset": -3600, "profile": {"email": None}},
            ],
            "response_metadata": {"next_cursor": "dXNlcjpV"},
        },
        "members",
        ("id",),
        cursor="updated",
        paginator='CursorToken("response_metadata.next_cursor", param="cursor")',
    ),
    "weird_names": Sample(
        {
            "@odata.nextLink": "https://api.vendor.example/things?skip=1",
            "value": [
                {
                    "id": "1",
                    "@type": "x",
                    "type": "y",
                    "class": "z",
                    "a-b": 1,
                    "a_b": 2,
                    "2fa": True,
                    "schema": "s",
                    "json": {"copy": 1},
                    "model_dump_json": 1,
                    "date": "2026-01-01",
                    "datetime": "2026-01-01 10:00:00",
                    "str": "s",
                    "": "nothing",
                    "__": "under",
                    'quo"te': "q",
                    "back\\slash": "b",
                    "it's": 1,
                    "a.b": {"c.d": 1},
                    "someCamelCase": "c",
                    "HTTPServer": "h",
                    "none": None,
                    "import": None,
                    "table": "t",
                    "connection": "c",
                    "window_start": "w",
                    "Title": "t",
                    "Optional": {"Field": {"BaseModel": 1}},
                    "int": {"list": [1]},
                    "x" * 59: {"y" * 59: [{"z" * 59: 1}]},
                }
            ],
        },
        "value",
        ("id",),
        paginator=r'NextLink("@odata\\.nextLink")',
    ),
    "mixed_types": Sample(
        [
            {"id": 1, "value": 1, "size": 1, "who": {"name": "a"}, "many": [1, "a", None], "flag": True, "at": ""},
            {
                "id": "x",
                "value": "a",
                "size": 1.5,
                "who": "b",
                "many": None,
                "flag": "no",
                "at": "2026-01-01T00:00:00Z",
            },
        ],
        "",
        ("id",),
    ),
    "only_null": Sample([{"id": 1, "a": None, "b": [], "c": {}, "d": [None], "e": [[1], []]}], "", ("id",)),
    "deep": Sample({"items": [{"id": 1, "tree": _nested(30)}]}, "items", ("id",)),
    "unicode": Sample(
        [
            {
                "id": 1,
                "größe": 3,
                "名前": {"値": "x", "値段": {"額": 1}},
                "🔥": 1,
                "ﬁle": "l",
                "é́": 2,
                "Straße": {"Ä": 1},
            }
        ],
        "",
        ("id",),
    ),
    "maps": Sample(
        {
            "data": [
                {"id": 1, "by_user": {"1001": {"votes": 1}, "1002": {"votes": 2}}, "tags": {"env": "prod"}},
                {"id": 2, "by_user": {}, "tags": {}},
            ],
            "meta": {"page": {"after": "tok"}},
        },
        "data",
        ("id",),
        paginator='CursorToken("meta.page.after", param="page[after]")',
    ),
    "same_names": Sample(
        [
            {
                "id": 1,
                "owner": {"id": 1, "data": {"x": 1}},
                "project": {"owner": {"name": "a"}, "data": {"x": 1}, "parent": {"owner": {"id": 1, "data": {"x": 1}}}},
                "issue": {"issue": {"issue": 1}},
                "config": {"app": "x"},
                "app_config": {"y": 1},
                "data": {"data": {"data": 1}},
            }
        ],
        "",
        ("id",),
    ),
    "spring": Sample(
        {
            "content": [{"uuid": "a", "createdDate": "2026-01-01T00:00:00.000+0000"}],
            "number": 0,
            "totalPages": 3,
            "last": False,
        },
        "content",
        ("uuid",),
        paginator='PageNumber(more="totalPages")',
    ),
}
