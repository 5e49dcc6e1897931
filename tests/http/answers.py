"""An API that answers in the process, without sockets: for many requests, in any number of threads."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse


@dataclass(frozen=True)
class Answer:
    body: Any = field(default_factory=list)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Answers(HTTPAdapter):
    """Mount it on a client's session. respond: gets the query of a request.

    requests: the queries, as they came. most_at_once: how many were being answered at a time.
    """

    def __init__(self, respond: Callable[[Mapping[str, str]], Answer]) -> None:
        super().__init__()
        self.respond = respond
        self.requests: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        query = dict(parse_qsl(urlsplit(request.url or "").query))
        with self._lock:
            self.requests.append(query)
            self.headers.append({name: str(value) for name, value in request.headers.items()})
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = self.respond(query)
        finally:
            with self._lock:
                self._at_once -= 1
        body = io.BytesIO(json.dumps(answer.body).encode())
        raw = HTTPResponse(body, dict(answer.headers), answer.status, preload_content=False)
        return self.build_response(request, raw)
