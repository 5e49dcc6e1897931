"""Invented records in the shapes that Jira's REST API v3 has."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from dazz_assets.sandbox import Record

# Jira writes times in the zone of the user who asks.
ZONE = ZoneInfo("Europe/Berlin")
SITE = "https://nimbus.atlassian.net"

FIRST_NAMES = ("Ada", "Bela", "Cleo", "Dario", "Edda", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Levi")
LAST_NAMES = ("Albers", "Brandt", "Conti", "Duran", "Egger", "Fuchs", "Grau", "Hansen", "Ibarra", "Jansen", "Keller")
PROJECTS = {
    "SHOP": "Shop",
    "PAY": "Payments",
    "OPS": "Operations",
    "DATA": "Data platform",
    "APP": "Mobile app",
    "SEC": "Security",
    "WEB": "Website",
    "HR": "People",
    "DOC": "Documentation",
    "QA": "Quality",
    "ML": "Models",
}
# Each with the id and the key of its category.
STATUSES = {
    "To Do": ("2", "new"),
    "In Progress": ("4", "indeterminate"),
    "In Review": ("4", "indeterminate"),
    "Done": ("3", "done"),
}
RESOLUTIONS = ("Done", "Won't Do", "Duplicate", "Cannot Reproduce")
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
TYPES = {"Epic": 1, "Story": 0, "Task": 0, "Bug": 0, "Sub-task": -1}
LABELS = ("security", "backend", "tech-debt", "customer", "q3")
VERBS = ("Fix", "Upgrade", "Document", "Measure", "Remove", "Rotate", "Review")
NOUNS = ("login", "invoice export", "search index", "base image", "signing key", "audit log", "rate limit")
SENTENCES = ("I can reproduce this.", "Deployed to staging.", "Waiting for the vendor.", "Looks good to me.")
_CATEGORY_NAMES = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}


def timestamp(time: datetime) -> str:
    """Jira's form of a time: milliseconds, and an offset without a colon."""
    local = time.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03}{local:%z}"


def user(random: Random, kind: str = "atlassian") -> Record:
    """A user of a kind: `atlassian`, `app` or `customer`; of some, the profile hides the address."""
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    prefix = {"customer": "qm:", "app": "557058:"}.get(kind, "")
    account = f"{prefix}{random.getrandbits(96):024x}"
    record: Record = {
        "self": f"{SITE}/rest/api/3/user?accountId={account}",
        "accountId": account,
        "accountType": kind,
        "avatarUrls": {"48x48": f"https://secure.gravatar.com/avatar/{random.getrandbits(128):032x}?s=48"},
        "displayName": f"{last} Sync" if kind == "app" else f"{first} {last}",
        "active": random.random() < 0.9,
        "locale": "en_US",
    }
    if kind != "app" and random.random() < 0.7:
        record["emailAddress"] = f"{first}.{last}{random.randrange(1000)}@nimbus-works.test".lower()
    return record


def former(record: Record) -> None:
    """The account was deleted: what is left of it."""
    record.update(displayName="Former user", active=False)
    record.pop("emailAddress", None)
    record.pop("locale", None)


def short(account: Record) -> Record:
    """A user as other records show it."""
    names = ("self", "accountId", "avatarUrls", "displayName", "active", "accountType", "emailAddress")
    return {name: account[name] for name in names if name in account} | {"timeZone": str(ZONE)}


def project(key: str, name: str, number: int) -> Record:
    """A project."""
    return {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "self": f"{SITE}/rest/api/3/project/{number}",
        "id": str(number),
        "key": key,
        "name": name,
        "avatarUrls": {"48x48": f"{SITE}/rest/api/3/universal_avatar/view/type/project/avatar/{number}"},
        "projectTypeKey": "software",
        "simplified": False,
        "style": "classic",
        "isPrivate": False,
        "properties": {},
    }


def issue(random: Random, number: int, key: str, home: Record, people: tuple[Record, Record], at: datetime) -> Record:
    """An open issue. people: who made it, and to whom it may be assigned."""
    kind = random.choices(tuple(TYPES)[:-1], (1, 4, 3, 3))[0]
    creator, assignee = people
    fields: Record = {
        "summary": f"{random.choice(VERBS)} the {random.choice(NOUNS)}",
        "issuetype": _type(kind),
        "status": _status("To Do"),
        "priority": {"self": f"{SITE}/rest/api/3/priority/3", "id": "3", "name": random.choice(PRIORITIES)},
        "resolution": None,
        "project": {name: home[name] for name in ("self", "id", "key", "name", "projectTypeKey", "simplified")},
        "assignee": short(assignee) if random.random() < 0.7 else None,
        "creator": short(creator),
        "labels": random.sample(LABELS, random.randrange(3)),
        "created": timestamp(at),
        "updated": timestamp(at),
        "duedate": f"{at + timedelta(days=random.randrange(5, 90)):%Y-%m-%d}" if random.random() < 0.3 else None,
        "resolutiondate": None,
        "statuscategorychangedate": timestamp(at),
        "description": document("What happens, and what should."),
    }
    return {"expand": "", "id": str(number), "self": f"{SITE}/rest/api/3/issue/{number}", "key": key, "fields": fields}


def belong(record: Record, whole: Record) -> None:
    """Make an issue a part of another: a story of an epic, a sub-task of anything else."""
    if whole["fields"]["issuetype"]["hierarchyLevel"] == 0:
        record["fields"]["issuetype"] = _type("Sub-task")
    shown = {name: whole["fields"][name] for name in ("summary", "status", "priority", "issuetype")}
    record["fields"]["parent"] = {name: whole[name] for name in ("id", "key", "self")} | {"fields": shown}


def move(random: Random, record: Record, at: datetime) -> None:
    """Someone works on the issue, finishes it, or takes it up again."""
    fields = record["fields"]
    if fields["status"]["statusCategory"]["key"] == "done":
        fields.update(status=_status("To Do"), resolution=None, resolutiondate=None)
    elif random.random() < 0.5:
        name = random.choice(RESOLUTIONS)
        resolution = {"self": f"{SITE}/rest/api/3/resolution/{len(name)}", "id": str(len(name)), "name": name}
        fields.update(status=_status("Done"), resolution=resolution, resolutiondate=timestamp(at))
    else:
        fields["status"] = _status(random.choice(("In Progress", "In Review")))
    fields.update(updated=timestamp(at), statuscategorychangedate=timestamp(at))


def comment(random: Random, number: int, home: Record, author: Record, mentioned: Record, at: datetime) -> Record:
    """A comment on an issue; some mention someone, and some have a list."""
    body = document(random.choice(SENTENCES))
    if random.random() < 0.3:
        attributes = {"id": mentioned["accountId"], "text": f"@{mentioned['displayName']}", "accessLevel": ""}
        body["content"][0]["content"].append({"type": "mention", "attrs": attributes})
    if random.random() < 0.3:
        point = {"type": "listItem", "content": document(f"Ask {mentioned['displayName']}")["content"]}
        body["content"].append({"type": "bulletList", "content": [point]})
    return {
        "self": f"{home['self']}/comment/{number}",
        "id": str(number),
        "author": short(author),
        "body": body,
        "updateAuthor": short(author),
        "created": timestamp(at),
        "updated": timestamp(at),
        "jsdPublic": True,
    }


def document(text: str) -> Record:
    """A text in the Atlassian Document Format."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def _type(name: str) -> Record:
    level = TYPES[name]
    number = str(10_001 + list(TYPES).index(name))
    return {
        "self": f"{SITE}/rest/api/3/issuetype/{number}",
        "id": number,
        "name": name,
        "subtask": level < 0,
        "hierarchyLevel": level,
    }


def _status(name: str) -> Record:
    category, key = STATUSES[name]
    number = str(3 + list(STATUSES).index(name))
    return {
        "self": f"{SITE}/rest/api/3/status/{number}",
        "name": name,
        "id": number,
        "statusCategory": {
            "self": f"{SITE}/rest/api/3/statuscategory/{category}",
            "id": int(category),
            "key": key,
            "colorName": "green" if key == "done" else "blue-gray",
            "name": _CATEGORY_NAMES[key],
        },
    }
