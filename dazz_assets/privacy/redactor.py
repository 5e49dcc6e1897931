"""What recordings may show: secrets give way to placeholders, people to pseudonyms and the real address to the public
one, before anything is kept.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import MappingProxyType
from urllib.parse import quote, unquote

from dazz_assets.http import json_slices
from dazz_assets.http.mask import MIN_SECRET_LENGTH, Mask
from dazz_assets.privacy import personal_data, secret_names, token_patterns
from dazz_assets.privacy.json_tokens import Change, rewrite_json
from dazz_assets.privacy.pseudonyms import NUMBER, PERSON, Pseudonyms
from dazz_assets.privacy.secret_names import is_secret_value, secret_kind
from dazz_assets.privacy.seen_values import SeenValues

_WORD = r"[A-Za-z][\w.$-]{0,63}"
# The start of a parameter, and its value; in a link within a link both signs are escaped.
_PARAMETERS = tuple(
    (re.compile(rf"(?:(?<![\w.$%-])|(?<=%3[Ff])|(?<=%26))({_WORD}){sign}"), re.compile(value))
    for sign, value in (
        ("=", r"[^&\s\"'<>#,;\\]+"),
        ("%3[Dd]", r"(?:(?!%26|%23)[^&\s\"'<>#,;\\=])+"),
    )
)
_MEMBER = re.compile(rf"(\\*[\"'])({_WORD})\1\s*:\s*(\\*[\"'])([^\"'\\]+)\3")
_LINE = re.compile(r"\b(?i:authorization) *: *(?:[A-Za-z]+ +)?([^\s\"'<>,;\\]+)")


def replace_named_secrets(text: str, stand_in: Callable[[str, str, str], str]) -> str:
    """The text with the values of secret parameters and members replaced.

    stand_in: what to write for a kind, a value, and the value as it is written there.
    """

    def member(match: re.Match[str]) -> str:
        kind, value = secret_kind(match[2]), match[4]
        if kind is None or not is_secret_value(kind, value):
            return match[0]
        return match[0][: -len(value) - len(match[3])] + stand_in(kind, value, "") + match[3]

    def line(match: re.Match[str]) -> str:
        value = match[1]
        is_left = not is_secret_value("authorization", value)
        return match[0] if is_left else match[0][: -len(value)] + stand_in("authorization", value, "")

    if "=" in text or "%3D" in text or "%3d" in text:
        for start, value in _PARAMETERS:
            text = _without_parameters(text, start, value, stand_in)
    if ":" in text:
        text = _MEMBER.sub(member, text)
        text = _LINE.sub(line, text)
    return text


def _without_parameters(
    text: str, start: re.Pattern[str], value: re.Pattern[str], stand_in: Callable[[str, str, str], str]
) -> str:
    parts: list[str] = []
    kept = 0
    for match in start.finditer(text):
        kind = secret_kind(match[1]) if match.start() >= kept else None
        found = value.match(text, match.end()) if kind else None
        if kind and found and is_secret_value(kind, plain := unquote(found[0])):
            parts += (text[kept : match.end()], stand_in(kind, plain, found[0]))
            kept = found.end()
    return "".join((*parts, text[kept:]))


class BaseUrls:
    """Replaces base URLs by others in any text: as they are, escaped as in JSON, and percent-encoded."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        self._forms = {
            encoded(real.rstrip("/")): encoded(other.rstrip("/"))
            for real, other in shown.items()
            for encoded in (str, _escaped, _quoted, _quoted_lower)
        }
        longest_first = sorted(self._forms, key=len, reverse=True)
        # An address that goes on is another one: http://host:80 and http://host:8080.
        self._pattern = re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})(?![\\w-]|\\.\\w|:\\d)")

    def __call__(self, text: str) -> str:
        """The text with each address replaced."""
        return self._pattern.sub(lambda match: self._forms[match[0]], text) if self._forms else text


def _escaped(url: str) -> str:
    return url.replace("/", "\\/")


def _quoted(url: str) -> str:
    return quote(url, safe="")


def _quoted_lower(url: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), _quoted(url))


PERSONAL = "personal"

_NONE: Mapping[str, str] = MappingProxyType({})
_KINDS = "|".join(sorted({*token_patterns.KINDS, *secret_names.KINDS}, key=len, reverse=True))

_SHORTEST_PERSON = 5
_SHORTEST_SECRET = 12
"""Values of fewer characters are replaced where their field or name tells of them, and nowhere else."""

_URL = re.compile(r"(https?://[^\s\"'<>]+)")
_IN_URL_STYLE = re.compile(r"/[^\s\"'<>]*|[^\s=&?#/<>]+=[^\s]*")
"""A path, or a form's body."""


class Redactor:
    """Takes secrets and personal data out of texts, and puts back what it took out.

    secrets: plain texts by the name of the config's field: `api_key` becomes `redacted-api-key` in whatever encoding.
    key: makes the pseudonyms, which are the same for the same value and key.
    addresses: real base URLs, and the ones that are shown instead.
    public: plain values of the config. They stand in requests, so they are taken for nobody's, but for the e-mail
    addresses in them.

    What was redacted is redacted no further, also by another Redactor whose secrets are the placeholders.

    >>> Redactor({"token": "s3cret/"}, b"").text("https://api.example.com/x?key=s3cret%2F")
    'https://api.example.com/x?key=redacted-token'
    """

    def __init__(
        self,
        secrets: Mapping[str, str],
        key: bytes,
        addresses: Mapping[str, str] = _NONE,
        public: Collection[str] = (),
    ) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._known = SeenValues()
        self._public = frozenset(public)
        self._configs_addresses = frozenset(_addresses_in(public))
        self._secrets = frozenset(secrets.values())
        self._masks = {name: Mask([secrets[name]], _placeholder(name)) for name in _ordered(secrets)}
        fields = sorted(map(_placeholder, secrets), key=len, reverse=True)
        found = rf"redacted-(?:{_KINDS})"
        self._stand_in = re.compile("|".join((f"({PERSON}", rf"{found}-[0-9a-f]{{8}}", *fields, found)) + ")")
        self._placed = re.compile(f"{self._stand_in.pattern}|{NUMBER}")
        for name in self._masks:
            self._pseudonyms.keep(secrets[name], _placeholder(name))
        self._shown = BaseUrls(addresses)
        self._real = BaseUrls({shown: real for real, shown in addresses.items()})
        self._makes_requests = False

    @property
    def for_requests(self) -> Redactor:
        """The same for requests that were made from redacted responses.

        What they hold of persons are pseudonyms already, so that a word which is also somebody's name is the author's
        own, and so is an e-mail address, unless it is the config's, which gives way to what the recording's config has.
        Of a secret that is worked out anew each time (a signature) only the kind is shown.
        """
        view = copy.copy(self)
        view._known = SeenValues()
        view._makes_requests = True
        return view

    def text(self, text: str) -> str:
        """Any text without secrets and personal data: a URL, a header's value, a form's body, an error."""
        return self._outside(self._recognised(text), self._known.replaced)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with their values redacted; of credentials and cookies only the scheme and the names stay."""
        return {name: self._header(name.lower(), value) for name, value in headers.items()}

    def json(self, text: str, personal: Collection[str] = (), records: str = "") -> str:
        """A JSON text with its strings, numbers and keys redacted, all else as it was sent.

        personal: dotted paths of a record's fields that say who a person is; a path to an object or a list covers the
        texts in it. records: the path of the list of records in the text. ValueError: it is no JSON.
        """
        fields = {
            _without_indexes((*json_slices.split_path(records), *json_slices.split_path(path))) for path in personal
        }
        recognised = cache(self._recognised)
        while True:
            known = len(self._known)
            result = rewrite_json(text, self._change(fields, recognised))
            # What turned out to be secret or personal may also stand further up.
            if len(self._known) == known:
                return result

    def restored(self, text: str) -> str:
        """A text with what stand-ins and shown addresses stand for: what a vendor understands."""
        if text.lstrip().startswith(("{", "[")):
            try:
                return rewrite_json(text, lambda kind, path, value: self._restored(value))
            except ValueError:
                pass
        return self._restored(text)

    def found_in(self, text: str) -> set[str]:
        """What a text still holds: names of the config's secrets, kinds of others, and `personal`."""
        found: set[str] = set()

        def note(kind: str, value: str) -> str:
            found.add(kind)
            return value

        def look(text: str) -> None:
            for piece in self._stand_in.split(text)[::2]:
                found.update(name for name, mask in self._masks.items() if mask(piece) != piece)
                token_patterns.replace_tokens(piece, note)
                personal_data.replace_people(piece, lambda value: note(PERSONAL, value))
                for stand_in in self._known.found_in(piece):
                    kind = re.fullmatch(r"redacted-(.+)-[0-9a-f]{8}", stand_in)
                    found.add(kind[1] if kind else PERSONAL)

        def look_inside(kind: str, path: tuple[str, ...], value: str) -> str:
            look(value)
            return value

        look(text)
        # A text within a text is escaped twice.
        with contextlib.suppress(ValueError):
            rewrite_json(text, look_inside)
        return found

    def _recognised(self, text: str) -> str:
        """The text without what can be told from the text alone."""
        text = self._masked(text)
        text = self._outside(text, lambda piece: token_patterns.replace_tokens(piece, self._token))
        text = self._outside(text, lambda piece: replace_named_secrets(piece, self._secret))
        if self._makes_requests:
            return self._outside(text, lambda piece: personal_data.replace_emails(piece, self._configs_person))
        return self._outside(text, lambda piece: personal_data.replace_people(piece, self._pseudonyms.person))

    def _configs_person(self, address: str) -> str | None:
        return self._pseudonyms.person(address) if address.lower() in self._configs_addresses else None

    def _masked(self, text: str) -> str:
        text = self._shown(text)
        for mask in self._masks.values():
            text = self._outside(text, mask)
        return text

    def _outside(self, text: str, change: Callable[[str], str]) -> str:
        """The text with what lies between its stand-ins changed."""
        if "redacted-" not in text and "person-" not in text:
            return change(text)
        pieces = self._stand_in.split(text)
        pieces[::2] = map(change, pieces[::2])
        return "".join(pieces)

    def _change(self, fields: Collection[tuple[str, ...]], recognised: Callable[[str], str]) -> Change:
        """What the tokens of one text become."""

        @cache
        def texts(text: str) -> str:
            return self._outside(recognised(text), self._known.replaced)

        def change(kind: str, path: tuple[str, ...], value: str) -> str:
            if kind == "key":
                return texts(value)
            if kind == "number":
                return self._number(value, is_personal=_without_indexes(path) in fields)
            names = _without_indexes(path) if fields else ()
            if any(names[:end] in fields for end in range(1, len(names) + 1)):
                return self._personal(value)
            return self._member(path[-1], value) if path and secret_names.secret_kind(path[-1]) else texts(value)

        return change

    def _number(self, value: str, *, is_personal: bool) -> str:
        if value in self._secrets:
            return "0"
        if is_personal:
            return self._personal(value, is_number=True)
        known = self._known.replaced(value) if value.isdecimal() else value
        return known if known.isdecimal() or known == value else "0"

    def _member(self, name: str, value: str) -> str:
        """A text whose name says that it is secret."""
        kind = secret_names.secret_kind(name)
        redacted = self.text(value)
        is_left = kind is None or not secret_names.is_secret_value(kind, value) or self._has_stand_in(redacted)
        return redacted if is_left else self._secret(str(kind), value)

    def _header(self, name: str, value: str) -> str:
        kind = secret_names.secret_kind(name)
        masked = self._masked(value)
        if name in ("cookie", "set-cookie"):
            return self._cookies(name, masked)
        if kind is None or not value or self._has_stand_in(masked):
            return self.text(value)
        scheme, space, rest = masked.partition(" ") if kind.endswith("authorization") else ("", "", masked)
        return scheme + space + self._secret(kind, rest) if rest else self._secret(kind, scheme)

    def _cookies(self, name: str, value: str) -> str:
        """What a cookie is called stays, and how long it lives."""
        parts = value.split(";")
        cookies = 1 if name == "set-cookie" else len(parts)
        for at, cookie in enumerate(parts[:cookies]):
            key, sign, content = cookie.partition("=")
            if content and not self._has_stand_in(content):
                parts[at] = key + sign + self._secret("cookie", content)
        return ";".join(parts)

    def _has_stand_in(self, text: str) -> bool:
        return self._stand_in.search(text) is not None

    def _token(self, kind: str, value: str) -> str:
        # What has the shape of a token stands in a URL as it is.
        return self._secret(kind, value, value)

    def _secret(self, kind: str, value: str, written: str = "") -> str:
        if self._makes_requests:
            return f"redacted-{kind}"
        stand_in = self._pseudonyms.secret(kind, value, written)
        if len(value) >= _SHORTEST_SECRET and value not in self._public:
            self._known.add(value, stand_in)
        return stand_in

    def _personal(self, value: str, *, is_number: bool = False) -> str:
        """The pseudonym of what a declared field holds; from now on its words are known everywhere."""
        if value in self._public:
            return self.text(value)
        stand_in = self._pseudonyms.number(value) if is_number else self._pseudonyms.person(value)
        if stand_in != value and len(value) >= _SHORTEST_PERSON and not stand_in.startswith("https://"):
            self._known.add(value, stand_in)
        return stand_in

    def _restored(self, text: str) -> str:
        if _IN_URL_STYLE.fullmatch(text):
            return self._real(self._put_back(text, self._pseudonyms.original_in_url))
        pieces = _URL.split(text)
        pieces[::2] = (self._put_back(piece, self._pseudonyms.original) for piece in pieces[::2])
        pieces[1::2] = (self._put_back(url, self._pseudonyms.original_in_url) for url in pieces[1::2])
        return self._real("".join(pieces))

    def _put_back(self, text: str, original: Callable[[str], str | None]) -> str:
        def put_back(match: re.Match[str]) -> str:
            found = original(match[0])
            return match[0] if found is None else found

        # In one go, as what is put back may look like a stand-in.
        return self._placed.sub(put_back, text)


def _addresses_in(texts: Collection[str]) -> set[str]:
    """The e-mail addresses in some texts, in lower case."""
    found: set[str] = set()

    def note(address: str) -> None:
        found.add(address.lower())

    for text in texts:
        personal_data.replace_emails(text, note)
    return found


def _placeholder(name: str) -> str:
    return "redacted-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _ordered(secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets in the order in which they are looked for: one that holds another one before it.

    Else by name: placeholders, with which a recording is replayed, are then found in the same order.
    """

    def held(name: str) -> int:
        return sum(other != secrets[name] and other in secrets[name] for other in secrets.values())

    return sorted(
        (name for name, secret in secrets.items() if len(secret) >= MIN_SECRET_LENGTH),
        key=lambda name: (-held(name), -len(name), name),
    )


def _without_indexes(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in path if not name.isdecimal())
