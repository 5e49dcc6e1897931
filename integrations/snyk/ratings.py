"""The severity of a Snyk issue, and the identifiers of its weakness."""

from __future__ import annotations

from .models import IssueAttributes, Rating

UNKNOWN_MATURITY = "Not Defined"
# Whether there is an exploit, by the levels of CVSS 4 and 3, and by those that Snyk had of its own.
# https://www.first.org/cvss/v4.0/specification-document, https://www.first.org/cvss/v3.1/specification-document
_EXPLOITS = {
    **dict.fromkeys(("attacked", "high", "functional", "proof of concept", "mature"), True),
    **dict.fromkeys(("unreported", "unproven", "no known exploit"), False),
}
# The American agency that keeps the list of weaknesses known to be exploited.
EXPLOITED = "CISA"


def cvss(attributes: IssueAttributes) -> Rating:
    """Snyk's own rating in the newest version of CVSS, else another source's; an empty one if there is none."""
    rated = [rating for rating in attributes.severities if rating.score is not None]
    return max(rated, key=lambda rating: (rating.source == "Snyk", rating.version or ""), default=Rating())


def exploit_maturity(attributes: IssueAttributes) -> str | None:
    """Snyk's exploit maturity, by the newest version of CVSS; None if it is not defined."""
    levels = attributes.exploit_details.maturity_levels if attributes.exploit_details else []
    known = [level for level in levels if level.level != UNKNOWN_MATURITY]
    newest = max(known, key=lambda level: level.format, default=None)
    return newest.level if newest else None


def exploit_available(attributes: IssueAttributes) -> bool | None:
    """Whether there is an exploit, by its maturity; None if that is not defined, or said in a word that isn't known."""
    return _EXPLOITS.get((exploit_maturity(attributes) or "").lower())


def known_exploited(attributes: IssueAttributes) -> bool | None:
    """Whether the weakness is known to be exploited; None if Snyk names no sources."""
    sources = attributes.exploit_details.sources if attributes.exploit_details else None
    return None if sources is None else EXPLOITED in sources


def risk_score(attributes: IssueAttributes) -> float | None:
    """Snyk's own score, from 0 to 1,000."""
    return attributes.risk.score.value if attributes.risk and attributes.risk.score else None


def cves(attributes: IssueAttributes) -> list[str]:
    """Its CVEs."""
    return [problem.id for problem in attributes.problems if problem.id.startswith("CVE-")]


def ghsa(attributes: IssueAttributes) -> str | None:
    """Its GitHub advisory."""
    return next((problem.id for problem in attributes.problems if problem.id.startswith("GHSA-")), None)


def cwes(attributes: IssueAttributes) -> list[str]:
    """Its CWEs."""
    return [kind.id for kind in attributes.classes if kind.source == "CWE"]


def rule(attributes: IssueAttributes) -> str | None:
    """Snyk's advisory or rule, as SNYK-JS-LODASH-567746, SNYK-CC-00181 or javascript/XSS.

    A problem of a code issue may have the issue's own key, which is no rule.
    """
    own_key = attributes.key if attributes.type == "code" else None
    named = (
        problem.id
        for problem in attributes.problems
        if problem.id != own_key and not problem.id.startswith(("CVE-", "CWE-", "GHSA-"))
    )
    return next(named, None)
