"""Packages and their package URLs (purl): https://github.com/package-url/purl-spec"""

from __future__ import annotations

from packageurl import PackageURL

# The purl types whose names hold a namespace, and what stands between the two in the names that people write.
_SEPARATORS = {"maven": ":", "npm": "/", "golang": "/", "composer": "/", "githubactions": "/", "swift": "/"}
# The types of operating systems' packages, which may be named after their source: `binutils/libctf0` is libctf0.
_OF_SYSTEMS = frozenset({"alpm", "apk", "deb", "rpm"})


def package_url(type_: str | None, name: str, version: str | None = None, namespace: str | None = None) -> str | None:
    """The purl of a package by its usual name: `@angular/core`, `org.slf4j:slf4j-api`, `golang.org/x/net`.

    type_: the purl type: npm, pypi, maven, deb. namespace: of a system's package its distribution: debian.
    Returns None without a type, or for a name from which no purl can be made.
    """
    if type_ is None:
        return None
    if type_ in _OF_SYSTEMS:
        name = name.rpartition("/")[2]
    elif namespace is None and (separator := _SEPARATORS.get(type_)):
        namespace, _, name = name.rpartition(separator)
    try:
        return PackageURL(type_, namespace or None, name, version or None).to_string()
    except ValueError:
        return None
