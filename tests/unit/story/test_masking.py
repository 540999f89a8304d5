"""No token of a driver reaches the screen, wherever a frame holds it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.story.masking import HIDDEN, masked, tokens_in

pytestmark = pytest.mark.fast
KNOWN = {"04E1C2": "nym"}


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ('{"idTag":"04E1C2","meterStart":12}', '{"idTag":"nym","meterStart":12}'),
        ('{"idTag":" 04E1C2 "}', '{"idTag":"nym"}'),
        ('{"idTag":"STRANGER"}', f'{{"idTag":"{HIDDEN}"}}'),
        ('{"idToken":{"idToken":"04E1C2","type":"ISO14443"}}', '{"idToken":{"idToken":"nym","type":"ISO14443"}}'),
        ('{"IDTAG":"04E1C2","i":{"parentIdTag":"X"}}', f'{{"IDTAG":"nym","i":{{"parentIdTag":"{HIDDEN}"}}}}'),
        ('{"groupIdToken":{"idToken":"G1"}}', f'{{"groupIdToken":{{"idToken":"{HIDDEN}"}}}}'),
        # twice in one object, within text that is JSON, within text that is not
        ('{"idTag":"A","idTag":"B"}', f'{{"idTag":"{HIDDEN}","idTag":"{HIDDEN}"}}'),
        ('{"data":"{\\"idTag\\":\\"04E1C2\\"}"}', '{"data":"{\\"idTag\\":\\"nym\\"}"}'),
        ('{"data":"card 04E1C2 read"}', '{"data":"card nym read"}'),
        # numbers stay as they were written
        ('{"n":1.50,"big":123456789012345678901234567890123456789012345,"x":NaN}',
         '{"n":1.50,"big":123456789012345678901234567890123456789012345,"x":NaN}'),
        ('{"a":"\\ud800","b":[true,null,"é"]}', '{"a":"\\ud800","b":[true,null,"é"]}'),
        ('{"idTag":"SECRET"', "(not JSON, 17 characters)"),
        ("[" * 100_000, "(not JSON, 100,000 characters)"),
    ],
)  # fmt: skip
def test_what_is_shown(payload: str, shown: str) -> None:
    assert masked(payload, KNOWN) == shown
    masked(payload, KNOWN).encode()


def test_tokens_are_found_at_any_depth() -> None:
    assert tokens_in('{"a":[{"idTag":" T1 "}],"data":"{\\"idToken\\":{\\"idToken\\":\\"T2\\"}}"}') == {"T1", "T2"}
    assert tokens_in("no json") == frozenset()


texts = st.text(st.characters(exclude_categories=["Cs"]))
contents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(content=contents)
def test_everything_else_stays_as_it_is(content: object) -> None:
    text = json.dumps({"idTag": "SECRET-TOKEN", "rest": content})
    shown = masked(text, {})
    assert "SECRET-TOKEN" not in shown
    if "idt" not in text.lower().replace('"idtag": "secret-token"', "") and "{" not in str(content) and "[" not in text:
        assert json.loads(shown)["rest"] == content
