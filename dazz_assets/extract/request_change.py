"""Notices that a stream asks for something else than in its last sync: what that adds lies before the mark, too."""

from __future__ import annotations

import json

from dazz_assets.declare.config import config_secrets, config_texts
from dazz_assets.extract.marks import transaction_hash
from dazz_assets.http.paging.paging_names import means_page_size, normalize
from dazz_assets.http.placeholders import find_placeholders, walk_values
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

REQUEST = "request"
"""The application transaction of a raw table that holds the hash of what its last sync asked for."""


def hash_request(session: Session, stream: StreamSpec) -> int:
    """A hash of what selects a stream's records: path, parameters and body, with the config's values in them.

    Secrets don't count, nor does the size of a page.
    """
    asked = [
        (path, value)
        for path, value in walk_values([stream.path, stream.params, stream.body])
        if not means_page_size(normalize(path[-1]))
    ]
    secrets = config_secrets(session.integration.config)
    texts = {name: text for name, text in config_texts(session.integration.config).items() if text not in secrets}
    values = {name: texts.get(name) for kind, name in find_placeholders(asked) if kind == "config"}
    return transaction_hash(json.dumps([asked, values], sort_keys=True, default=str))


def describe_change(stream: StreamSpec) -> str:
    """Say that older records which the request asks for now are not fetched."""
    return (
        f"the request of {stream.name} is another one than in its last sync (path, parameters or body), and is sent "
        "from the mark on: if it asks for more records or fields than before, older ones come by `--refetch` alone"
    )
