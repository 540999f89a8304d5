"""Whatever text a field's description allows is taken as its value: what `/v1` says of itself is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.api.v1.shapes import KEY, TEXT
from warehouse.contract import STATE_TABLES, Column
from warehouse.registry.values import pattern_of, typed

pytestmark = pytest.mark.fast

SHAPED = {
    column.name: column
    for table in STATE_TABLES
    for column in table.columns
    if table.schema == "registry" and column.type == "VARCHAR" and pattern_of(column)
}


@pytest.mark.parametrize("column", SHAPED.values(), ids=SHAPED)
@given(data=st.data())
def test_a_text_of_the_shape_is_taken(column: Column, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern_of(column) or "", fullmatch=True).filter(lambda text: len(text) <= 500))
    assert typed(column, text) == text


@pytest.mark.parametrize("pattern", [KEY, TEXT], ids=["key", "text"])
@given(data=st.data())
def test_a_text_without_a_shape_of_its_own_is_taken(pattern: str, data: st.DataObject) -> None:
    column = Column("name", "VARCHAR", "any")
    text = data.draw(st.from_regex(pattern, fullmatch=True))
    assert typed(column, text) == text
