"""Invented alerts of code scanning and secret scanning, in the shapes that GitHub's REST API has."""

from __future__ import annotations

from datetime import datetime
from random import Random

from dazz_assets.sandbox import Record

from .sandbox_data import API, NOUNS, WEB, reference, timestamp

# A rule's id, its description, its severity about security if it has one, its severity, and its CWEs.
RULES: tuple[tuple[str, str, str | None, str, tuple[str, ...]], ...] = (
    ("js/sql-injection", "Database query built from user-controlled sources", "high", "error", ("089",)),
    ("py/path-injection", "Uncontrolled data used in path expression", "high", "error", ("022", "023")),
    ("java/xss", "Cross-site scripting", "medium", "error", ("079",)),
    ("go/insecure-tls", "Insecure TLS configuration", "critical", "warning", ("327",)),
    ("py/unused-import", "Unused import", None, "note", ()),
    ("js/useless-assignment", "Useless assignment to local variable", None, "warning", ()),
)
DISMISSALS = ("false positive", "won't fix", "used in tests")
SECRETS = {
    "google_api_key": "Google API Key",
    "aws_access_key_id": "Amazon AWS Access Key ID",
    "slack_incoming_webhook_url": "Slack Incoming Webhook URL",
}
GENERIC_SECRETS = {
    "generic_private_key": "Private Key",
    "mongodb_connection_string": "MongoDB Connection String",
    "password": "Password",
    "rsa_private_key": "RSA Private Key",
}
RESOLUTIONS = ("revoked", "revoked", "false_positive", "used_in_tests", "wont_fix")
_ENDS = {"py": "py", "js": "ts", "java": "java", "go": "go"}


def code_alert(random: Random, number: int, repository: Record, created: datetime) -> Record:
    """An open code scanning alert, as `code-scanning-organization-alert-items`.

    `updated_at` is not required there: each third of a repository has none until it changes.
    """
    id_, description, level, severity, cwes = random.choice(RULES)
    url = f"{API}/repos/{repository['full_name']}/code-scanning/alerts/{number}"
    line, language = random.randrange(1, 900), id_.partition("/")[0]
    return {
        "number": number,
        "created_at": timestamp(created),
        **({"updated_at": timestamp(created)} if number % 3 else {}),
        "url": url,
        "html_url": f"{WEB}/{repository['full_name']}/security/code-scanning/{number}",
        "state": "open",
        "fixed_at": None,
        "dismissed_by": None,
        "dismissed_at": None,
        "dismissed_reason": None,
        "dismissed_comment": None,
        "rule": {
            "id": id_,
            "severity": severity,
            "description": description,
            "name": id_,
            "tags": [*(f"external/cwe/cwe-{cwe}" for cwe in cwes), "security" if level else "maintainability"],
            **({"security_severity_level": level} if level else {}),
        },
        "tool": {"name": "CodeQL", "guid": None, "version": "2.20.1"},
        "most_recent_instance": {
            "ref": "refs/heads/main",
            "analysis_key": ".github/workflows/codeql.yml:analyze",
            "environment": "{}",
            "category": f"/language:{language}",
            "state": "open",
            "commit_sha": f"{random.getrandbits(160):040x}",
            "message": {"text": f"{description}."},
            "location": {
                "path": f"src/{random.choice(NOUNS)}/{random.choice(NOUNS)}.{_ENDS[language]}",
                "start_line": line,
                "end_line": line + random.randrange(3),
                "start_column": 5,
                "end_column": 40,
            },
            "classifications": [],
        },
        "instances_url": f"{url}/instances",
        "repository": reference(repository),
    }


def close_code_alert(record: Record, at: datetime, reason: str | None, by: Record | None) -> None:
    """The weakness was fixed; or dismissed, for a reason."""
    state = "dismissed" if reason else "fixed"
    record.update(state=state, updated_at=timestamp(at), fixed_at=None if reason else timestamp(at))
    record.update(dismissed_at=timestamp(at) if reason else None, dismissed_reason=reason, dismissed_by=by)
    record["dismissed_comment"] = f"Looked at with @{by['login']}." if by else None
    record["most_recent_instance"] = {**record["most_recent_instance"], "state": state}


def reopen_code_alert(record: Record, at: datetime) -> None:
    """It was found again."""
    record.update(state="open", updated_at=timestamp(at), fixed_at=None, dismissed_at=None)
    record.update(dismissed_reason=None, dismissed_by=None, dismissed_comment=None)
    record["most_recent_instance"] = {**record["most_recent_instance"], "state": "open"}


def secret_alert(random: Random, number: int, repository: Record, created: datetime) -> Record:
    """An open secret scanning alert, as `organization-secret-scanning-alert`; nothing has updated it yet.

    Each third of a repository is of a generic pattern, for which no random number is used.
    """
    kind = random.choice(tuple(SECRETS))
    name, provider = SECRETS[kind], SECRETS[kind].partition(" ")[0]
    if number % 3 == 0:
        kind = sorted(GENERIC_SECRETS)[number // 3 % len(GENERIC_SECRETS)]
        name, provider = GENERIC_SECRETS[kind], "Generic"
    url = f"{API}/repos/{repository['full_name']}/secret-scanning/alerts/{number}"
    git = f"{API}/repos/{repository['full_name']}/git"
    line, blob, commit = random.randrange(1, 200), f"{random.getrandbits(160):040x}", f"{random.getrandbits(160):040x}"
    return {
        "number": number,
        "created_at": timestamp(created),
        "updated_at": None,
        "url": url,
        "html_url": f"{WEB}/{repository['full_name']}/security/secret-scanning/{number}",
        "locations_url": f"{url}/locations",
        "state": "open",
        "resolution": None,
        "resolved_at": None,
        "resolved_by": None,
        "resolution_comment": None,
        "secret_type": kind,
        "secret_type_display_name": name,
        # What is shown unless it is hidden; it opens nothing.
        "secret": f"invented-secret-{random.getrandbits(64):016x}",
        "provider": provider,
        "validity": random.choice(("active", "inactive", "unknown")),
        "publicly_leaked": random.random() < 0.1,
        "multi_repo": False,
        "push_protection_bypassed": False,
        "push_protection_bypassed_by": None,
        "push_protection_bypassed_at": None,
        "first_location_detected": {
            "path": f"config/{random.choice(NOUNS)}.env",
            "start_line": line,
            "end_line": line,
            "start_column": 1,
            "end_column": 41,
            "blob_sha": blob,
            "blob_url": f"{git}/blobs/{blob}",
            "commit_sha": commit,
            "commit_url": f"{git}/commits/{commit}",
        },
        "has_more_locations": False,
        "repository": reference(repository),
    }


def resolve_secret_alert(record: Record, at: datetime, resolution: str, by: Record) -> None:
    """Someone revoked the secret, or set the alert aside."""
    record.update(state="resolved", resolution=resolution, resolved_at=timestamp(at), resolved_by=by)
    record["resolution_comment"] = f"Rotated by @{by['login']}." if resolution == "revoked" else None
    record["updated_at"] = timestamp(at)


def reopen_secret_alert(record: Record, at: datetime) -> None:
    """The alert is open again."""
    record.update(state="open", resolution=None, resolved_at=None, resolved_by=None, resolution_comment=None)
    record["updated_at"] = timestamp(at)
