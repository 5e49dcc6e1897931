"""Get the page that `dazz new` generates an integration from: from the real API, or from a file."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from dazz_assets.assistant.generate.proposal import AUTH_SECRETS, AuthorChoices
from dazz_assets.cli.exit_status import UsageError, register_secrets
from dazz_assets.cli.output import print_note
from dazz_assets.http import ClientEvent, Page, Request
from dazz_assets.http.client import Client
from dazz_assets.http.json.body_format import BodyFormatError, to_json
from dazz_assets.http.placeholders import fill_placeholders, path_segment

# Of files that a plain `.json` is not.
_CONTENT_TYPES = {
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The names of the environment variables that hold the config's fields."""

    variables: Mapping[str, str]

    def check_set(self) -> None:
        """Raise UsageError if a variable is not set."""
        if missing := [variable for variable in self.variables.values() if not os.environ.get(variable)]:
            raise UsageError(
                f"no page to generate from: set {', '.join(missing)} in the environment to fetch one, or give a file "
                "with --sample"
            )

    @property
    def values(self) -> dict[str, str]:
        """The values of the fields."""
        return {name: os.environ[variable] for name, variable in self.variables.items()}


def find_credentials(integration: str, fields: Iterable[str], token_env: str | None) -> Credentials:
    """Name the environment variable of each field: `<VENDOR>_<FIELD>`, or token_env for the secret if given."""
    defaults = {name: f"{integration.upper()}_{name.upper()}" for name in fields}
    return Credentials({name: token_env if token_env and name in AUTH_SECRETS else defaults[name] for name in defaults})


def fetch_sample_page(wanted: AuthorChoices, credentials: Credentials, sample: Path | None) -> Page:
    """A page of the API: from the sample file if given, else fetched. Raises UsageError, FetchError."""
    if sample is not None:
        return _read_page(wanted, sample)
    credentials.check_set()
    return _fetch_page(wanted, credentials.values)


def _read_page(wanted: AuthorChoices, sample: Path) -> Page:
    try:
        body, converted_from = to_json(sample.read_bytes(), _CONTENT_TYPES.get(sample.suffix.lower(), ""), None)
    except OSError as error:
        raise UsageError(f"--sample {sample} can't be read: {error.strerror}") from None
    except BodyFormatError as error:
        raise UsageError(f"--sample {sample} is not JSON: {error}") from None
    url = f"{wanted.base_url}{wanted.path}"
    page = Page(
        body=body,
        url=url,
        status=200,
        headers={},
        fetched_at=datetime.now(UTC),
        request=Request(url=url, params=dict(wanted.params)),
        converted_from=converted_from,
    )
    try:
        if page.document.is_empty:
            raise UsageError(f"--sample {sample} is empty: save a page of the API there")
    except ValueError as error:
        raise UsageError(f"--sample {sample} is not JSON: {error}") from None
    return page


def _report_retry(event: ClientEvent) -> None:
    if event.kind == "retry":
        print_note(f"{event.text} Trying again in {ceil(event.seconds)} s.")


def _fetch_page(wanted: AuthorChoices, values: Mapping[str, str]) -> Page:
    secrets = [values[name] for name in wanted.secrets]
    register_secrets(*secrets)
    client = Client(
        wanted.base_url, auth=wanted.auth, values=values, secrets=secrets, where=wanted.name, on_event=_report_retry
    )
    url = wanted.base_url + fill_placeholders(wanted.path, lambda _, name: path_segment(values[name]))
    params, headers = fill_placeholders([wanted.params, wanted.headers], lambda _, name: values[name])
    with closing(client):
        return client.send(Request(url=url, params=params, headers=headers))
