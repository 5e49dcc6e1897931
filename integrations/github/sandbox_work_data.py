"""Invented issues and pull requests, in the shapes that GitHub's REST API has."""

from __future__ import annotations

from datetime import datetime
from random import Random

from dazz_assets.sandbox import Record

from .sandbox_data import ADJECTIVES, API, NOUNS, WEB, reference, timestamp

LABELS = {"bug": "d73a4a", "enhancement": "a2eeef", "documentation": "0075ca", "good first issue": "7057ff"}
TASKS = ("Fix the", "Document the", "Speed up the", "Remove the", "Add tests for the")
REASONS = ("completed", "completed", "not_planned")


def issue(random: Random, number: int, repository: Record, author: Record | None, created: datetime) -> Record:
    """An open issue, as `issue`; the author is null where the account is gone."""
    path = f"{repository['full_name']}/issues/{number}"
    url = f"{API}/repos/{path}"
    return {
        "url": url,
        "repository_url": f"{API}/repos/{repository['full_name']}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{WEB}/{path}",
        "id": random.randrange(1_000_000_000, 3_000_000_000),
        "node_id": f"I_kwDO{random.getrandbits(48):012x}",
        "number": number,
        "title": _title(random),
        "user": author,
        "labels": [_label(name, repository) for name in random.sample(tuple(LABELS), random.randrange(3))],
        "state": "open",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": random.randrange(9),
        "created_at": timestamp(created),
        "updated_at": timestamp(created),
        "closed_at": None,
        "author_association": "MEMBER",
        "active_lock_reason": None,
        "body": f"Seen by @{author['login']}." if author else None,
        "state_reason": None,
    }


def pull_request(random: Random, number: int, repository: Record, author: Record, created: datetime) -> Record:
    """An open pull request, as `pull-request-simple`, from a branch of the repository itself."""
    path, branch = f"{repository['full_name']}/pull/{number}", random.choice(NOUNS)
    url = f"{API}/repos/{repository['full_name']}/pulls/{number}"
    issue_url = f"{API}/repos/{repository['full_name']}/issues/{number}"
    sha = f"{random.getrandbits(160):040x}"
    links = {
        "self": url,
        "html": f"{WEB}/{path}",
        "issue": issue_url,
        "comments": f"{issue_url}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{API}/repos/{repository['full_name']}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{API}/repos/{repository['full_name']}/statuses/{sha}",
    }
    return {
        "url": url,
        "id": random.randrange(1_000_000_000, 3_000_000_000),
        "node_id": f"PR_kwDO{random.getrandbits(48):012x}",
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        "issue_url": issue_url,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": number,
        "state": "open",
        "locked": False,
        "title": _title(random),
        "user": author,
        "body": f"As agreed with @{author['login']}.",
        "labels": [_label(name, repository) for name in random.sample(tuple(LABELS), random.randrange(2))],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": timestamp(created),
        "updated_at": timestamp(created),
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _branch(repository, branch, sha),
        "base": _branch(repository, repository["default_branch"], f"{random.getrandbits(160):040x}"),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": "MEMBER",
        "auto_merge": None,
        "draft": random.random() < 0.2,
    }


def as_issue(random: Random, pull: Record, repository: Record) -> Record:
    """A pull request as the list of issues has it, with another id."""
    found = issue(random, pull["number"], repository, pull["user"], datetime.fromisoformat(pull["created_at"]))
    shared = ("title", "labels", "html_url", "body", "draft")
    found |= {name: pull[name] for name in shared}
    found["pull_request"] = {
        **{name: pull[name] for name in ("url", "html_url", "diff_url", "patch_url", "merged_at")},
    }
    return found


def assign(record: Record, to: Record) -> None:
    """Someone is to do it."""
    record.update(assignee=to, assignees=[to])


def close(record: Record, at: datetime, reason: str | None = None, by: Record | None = None) -> None:
    """It is done, or will not be."""
    record.update(state="closed", updated_at=timestamp(at), closed_at=timestamp(at))
    if "state_reason" in record:
        record.update(state_reason=reason, closed_by=by)


def reopen(record: Record, at: datetime) -> None:
    """It was not done after all."""
    record.update(state="open", updated_at=timestamp(at), closed_at=None)
    if "state_reason" in record:
        record.update(state_reason="reopened", closed_by=None)


def merge(random: Random, record: Record, at: datetime) -> None:
    """The pull request is in the default branch."""
    close(record, at)
    record.update(merged_at=timestamp(at), merge_commit_sha=f"{random.getrandbits(160):040x}", draft=False)


def _title(random: Random) -> str:
    return f"{random.choice(TASKS)} {random.choice(ADJECTIVES)} {random.choice(NOUNS)}"


def _label(name: str, repository: Record) -> Record:
    number = 9_000_000_000 + sum(map(ord, name))
    return {
        "id": number,
        "node_id": f"LA_kwDO{number:x}",
        "url": f"{API}/repos/{repository['full_name']}/labels/{name.replace(' ', '%20')}",
        "name": name,
        "color": LABELS[name],
        "default": True,
        "description": "",
    }


def _branch(repository: Record, name: str, sha: str) -> Record:
    owner = repository["owner"]
    return {
        "label": f"{owner['login']}:{name}",
        "ref": name,
        "sha": sha,
        "user": owner,
        "repo": _whole(repository),
    }


def _whole(repository: Record) -> Record:
    """A repository, as `repository`: with all that the list of repositories leaves out."""
    full_name = repository["full_name"]
    counts = dict.fromkeys(("forks", "open_issues", "stargazers_count", "watchers", "watchers_count"), 0)
    told = ("archived", "created_at", "default_branch", "disabled", "forks_count", "has_issues", "language")
    return {
        **reference(repository),
        **counts,
        **{name: repository[name] for name in (*told, "open_issues_count", "pushed_at", "size", "updated_at")},
        "clone_url": f"{WEB}/{full_name}.git",
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "svn_url": f"{WEB}/{full_name}",
        "has_downloads": True,
        "has_pages": False,
        "has_projects": True,
        "has_wiki": False,
        "homepage": None,
        "license": None,
        "mirror_url": None,
        "visibility": repository["visibility"],
    }
