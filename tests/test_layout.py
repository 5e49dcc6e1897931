"""The layout's promises that import-linter can't hold: files of one subject, and one name for one thing."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "dazz_assets"
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name not in ("__init__.py", "__main__.py"))
LONGEST = 500
VENDORS = sorted(path.parent.name for path in ROOT.glob("integrations/*/integration.py"))
# A vendor's name, alone or at the start of a name in code.
NAMES_VENDOR = re.compile(rf"(?<![A-Za-z])(?i:{'|'.join(VENDORS)})(?![a-z])")
# Sources that a docstring cites, and the day of the week.
NO_NAMES = re.compile(r"https?://\S+|\bon Mondays?\b")
# What secrets look like and are called, as those who issue them document it.
OF_SECRETS = {"dazz_assets/privacy/token_patterns.py", "dazz_assets/privacy/secret_names.py"}
# The same role in each room, and so the same name.
ONE_A_ROOM = {"errors.py"}


def test_no_file_is_longer_than_one_subject() -> None:
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_no_file_has_the_name_of_another() -> None:
    names = Counter(path.name for path in MODULES if path.name not in ONE_A_ROOM)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_class_has_the_name_of_another() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_modules_that_the_docs_name_are_there(page: str) -> None:
    words = (ROOT / page).read_text().replace("`", " ").replace(";", " ").replace(",", " ").replace(":", " ").split()
    rooms = {path.name for path in LIBRARY.iterdir() if path.is_dir()}
    named = {word for word in words if word.endswith(".py") and word.partition("/")[0] in rooms}
    assert [word for word in sorted(named) if not (LIBRARY / word).exists()] == []
    assert named or page != "docs/architecture.md"


def test_vendors_are_known_to_their_integrations_alone() -> None:
    files = {
        str(path.relative_to(ROOT)): path
        for room in ("dazz_assets", "resources")
        for path in (ROOT / room).rglob("*.py")
    }
    named = {
        name: found
        for name, path in files.items()
        if name not in OF_SECRETS and (found := NAMES_VENDOR.findall(NO_NAMES.sub("", path.read_text())))
    }
    assert named == {}
    assert len(VENDORS) > 5
