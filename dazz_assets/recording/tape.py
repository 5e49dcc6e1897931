"""Collects the exchanges of a sync while it is recorded, redacting each response before the engine sees it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from requests.structures import CaseInsensitiveDict

from dazz_assets.counts import format_count
from dazz_assets.extract.facts import FACTS
from dazz_assets.http import Request, Response, Send
from dazz_assets.http.seam import listed_now
from dazz_assets.privacy.json_tokens import compact_json, extend_list, trim_list
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange, change_text
from dazz_assets.recording.normalise import normalise_request, normalise_response
from dazz_assets.recording.redaction_changes import RedactionChanges
from dazz_assets.recording.sensitive_bodies import hide_sensitive
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec

_NOT_IN_FILE_NAMES = re.compile(r"[^a-z0-9_-]+")
_LONGEST_PART = 40


Source = tuple[str, ...]
"""What a request lists: its stream, and the parent's values in its path (`Request.source`)."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What to keep of each list: so many pages, and so many records of each page. None is all.

    added: by source and page number, records of the list that are kept too, as their redacted JSON.
    """

    pages: int | None
    records: int | None
    added: Mapping[Source, Mapping[int, Sequence[str]]] = field(default_factory=dict)

    def describe(self) -> str:
        """Say what is kept, for messages."""
        records = f"{format_count(self.records, 'record')} of each page" if self.records else ""
        pages = f"{format_count(self.pages, 'page')} of each list" if self.pages else ""
        return " and ".join(filter(None, (records, pages)))


class RecordingTape:
    """Implements `dazz_assets.http.Tape`: keeps the exchanges of one sync. Thread-safe.

    The engine gets each response as its file will have it, so that a replay gives the same results. Its later requests
    therefore hold placeholders and pseudonyms, whose originals are restored in what is sent.

    cut: what to keep of each list; None keeps all. cut_sources: lists of which something was or may have been left out.
    pages: how many pages were read of each list. finish: changes a request last, before it is sent.
    """

    def __init__(
        self,
        spec: IntegrationSpec,
        redactor: Redactor,
        cut: Cut | None,
        changes: RedactionChanges,
        finish: Callable[[Request], Request] = lambda request: request,
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.cut_sources: set[Source] = set()
        self.pages: Counter[Source] = Counter()
        self._spec = spec
        self._redactor = redactor
        self._cut = cut
        self._changes = changes
        self._finish = finish
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request, send: Send) -> Response:
        """Send a request, keep it with its response, and return the redacted response."""
        request = replace(request, source=request.source or listed_now())
        with self._lock:
            # A token may come in a response under any name; it shows as a secret once it signs a request.
            self._redactor.redact_headers(request.headers)
            restored = self._finish(self._restore(request))
        response = send(restored)
        with self._lock:
            is_success = response.status < 300
            recorded_response = normalise_response(
                response,
                self._redactor,
                lambda text: self._change_page(
                    self._hide_sensitive(text, request, response), request, is_success=is_success
                ),
            )
            self.exchanges.append(
                Exchange(self._exchange_name(request), normalise_request(request, self._redactor), recorded_response)
            )
        return recorded_response

    def redact_again(self, exchange: Exchange) -> Response:
        """The response of an exchange, redacted with what is known by now."""
        stream = self._find_stream(exchange.request)

        def redact(text: str) -> str:
            text = self._hide_sensitive(text, exchange.request, exchange.response)
            try:
                return self._redact_page(text, stream)
            except ValueError:
                return self._redactor.redact_text(text)

        return normalise_response(exchange.response, self._redactor, redact)

    def restore_request(self, exchange: Exchange) -> Exchange:
        """The exchange with its request redacted as one that holds no pseudonyms is."""
        return replace(exchange, request=normalise_request(self._restore(exchange.request), self._redactor))

    def _change_page(self, text: str, request: Request, *, is_success: bool) -> str:
        """The text of a response, cut and redacted."""
        stream, source = self._find_stream(request), request.source
        if stream is not None and stream.pages is not None:
            return self._redact_answer(text, stream)
        try:
            cut = (
                trim_list(text, stream.records, self._cut.records)
                if stream and self._cut and self._cut.records
                else text
            )
            redacted = self._redact_page(cut, stream)
            return (
                self._add_records(redacted, stream, source, was_cut=cut != text) if stream and is_success else redacted
            )
        except ValueError:
            if stream and is_success:
                self._count_page(source)
            return self._redactor.redact_text(text)

    def _hide_sensitive(self, text: str, request: Request, response: Response) -> str:
        kind, *names = request.source or ("",)
        stream = self._spec.facts.get(names[0]) if kind == FACTS else self._find_stream(request)
        if stream is None:
            return text
        content_type = CaseInsensitiveDict(response.headers).get("content-type", "")
        return hide_sensitive(text, stream, content_type, self._redactor, is_success=response.status < 300)

    def _find_stream(self, request: Request) -> StreamSpec | None:
        stream = self._spec.streams.get(request.source[0]) if request.source else None
        return None if stream is None else stream.for_page(request)

    def _redact_page(self, text: str, stream: StreamSpec | None) -> str:
        if stream is None:
            return compact_json(self._redactor.redact_json(text))
        redacted = self._redactor.redact_json(
            text, stream.personal, stream.records, keyed_by_id=stream.shape == "by_id"
        )
        self._changes.add(stream, text, redacted)
        return compact_json(redacted)

    def _redact_answer(self, text: str, stream: StreamSpec) -> str:
        """The text of a response that a stream's code asked for: not always a page, so all of it is kept."""
        try:
            return compact_json(self._redactor.redact_json(text, stream.personal, stream.records))
        except ValueError:
            return self._redactor.redact_text(text)

    def _add_records(self, text: str, stream: StreamSpec, source: Source, *, was_cut: bool) -> str:
        """The page with the records that are added to it."""
        page = self._count_page(source)
        if was_cut:
            self.cut_sources.add(source)
        added = self._cut.added.get(source, {}).get(page, ()) if self._cut else ()
        return compact_json(extend_list(text, stream.records, added)) if added else text

    def _count_page(self, source: Source) -> int:
        """The number of the page that was just read of a source, which was its last one if lists are cut there."""
        self.pages[source] += 1
        if self._cut and self._cut.pages and self.pages[source] >= self._cut.pages:
            self.cut_sources.add(source)
        return self.pages[source]

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
