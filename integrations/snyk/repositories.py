"""The repositories that Snyk's projects are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .models import Project, Target, TargetAttributes

# Where projects come from whose targets are repositories, and whose names begin with their repository's.
CODE_HOSTS = frozenset(
    {
        *("azure-repos", "bitbucket-cloud", "bitbucket-cloud-app", "bitbucket-connect-app", "bitbucket-server"),
        *("github", "github-cloud-app", "github-enterprise", "github-server-app", "gitlab"),
    }
)


@dataclass(frozen=True)
class SourceRepository:
    """A repository as its host has it: with its owner, and its page there."""

    name: str | None = None
    url: str | None = None


def source_repository(project: Project, targets: Mapping[str, Target]) -> SourceRepository:
    """The repository that a project is of, by its target, or else by its own name; empty if it is of none.

    What was scanned from a command line is of a repository if its target has a URL: that of the remote.
    """
    target = targets.get(project.target or "")
    told = (target.attributes if target else None) or TargetAttributes()
    origin = project.attributes.origin
    if origin in CODE_HOSTS:
        named = project.attributes.name.partition(":")[0].partition("(")[0]  # acme/shop(main):web/package.json
        return SourceRepository(told.display_name or named or None, told.url)
    return SourceRepository(told.display_name, told.url) if origin == "cli" and told.url else SourceRepository()
