"""Mistakes in the base URL of a stream fail at load."""

from typing import Any

import pytest
from pydantic import SecretStr, computed_field

from dazz_assets import ConnectionConfig, Integration
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import integration, load_error, stream, with_stream


class FilesConfig(ConnectionConfig):
    files_url: str = "https://files.test/v2"
    needed_url: str
    optional_url: str | None = None
    bad_url: str = "files.test"
    secret_url: SecretStr

    @computed_field  # type: ignore[prop-decorator]
    @property
    def computed_url(self) -> str:
        return self.files_url


def with_config(**settings: Any) -> type[Integration[Any]]:
    return integration(Integration[FilesConfig], streams=(stream(**settings),))


@pytest.mark.parametrize("base_url", ["https://files.test", "{config.files_url}/v2", "{parent.url}", ""])
def test_it_is_a_field_of_the_config(base_url: str) -> None:
    assert load_error(lambda: with_config(base_url=base_url)) == (
        f"BadIntegration: BadStream: `base_url` is {base_url!r}; a stream's is a field of the config with the address "
        'as its default, so that a connection can replace it: `base_url = "{config.files_url}"`'
    )


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (
            "file_url",
            "uses {config.file_url}, but FilesConfig has no such field; did you mean 'files_url'?",
        ),
        (
            "optional_url",
            'is FilesConfig.optional_url, but declare it with the address: `optional_url: str = "https://files.vendor.'
            'com"`',
        ),
        (
            "bad_url",
            "is FilesConfig.bad_url, but its default is 'files.test', which is not an absolute URL; write it as "
            "`https://api.vendor.com`",
        ),
    ],
)
def test_the_field_is_there_and_is_an_address(field: str, problem: str) -> None:
    template = f"{{config.{field}}}"
    assert load_error(lambda: with_config(base_url=template)) == f"BadIntegration: BadStream: `base_url` {problem}"


def test_it_is_no_secret() -> None:
    assert load_error(lambda: with_config(base_url="{config.secret_url}")).startswith(
        "BadIntegration: BadStream: `base_url` holds {config.secret_url}, a secret, but URLs end up in logs everywhere"
    )


def test_a_wrong_type_is_told_with_an_example() -> None:
    assert load_error(lambda: with_stream(base_url=5)) == (
        "BadIntegration: BadStream: `base_url` is 5; it must be a field of the config, for example "
        '`base_url = "{config.files_url}"`'
    )


@pytest.mark.parametrize("field", ["files_url", "needed_url", "computed_url"])
def test_a_field_with_an_address_or_none_yet_is_fine(field: str) -> None:
    spec = read_integration(with_config(base_url=f"{{config.{field}}}"))
    assert spec.streams["bad"].base_url == field
