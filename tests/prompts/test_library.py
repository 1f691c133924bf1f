"""A library has the packaged templates and a shop's own, checks all of them, and names each by what it says."""

import pytest

from prompts.library import DEFAULT_PROMPTS, LARGEST, PromptLibrary, packaged_templates
from prompts.render import PromptRenderer
from prompts.vocabulary import packaged_text
from streams.errors import SettingInvalid
from streams.sessions.session import Session
from tests.data.folders import GROCERIES

OWN = (GROCERIES / "lebensmittel.txt").read_text(encoding="utf-8")
VOCABULARY = (GROCERIES / "vocabulary.toml").read_text(encoding="utf-8")
V2 = packaged_templates()["v2"]


def test_a_shops_templates_stand_beside_the_packaged_ones() -> None:
    """With the shop's vocabulary in all of them."""
    library = PromptLibrary({"lebensmittel": OWN}, VOCABULARY)
    assert library.names == (*packaged_templates(), "lebensmittel")
    for name in library.names:
        assert "Missions: wocheneinkauf, grillfest, vergleichen, other\n" in library.template(name).prefix
    assert "Attributes: kost (vegan, bio, laktosefrei), packung\n" in library.template("lebensmittel").prefix
    assert [each.text for each in library.template("lebensmittel").examples] == ["Kauft Haferdrink"]


def test_a_version_names_what_was_said() -> None:
    """A packaged template with the packaged vocabulary goes by its name, which a checksum holds to its text; anything
    else has a digest of template and vocabulary, and another text or vocabulary another one."""
    assert [DEFAULT_PROMPTS.template(name).version for name in DEFAULT_PROMPTS.names] == list(packaged_templates())
    made = [
        PromptLibrary({"own": V2}),
        PromptLibrary({"own": V2 + "\n"}),
        PromptLibrary({"own": V2}, packaged_text()),
        PromptLibrary({"own": V2}, packaged_text() + "\n"),
    ]
    versions = [library.template("own").version for library in made]
    assert all(version.startswith("own@") for version in versions)
    assert len(set(versions)) == 3  # the same texts are the same version
    assert PromptLibrary(None, VOCABULARY).template("v1").version.startswith("v1@")
    assert made[0].named(versions[0]) == "own"
    assert made[0].named(versions[1]) is None
    assert PromptRenderer("own", made[0]).render(Session()).version == versions[0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("v1", V2, "has the name of a packaged template"),
        ("My Own", V2, "no name of a template"),
        ("own", "", "must end with the lines"),
        ("own", V2.replace("$profile\n", ""), "must end with the lines"),
        ("own", V2.replace("\n", "\r\n"), "must end with the lines"),
        ("own", V2.replace("Missions: $missions", "Choose of $missions"), "must have one line"),
        ("own", V2.replace("$signals", "$sings"), "placeholder"),
        ("own", V2.replace("You read", "For 5 $ you read"), "placeholder"),
        ("own", V2.replace('"k":7', '"k":"seven"'), "an example whose answer is none"),
        ("own", V2.replace('"color":"blue"', '"hue":"blue"'), "says 'hue', which the vocabulary has not"),
        ("own", V2.replace("$example", "fishing"), "says 'fishing', which the vocabulary has not"),
        ("own", "x" * LARGEST + V2, "more than"),
    ],
)
def test_what_is_no_template_stops_the_start(name: str, text: str, said: str) -> None:
    """The error names the file and what it lacks."""
    with pytest.raises(SettingInvalid, match=name) as refused:
        PromptLibrary({name: text})
    assert said in str(refused.value)


def test_a_name_that_is_none_is_refused_with_those_there_are() -> None:
    """Whoever asks for it: an arm, a replay, an operator."""
    with pytest.raises(SettingInvalid, match="v1, v2"):
        DEFAULT_PROMPTS.template("v99")
