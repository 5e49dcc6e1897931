"""An address where nobody is, is told in seconds."""

import socket

import pytest

from dazz_assets.http import Client, Request, UnreachableError
from tests.http.loopback import Clock


def test_a_refused_connection_is_tried_a_few_times_only(clock: Clock) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    client = Client(url, where="snyk/acme", clock=clock, sleep=clock.sleep)
    with pytest.raises(UnreachableError, match=r"snyk/acme: GET .*no connection: .*[Rr]efused.*check that the address"):
        client.send(Request(f"{url}/rest/orgs"))
    assert client.counters.requests == 5
    assert clock.slept < 10
