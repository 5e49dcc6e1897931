"""The search for garbage is held back during parses, and afterwards as it was."""

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dazz_assets.transform.fewer_collections import fewer_collections


@pytest.fixture(autouse=True)
def threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_last_of_several_parses_puts_the_threshold_back() -> None:
    gc.set_threshold(700, 10, 10)
    first, second = ExitStack(), ExitStack()
    first.enter_context(fewer_collections())
    second.enter_context(fewer_collections())
    first.close()
    assert gc.get_threshold()[0] > 700
    second.close()
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [0, 1_000_000])
def test_a_search_that_is_off_or_rare_stays_so(own: int) -> None:
    gc.set_threshold(own, 10, 10)
    with fewer_collections():
        assert gc.get_threshold()[0] == own
