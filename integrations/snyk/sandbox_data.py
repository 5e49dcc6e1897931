"""Invented records in the shapes that Snyk's REST API has (version 2024-10-15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from dazz_assets.sandbox import Record

ADJECTIVES = ("agile", "bold", "calm", "deep", "eager", "fair", "grand", "humble", "keen", "lucid", "noble", "quiet")
NOUNS = ("atlas", "bridge", "comet", "dynamo", "engine", "forge", "glacier", "hub", "kernel", "lattice", "matrix")
TEAMS = ("Payments", "Platform", "Data", "Mobile", "Identity", "Sandbox")
MANIFESTS = {
    "npm": ("package-lock.json", "frontend/package-lock.json"),
    "pip": ("requirements.txt", "jobs/requirements.txt"),
    "maven": ("pom.xml", "service/pom.xml"),
    "sast": (None,),
    "terraformconfig": ("main.tf", "modules/network/main.tf"),
}
SEVERITIES = ("low", "medium", "high", "critical")
# Levels of an exploit's maturity: in CVSS 3, and in CVSS 4.
MATURITIES = (("Not Defined", "Not Defined"), ("Proof of Concept", "Proof of Concept"), ("High", "Attacked"))
NO_EXPLOIT = ("Unproven", "Unreported")
CODE_RULES = {"python/Sqli": "SQL Injection", "javascript/XSS": "Cross-site Scripting", "go/PT": "Path Traversal"}
CLOUD_RULES = {"SNYK-CC-90181": "Storage bucket allows public reads", "SNYK-CC-90117": "Disk is not encrypted"}
CONFIG_RULES = {"SNYK-CC-TF-9118": "Security group allows open ingress", "SNYK-CC-TF-9045": "Logging is disabled"}


def uuid(random: Random) -> str:
    """A random UUID, as all of Snyk's ids are."""
    return str(UUID(int=random.getrandbits(128), version=4))


def timestamp(time: datetime) -> str:
    """Snyk's form of a time: UTC with milliseconds or microseconds, zeros at the end of the fraction left out."""
    text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


def organisation(random: Random, team: str, group: str, created: datetime) -> Record:
    """An organisation."""
    return {
        "id": uuid(random),
        "type": "org",
        "attributes": {
            "group_id": group,
            "is_personal": False,
            "name": f"Nimbus {team}",
            "slug": f"nimbus-{team.lower()}",
            "created_at": timestamp(created.replace(microsecond=0)),
            "updated_at": timestamp(created.replace(microsecond=0)),
        },
        "relationships": {"member_role": {"data": {"id": uuid(random), "type": "org_role"}}},
    }


def project(random: Random, org: str, created: datetime) -> Record:
    """A project: one manifest, or the code, of a repository."""
    kind = random.choices(tuple(MANIFESTS), (5, 4, 3, 3, 2))[0]
    repository = f"nimbus/{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}-{random.randrange(1000)}"
    manifest = random.choice(MANIFESTS[kind])
    record: Record = {
        "id": uuid(random),
        "type": "project",
        "meta": {},
        "attributes": {
            "name": f"{repository}:{manifest}" if manifest else repository,
            "type": kind,
            "target_file": manifest or "",
            "target_reference": "main",
            "origin": random.choice(("github", "github", "gitlab", "cli")),
            "created": timestamp(created),
            "status": random.choices(("active", "inactive"), (9, 1))[0],
            "business_criticality": random.sample(("critical", "high", "medium", "low"), random.randrange(2)),
            "environment": random.sample(("frontend", "backend", "internal"), random.randrange(2)),
            "lifecycle": random.sample(("production", "development"), random.randrange(2)),
            "tags": [{"key": "team", "value": random.choice(TEAMS).lower()}] if random.random() < 0.5 else [],
            "read_only": False,
            "settings": {"recurring_tests": {"frequency": "daily"}, "pull_requests": {}},
        },
        "relationships": {
            "organization": {"data": {"id": org, "type": "org"}, "links": {"related": f"/rest/orgs/{org}"}},
            "target": {"data": {"id": uuid(random), "type": "target"}},
            "importer": {"data": {"id": uuid(random), "type": "user"}},
        },
    }
    # Projects with a criticality have an owner: the user who imported them.
    if record["attributes"]["business_criticality"]:
        record["relationships"]["owner"] = record["relationships"]["importer"]
    return record


def target(project: Record) -> Record:
    """The target of a project. Uses no random number, so that projects and issues stay the same."""
    attributes, related = project["attributes"], project["relationships"]
    name, origin = attributes["name"].partition(":")[0], attributes["origin"]
    integration = {"integration_type": origin}
    return {
        "id": related["target"]["data"]["id"],
        "type": "target",
        "attributes": {
            "display_name": name,
            "url": f"https://{'gitlab' if origin == 'gitlab' else 'github'}.com/{name}" if origin != "cli" else None,
            "is_private": True,
            "created_at": attributes["created"],
        },
        "relationships": {
            "organization": {"data": {"id": related["organization"]["data"]["id"], "type": "organization"}},
            "integration": {
                "data": {
                    "id": str(uuid5(NAMESPACE_URL, origin)),
                    "type": "integration",
                    "attributes": integration,
                }
            },
        },
    }


def issue(random: Random, org: str, home: Record, created: datetime) -> Record:
    """An open issue of a kind that fits the project; a few belong to a cloud environment or are custom."""
    make = random.choices((_kind_of(home, random), _cloud, _custom), (88, 8, 4))[0]
    scan_item = {"id": uuid(random), "type": "environment"} if make is _cloud else _item(home)
    item: Record = {"data": scan_item}
    if make is not _cloud:
        item["links"] = {"related": f"/orgs/{org}/projects/{scan_item['id']}"}
    return {
        "id": uuid(random),
        "type": "issue",
        "attributes": {
            **make(random, home, created),
            "created_at": timestamp(created),
            "updated_at": timestamp(created),
            "ignored": False,
            "status": "open",
        },
        "relationships": {
            "organization": {"data": {"id": org, "type": "organization"}, "links": {"related": f"/orgs/{org}"}},
            "scan_item": item,
        },
    }


def resolve(record: Record, at: datetime, how: str) -> None:
    """The issue is gone: `how` is fixed or disappeared."""
    resolution = {"details": "", "resolved_at": timestamp(at), "type": how}
    record["attributes"].update(status="resolved", resolution=resolution, updated_at=timestamp(at))


def reopen(record: Record, at: datetime) -> None:
    """The issue is back."""
    record["attributes"].pop("resolution", None)
    record["attributes"].update(status="open", updated_at=timestamp(at))


def ignore(record: Record, at: datetime, *, ignored: bool) -> None:
    """Someone set the issue aside, or took it up again."""
    record["attributes"].update(ignored=ignored, updated_at=timestamp(at))


def rate(record: Record, at: datetime, level: str) -> None:
    """The issue now has another severity."""
    record["attributes"].update(effective_severity_level=level, updated_at=timestamp(at))


def _item(home: Record) -> Record:
    return {"id": home["id"], "type": "project"}


def _kind_of(home: Record, random: Random) -> Callable[[Random, Record, datetime], Record]:
    kind = home["attributes"]["type"]
    if kind == "sast":
        return _code
    if kind == "terraformconfig":
        return _config
    return _licence if random.random() < 0.12 else _package


def _package(random: Random, home: Record, created: datetime) -> Record:
    name = f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}"
    number = random.randrange(1_000_000, 9_999_999)
    key = f"SNYK-{home['attributes']['type'].upper()}-{name.replace('-', '').upper()}-{number}"
    level = random.choice(SEVERITIES)
    score = {"low": 3.1, "medium": 5.6, "high": 7.5, "critical": 9.4}[level]
    scanned = timestamp(created + timedelta(microseconds=random.randrange(2_000_000)))
    problems: list[Record] = [{"id": key, "source": "SNYK", "type": "vulnerability", "updated_at": scanned}]
    if random.random() < 0.8:
        cve = f"CVE-{created.year}-{random.randrange(70_000, 99_999)}"
        url = f"https://nvd.nist.gov/vuln/detail/{cve}"
        problems.append({"id": cve, "source": "NVD", "type": "vulnerability", "updated_at": scanned, "url": url})
        random.shuffle(problems)
    maturity = random.choice(MATURITIES)
    if maturity == MATURITIES[0] and number % 2:
        maturity = NO_EXPLOIT
    return {
        "classes": [
            {"id": random.choice(("CWE-79", "CWE-400", "CWE-502", "CWE-1333")), "source": "CWE", "type": "weakness"}
        ],
        "coordinates": [_dependency(random, name)],
        "effective_severity_level": level,
        "exploit_details": {
            "maturity_levels": [
                {"format": f"CVSSv{n}", "level": level} for n, level in zip((3, 4), maturity, strict=True)
            ],
            "sources": [] if maturity[0] == "Not Defined" else ["Snyk"],
        },
        "key": key,
        "problems": problems,
        "risk": {"factors": [], "score": {"model": "v1", "value": random.randrange(1000)}},
        "severities": [
            {
                "level": level,
                "modification_time": timestamp(created.replace(microsecond=0)),
                "score": score,
                "source": source,
                "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                "version": "3.1",
            }
            for source in ("Snyk", "NVD")
        ],
        "title": random.choice(("Denial of Service (DoS)", "Prototype Pollution", "Remote Code Execution (RCE)")),
        "type": "package_vulnerability",
    }


def _licence(random: Random, home: Record, created: datetime) -> Record:
    name = f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}"
    licence = random.choice(("GPL-3.0", "AGPL-3.0", "SSPL-1.0"))
    key = f"snyk:lic:{home['attributes']['type']}:{name}:{licence}"
    return {
        "coordinates": [_dependency(random, name)],
        "effective_severity_level": random.choice(("medium", "high")),
        "key": key,
        "problems": [{"id": key, "source": "SNYK", "type": "license"}],
        "title": f"{licence} license",
        "type": "license",
    }


def _code(random: Random, home: Record, created: datetime) -> Record:
    rule = random.choice(tuple(CODE_RULES))
    line = random.randrange(1, 900)
    place = {
        "commit_id": f"{random.getrandbits(160):040x}",
        "file": f"src/{random.choice(NOUNS)}/{random.choice(NOUNS)}.{'py' if rule.startswith('python') else 'ts'}",
        "region": {"start": {"line": line, "column": 5}, "end": {"line": line, "column": 40}},
    }
    return {
        "classes": [{"id": random.choice(("CWE-89", "CWE-79", "CWE-22")), "source": "CWE", "type": "weakness"}],
        "coordinates": [{"is_fixable_snyk": False, "representations": [{"sourceLocation": place}]}],
        "effective_severity_level": random.choice(("low", "medium", "high")),
        "key": f"{uuid(random)}:{random.getrandbits(32):08x}.{random.getrandbits(32):08x}:{random.randrange(3)}",
        "problems": [{"id": rule, "source": "SNYK", "type": "vulnerability"}],
        "title": CODE_RULES[rule],
        "type": "code",
    }


def _config(random: Random, home: Record, created: datetime) -> Record:
    rule = random.choice(tuple(CONFIG_RULES))
    path = f"{home['attributes']['target_file']} > resource > aws_security_group[{random.choice(NOUNS)}]"
    return {
        "coordinates": [{"representations": [{"resourcePath": path}]}],
        "effective_severity_level": random.choice(("low", "medium", "high")),
        "key": rule,
        "problems": [{"id": rule, "source": "SNYK", "type": "rule"}],
        "title": CONFIG_RULES[rule],
        "type": "config",
    }


def _cloud(random: Random, home: Record, created: datetime) -> Record:
    rule = random.choice(tuple(CLOUD_RULES))
    name = f"nimbus-{random.choice(ADJECTIVES)}-{random.randrange(1000)}"
    resource = {
        "id": uuid(random),
        "input_type": "cloud_scan",
        "location": "eu-central-1",
        "name": name,
        "native_id": f"arn:aws:s3:::{name}",
        "platform": "aws",
        "resource_type": "aws_s3_bucket",
        "tags": {"Stage": "Prod"},
        "type": "cloud",
    }
    environment = {"id": uuid(random), "name": "Production", "native_id": "000000000000", "type": "aws"}
    return {
        "classes": [{"id": "data", "source": "snyk-cloud", "type": "rule-category"}],
        "coordinates": [
            {
                "remedies": [],
                "representations": [{"cloud_resource": {"environment": environment, "resource": resource}}],
            }
        ],
        "description": "The resource doesn't follow the organisation's rules.",
        "effective_severity_level": random.choice(("medium", "high")),
        "key": uuid(random),
        "problems": [{"id": rule, "source": "snyk-cloud", "type": "rule"}],
        "title": CLOUD_RULES[rule],
        "tool": "snyk://cloud",
        "type": "cloud",
    }


def _custom(random: Random, home: Record, created: datetime) -> Record:
    return {
        "effective_severity_level": random.choice(("info", "low")),
        "key": f"custom-{uuid(random)}",
        "title": "House rule: an owner is named",
        "type": "custom",
    }


def _dependency(random: Random, name: str) -> Record:
    version = f"{random.randrange(9)}.{random.randrange(20)}.{random.randrange(9)}"
    return {
        "is_fixable_manually": False,
        "is_fixable_snyk": random.random() < 0.6,
        "is_fixable_upstream": False,
        "is_patchable": False,
        "is_pinnable": random.random() < 0.3,
        "is_upgradeable": random.random() < 0.6,
        "reachability": random.choice(("no-info", "not-applicable", "function")),
        "representations": [{"dependency": {"package_name": name, "package_version": version}}],
    }
