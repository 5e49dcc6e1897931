"""Values of fields that say who a person is are hidden, also where their shape alone could be shown."""

import pytest

from dazz_assets.transform.masked_values import is_personal


@pytest.mark.parametrize(
    ("path", "personal"),
    [
        (["caller", "name"], "caller.name"),
        (["caller"], "caller.name"),
        (["caller", "name", "first"], "caller.name"),
        (["callers", "name", "first"], "callers.0.name"),
        (["caller.name"], r"caller\.name"),
        (["caller", "Person", "name"], "caller.name"),
        (["votes", "annlee7"], "votes.*"),
        (["votes", "7", "by"], "votes.*.by"),
    ],
)
def test_a_field_around_or_inside_a_personal_one_is_personal(path: list[str], personal: str) -> None:
    assert is_personal(path, [personal])


@pytest.mark.parametrize("personal", ["caller.name", r"caller\.title", "title.caller"])
def test_another_field_is_not_personal(personal: str) -> None:
    assert not is_personal(["caller", "title"], [personal])


def test_another_field_than_a_declared_one_below_each_member_is_not_personal() -> None:
    assert not is_personal(["votes", "7", "at"], ["votes.*.by"])
