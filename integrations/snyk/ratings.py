"""The severity of a Snyk issue, and the identifiers of its weakness."""

from __future__ import annotations

from .models import IssueAttributes, Rating

UNKNOWN_MATURITY = "Not Defined"


def cvss(attributes: IssueAttributes) -> Rating | None:
    """Snyk's own rating in the newest version of CVSS, else another source's."""
    rated = [rating for rating in attributes.severities if rating.score is not None]
    return max(rated, key=lambda rating: (rating.source == "Snyk", rating.version or ""), default=None)


def exploit_maturity(attributes: IssueAttributes) -> str | None:
    """Snyk's exploit maturity, by the newest version of CVSS; None if it is not defined."""
    levels = attributes.exploit_details.maturity_levels if attributes.exploit_details else []
    known = [level for level in levels if level.level != UNKNOWN_MATURITY]
    newest = max(known, key=lambda level: level.format, default=None)
    return newest.level if newest else None


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
    """Snyk's advisory or rule, as SNYK-JS-LODASH-567746, SNYK-CC-00181 or javascript/XSS."""
    named = (problem.id for problem in attributes.problems if not problem.id.startswith(("CVE-", "CWE-", "GHSA-")))
    return next(named, None)
