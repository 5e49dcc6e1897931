"""Invented records in the shapes that GitHub's REST API has (version 2022-11-28)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from dazz_assets.sandbox import Record

API = "https://api.github.com"
WEB = "https://github.com"

ADJECTIVES = ("amber", "brisk", "cobalt", "dusty", "ember", "frosty", "golden", "hollow", "ivory", "jolly", "lunar")
NOUNS = ("anchor", "beacon", "canyon", "delta", "falcon", "garnet", "harbor", "island", "lagoon", "meadow", "orchid")
LANGUAGES = ("Python", "TypeScript", "Go", "Java", "Ruby", None)
ROLES = ("api", "web", "worker", "infra", "mobile", "docs", "jobs", "gateway", "ledger", "search", "billing")
WEAKNESSES = {
    "CWE-79": "Cross-site Scripting",
    "CWE-89": "SQL Injection",
    "CWE-200": "Exposure of Sensitive Information to an Unauthorized Actor",
    "CWE-400": "Uncontrolled Resource Consumption",
    "CWE-502": "Deserialization of Untrusted Data",
    "CWE-918": "Server-Side Request Forgery (SSRF)",
    "CWE-1333": "Inefficient Regular Expression Complexity",
}
MANIFESTS = {
    "npm": ("package-lock.json", "web/package-lock.json", "yarn.lock"),
    "pip": ("requirements.txt", "services/api/requirements.txt", "poetry.lock"),
    "maven": ("pom.xml", "core/pom.xml"),
    "go": ("go.mod",),
    "rubygems": ("Gemfile.lock",),
}
PEOPLE = {"mona-lindqvist": 90_210_044, "octavio-reyes": 58_113_207, "priya-raman": 7_340_919}
DISMISSALS = ("fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk")
_GHSA = "23456789cfghjmpqrvwx"
_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


@dataclass(frozen=True)
class Advisory:
    """A weakness of a package, as `security_advisory` and `security_vulnerability` of each alert hold it."""

    advisory: Record
    vulnerability: Record


def timestamp(time: datetime) -> str:
    """GitHub's form of a time: whole seconds in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(login: str, number: int, kind: str = "User") -> Record:
    """A user or an organisation, as `simple-user`."""
    url = f"{API}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": f"U_kgDO{number:x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{WEB}/{login}",
        **{name: url + path for name, path in _USER_LINKS.items()},
        "type": kind,
        "site_admin": False,
    }


def repository(random: Random, number: int, owner: Record, created: datetime, updated: datetime) -> Record:
    """A repository, as `minimal-repository`."""
    name = f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}-{random.choice(ROLES)}-{number % 10_000}"
    visibility = random.choices(("private", "internal", "public"), (7, 2, 1))[0]
    return {
        **_reference(name, number, owner, private=visibility != "public"),
        "archived": random.random() < 0.1,
        "default_branch": random.choice(("main", "main", "master")),
        "disabled": False,
        "forks_count": random.randrange(5),
        "has_issues": True,
        "language": random.choice(LANGUAGES),
        "open_issues_count": random.randrange(40),
        "permissions": {"admin": False, "push": False, "pull": True},
        "size": random.randrange(200_000),
        "topics": random.sample(ROLES, random.randrange(3)),
        "visibility": visibility,
        "created_at": timestamp(created),
        "updated_at": timestamp(updated),
        "pushed_at": None if random.random() < 0.02 else timestamp(updated),
    }


def advisory(random: Random, published: datetime) -> Advisory:
    """An advisory. Some have no CVE, no CVSS vector, no EPSS or no version that fixes it, as real ones do."""
    ecosystem = random.choice(tuple(MANIFESTS))
    package = {"ecosystem": ecosystem, "name": f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}"}
    ghsa = "GHSA-" + "-".join("".join(random.choices(_GHSA, k=4)) for _ in range(3))
    cve = f"CVE-{published.year}-{random.randrange(70_000, 99_999)}" if random.random() < 0.9 else None
    weakness = random.choice(tuple(WEAKNESSES))
    score = round(random.triangular(2.0, 9.9, 7.2), 1)
    fixed = f"{random.randrange(1, 9)}.{random.randrange(20)}.{random.randrange(9)}"
    vulnerability = {
        "package": package,
        "severity": severity_of(score),
        "vulnerable_version_range": f"< {fixed}",
        "first_patched_version": {"identifier": fixed} if random.random() < 0.85 else None,
    }
    epss = {"percentage": round(random.betavariate(0.3, 8), 5), "percentile": round(random.random(), 5)}
    record = {
        "ghsa_id": ghsa,
        "cve_id": cve,
        "summary": f"{package['name']}: {WEAKNESSES[weakness]}",
        "description": f"### Impact\nVersions of {package['name']} before {fixed} have the weakness {weakness}.\n",
        "severity": severity_of(score),
        "identifiers": [{"type": "GHSA", "value": ghsa}, *([{"type": "CVE", "value": cve}] if cve else [])],
        "references": [{"url": f"https://advisories.example.com/{ghsa}"}],
        "published_at": timestamp(published),
        "updated_at": timestamp(published),
        "withdrawn_at": None,
        "vulnerabilities": [vulnerability],
        **_scores(random, score),
        "cwes": [{"cwe_id": weakness, "name": WEAKNESSES[weakness]}],
        "epss": epss if cve else None,
        "classification": "malware" if ghsa[-1] == "m" else "general",
    }
    return Advisory(record, vulnerability)


def severity_of(score: float) -> str:
    """GitHub's word for a CVSS score."""
    return next(word for least, word in ((9, "critical"), (7, "high"), (4, "medium"), (0, "low")) if score >= least)


def alert(random: Random, number: int, repository: Record, found: Advisory, created: datetime) -> Record:
    """An open Dependabot alert, as `dependabot-alert-with-repository`."""
    package = found.vulnerability["package"]
    full_name = repository["full_name"]
    return {
        "number": number,
        "state": "open",
        "dependency": {
            "package": package,
            "manifest_path": random.choice(MANIFESTS[package["ecosystem"]]),
            "scope": random.choice(("runtime", "runtime", "development", None)),
            "relationship": random.choice(("direct", "transitive", "unknown", None)),
        },
        "security_advisory": found.advisory,
        "security_vulnerability": found.vulnerability,
        "url": f"{API}/repos/{full_name}/dependabot/alerts/{number}",
        "html_url": f"{WEB}/{full_name}/security/dependabot/{number}",
        "created_at": timestamp(created),
        "updated_at": timestamp(created),
        "dismissed_at": None,
        "dismissed_by": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
        "fixed_at": None,
        "auto_dismissed_at": None,
        "assignees": [],
        "repository": reference(repository),
    }


def fix(record: Record, at: datetime) -> None:
    """The dependency was updated."""
    _close(record, "fixed", at)
    record["fixed_at"] = timestamp(at)


def dismiss(record: Record, at: datetime, reason: str, by: Record) -> None:
    """Someone decided against fixing it."""
    _close(record, "dismissed", at)
    record.update(dismissed_at=timestamp(at), dismissed_by=by, dismissed_reason=reason)
    record["dismissed_comment"] = (
        f"Reviewed with the owning team, @{by['login']}." if reason == "tolerable_risk" else None
    )


def auto_dismiss(record: Record, at: datetime) -> None:
    """A rule of the organisation dismissed it."""
    _close(record, "auto_dismissed", at)
    record["auto_dismissed_at"] = timestamp(at)


def reopen(record: Record, at: datetime) -> None:
    """Back to open."""
    _close(record, "open", at)


def rescore(record: Record, at: datetime, score: float) -> None:
    """The advisory was reassessed: it now has another severity."""
    word = severity_of(score)
    cvss = {"score": score, "vector_string": record["security_advisory"]["cvss"]["vector_string"]}
    vulnerability = {**record["security_vulnerability"], "severity": word}
    changed = {"severity": word, "cvss": cvss, "cvss_severities": {"cvss_v3": cvss, "cvss_v4": None}}
    record["security_advisory"] = {**record["security_advisory"], **changed, "vulnerabilities": [vulnerability]}
    record["security_vulnerability"] = vulnerability
    record["updated_at"] = timestamp(at)


def _close(record: Record, state: str, at: datetime) -> None:
    record.update(state=state, updated_at=timestamp(at), fixed_at=None, auto_dismissed_at=None)
    record.update(dismissed_at=None, dismissed_by=None, dismissed_reason=None, dismissed_comment=None)


def _scores(random: Random, score: float) -> Record:
    if random.random() < 0.05:
        return {"cvss": {"score": 0.0, "vector_string": None}, "cvss_severities": None}
    vector = f"CVSS:3.1/AV:N/AC:{random.choice('LH')}/PR:{random.choice('NL')}/UI:N/S:U/C:{random.choice('HL')}/I:N/A:N"
    v3 = {"score": score, "vector_string": vector}
    v4 = {
        "score": min(10.0, round(score + 0.6, 1)),
        "vector_string": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N",
    }
    return {"cvss": v3, "cvss_severities": {"cvss_v3": v3, "cvss_v4": v4 if random.random() < 0.5 else None}}


def reference(whole: Record) -> Record:
    """A repository as other records hold it, `simple-repository`."""
    return _reference(whole["name"], whole["id"], whole["owner"], private=whole["private"])


def _reference(name: str, number: int, owner: Record, *, private: bool) -> Record:
    """A repository as alerts hold it, `simple-repository`."""
    full_name = f"{owner['login']}/{name}"
    url = f"{API}/repos/{full_name}"
    return {
        "id": number,
        "node_id": f"R_kgDO{number:x}",
        "name": name,
        "full_name": full_name,
        "owner": owner,
        "private": private,
        "html_url": f"{WEB}/{full_name}",
        "description": f"{name.replace('-', ' ').capitalize()}.",
        "fork": False,
        "url": url,
        **{link: url + path for link, path in _REPOSITORY_LINKS.items()},
    }
