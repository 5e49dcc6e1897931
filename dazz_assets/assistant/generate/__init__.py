"""The code of a new integration, written from what one page of its API shows."""

from dazz_assets.assistant.generate.proposal import IntegrationPlan, NoProposalError, Proposal, Wanted, propose
from dazz_assets.assistant.generate.python_names import stream_name_from_path
from dazz_assets.assistant.generate.python_source import write_source
from dazz_assets.spec.literals import write_call

__all__ = [
    "IntegrationPlan",
    "NoProposalError",
    "Proposal",
    "Wanted",
    "propose",
    "stream_name_from_path",
    "write_call",
    "write_source",
]
