"""The ecosystem of a Snyk project or issue, as the type of package URLs has it."""

from __future__ import annotations

import re

# Purl types by the types of projects, and by the languages and distributions that keys of issues name.
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
    "deb": ("deb", "debian", "ubuntu"),
    "apk": ("apk", "alpine", "wolfi", "chainguard"),
    "rpm": ("rpm", "rhel", "centos", "oracle", "amzn", "sles", "rocky", "almalinux", "fedora"),
}
_PURL_TYPES = {name: type_ for type_, names in _BY_TYPE.items() for name in names}
# SNYK-JS-LODASH-567746, SNYK-DEBIAN11-BINUTILS-5853674; a licence's snyk:lic:npm:left-pad:GPL-3.0; npm:qs:20170213.
_KEY = re.compile(r"(?:SNYK-|snyk:lic:|(?=[a-z]+:))([A-Za-z]+)")


def purl_type(project_type: str | None, key: str | None) -> str | None:
    """The purl type by the type of a project, or else by what an issue's key names; None if neither is known."""
    return _PURL_TYPES.get(project_type or "") or _PURL_TYPES.get(_named_in(key))


def distribution(key: str | None) -> str:
    """The distribution that the key of a system package's issue names: debian, oracle."""
    return {"rhel": "redhat"}.get(name := _named_in(key), name)


def _named_in(key: str | None) -> str:
    match = _KEY.match(key or "")
    return match[1].lower() if match else ""
