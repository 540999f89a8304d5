"""An issued document on a page: its first page as a picture, and its files."""

from __future__ import annotations

import streamlit as st

from dashboards import data
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.pdf import to_pdf, to_pngs
from pipelines.billing.documents.stored import from_json
from pipelines.billing.documents.structured import possible
from warehouse.readers import documents


def show_document(number: str) -> None:
    """The document of that number, as it was issued."""
    content = data.read(documents.content, number)
    with st.expander(f"Document {number}", expanded=True, icon=":material/description:"):
        pdf, picture, xml = _rendered(content)
        with st.container(horizontal=True):
            st.download_button("PDF", pdf, f"{number}.pdf", "application/pdf", icon=":material/download:")
            if xml is not None:
                st.download_button("EN 16931 XML", xml, f"{number}.xml", "application/xml", icon=":material/download:")
        st.image(picture, caption="First page, as it was issued.", width=720)


@st.cache_data(max_entries=64, show_spinner="Setting the document …")
def _rendered(content: str) -> tuple[bytes, bytes, bytes | None]:
    document = from_json(content.encode())
    xml = to_cii(document) if possible(document) else None
    return to_pdf(document), to_pngs(document, ppi=110)[0], xml
