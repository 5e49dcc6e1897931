"""Redacts what a recording holds before it is written: secrets become placeholders, people pseudonyms, and the
connection's own base URL the public one.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from urllib.parse import quote

from dazz_assets.http.mask import MIN_SECRET_LENGTH, Mask
from dazz_assets.privacy import personal_data, secret_names, token_patterns
from dazz_assets.privacy.base_urls import BaseUrls
from dazz_assets.privacy.json_tokens import TokenRewriter, rewrite_json
from dazz_assets.privacy.named_secrets import replace_named_secrets
from dazz_assets.privacy.pseudonyms import NUMBER, PERSON, Pseudonyms
from dazz_assets.privacy.record_paths import PersonalFields, RecordPaths
from dazz_assets.privacy.seen_values import SeenValues
from dazz_assets.sensitive import HIDDEN

PERSONAL = "personal"
"""What `find_leaks` reports for personal data."""
SENSITIVE = "sensitive"
"""What `find_leaks` reports for a value of a sensitive field."""

_NONE: Mapping[str, str] = MappingProxyType({})
_KINDS = "|".join(sorted({*token_patterns.KINDS, *secret_names.KINDS}, key=len, reverse=True))

_SHORTEST_PERSON = 5
_SHORTEST_SECRET = 12
"""Shorter values are replaced in their own field only, not wherever else they appear."""

_WORD = re.compile(r"[^\W\d]+")
"""An ordinary word, as `production` or `in_progress`: somebody's name may also be a state, a kind or a label."""
_RUNNING_TEXT = re.compile(r"[\s/@]|%2[Ff]")
"""What prose, paths, URLs and mentions hold, and states and labels don't."""

_URL = re.compile(r"(https?://[^\s\"'<>]+)")
_URL_PART = re.compile(r"/[^\s\"'<>]*|[^\s=&?#/<>]+=[^\s]*")
"""A path, or a form body."""


class Redactor:
    """Replaces secrets and personal data in texts with stand-ins, and restores the originals.

    secrets: plain texts by config field: the value of `api_key` becomes `redacted-api-key`, however it is encoded.
    key: makes the pseudonyms; the same key gives the same value the same pseudonym.
    base_urls: public base URLs, each with the connection's own, which it replaces. Of several with the same own one it
    is the first.
    public: config values that are not secret. Requests contain them, so they do not count as personal, except for
    e-mail addresses in them.

    Redacting a redacted text changes nothing, even with another Redactor whose secrets are the placeholders.

    >>> Redactor({"token": "s3cret/"}, b"").redact_text("https://api.example.com/x?key=s3cret%2F")
    'https://api.example.com/x?key=redacted-token'
    """

    def __init__(
        self,
        secrets: Mapping[str, str],
        key: bytes,
        base_urls: Mapping[str, str] = _NONE,
        public: Collection[str] = (),
    ) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._seen_secrets = SeenValues()
        self._seen_names = SeenValues()
        self._seen_words = SeenValues()
        self._public = frozenset(public)
        self._config_emails = frozenset(_find_emails(public))
        self._secrets = frozenset(secrets.values())
        self._masks = {name: Mask([secrets[name]], _placeholder(name)) for name in _order_secrets(secrets)}
        fields = sorted(map(_placeholder, secrets), key=len, reverse=True)
        of_kind = rf"redacted-(?:{_KINDS})"
        self._stand_in = re.compile(
            "|".join((f"({PERSON}", rf"{of_kind}-[0-9a-f]{{8}}", *fields, of_kind, re.escape(HIDDEN))) + ")"
        )
        self._stand_in_or_number = re.compile(f"{self._stand_in.pattern}|{NUMBER}")
        for name in self._masks:
            self._pseudonyms.remember(secrets[name], _placeholder(name))
        self._show_public_urls = BaseUrls({real: public_url for public_url, real in reversed(tuple(base_urls.items()))})
        self._show_real_urls = BaseUrls(base_urls)
        self._is_for_requests = False

    @property
    def for_requests(self) -> Redactor:
        """A view of this redactor for requests, which the engine makes from redacted responses.

        People in them are pseudonyms already. So a word that is also somebody's name is the author's own, and so is an
        e-mail address, unless it is in the config: then it gets the pseudonym that the recorded config has.
        A secret that differs in each request (a signature) is replaced with its kind alone.
        """
        view = copy.copy(self)
        view._seen_secrets, view._seen_names, view._seen_words = SeenValues(), SeenValues(), SeenValues()
        view._is_for_requests = True
        return view

    def redact_text(self, text: str) -> str:
        """Redact any text: a URL, a header's value, a form body, an error."""
        return self._replace_seen(self._redact_recognised(text))

    def redact_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Redact the values of headers. Credentials keep their scheme, cookies their names."""
        return {name: self._redact_header(name.lower(), value) for name, value in headers.items()}

    def redact_json(
        self, text: str, personal: Collection[str] = (), records: str = "", *, keyed_by_id: bool = False
    ) -> str:
        """Redact the strings and numbers of a JSON text, leaving all else as it was sent.

        Names of members stay, since parsers read fields by them, unless they hold a secret or an e-mail address, or
        are declared personal; the ids of an object by id are values.

        personal: dotted paths of a record's fields that identify a person; a path to an object or list covers the
        texts in it, and one that ends with `*` the names of an object's members. records: the path of the list of
        records in the text. keyed_by_id: whether an object is there, with the records by their ids. Raises ValueError
        if the text is not JSON.
        """
        fields, paths = PersonalFields(personal), RecordPaths(records, keyed_by_id=keyed_by_id)
        redact_recognised = cache(self._redact_recognised)
        while True:
            seen = self.count_seen()
            result = rewrite_json(text, self._token_rewriter(fields, paths, redact_recognised))
            # A value found to be secret or personal may also appear earlier in the text.
            if self.count_seen() == seen:
                return result

    def hide_everywhere(self, values: Iterable[str]) -> None:
        """From now on also replace these values of sensitive fields, which are hidden in their own place already."""
        for value in values:
            if len(value) >= _SHORTEST_SECRET and value != HIDDEN and value not in self._public:
                self._seen_secrets.add(value, HIDDEN)

    def restore(self, text: str) -> str:
        """Put the originals of stand-ins and public base URLs back into a text, so that the vendor understands it."""
        if text.lstrip().startswith(("{", "[")):
            try:
                return rewrite_json(text, lambda kind, path, value: self._restore_text(value))
            except ValueError:
                pass
        return self._restore_text(text)

    def find_leaks(self, text: str) -> set[str]:
        """What a text still holds: config fields of secrets, kinds of other secrets, and `personal`."""
        found: set[str] = set()

        def note(kind: str, value: str) -> str:
            found.add(kind)
            return value

        @cache  # Names and values repeat.
        def search(text: str) -> None:
            for piece in self._stand_in.split(text)[::2]:
                found.update(name for name, mask in self._masks.items() if mask.replace(piece) != piece)
                token_patterns.replace_tokens(piece, note)
                personal_data.replace_people(piece, lambda value: note(PERSONAL, value))
                for stand_in in self._seen_secrets.find_stand_ins(piece):
                    found.update({SENSITIVE} if stand_in in (HIDDEN, quote(HIDDEN, safe="")) else ())
                    kind = re.fullmatch(r"redacted-(.+)-[0-9a-f]{8}", stand_in)
                    found.update(kind.groups() if kind else ())
                if self._seen_names.find_stand_ins(piece):
                    found.add(PERSONAL)

        def search_string(kind: str, path: tuple[str, ...], value: str) -> str:
            search(value)
            if kind == "string" and self._replace_words(value) != value:
                found.add(PERSONAL)
            return value

        search(text)
        # Texts nested in JSON strings are escaped twice, so look at each decoded string as well.
        with contextlib.suppress(ValueError):
            rewrite_json(text, search_string)
        return found

    def count_seen(self) -> int:
        """How many values are known by now that are replaced wherever they appear."""
        return len(self._seen_secrets) + len(self._seen_names) + len(self._seen_words)

    def _replace_seen(self, text: str) -> str:
        """The text with values that were found to be secret or personal elsewhere replaced."""
        text = self._change_between_stand_ins(text, self._seen_secrets.replace_in)
        text = self._change_between_stand_ins(text, self._seen_names.replace_in)
        return self._replace_words(text)

    def _replace_words(self, text: str) -> str:
        """The text with ordinary words that are personal elsewhere replaced, if it is more than a state or label."""
        if not _RUNNING_TEXT.search(text):
            return text
        return self._change_between_stand_ins(text, self._seen_words.replace_in)

    def _redact_recognised(self, text: str) -> str:
        """Redact what is recognised from the text alone: known secrets, token shapes, secret names, people."""
        text = self._mask_secrets(text)
        text = self._change_between_stand_ins(
            text, lambda piece: token_patterns.replace_tokens(piece, self._redact_token)
        )
        text = self._change_between_stand_ins(text, lambda piece: replace_named_secrets(piece, self._secret_stand_in))
        if self._is_for_requests:
            return self._change_between_stand_ins(
                text, lambda piece: personal_data.replace_emails(piece, self._config_person)
            )
        return self._change_between_stand_ins(
            text, lambda piece: personal_data.replace_people(piece, self._pseudonyms.person)
        )

    def _config_person(self, address: str) -> str | None:
        """The pseudonym of an e-mail address if the config holds it."""
        return self._pseudonyms.person(address) if address.lower() in self._config_emails else None

    def _mask_secrets(self, text: str) -> str:
        """Replace the config's secrets and the connection's base URL."""
        text = self._show_public_urls(text)
        for mask in self._masks.values():
            text = self._change_between_stand_ins(text, mask.replace)
        return text

    def _change_between_stand_ins(self, text: str, change: Callable[[str], str]) -> str:
        """Change the parts of a text between its stand-ins."""
        if "redacted-" not in text and "person-" not in text and HIDDEN not in text:
            return change(text)
        pieces = self._stand_in.split(text)
        pieces[::2] = map(change, pieces[::2])
        return "".join(pieces)

    def _token_rewriter(
        self, fields: PersonalFields, paths: RecordPaths, redact_recognised: Callable[[str], str]
    ) -> TokenRewriter:
        """The function that redacts the tokens of one JSON text."""

        is_personal = cache(lambda path: fields.are(paths.find(path)))
        is_in_personal = cache(lambda path: fields.hold(paths.find(path)))
        has_personal_names = cache(lambda path: fields.are_names_at(paths.find(path)))

        @cache
        def redact(text: str) -> str:
            return self._replace_seen(redact_recognised(text))

        @cache
        def redact_name(name: str, is_id: bool) -> str:
            redacted = redact_recognised(name)
            if redacted == name and is_id:
                redacted = self._seen_names.stand_in(name) or self._seen_words.stand_in(name) or name
            return self._change_between_stand_ins(redacted, self._seen_secrets.replace_in)

        def change(kind: str, path: tuple[str, ...], value: str) -> str:
            if kind == "key":
                if has_personal_names(path[:-1]):
                    return self._redact_personal(value)
                return redact_name(value, paths.is_id(path))
            if kind == "number":
                return self._redact_number(value, is_personal=is_personal(path))
            if is_in_personal(path):
                return self._redact_personal(value)
            if path and secret_names.secret_kind(path[-1]):
                return self._redact_secret_member(path[-1], value)
            return redact(value)

        return change

    def _redact_number(self, value: str, *, is_personal: bool) -> str:
        if value in self._secrets:
            return "0"
        if is_personal:
            return self._redact_personal(value, is_number=True)
        redacted = self._seen_names.replace_in(self._seen_secrets.replace_in(value)) if value.isdecimal() else value
        return redacted if redacted.isdecimal() or redacted == value else "0"

    def _redact_secret_member(self, name: str, value: str) -> str:
        """Redact the value of a JSON member whose name says that it is secret."""
        kind = secret_names.secret_kind(name)
        redacted = self.redact_text(value)
        if kind is None or not secret_names.is_secret_value(kind, value) or self._has_stand_in(redacted):
            return redacted
        return self._secret_stand_in(kind, value)

    def _redact_header(self, name: str, value: str) -> str:
        kind = secret_names.secret_kind(name)
        masked = self._mask_secrets(value)
        if name in ("cookie", "set-cookie"):
            return self._redact_cookies(name, masked)
        if kind is None or not value or self._has_stand_in(masked):
            return self.redact_text(value)
        scheme, space, rest = masked.partition(" ") if kind.endswith("authorization") else ("", "", masked)
        return scheme + space + self._secret_stand_in(kind, rest) if rest else self._secret_stand_in(kind, scheme)

    def _redact_cookies(self, name: str, value: str) -> str:
        """Redact the values of cookies, keeping their names and attributes."""
        parts = value.split(";")
        count = 1 if name == "set-cookie" else len(parts)
        for index, cookie in enumerate(parts[:count]):
            key, sign, content = cookie.partition("=")
            if content and not self._has_stand_in(content):
                parts[index] = key + sign + self._secret_stand_in("cookie", content)
        return ";".join(parts)

    def _has_stand_in(self, text: str) -> bool:
        return self._stand_in.search(text) is not None

    def _redact_token(self, kind: str, value: str) -> str:
        # Tokens known by their shape need no percent-encoding in a URL.
        return self._secret_stand_in(kind, value, value)

    def _secret_stand_in(self, kind: str, value: str, url_form: str = "") -> str:
        """The placeholder of a secret, which from now on is replaced everywhere."""
        if self._is_for_requests:
            return f"redacted-{kind}"
        stand_in = self._pseudonyms.secret(kind, value, url_form)
        if len(value) >= _SHORTEST_SECRET and value not in self._public:
            self._seen_secrets.add(value, stand_in)
        return stand_in

    def _redact_personal(self, value: str, *, is_number: bool = False) -> str:
        """The pseudonym of a declared field's value, which from now on is replaced elsewhere too."""
        if value in self._public:
            return self.redact_text(value)
        stand_in = self._pseudonyms.number(value) if is_number else self._pseudonyms.person(value)
        if stand_in != value and len(value) >= _SHORTEST_PERSON and not stand_in.startswith("https://"):
            (self._seen_words if _WORD.fullmatch(value) else self._seen_names).add(value, stand_in)
        return stand_in

    def _restore_text(self, text: str) -> str:
        if _URL_PART.fullmatch(text):
            return self._show_real_urls(self._restore_stand_ins(text, self._pseudonyms.original_in_url))
        pieces = _URL.split(text)
        pieces[::2] = (self._restore_stand_ins(piece, self._pseudonyms.original) for piece in pieces[::2])
        pieces[1::2] = (self._restore_stand_ins(url, self._pseudonyms.original_in_url) for url in pieces[1::2])
        return self._show_real_urls("".join(pieces))

    def _restore_stand_ins(self, text: str, original: Callable[[str], str | None]) -> str:
        def restore(match: re.Match[str]) -> str:
            found = original(match[0])
            return match[0] if found is None else found

        # In one pass, because an original may look like a stand-in.
        return self._stand_in_or_number.sub(restore, text)


def _find_emails(texts: Collection[str]) -> set[str]:
    """The e-mail addresses in some texts, in lower case."""
    found: set[str] = set()

    def note(address: str) -> None:
        found.add(address.lower())

    for text in texts:
        personal_data.replace_emails(text, note)
    return found


def _placeholder(name: str) -> str:
    return "redacted-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _order_secrets(secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets in the order to replace them: a secret that contains another one goes first.

    Otherwise the order depends on names alone, so that a replay, whose secrets are placeholders, uses the same order.
    """

    def count_contained(name: str) -> int:
        return sum(other != secrets[name] and other in secrets[name] for other in secrets.values())

    return sorted(
        (name for name, secret in secrets.items() if len(secret) >= MIN_SECRET_LENGTH),
        key=lambda name: (-count_contained(name), -len(name), name),
    )
