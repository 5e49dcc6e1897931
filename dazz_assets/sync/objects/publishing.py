"""What a parse made, published: one commit of each table."""

from dazz_assets.domain import DomainObject
from dazz_assets.lake import Commit, Table
from dazz_assets.sync.objects.inputs import Inputs
from dazz_assets.sync.objects.parsing import Parsed
from dazz_assets.sync.objects.published import Published


def publish(parsed: Parsed, inputs: Inputs, published: Published) -> None:
    """Quarantine first: until a domain table is committed its windows don't fit, and are parsed again."""
    _commit_quarantine(parsed, inputs, published)
    for model, table in published.tables.items():
        _commit(parsed, inputs, model, table)
    for table in published.abandoned():
        table.commit(lambda _: Commit(replace="everything"))


def _commit(parsed: Parsed, inputs: Inputs, model: type[DomainObject], table: Table) -> None:
    files = list(parsed.files[model].values())
    commit = Commit(files, parsed.replaced(model) or "nothing", inputs.checked)
    table.commit(lambda _: commit)


def _commit_quarantine(parsed: Parsed, inputs: Inputs, published: Published) -> None:
    table, windows = published.quarantine, parsed.put_aside
    files = parsed.quarantine.files(table, windows, inputs.fingerprints)
    stored = published.put_aside.windows().keys() if published.put_aside else set()
    replaced = {file.window for file in files} | (windows & stored)
    commit = Commit(files, replaced or "nothing", inputs.checked)
    table.commit(lambda _: commit)
