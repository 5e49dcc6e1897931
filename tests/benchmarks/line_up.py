"""Who takes part in a comparison: how each is run against a server, and how what it stored is counted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tests.benchmarks.environments import our_python, python_of
from tests.benchmarks.our_connection import count_published, count_stored, integration_file, write_connections
from tests.benchmarks.processes import PAGE_SIZE, BenchmarkError, Counts, RunningServer, Usage, run_measured, serve

RATE = 50
"""The requests a second that the vendor of the scenario `rate` allows."""

_CONTENDERS = Path(__file__).parent / "contenders"


@dataclass(frozen=True, slots=True)
class Contender:
    """One that fetches all issues.

    name: as `--only` names it. title: in tables. run: runs it against a URL, with what it stores in a folder.
    count: the records that it stored there.
    """

    name: str
    title: str
    run: Callable[[str, Path], Usage]
    count: Callable[[Path], int]


@dataclass(frozen=True, slots=True)
class Measured:
    """A contender's run: what it took, and what the server counted meanwhile."""

    contender: Contender
    records: int
    usage: Usage
    counts: Counts

    @property
    def records_per_second(self) -> float:
        return self.records / self.usage.wall

    @property
    def from_first_request(self) -> float:
        """Seconds from its first request to the end of its process: without its start."""
        return self.usage.ended_at - self.counts.first_at


def measure(contender: Contender, server: RunningServer, records: int) -> Measured:
    """Run a contender once. Raises BenchmarkError if it fails, or stores another number of records."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        server.take_counts()
        usage = contender.run(server.url, Path(folder))
        counts = server.take_counts()
        stored = contender.count(Path(folder))
    if stored != records:
        raise BenchmarkError(f"{contender.title} stored {stored:,} records of {records:,}")
    return Measured(contender, records, usage, counts)


def measure_all(
    contenders: Sequence[Contender], server: RunningServer, records: int, repeat: int = 1
) -> dict[str, Measured]:
    """The fastest of some runs of each, by name. They take turns, so that a busy minute hits all of them."""
    _warm_up(contenders)
    best: dict[str, Measured] = {}
    for _ in range(repeat):
        for contender in contenders:
            found = measure(contender, server, records)
            print(f"  {contender.title}: {found.usage.wall:.2f} s", flush=True)
            before = best.get(contender.name)
            if before is None or found.usage.wall < before.usage.wall:
                best[contender.name] = found
    return best


_warm: set[str] = set()


def _warm_up(contenders: Sequence[Contender]) -> None:
    """Run each over a few records, so that its modules are compiled, and its libraries read, before its time counts."""
    cold = [contender for contender in contenders if contender.name not in _warm]
    if not cold:
        return
    records = 3 * PAGE_SIZE
    with serve(records) as server:
        for contender in cold:
            measure(contender, server, records)
            _warm.add(contender.name)


def _script(environment: str, file: str, *more: str) -> Callable[[str, Path], Usage]:
    """Runs a script of `contenders` in a peer's environment, with the URL and what to write."""
    return lambda url, folder: run_measured(
        [python_of(environment), str(_CONTENDERS / file), url, str(folder / "out"), *more]
    )


def _plain(url: str, folder: Path) -> Usage:
    return run_measured([our_python(), str(_CONTENDERS / "plain_loop.py"), url, str(folder / "out")])


def our_fetch(integration: str = "issues") -> Callable[[str, Path], Usage]:
    """Runs ours as a library: one stream of one of the benchmarks' integrations into a lake."""
    module = "tests.benchmarks.contenders.our_fetch"
    return lambda url, folder: run_measured([our_python(), "-m", module, url, str(folder), integration])


def our_sync(url: str, folder: Path, parse_processes: int = 1) -> Usage:
    """Run the command `dazz sync`: Dagster, fetch and parse."""
    env = write_connections("issues", url, folder) | {"DAZZ_PARSE_PROCESSES": str(parse_processes)}
    return run_measured([our_python(), "-m", "dazz_assets.cli", "sync", str(integration_file("issues"))], env)


def _count_compressed(folder: Path) -> int:
    """The records in compressed pages; what ends one page and begins the next may lie in two pieces."""
    count, rest = 0, b""
    with pa.CompressedInputStream(pa.OSFile(str(folder / "out"), "rb"), "zstd") as stream:
        while piece := stream.read(1 << 22):
            text = rest + piece
            count += text.count(_MARK)
            rest = text[len(text) - len(_MARK) + 1 :]
    return count


_MARK = b'"type": "issue",'


def _count_parquet(folder: Path) -> int:
    return pq.ParquetFile(folder / "out").metadata.num_rows


def _count_dlt(folder: Path) -> int:
    return int(ds.dataset(folder / "out" / "raw" / "issues", format="parquet").count_rows())


def _count_messages(folder: Path) -> int:
    with open(folder / "out", "rb") as lines:
        return sum(b'"RECORD"' in line[:40] for line in lines)


def count_lake(integration: str = "issues") -> Callable[[Path], int]:
    """Counts the raw records of one of the benchmarks' integrations."""
    return lambda folder: count_stored(integration, folder)


def _count_synced(folder: Path) -> int:
    """The records that are both stored and published as objects."""
    return min(count_stored("issues", folder), count_published("issues", folder))


LIMIT = Contender("limit", "the machine's limit", _script("limit", "limit.py"), _count_compressed)
PLAIN = Contender("plain", "plain loop", _plain, _count_parquet)
DLT = Contender("dlt", "dlt", _script("dlt", "dlt_pipeline.py"), _count_dlt)
AIRBYTE = Contender("airbyte", "airbyte-cdk", _script("airbyte", "airbyte_source.py"), _count_messages)
AIRBYTE_TOLD = Contender(
    "airbyte-budget",
    f"airbyte-cdk, `api_budget` of {RATE} a second",
    _script("airbyte", "airbyte_source.py", str(RATE)),
    _count_messages,
)
SINGER = Contender("singer", "singer-sdk", _script("singer", "singer_tap.py"), _count_messages)
SINGER_MSGSPEC = Contender(
    "singer-msgspec", "singer-sdk, msgspec", _script("singer", "singer_tap.py", "msgspec"), _count_messages
)
FETCH = Contender("fetch", "**ours**, fetch", our_fetch(), count_lake())
FETCH_UNTOLD = Contender("fetch-untold", "**ours**, no rate declared", our_fetch(), count_lake())
FETCH_COMPRESSED = Contender("fetch-compressed", "**ours**, fetch, pages sent compressed", our_fetch(), count_lake())
SYNC = Contender("sync", "**ours**, `dazz sync`", our_sync, _count_synced)
SYNC_IN_TWO = Contender(
    "sync-2", "**ours**, `dazz sync`, parsed in 2 processes", partial(our_sync, parse_processes=2), _count_synced
)
PEERS = (DLT, AIRBYTE, SINGER, SINGER_MSGSPEC)
# In the faster of singer-sdk's modes, for scenarios in which all wait.
WAITING_PEERS = (DLT, AIRBYTE, SINGER_MSGSPEC)
CONTENDERS = tuple(
    item.name for item in (LIMIT, PLAIN, *PEERS, AIRBYTE_TOLD, FETCH, FETCH_COMPRESSED, FETCH_UNTOLD, SYNC, SYNC_IN_TWO)
)
