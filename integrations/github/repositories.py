"""The repositories that findings are in, and whether these can still be fixed there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dazz_assets import FullRefresh
from dazz_assets.domain import Finding

from .models import RepositoryReference
from .streams import RepositoriesStream

ObjectId = Callable[..., str]
"""`Integration.object_id`: our id of a thing, from the vendor's."""


def repository_fields(repository: RepositoryReference, object_id: ObjectId) -> dict[str, Any]:
    """What a finding says of the repository that it is in."""
    return {
        "resource_type": "repository",
        "resource_id": object_id(repository.id),
        "resource_uid": str(repository.id),
        "resource_name": repository.full_name,
        "repository_name": repository.full_name,
        "owner": repository.owner.login if repository.owner else None,
    }


class KnownRepositories:
    """The repositories as they were last listed."""

    def __init__(self, listed: FullRefresh[RepositoriesStream]) -> None:
        self._listed = listed
        self._archived = {repository.id for repository in listed if repository.archived}

    def close(self, finding: Finding, repository: RepositoryReference) -> Finding:
        """The finding, closed if its repository is archived or gone."""
        if repository.id in self._archived:
            return finding.closed("repository archived")
        if gone := self._listed.gone_since(repository.id):
            return finding.closed("repository no longer listed", gone)
        return finding
