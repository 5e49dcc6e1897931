"""dlt: its REST client with the link in the body, to Parquet files. Nested values stay JSON, as they are here."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main(url: str, out: str) -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    import dlt
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

    client = RESTClient(base_url=url, paginator=JSONLinkPaginator(next_url_path="links.next"), data_selector="data")

    @dlt.resource(name="issues", primary_key="id", write_disposition="append", max_table_nesting=0)
    def issues() -> Iterator[Any]:
        yield from client.paginate("/issues")

    with tempfile.TemporaryDirectory() as work:
        pipeline = dlt.pipeline(
            pipeline_name="benchmark",
            pipelines_dir=work,
            dataset_name="raw",
            destination=dlt.destinations.filesystem(bucket_url=Path(out).absolute().as_uri()),
        )
        pipeline.run(issues(), loader_file_format="parquet")


if __name__ == "__main__":
    main(*sys.argv[1:3])
