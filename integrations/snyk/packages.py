"""The ecosystem of a Snyk project or issue, as the type of package URLs has it."""

from __future__ import annotations

import re

# Purl types by the types of projects, and by the languages that keys of issues name.
# https://docs.snyk.io/snyk-api/reference/projects
_BY_TYPE = {
    "npm": ("npm", "yarn", "yarn-workspace", "pnpm", "js"),
    "pypi": ("pip", "pipenv", "poetry", "setuptools", "uv", "python"),
    "maven": ("maven", "gradle", "sbt", "java"),
    "gem": ("rubygems", "ruby"),
    "nuget": ("nuget", "paket", "dotnet"),
    "golang": ("golang", "golangdep", "govendor", "gomodules"),
    "composer": ("composer", "php"),
    "cocoapods": ("cocoapods",),
    "swift": ("swift",),
    "hex": ("hex",),
    "cargo": ("cargo", "rust"),
    "pub": ("pub",),
    "deb": ("deb",),
    "apk": ("apk",),
    "rpm": ("rpm",),
}
_PURL_TYPES = {name: type_ for type_, names in _BY_TYPE.items() for name in names}
# The purl types of distributions, by what they are called in keys, where their release stands behind.
# https://docs.snyk.io/scan-with-snyk/snyk-container/how-snyk-container-works
_DISTRIBUTIONS = {
    **dict.fromkeys(("debian", "ubuntu"), "deb"),
    **dict.fromkeys(("alpine", "wolfi", "chainguard"), "apk"),
    **dict.fromkeys(("rhel", "centos", "oracle", "amzn", "sles", "rocky", "almalinux", "fedora"), "rpm"),
}
# What package URLs call a distribution, where keys call it otherwise.
_NAMESPACES = {"rhel": "redhat"}
# SNYK-JS-LODASH-567746, SNYK-DEBIAN11-BINUTILS-5853674; a licence's snyk:lic:npm:left-pad:GPL-3.0; npm:qs:20170213.
_KEY = re.compile(r"(?:SNYK-|snyk:lic:|(?=[a-z]+:))([A-Za-z]+)")


def purl_type(project_type: str | None, key: str | None) -> str | None:
    """The purl type by the type of a project, or else by what an issue's key names; None if neither is known."""
    named = _DISTRIBUTIONS.get(_distribution_in(key) or "")
    return _PURL_TYPES.get(project_type or "") or named or _PURL_TYPES.get(_named_in(key))


def distribution(key: str | None) -> str | None:
    """The distribution that the key of a system package's issue names, as package URLs call it: debian, redhat."""
    name = _distribution_in(key)
    return _NAMESPACES.get(name or "", name)


def _distribution_in(key: str | None) -> str | None:
    """The longest name that the key begins with: its release may follow at once, as in debianunstable, wolfilatest."""
    named = _named_in(key)
    return max((name for name in _DISTRIBUTIONS if named.startswith(name)), key=len, default=None)


def _named_in(key: str | None) -> str:
    match = _KEY.match(key or "")
    return match[1].lower() if match else ""
