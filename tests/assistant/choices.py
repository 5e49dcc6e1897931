"""An author's choices for a new integration, its files written out, and what its code does."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dazz_assets import BearerToken
from dazz_assets.assistant.generate import AuthorChoices, propose, write_source
from dazz_assets.declare.parser import FullRefresh, Incremental
from dazz_assets.domain import DomainObject
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.spec.samples import BASE_URL, page_of


def make_choices(name: str, **settings: Any) -> AuthorChoices:
    prefix = "".join(word.title() for word in name.split("_"))
    given = {
        "base_url": BASE_URL,
        "auth": BearerToken("{config.token}"),
        "path": "/issues",
        "stream": "issues",
        **settings,
    }
    return AuthorChoices(name=name, prefix=prefix, **given)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def spec_in(folder: Path) -> IntegrationSpec:
    (class_,) = load_classes(folder)
    return read_integration(class_)


def parse(spec: IntegrationSpec, records: list[Any]) -> list[DomainObject]:
    """The objects that the one parser yields for these records."""
    (stream,), (parser,) = spec.streams.values(), spec.parsers.values()
    handle = Incremental if stream.cursor else FullRefresh
    model: Any = stream.required_model
    models = [model.model_validate(record) for record in records]
    return list(getattr(spec.integration(), parser.name)(handle(models)))


def fields_of(text: str, class_: str) -> dict[str, str]:
    """Return the declared fields of a class in source code."""
    (found,) = (item for item in ast.parse(text).body if isinstance(item, ast.ClassDef) and item.name == class_)
    fields = (item for item in found.body if isinstance(item, ast.AnnAssign))
    return {ast.unparse(item.target): ast.unparse(item).partition(": ")[2].replace("'", '"') for item in fields}


def models_of(records: list[Any], **settings: Any) -> str:
    return write_source(propose(make_choices("acme", **settings), page_of(records)).plan)["models.py"]
