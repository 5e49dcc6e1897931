"""Queries over keys and hashes get along with little memory, and never fail for want of it."""

import duckdb
import pytest

from dazz_assets.lake.queries import duckdb_connection
from dazz_assets.lake.queries.duckdb_connection import read_bounded

COUNT_KEYS = "select count(distinct md5(range::varchar)) as keys from range($keys)"


def test_what_does_not_fit_the_bound_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_connection, "_MEMORY_LIMITS", ("3MB", "80%"))
    with (
        duckdb.connect(config={"memory_limit": "3MB", "threads": 2}) as bounded,
        pytest.raises(duckdb.OutOfMemoryException),
    ):
        bounded.execute(COUNT_KEYS, {"keys": 300_000})
    assert read_bounded(COUNT_KEYS, {"keys": 300_000}).to_pylist() == [{"keys": 300_000}]
