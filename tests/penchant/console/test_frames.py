"""Frames: a browser hears of each block that changed since it heard last, and of no other."""

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from penchant.console.frames import BOOT, Frames, event, heard_before

TEMPLATE = "{% block a %}{{ a }}{% endblock %}{% block b %}{{ b }}{% endblock %}"


def frames() -> Frames:
    """Of a page with two blocks."""
    return Frames(Environment(loader=DictLoader({"page": TEMPLATE}), autoescape=True).get_template("page"), ("a", "b"))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12), st.data())
def test_whoever_comes_back_is_brought_up_to_date(looks: list[tuple[int, int]], data: st.DataObject) -> None:
    """Whatever was missed: what it had, with what it is sent, is what the page shows now; unchanged it is sent
    nothing."""
    page = frames()
    left = data.draw(st.integers(0, len(looks) - 1))
    had: dict[str, str] = {}
    for serial, (a, b) in enumerate(looks):
        page.update(serial, {"a": a, "b": b})
        if serial == left:
            had = dict(page.since(-1))
    assert had | dict(page.since(left)) == {"a": str(looks[-1][0]), "b": str(looks[-1][1])}
    assert dict(page.since(len(looks) - 1)) == {}


def test_a_look_is_rendered_once() -> None:
    """Whoever asks again for the same look hears of the same."""
    page = frames()
    page.update(1, {"a": "x", "b": "y"})
    page.update(1, {"a": "other", "b": "other"})
    assert dict(page.since(0)) == {"a": "x", "b": "y"}


def test_what_shoppers_wrote_stays_text() -> None:
    """Escaped, and within its event whatever its lines are."""
    page = frames()
    page.update(1, {"a": "<script>alert(1)</script>", "b": ""})
    assert dict(page.since(0))["a"] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert event("a", "one\ntwo\r\nid: 7", "b-1") == b"event: a\ndata: one\ndata: two\ndata: id: 7\nid: b-1\n\n"


def test_an_id_of_another_process_is_none() -> None:
    """After a restart the whole page is sent; so it is for what is no id."""
    assert heard_before(f"{BOOT}-17") == 17
    for other in (None, "", "0000-17", f"{BOOT}-", f"{BOOT}-x", f"{BOOT}-{'9' * 40}"):
        assert heard_before(other) == -1
