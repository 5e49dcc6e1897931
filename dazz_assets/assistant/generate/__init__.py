"""Writes the code of a new integration from one page of its API."""

from dazz_assets.assistant.generate.proposal import AuthorChoices, IntegrationPlan, NoProposalError, Proposal, propose
from dazz_assets.assistant.generate.python_names import stream_name_from_path
from dazz_assets.assistant.generate.python_source import write_source
from dazz_assets.spec.literals import write_call

__all__ = [
    "AuthorChoices",
    "IntegrationPlan",
    "NoProposalError",
    "Proposal",
    "propose",
    "stream_name_from_path",
    "write_call",
    "write_source",
]
