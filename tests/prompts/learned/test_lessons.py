"""An event teaches what it is, and, the first time that a product is seen, what it came after."""

import re

from hypothesis import given

from prompts.guard import BRAND, CATEGORY, clean
from prompts.learned.lessons import EVERYONE, FIGURES, Lesson, kinship, lessons, paths
from streams.events.event import Item
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE, KETTLE, OTHER_KETTLE, SHOES, TOASTER, folded, sessions, shopper


def names(session: Session) -> set[Lesson]:
    """The lessons that are no figures."""
    return {lesson for lesson in lessons(session) if lesson.table not in FIGURES}


def test_a_new_product_teaches_what_it_came_after() -> None:
    """Category after category where it changes, brand after brand, and how far apart the categories are."""
    taught = lessons(shopper(("view", KETTLE), ("view", TOASTER)))
    assert Lesson("category_after", "home/kitchen/kettles", "home/kitchen/toasters") in taught
    assert Lesson("kinship", EVERYONE, "2") in taught
    assert Lesson("brand_after", "Fernhill", "Tarn") in taught
    assert Lesson("stays", "0", "switch") in taught
    assert Lesson("brand_in", "home", "Tarn") in taught


def test_a_product_that_was_seen_teaches_nothing() -> None:
    """To go back to a product is no step to a new one, and what it is was taught when it was new."""
    assert lessons(shopper(("view", KETTLE), ("view", SHOES), ("view", KETTLE))) == []


def test_the_same_category_is_a_stay() -> None:
    """It is counted as such, and never as a step to itself."""
    taught = lessons(shopper(("view", KETTLE), ("view", OTHER_KETTLE)))
    assert Lesson("stays", "0", "stay") in taught
    assert not [lesson for lesson in taught if lesson.table in {"category_after", "kinship"}]


def test_a_closed_session_teaches_nothing_of_the_next() -> None:
    """What is looked at after the gap came after nothing."""
    later = folded([("view", [KETTLE], None, 1_000), ("view", [SHOES], None, 3_600_000)])
    assert {lesson.table for lesson in lessons(later)} == {"categories", "brand_in"}


def test_prices_of_different_money_are_never_compared() -> None:
    """Heights are counted by currency, steps only within one."""
    dollars = Item("sku-9", "Kettle", "home/kitchen/kettles", "Tarn", 50.0, "USD")
    taught = lessons(shopper(("view", KETTLE), ("view", dollars)))
    assert {lesson.key[:3] for lesson in taught if lesson.table == "price_after"} == {"USD"}
    assert not [lesson for lesson in taught if lesson.table == "price_step"]


def test_searches_and_empty_sessions_teach_nothing() -> None:
    """No search text is ever counted."""
    assert lessons(Session()) == []
    assert lessons(shopper(("view", KETTLE), ("search", "red shoes"))) == []


@given(sessions())
def test_every_name_is_visible_text(session: Session) -> None:
    """Whatever the events hold, what is counted is cleaned as a prompt's text is; the parts of a key are, too."""
    for lesson in lessons(session):
        cap = CATEGORY if lesson.table.startswith("category") or lesson.table == "categories" else BRAND
        assert lesson.name == clean(lesson.name, cap) != ""
        assert all(part == clean(part, CATEGORY) for part in lesson.key.split("\n"))


def test_hostile_text_stays_in_its_field() -> None:
    """A poisoned brand can neither end a key nor open a turn."""
    for text in HOSTILE:
        taught = names(shopper(("view", KETTLE), ("view", Item("sku-8", None, text, text))))
        assert not [lesson for lesson in taught if re.search("<[|]|\\x00|\u200b", lesson.name + lesson.key)]


def test_paths_go_from_narrow_to_wide() -> None:
    """Any of the separators that categories have."""
    assert paths("home/kitchen/kettles") == ["home/kitchen/kettles", "home/kitchen", "home"]
    assert paths("Home > Kitchen") == ["Home > Kitchen", "Home"]
    assert paths("/home") == ["/home"]
    assert paths("") == []
    assert kinship("home/kitchen/kettles", "home/kitchen/toasters") == "2"
    assert kinship("home", "sport/shoes") == "0"
