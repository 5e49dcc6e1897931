"""The tape of a recording: what goes out and comes in, redacted before anyone sees it, kept as exchanges."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from dataclasses import replace

from dazz_assets.http import Request, Response, Send
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange, change_text
from dazz_assets.recording.normalise import normalise_request, normalise_response
from dazz_assets.spec.specs import IntegrationSpec

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_-]+")
_LONGEST = 40


class Tape:
    """Keeps the exchanges of one sync. Threads share it.

    The engine gets each response as its file has it, so that what it makes of it is what a replay will make of it.
    What it asks for then holds placeholders and pseudonyms: in what is sent they are put back.

    records: so many of each page are kept; None is all.
    """

    def __init__(self, spec: IntegrationSpec, redactor: Redactor, records: int | None) -> None:
        self.exchanges: list[Exchange] = []
        self._spec = spec
        self._redactor = redactor
        self._records = records
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request, send: Send) -> Response:
        """Send the request, and keep it with its response."""
        with self._lock:
            # A token that the vendor gave under a name which says nothing is a secret once it signs a request.
            self._redactor.headers(request.headers)
            real = self._restored(request)
        response = send(real)
        stream = self._spec.streams.get(request.source[0]) if request.source else None
        with self._lock:
            shown = normalise_response(response, self._redactor, stream, self._records)
            self.exchanges.append(Exchange(self._name(request), normalise_request(request, self._redactor), shown))
        return shown

    def _restored(self, request: Request) -> Request:
        restored = self._redactor.restored
        return replace(
            request,
            url=restored(request.url),
            headers={name: restored(value) for name, value in request.headers.items()},
            body=None if request.body is None else change_text(request.body, request.headers, restored),
        )

    def _name(self, request: Request) -> str:
        """Of the stream, what its path names of a parent, and the page: the same in each recording."""
        stream, *parent = request.source or ("other",)
        streams = list(self._spec.streams)
        place = streams.index(stream) + 1 if stream in streams else 0
        parts = [f"{place:0{len(str(len(streams)))}}-{stream}", *([_as_name("-".join(parent))] if parent else [])]
        group = ".".join(parts)
        self._numbers[group] += 1
        return f"{group}.{self._numbers[group]:03}"


def _as_name(text: str) -> str:
    """A text as part of a file's name, another one for each text."""
    name = _NOT_IN_NAMES.sub("-", text.lower()).strip("-")
    if name == text and len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
