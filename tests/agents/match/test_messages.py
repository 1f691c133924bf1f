"""Catalogues of messages: each language says the same things, and a shop may write its own."""

from importlib import resources
from pathlib import Path

import pytest

from agents.match.messages import languages, messages
from agents.match.reasons import Reason
from streams.errors import SettingInvalid

ABOVE = Reason("price-above", {"over": 11.5, "currency": "EUR"}, ())


@pytest.mark.parametrize("language", languages())
def test_every_packaged_language_has_every_message(language: str) -> None:
    """Else the catalogue is refused when it is read."""
    assert "EUR" in messages(language).text(ABOVE)


def test_a_language_writes_prices_its_own_way() -> None:
    """A comma in German, no cents where there are none, no gap where no currency is known."""
    assert messages("de").text(ABOVE) == "11,50 EUR über Ihrem Preisrahmen"
    assert messages("en").text(Reason("price-above", {"over": 11.0, "currency": ""}, ())) == "11 above your range"
    within = Reason("price-within", {"price": 11.0, "currency": ""}, ())
    assert messages("en").text(within) == "11, within your range"


def _copied(folder: Path, old: str, new: str) -> Path:
    source = resources.files("agents.match").joinpath("catalogues", "en.toml").read_text(encoding="utf-8")
    (folder / "nl.toml").write_text(source.replace(old, new), encoding="utf-8")
    return folder


def test_a_shops_own_catalogue_comes_first(tmp_path: Path) -> None:
    """In its folder, for a new language or in place of a packaged one."""
    folder = _copied(tmp_path, "{over} {currency} above your range", "{over} {currency} boven uw prijs")
    assert messages("nl", folder).text(ABOVE) == "11.50 EUR boven uw prijs"
    (tmp_path / "en.toml").write_bytes((tmp_path / "nl.toml").read_bytes())
    assert "boven" in messages("en", folder).text(ABOVE)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("price-above =", "price-higher =", "no message 'price-above'"),
        ("{over} {currency} above", "{price} above", "names {price}"),
        ("{over} {currency} above", "{over above", "cannot be read"),
        ("[messages]", "[texts]", "cannot be read"),
        ('decimal = "."', "decimal = ", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    """With what to write instead."""
    with pytest.raises(SettingInvalid, match=told) as fault:
        messages("nl", _copied(tmp_path, old, new))
    assert fault.value.remedy


@pytest.mark.parametrize("language", ["xx", "../en", ""])
def test_a_language_that_nobody_has_is_refused(language: str, tmp_path: Path) -> None:
    """And no file outside the folder is read for it."""
    with pytest.raises(SettingInvalid, match="no catalogue"):
        messages(language, tmp_path)
