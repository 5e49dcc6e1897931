"""Asks for the pages of a list before their turn, where requests count pages or records."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from itertools import islice

from dazz_assets.http.client import Client
from dazz_assets.http.errors import StoppedError, TransientError, WaitTooLongError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.pagination import Offset, PageNumber, Paginator
from dazz_assets.http.responses.response_rules import ResponseRules

# No request is made ahead that the rate lets out only after so many seconds: it would keep the place of another.
_FARTHEST_TURN = 1.0
# Seconds after which a thread that waits for a page checks whether the walk was stopped.
_CHECK_SECONDS = 0.2


class LookAhead:
    """The pages of one walk that are fetched before their turn.

    The requests are guessed as if each page were full. A page that came ahead is used only if the walk asks for exactly
    its request; one that was guessed wrong is thrown away with its error, unseen.

    Little is thrown away: as many requests are in flight as full pages came in a row, and no more than the list has
    left by the number of pages or records that `more` names. A page that is shorter than another ends the guessing
    until full ones follow, and so does a failure.

    concurrency: how many requests the walk may have in flight now.
    """

    def __init__(
        self, client: Client, rules: ResponseRules, paginator: Paginator | None, concurrency: Callable[[], int]
    ) -> None:
        self._client = client
        self._rules = rules
        self._paginator = paginator if isinstance(paginator, PageNumber | Offset) else None
        self._concurrency = concurrency
        self._guesses: deque[_Guess] = deque()
        self._largest = self._full_pages = 0
        self._lock = threading.Lock()

    def take(self, request: Request, stop: threading.Event) -> Page | None:
        """The page of a request, if it came ahead; None if the walk has to ask for it. Raises what it met.

        What another attempt may not meet counts as not asked for.
        """
        with self._lock:
            if not self._guesses or self._guesses[0].request != request:
                return None
            guess = self._guesses.popleft()
        while not stop.is_set() and not guess.done.wait(_CHECK_SECONDS):
            pass
        if stop.is_set():
            guess.stop.set()
            raise StoppedError("stopped.")
        if guess.is_spent:
            self._full_pages = 0
            return None
        if guess.error is not None:
            raise guess.error
        return guess.page

    def plan(self, request: Request, page: Page, received: int, following: Request, most: int, *, ends: bool) -> None:
        """Ask ahead for the pages after this one.

        following: the request that the walk makes next. most: pages that it may still read. ends: whether the caller
        may end the walk at any page.
        """
        paginator = self._paginator
        if paginator is None:
            return
        is_full = received > 0 and received >= self._largest
        if is_full and received == self._largest and self._guesses and self._guesses[0].request != following:
            self.close()  # A subclass of the author's counts in another way.
            return
        self._full_pages = self._full_pages + 1 if is_full else 0
        self._largest = max(self._largest, received)
        wanted = min(self._concurrency(), most)
        try:
            left = paginator.count_left(request, page, received)
            if left is None or ends:
                wanted = min(wanted, self._full_pages)
            if left is not None:
                wanted = min(wanted, left if is_full else 1)
            with self._lock:
                self._follow(self._paginator, following, wanted)
        except Exception:  # noqa: BLE001  (whatever a subclass of the author's raises)
            self.close()

    def close(self) -> None:
        """Throw away all pages that came ahead, and ask for no more. Those in flight are not waited for."""
        with self._lock:
            self._paginator = None
            self._keep(0)

    def _follow(self, paginator: PageNumber | Offset | None, following: Request, wanted: int) -> None:
        """Throw away what was guessed wrong, and ask for as many pages as are wanted, unless it is closed."""
        if paginator is None:
            return
        request, kept = following, 0
        for guess in self._guesses:
            if guess.request != request:
                break
            request, kept = paginator.following(request, self._largest), kept + 1
        self._keep(kept)
        for place, guess in enumerate(islice(list(self._guesses), wanted)):
            if guess.is_spent:
                self._guesses[place] = _Guess(self._client, guess.request, self._rules)
        if wanted <= 1:
            return  # The walk makes a single request itself, when the page before has been taken.
        wanted = min(wanted, kept + self._client.count_room(_FARTHEST_TURN))
        while wanted > len(self._guesses):
            self._guesses.append(_Guess(self._client, request, self._rules))
            request = paginator.following(request, self._largest)

    def _keep(self, count: int) -> None:
        while len(self._guesses) > count:
            self._guesses.pop().stop.set()


class _Guess:
    """A request that was made ahead, in a thread of its own, and what came of it."""

    def __init__(self, client: Client, request: Request, rules: ResponseRules) -> None:
        self.request = request
        self.page: Page | None = None
        self.error: BaseException | None = None
        self.stop = threading.Event()
        self.done = threading.Event()
        threading.Thread(target=self._run, args=(client, rules), name="dazz-ahead", daemon=True).start()

    @property
    def is_spent(self) -> bool:
        """Whether it brought neither a page nor an error that stays."""
        return self.done.is_set() and isinstance(self.error, TransientError | StoppedError | WaitTooLongError)

    def _run(self, client: Client, rules: ResponseRules) -> None:
        try:
            self.page = client.send_once(self.request, rules, stop=self.stop)
        except BaseException as error:  # noqa: BLE001  (raised again in the thread of the walk)
            self.error = error
        finally:
            self.done.set()
