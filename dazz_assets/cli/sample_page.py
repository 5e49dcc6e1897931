"""The page that a new integration is made from: from the real API, or from a file."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dazz_assets.assistant.generate.proposal import SECRET_FIELDS, AuthorChoices
from dazz_assets.cli.exit_status import Refused, keep_secret
from dazz_assets.cli.output import print_note
from dazz_assets.http import Client, ClientEvent, Page, Request
from dazz_assets.http.placeholders import fill_placeholders, path_segment


@dataclass(frozen=True, slots=True)
class Credentials:
    """The config's fields with the environment variables that hold them."""

    variables: Mapping[str, str]

    def demand(self) -> None:
        """Raises Refused where a variable is not set."""
        if missing := [variable for variable in self.variables.values() if not os.environ.get(variable)]:
            named = ", ".join(missing)
            raise Refused(f"there is no page to begin with: set {named} in the environment, or give one by --sample")

    @property
    def values(self) -> dict[str, str]:
        """The fields' values."""
        return {name: os.environ[variable] for name, variable in self.variables.items()}


def find_credentials(integration: str, fields: Iterable[str], token_env: str | None) -> Credentials:
    """`<VENDOR>_TOKEN`, or the variable given for the secret; `<VENDOR>_ORG` for a field of the path."""
    named = {name: f"{integration.upper()}_{name.upper()}" for name in fields}
    return Credentials({name: token_env if token_env and name in SECRET_FIELDS else named[name] for name in named})


def fetch_sample_page(wanted: AuthorChoices, credentials: Credentials, sample: Path | None) -> Page:
    """A page of the API: of the sample where there is one, else fetched. Raises Refused, FetchError."""
    if sample is not None:
        return _from_file(wanted, sample)
    credentials.demand()
    return _fetched(wanted, credentials.values)


def _from_file(wanted: AuthorChoices, sample: Path) -> Page:
    try:
        body = sample.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise Refused(f"--sample {sample} can't be read: {error.strerror}") from None
    url = f"{wanted.base_url}{wanted.path}"
    page = Page(
        body=body,
        url=url,
        status=200,
        headers={},
        fetched_at=datetime.now(UTC),
        request=Request(url=url, params=dict(wanted.params)),
    )
    try:
        if page.document.is_empty:
            raise Refused(f"--sample {sample} is empty; save a page of the API there")
    except ValueError as error:
        raise Refused(f"--sample {sample} is no JSON: {error}") from None
    return page


def _told(event: ClientEvent) -> None:
    """Nobody waits without knowing what for."""
    if event.kind == "retry":
        print_note(f"{event.text} Trying again in {event.seconds:.0f} s.")


def _fetched(wanted: AuthorChoices, values: Mapping[str, str]) -> Page:
    secrets = [value for name, value in values.items() if name in SECRET_FIELDS]
    keep_secret(*secrets)
    client = Client(
        wanted.base_url, auth=wanted.auth, values=values, secrets=secrets, where=wanted.name, on_event=_told
    )
    url = wanted.base_url + fill_placeholders(wanted.path, lambda _, name: path_segment(values[name]))
    with closing(client):
        return client.send(Request(url=url, params=fill_placeholders(wanted.params, lambda _, name: values[name])))
