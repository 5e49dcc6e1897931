"""Pages that are counted are asked for before their turn, and come as if they had not been."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.http import (
    CursorToken,
    FetchError,
    Last,
    LoopError,
    Offset,
    Page,
    PageNumber,
    Paginator,
    Rate,
    RefusedError,
    Request,
    ResponseRules,
    WalkLimitError,
)
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.walk import walk
from tests.http.answers import Answer, Answers
from tests.http.loopback import Clock

URL = "http://api.vendor.example/items"


def client_of(answers: Answers, concurrency: int) -> Client:
    clock = Clock()
    client = Client(URL, clock=clock, sleep=clock.sleep, slots=threading.Semaphore(concurrency))
    client.session.mount("http://", answers)
    return client


def walk_items(client: Client, concurrency: int, **options: Any) -> Iterator[WalkedPage]:
    rules = ResponseRules(records="data", accept=options.pop("accept", {}))
    with closing(walk(client, Request(URL), rules=rules, concurrency=lambda: concurrency, **options)) as batches:
        for batch in batches:
            yield from batch


def numbered(total: int, size: int, **more: Any) -> Callable[[Mapping[str, str]], Answer]:
    """A list of so many records by page number."""

    def respond(query: Mapping[str, str]) -> Answer:
        first = (int(query["page"]) - 1) * size
        return Answer({"data": list(range(first, min(total, first + size))), **more})

    return respond


def pages_asked(answers: Answers) -> Counter[int]:
    return Counter(int(query["page"]) for query in answers.requests)


class Rounds:
    """Answers all requests in flight at once, when no further one comes: each round stands for the time of one page.

    most: how many may be in flight; more than that never come.
    """

    def __init__(self, respond: Callable[[Mapping[str, str]], Answer], most: int) -> None:
        self._respond = respond
        self._most = most
        self._changed = threading.Condition()
        self._waiting = 0
        self.sizes: list[int] = []
        self._ended = False
        threading.Thread(target=self._run, daemon=True).start()

    def __call__(self, query: Mapping[str, str]) -> Answer:
        with self._changed:
            self._waiting += 1
            number = len(self.sizes)
            self._changed.wait_for(lambda: len(self.sizes) > number)
        return self._respond(query)

    def end(self) -> None:
        self._ended = True

    def _run(self) -> None:
        before = checks = 0
        while not self._ended:
            time.sleep(0.02)
            with self._changed:
                checks = checks + 1 if self._waiting == before else 0
                # On a busy machine, a thread may take long to send what it could have sent at once.
                if self._waiting == self._most or (self._waiting and checks >= 20):
                    self.sizes.append(self._waiting)
                    self._waiting = checks = 0
                    self._changed.notify_all()
                before = self._waiting


@pytest.mark.parametrize(
    ("paginator", "more", "rounds", "requests"),
    [
        # The first page names the number of pages: the rest of 99 takes 13 rounds of eight.
        (PageNumber(more="pages"), {"pages": 100}, 14, 100),
        # Nothing says where the list ends: 1, 1, 2, 4 and then eight at a time, and the empty page after the last.
        (PageNumber(), {}, 16, 108),
    ],
    ids=["the number of pages is known", "it is not"],
)
def test_a_hundred_pages_take_little_more_than_a_hundred_by_eight(
    paginator: Paginator, more: dict[str, Any], rounds: int, requests: int
) -> None:
    api = Rounds(numbered(1_000, 10, **more), 8)
    answers = Answers(api)
    walked = list(walk_items(client_of(answers, 8), 8, paginator=paginator))
    api.end()
    assert [int(bytes(record)) for step in walked for record in step.records] == list(range(1_000))
    assert len(api.sizes) <= rounds
    assert max(api.sizes) == answers.most_at_once == 8
    assert len(answers.requests) <= requests


@pytest.mark.parametrize("pages", [1, 2, 3, 5, 9])
def test_little_is_asked_for_beyond_the_end_of_a_short_list(pages: int) -> None:
    answers = Answers(numbered(pages * 10 - 3, 10))
    walked = list(walk_items(client_of(answers, 8), 8, paginator=PageNumber()))
    assert len(walked) == pages + 1
    # The list ends with an empty page after a short one; before it, as many are guessed as full pages came.
    assert len(answers.requests) <= max(pages + 1, 2 * pages - 1)
    assert set(pages_asked(answers).values()) == {1}


@pytest.mark.parametrize(
    ("paginator", "more"), [(PageNumber(more="pages"), {"pages": 5}), (Offset(more="total"), {"total": 50})]
)
def test_nothing_is_asked_for_beyond_what_the_vendor_names(paginator: Paginator, more: dict[str, int]) -> None:
    def respond(query: Mapping[str, str]) -> Answer:
        first = int(query["offset"]) if "offset" in query else (int(query["page"]) - 1) * 10
        return Answer({"data": list(range(first, min(50, first + 10))), **more})

    answers = Answers(respond)
    assert len(list(walk_items(client_of(answers, 8), 8, paginator=paginator))) == 5
    assert len(answers.requests) == 5


def test_a_flag_on_the_last_page_ends_the_walk_whatever_was_guessed() -> None:
    def respond(query: Mapping[str, str]) -> Answer:
        number = int(query["page"])
        return Answer({"data": [number], "has_more": number < 6}, 200 if number < 7 else 500)

    answers = Answers(respond)
    client = client_of(answers, 8)
    walked = list(walk_items(client, 8, paginator=PageNumber(more="has_more")))
    assert [step.end_reason for step in walked] == [None] * 5 + ["`has_more` says that there is no more"]
    assert client.counters.retries == 0  # what was guessed wrong is not tried again


def test_a_short_page_ends_the_guessing_until_full_ones_follow() -> None:
    sizes = [10, 10, 10, 10, 4, *[10] * 6]

    def respond(query: Mapping[str, str]) -> Answer:
        place = int(query["page"]) - 1
        size = sizes[place] if place < len(sizes) else 0
        return Answer({"data": list(range(place * 10, place * 10 + size))})

    answers = Answers(respond)
    walked = list(walk_items(client_of(answers, 8), 8, paginator=PageNumber()))
    assert [len(step.records) for step in walked] == [*sizes, 0]
    assert set(pages_asked(answers).values()) == {1}


def test_only_the_page_that_the_walk_reaches_fails_it() -> None:
    def respond(query: Mapping[str, str]) -> Answer:
        number = int(query["page"])
        return Answer({"message": f"no page {number}"}, 403) if number in (6, 7) else Answer({"data": [number]})

    seen: list[WalkedPage] = []
    with pytest.raises(RefusedError, match="no page 6"):
        seen.extend(walk_items(client_of(Answers(respond), 8), 8, paginator=PageNumber()))
    assert [step.number for step in seen] == [1, 2, 3, 4, 5]


def test_what_is_not_used_leaves_no_warning() -> None:
    def respond(query: Mapping[str, str]) -> Answer:
        number = int(query["page"])
        return Answer({"data": [number] if number < 6 else []}) if number < 7 else Answer({"message": "?"}, 404)

    client = client_of(Answers(respond), 8)
    list(walk_items(client, 8, paginator=PageNumber(), accept={404: "skip"}))
    assert client.warnings == ()
    assert client.counters.accepted_failures == 0


def test_the_loop_of_a_vendor_that_ignores_the_number_is_found_at_the_same_page() -> None:
    answers = Answers(lambda query: Answer({"data": [1, 2, 3]}))
    with pytest.raises(LoopError, match="page 3 holds the same 3 records as page 1"):
        list(walk_items(client_of(answers, 8), 8, paginator=PageNumber()))
    assert len(answers.requests) <= 5


def test_no_page_is_asked_for_beyond_the_most_that_a_walk_may_read() -> None:
    answers = Answers(numbered(1_000, 10, pages=100))
    with pytest.raises(WalkLimitError, match="more than 5 pages"):
        list(walk_items(client_of(answers, 8), 8, paginator=PageNumber(more="pages"), max_pages=5))
    assert len(answers.requests) == 5


def test_a_walk_that_its_caller_may_end_does_not_trust_the_number_of_pages() -> None:
    answers = Answers(numbered(1_000, 10, pages=100))
    steps = walk_items(
        client_of(answers, 8),
        8,
        paginator=PageNumber(more="pages"),
        should_stop=lambda step: "enough" if step.number == 3 else None,
    )
    assert [step.end_reason for step in steps] == [None, None, "enough"]
    assert len(answers.requests) <= 4


def test_a_reader_that_stops_early_ends_the_requests() -> None:
    answers = Answers(numbered(10_000, 10, pages=1_000))
    others = set(threading.enumerate())
    with closing(walk_items(client_of(answers, 4), 4, paginator=PageNumber(more="pages"))) as steps:  # type: ignore[type-var]
        next(steps)
        next(steps)
    for thread in set(threading.enumerate()) - others:
        thread.join(5)
        assert not thread.is_alive()
    # At most: nine taken, eight ready, one with the fetching thread, and four ahead of it.
    assert len(answers.requests) <= 22


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_walk_that_another_thread_stops_ends_for_its_reader(concurrency: int) -> None:
    stop = threading.Event()
    is_under_way = threading.Event()
    stopped: list[FetchError] = []

    def respond(query: Mapping[str, str]) -> Answer:
        if query.get("page") == "3":
            is_under_way.set()
        return numbered(100_000, 10)(query)

    def read() -> None:
        try:
            for _ in walk_items(client_of(Answers(respond), 4), concurrency, paginator=PageNumber(), stop=stop):
                pass
        except FetchError as error:
            stopped.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert is_under_way.wait(5)
    stop.set()
    reader.join(5)
    assert [type(error).__name__ for error in stopped] == ["StoppedError"]


def test_a_slow_reader_has_a_bounded_number_of_pages_ahead() -> None:
    answers = Answers(numbered(10_000, 10, pages=1_000))
    with closing(walk_items(client_of(answers, 4), 4, paginator=PageNumber(more="pages"))) as steps:  # type: ignore[type-var]
        for taken in range(1, 100):
            next(steps)
            # Of eight a batch, one is taken and one is ready; one page is with the fetching thread, four are ahead.
            assert len(answers.requests) <= taken + 7 + 8 + 1 + 4


def test_paginators_that_do_not_count_are_not_guessed() -> None:
    def respond(query: Mapping[str, str]) -> Answer:
        number = int(query.get("after", "0"))
        return Answer({"data": [number], "next": number + 1 if number < 20 else None})

    answers = Answers(respond)
    assert len(list(walk_items(client_of(answers, 8), 8, paginator=CursorToken("next", param="after")))) == 21
    assert (answers.most_at_once, len(answers.requests)) == (1, 21)


class EverySecondPage(PageNumber):
    """A paginator of an author's, which counts in another way."""

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        following = super().next(request, page, received)
        return following if isinstance(following, Last) else super().next(following, page, received)


def test_a_paginator_that_counts_in_another_way_is_guessed_wrong_once() -> None:
    answers = Answers(numbered(200, 10))
    walked = list(walk_items(client_of(answers, 8), 8, paginator=EverySecondPage()))
    assert [int(bytes(step.records[0])) for step in walked if step.records] == list(range(0, 200, 20))
    assert len(answers.requests) <= len(walked) + 4


def test_walks_of_one_connection_share_its_slots() -> None:
    all_taken, arrived = threading.Event(), Counter[int]()

    def respond(query: Mapping[str, str]) -> Answer:
        arrived.update([int(query["page"])])
        if arrived.total() == 3:
            all_taken.set()
        assert all_taken.wait(10)  # so that three are in flight at once
        return numbered(300, 10, pages=30)(query)

    answers = Answers(respond)
    client = client_of(answers, 3)
    read: list[int] = []

    def read_all() -> None:
        steps = walk_items(client, 8, paginator=PageNumber(more="pages"))
        read.append(sum(len(step.records) for step in steps))

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [300] * 4
    assert answers.most_at_once == 3


def test_nothing_is_asked_for_ahead_of_a_slow_rate() -> None:
    """It would only take turns, and what is thrown away would have taken them from others."""
    answers = Answers(numbered(200, 10))
    clock = Clock()
    client = Client(URL, clock=clock, sleep=clock.sleep, rate=Rate(1, per=2))
    client.session.mount("http://", answers)
    list(walk_items(client, 8, paginator=PageNumber()))
    assert len(answers.requests) <= 21 + 1
    assert answers.most_at_once == 1


def test_a_429_holds_the_requests_of_all_threads() -> None:
    refused = threading.Event()

    def respond(query: Mapping[str, str]) -> Answer:
        if query["page"] == "9" and not refused.is_set():
            refused.set()
            return Answer({}, 429, {"Retry-After": "20"})
        return numbered(300, 10)(query)

    answers = Answers(respond)
    client = client_of(answers, 8)
    walked = list(walk_items(client, 8, paginator=PageNumber()))
    assert len(walked) == 31
    assert client.counters.waited_seconds >= 20


@dataclass(frozen=True)
class List:
    """A list of a vendor's: its pages by position, what they say, and which requests fail how often with what."""

    sizes: list[int]
    by_offset: bool
    says: str
    failures: dict[int, tuple[int, int]]

    def paginator(self) -> Paginator:
        more = {"flag": "has_more", "count": "total" if self.by_offset else "pages"}.get(self.says)
        return Offset(more=more, size_param="limit", size=10) if self.by_offset else PageNumber(more=more)

    def answers(self) -> Answers:
        left = {place: [status] * times for place, (status, times) in self.failures.items()}
        lock = threading.Lock()

        def respond(query: Mapping[str, str]) -> Answer:
            place = self._place(query)
            with lock:
                if left.get(place):
                    return Answer({"message": f"at {place}"}, left[place].pop(), {"Retry-After": "1"})
            records = self._records(query)
            end = sum(self.sizes) if self.by_offset else len(self.sizes)
            reached = int(query["offset"]) + len(records) if self.by_offset else place + 1
            body: dict[str, Any] = {"data": records, "has_more": reached < end}
            return Answer(body | {"total" if self.by_offset else "pages": end} if self.says == "count" else body)

        return Answers(respond)

    def _place(self, query: Mapping[str, str]) -> int:
        return int(query["offset"]) // 10 if self.by_offset else int(query["page"]) - 1

    def _records(self, query: Mapping[str, str]) -> list[int]:
        """By number, the page of that number; by offset, as many as the page there has."""
        place = self._place(query)
        size = self.sizes[place] if place < len(self.sizes) else 0
        first = int(query["offset"]) if self.by_offset else place * 10
        return list(range(first, min(first + size, sum(self.sizes)) if self.by_offset else first + size))


_STATUSES = st.sampled_from([(503, 1), (503, 2), (429, 1), (400, 99), (404, 99), (500, 99)])
_LISTS = st.builds(
    List,
    sizes=st.lists(st.sampled_from([10, 10, 10, 10, 10, 10, 7, 3, 0]), max_size=25),
    by_offset=st.booleans(),
    says=st.sampled_from(["nothing", "flag", "count"]),
    failures=st.dictionaries(st.integers(0, 30), _STATUSES, max_size=2),
)


def outcome(list_: List, concurrency: int, max_pages: int, stop_at: int | None) -> Any:
    """All that a caller sees of a walk, and how many requests it took."""
    answers = list_.answers()
    client = client_of(answers, concurrency)
    seen: list[WalkedPage] = []
    problem = ""
    steps = walk_items(
        client,
        concurrency,
        paginator=list_.paginator(),
        accept={404: "end"},
        max_pages=max_pages,
        should_stop=None if stop_at is None else lambda step: "enough" if step.number == stop_at else None,
    )
    try:
        seen.extend(steps)
    except FetchError as error:
        problem = f"{type(error).__name__}: {error}"
    pages = [(step.number, [*map(bytes, step.records)], step.end_reason, step.page.url) for step in seen]
    return (pages, problem, client.warnings, client.counters.accepted_failures), len(answers.requests)


@settings(max_examples=150)
@given(_LISTS, st.integers(2, 9), st.sampled_from([100, 100, 7]), st.sampled_from([None, None, 1, 4, 9]))
def test_a_caller_sees_the_pages_of_a_walk_one_after_another(
    list_: List, concurrency: int, max_pages: int, stop_at: int | None
) -> None:
    alone, requests = outcome(list_, 1, max_pages, stop_at)
    ahead, more_requests = outcome(list_, concurrency, max_pages, stop_at)
    assert ahead == alone
    # Each short page, failure or end throws away less than one round.
    ends = 1 + sum(size < 10 for size in list_.sizes) + sum(times for _, times in list_.failures.values() if times < 9)
    assert more_requests <= requests + ends * concurrency + len(list_.failures)
