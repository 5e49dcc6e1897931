"""Collects the exchanges of a sync while it is recorded, redacting each response before the engine sees it."""

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

_NOT_IN_FILE_NAMES = re.compile(r"[^a-z0-9_-]+")
_LONGEST_PART = 40


class RecordingTape:
    """Implements `dazz_assets.http.Tape`: keeps the exchanges of one sync. Thread-safe.

    The engine gets each response as its file will have it, so that a replay gives the same results. Its later requests
    therefore hold placeholders and pseudonyms, whose originals are restored in what is sent.

    records: how many records of each page to keep; None keeps all.
    """

    def __init__(self, spec: IntegrationSpec, redactor: Redactor, records: int | None) -> None:
        self.exchanges: list[Exchange] = []
        self._spec = spec
        self._redactor = redactor
        self._records = records
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request, send: Send) -> Response:
        """Send a request, keep it with its response, and return the redacted response."""
        with self._lock:
            # A token may come in a response under any name; it shows as a secret once it signs a request.
            self._redactor.redact_headers(request.headers)
            restored = self._restore(request)
        response = send(restored)
        stream = self._spec.streams.get(request.source[0]) if request.source else None
        with self._lock:
            recorded_response = normalise_response(response, self._redactor, stream, self._records)
            self.exchanges.append(
                Exchange(self._exchange_name(request), normalise_request(request, self._redactor), recorded_response)
            )
        return recorded_response

    def _restore(self, request: Request) -> Request:
        restore = self._redactor.restore
        return replace(
            request,
            url=restore(request.url),
            headers={name: restore(value) for name, value in request.headers.items()},
            body=None if request.body is None else change_text(request.body, request.headers, restore),
        )

    def _exchange_name(self, request: Request) -> str:
        """A file name from the stream, its parent and the page: the same in each recording."""
        stream, *parent = request.source or ("other",)
        streams = list(self._spec.streams)
        number = streams.index(stream) + 1 if stream in streams else 0
        parts = [
            f"{number:0{len(str(len(streams)))}}-{stream}",
            *([_file_name_part("-".join(parent))] if parent else []),
        ]
        group = ".".join(parts)
        self._numbers[group] += 1
        return f"{group}.{self._numbers[group]:03}"


def _file_name_part(text: str) -> str:
    """A part of a file name for a text; different texts get different parts."""
    name = _NOT_IN_FILE_NAMES.sub("-", text.lower()).strip("-")
    if name == text and len(name) <= _LONGEST_PART:
        return name
    return f"{name[:_LONGEST_PART]}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
