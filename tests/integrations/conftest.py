from __future__ import annotations

import functools
from collections.abc import Iterator

import botocore.session
import pytest


@pytest.fixture(autouse=True, scope="session")
def _descriptions_of_aws_read_once() -> Iterator[None]:
    """Each connection to AWS reads the descriptions of its services anew, which takes a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield
