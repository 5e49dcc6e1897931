"""The code of a new integration, written from what one page of its API shows."""

from dazz_assets.authoring.scaffold.literals import construction
from dazz_assets.authoring.scaffold.names import stream_name
from dazz_assets.authoring.scaffold.plan import Plan
from dazz_assets.authoring.scaffold.proposal import NoProposalError, Proposal, Wanted, propose
from dazz_assets.authoring.scaffold.source import source_of

__all__ = [
    "NoProposalError",
    "Plan",
    "Proposal",
    "Wanted",
    "construction",
    "propose",
    "source_of",
    "stream_name",
]
