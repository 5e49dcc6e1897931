"""Redactors for tests that do not care what the connection's secret is."""

from typing import Any

from dazz_assets.privacy.redactor import Redactor


def make_redactor(key: bytes = b"key", **settings: Any) -> Redactor:
    return Redactor({"token": "s3cret-token"}, key, **settings)
