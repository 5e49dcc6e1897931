"""The connections file: its entries, and the errors for wrong ones."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr, model_validator

from dazz_assets import ConnectionConfig
from dazz_assets.connections import BadConnection, Connection, read_connections
from dazz_assets.orchestration.resource import build_resource
from integrations.jira.config import JiraConfig


class Config(ConnectionConfig):
    token: SecretStr
    site: str = "eu"


def _write_file(folder: Path, text: str) -> Path:
    path = folder / "connections.yaml"
    path.write_text(text)
    return path


def _read_problem(folder: Path, entry: str) -> str:
    connections = read_connections(_write_file(folder, f"connections:\n  - {entry}\n"))
    assert connections.valid == ()
    (problem,) = connections.problems
    return problem.text


def test_an_entry_is_read_and_an_id_of_digits_needs_no_quotes(tmp_path: Path) -> None:
    text = "connections:\n  - {id: 123, integration: snyk, start: 2026-01-01, interval: 2h, config: {token: x}}\n"
    (connection,) = read_connections(_write_file(tmp_path, text)).valid
    assert (connection.id, connection.interval.total_seconds()) == ("123", 7200)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{id: ../x, integration: snyk, start: 2026-01-01}", "'../x': `id`: .*lower case letters, digits"),
        ("{id: acme, integration: snyk}", "'acme': `start` is missing$"),
        ("{id: acme, integration: snyk, start: soon}", "`start`: write a day, like 2026-01-31$"),
        ("{id: acme, integration: snyk, start: 2026-13-45}", "'acme': `start`: write a day, like 2026-01-31$"),
        ("{id: acme, integration: snyk, start: 2026-02-30 10:00:00}", "'acme': `start`: write a day, like 2026-01-31$"),
        (
            "{id: acme, integration: snyk, start: 2999-01-01}",
            "`start`: 2999-01-01 is in the future; give a day that has",
        ),
        (
            "{id: acme, integration: snyk, start: 2026-01-01, interval: 0m}",
            "`interval`: write a number .*greater than 0",
        ),
        ("{id: acme, integration: [snyk], start: 2026-01-01}", "`integration` must be a valid string$"),
        (
            "{id: acme, integration: snyk, strat: 2026-01-01, start: 2026-01-01}",
            "`strat` is not .*; did you mean `start`\\?$",
        ),
        ("{id: acme, integration: snyk, start: 2026-01-01, interval: 5}", "`interval`: .*30s, 15m, 6h or 1d"),
        (
            "{id: acme, integration: snyk, start: 2026-01-01, token: canary}",
            "'acme': `token` is not a setting of a connection; put what the integration needs under `config:`$",
        ),
        ("{id: acme, integration: snyk, start: 2026-01-01, config: canary}", "`config` must be a group of settings: "),
        ("{id: acme, integration: , start: 2026-01-01}", "`integration` is empty; give it a value$"),
        (
            "{id: acme, integration: snyk, start: 2026-01-01, intervall: 5m}",
            "`intervall` is not a setting of a connection; .* `interval`",
        ),
        ("acme", "number 1': write it as settings: `id"),
    ],
)
def test_the_problem_of_a_bad_entry_names_its_id_and_setting(entry: str, message: str, tmp_path: Path) -> None:
    assert re.search(message, _read_problem(tmp_path, entry))


def test_bad_entries_with_the_same_id_in_two_integrations_are_both_reported(tmp_path: Path) -> None:
    text = "connections:\n  - {id: acme, integration: snyk}\n  - {id: acme, integration: github}\n"
    found = read_connections(_write_file(tmp_path, text))
    assert [(problem.id, problem.integration) for problem in found.problems] == [("acme", "snyk"), ("acme", "github")]
    assert list(found.problems_for("snyk")) == list(found.problems_for("github")) == ["acme"]


def test_entries_of_one_integration_with_the_same_id_are_all_refused_and_told_with_their_lines(tmp_path: Path) -> None:
    entry = "  - id: {}\n    integration: {}\n    start: 2026-01-01\n"
    names = [("acme", "snyk"), ("acme", "jira"), ("beta", "snyk"), ("acme", "snyk"), ("7", "jira"), ("'7'", "jira")]
    text = "# Customers\nconnections:\n" + "".join(entry.format(*name) for name in names)
    found = read_connections(path := _write_file(tmp_path, text))

    assert [(item.id, item.integration) for item in found.valid] == [("acme", "jira"), ("beta", "snyk")]
    assert found.problems_for("snyk") == {
        "acme": f"{path}: several connections of snyk have the id 'acme' (line 3, line 12), and none of them is used: "
        "give each its own id"
    }
    assert "(line 15, line 18)" in found.problems_for("jira")["7"]


def test_an_entry_is_refused_beside_an_invalid_one_of_its_id(tmp_path: Path) -> None:
    text = "connections:\n  - {id: a, integration: b, start: 2026-01-01}\n  - {id: a, integration: b, start: soon}\n"
    found = read_connections(_write_file(tmp_path, text))
    assert (found.valid, len(found.problems)) == ((), 1)


def test_connections_that_code_gives_need_ids_of_their_own() -> None:
    one, other = (Connection(id=name, integration="snyk", start=date(2026, 1, 1)) for name in ("one", "other"))
    assert build_resource(connections=[one, other]).read_connections().valid == (one, other)
    with pytest.raises(BadConnection, match="several connections of snyk have the id 'one', and none"):
        build_resource(connections=[one, other, one])


def test_a_setting_that_is_merged_into_an_entry_may_be_written_anew(tmp_path: Path) -> None:
    text = """
shared:
  far: {further: &shared {<<: &all {integration: snyk, start: 2026-01-01}, start: 2026-02-01}}
connections:
  - {<<: *shared, id: acme, start: 2026-03-01}
  - {<<: *all, id: beta}
"""
    found = read_connections(_write_file(tmp_path, text))
    assert [(item.id, str(item.start)) for item in found.valid] == [("acme", "2026-03-01"), ("beta", "2026-01-01")]


def test_secrets_come_from_the_environment_and_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"id": "acme", "integration": "snyk", "start": "2026-01-01", "config": {"token": "${TEST_TOKEN}"}}
    connection = Connection.model_validate(entry)
    with pytest.raises(BadConnection, match=r"connection 'acme' of snyk: config.token .* TEST_TOKEN, which is not set"):
        connection.load(Config)
    monkeypatch.setenv("TEST_TOKEN", "canary")
    assert connection.load(Config).token.get_secret_value() == "canary"


@pytest.mark.parametrize(
    ("written", "variable", "message"),
    [
        ("$TEST_TOKEN", "canary", "config.token is $TEST_TOKEN; write it with braces: ${TEST_TOKEN}"),
        ("${TEST_TOKEN}", "", "config.token needs the environment variable TEST_TOKEN, which is empty"),
        ("${TEST_TOKEN}", " ", "config.token needs the environment variable TEST_TOKEN, which is empty"),
    ],
)
def test_a_variable_without_braces_or_without_a_value_is_told(
    written: str, variable: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", variable)
    entry = {"id": "acme", "integration": "snyk", "start": "2026-01-01", "config": {"token": written}}
    with pytest.raises(BadConnection) as caught:
        Connection.model_validate(entry).load(Config)
    assert str(caught.value) == f"connection 'acme' of snyk: {message}"


class PairConfig(ConnectionConfig):
    user: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _check_pair(self) -> "PairConfig":
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` belong together; set both, or neither")
        return self


def test_what_a_config_says_of_its_settings_together_is_told() -> None:
    connection = Connection.model_validate({"id": "acme", "integration": "shop", "start": "2026-01-01"})
    assert connection.load(PairConfig).user is None
    half = connection.model_copy(update={"config": {"password": "hunter2"}})
    with pytest.raises(BadConnection) as caught:
        half.load(PairConfig)
    assert str(caught.value) == (
        "connection 'acme' of shop: `user` and `password` belong together; set both, or neither"
    )


def test_the_error_for_a_wrong_config_names_the_setting_but_not_the_secret() -> None:
    entry = {
        "id": "acme",
        "integration": "snyk",
        "start": "2026-01-01",
        "config": {"token": "canary", "site": 1, "sight": "canary"},
    }
    with pytest.raises(BadConnection) as caught:
        Connection.model_validate(entry).load(Config)
    assert str(caught.value) == (
        "connection 'acme' of snyk: `config.site` must be text, which YAML takes it for only in quotes: write \"...\" "
        "around it; `config.sight` is not a setting of the config; did you mean `config.site`?"
    )


class CloudConfig(ConnectionConfig):
    token: SecretStr | None = None
    tokens: tuple[SecretStr, ...] = ()
    roles: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("token: 12345", '`config.token` must be text, which YAML takes it for only in quotes: write "..." around it'),
        (
            "token: 2026-01-01",
            '`config.token` must be text, which YAML takes it for only in quotes: write "..." around it',
        ),
        ("token: [canary]", "`config.token` must be a valid string"),
        ('token: ""', "`config.token` is empty; give it a value"),
        ('tokens: [canary, " "]', "`config.tokens` is empty; give it a value"),
        ("roles: canary", "`config.roles` must be a list: write each item on a line of its own, after `- `"),
        ("roles: [a, ]\ntoken: x\ntokens: [null]", "`config.tokens.0` is empty; give it a value"),
    ],
)
def test_a_value_of_another_type_is_told_in_the_words_of_yaml(config: str, message: str) -> None:
    entry = {"id": "acme", "integration": "cloud", "start": "2026-01-01", "config": yaml.safe_load(config)}
    with pytest.raises(BadConnection) as caught:
        Connection.model_validate(entry).load(CloudConfig)
    assert str(caught.value) == f"connection 'acme' of cloud: {message}"


class KeyAloneConfig(ConnectionConfig):
    key: SecretStr
    password: SecretStr = SecretStr("")
    keys: list[SecretStr] = []


@pytest.mark.parametrize("more", [{}, {"password": ""}, {"password": "canary"}, {"keys": ["canary"]}])
def test_a_secret_that_is_empty_by_default_may_be(more: dict[str, object]) -> None:
    entry = {"id": "acme", "integration": "cloud", "start": "2026-01-01", "config": {"key": "k", **more}}
    assert Connection.model_validate(entry).load(KeyAloneConfig).key.get_secret_value() == "k"


@pytest.mark.parametrize("wrong", [{"key": ""}, {"keys": ["canary", ""]}])
def test_any_other_secret_that_is_empty_is_wrong(wrong: dict[str, object]) -> None:
    entry = {"id": "acme", "integration": "cloud", "start": "2026-01-01", "config": {"key": "k", **wrong}}
    with pytest.raises(BadConnection, match=f"`config.{next(iter(wrong))}` is empty; give it a value"):
        Connection.model_validate(entry).load(KeyAloneConfig)


@pytest.mark.parametrize("site", ["https://nimbus.atlassian.net", "nimbus.atlassian.net", ""])
def test_an_address_in_place_of_the_name_of_jiras_site_is_told(site: str) -> None:
    entry = {"id": "acme", "integration": "jira", "start": "2026-01-01", "config": {"site": site}}
    with pytest.raises(BadConnection) as caught:
        Connection.model_validate(entry).load(JiraConfig)
    assert str(caught.value) == (
        "connection 'acme' of jira: `config.site`: write the site's name alone, which is `nimbus` of "
        "https://nimbus.atlassian.net"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("connections: [", "is not valid YAML"),
        (
            "connections:\n  - id: a\n    config: {}\n    id: b",
            r"\(line 4\) is not valid YAML: `id` is written twice there; keep one",
        ),
        ("connections: []\nconnections: []", r"\(line 2\) is not valid YAML: `connections` is written twice"),
        ("- a", "must hold a list under `connections:`"),
        ("", "must hold a list"),
    ],
)
def test_a_file_that_can_not_be_read_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadConnection, match=message):
        read_connections(_write_file(tmp_path, text))


def test_the_error_for_a_missing_file_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(BadConnection, match=r"there is no file .*none\.yaml; .* DAZZ_CONNECTIONS"):
        read_connections(tmp_path / "none.yaml")
