"""What a connection sends requests with. One with several tokens has a credential for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.http.rate_limit import Limiter, Rates


@dataclass(frozen=True, slots=True)
class Credential:
    """Signs requests, and paces those that it signs: vendors limit each token by itself.

    name: which one of the connection's it is, for errors; empty if it is the only one. It holds no secret.
    """

    authenticator: Authenticator = field(repr=False)
    limiter: Limiter = field(repr=False)
    name: str = ""


class CredentialSet:
    """The credentials of a connection, shared by its clients and their threads."""

    def __init__(self, all_: Sequence[Credential]) -> None:
        self.all = tuple(all_)
        self._in_use = [0] * len(self.all)
        self._lock = Lock()

    def narrow(self, rates: Rates) -> CredentialSet:
        """The same credentials for requests that keep rates of their own besides."""
        return CredentialSet([replace(item, limiter=item.limiter.narrow(rates)) for item in self.all])

    def take(self, now: float) -> Credential:
        """The one that may be used soonest, and of several such the one with the fewest requests in flight.

        Give it back after the request.
        """
        with self._lock:
            opens = [credential.limiter.opens_at(now) for credential in self.all] if len(self.all) > 1 else [now]
            place = min(range(len(self.all)), key=lambda place: (opens[place], self._in_use[place]))
            self._in_use[place] += 1
            return self.all[place]

    def give_back(self, credential: Credential) -> None:
        """Call it after each `take`."""
        with self._lock:
            self._in_use[self.all.index(credential)] -= 1

    def count_room(self, now: float, seconds: float) -> int:
        """How many requests may be sent with them within so many seconds."""
        return sum(credential.limiter.count_room(now, seconds) for credential in self.all)

    def seconds_closed(self, now: float) -> float:
        """The seconds until one of them may be used."""
        return max(0.0, min(credential.limiter.opens_at(now) for credential in self.all) - now)
