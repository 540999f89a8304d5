"""An issued document on a page: its first pages as pictures, and its files."""

from __future__ import annotations

import streamlit as st

from dashboards import data
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.pdf import to_pdf, to_pngs
from pipelines.billing.documents.stored import from_json
from pipelines.billing.documents.structured import possible
from warehouse.readers import documents

# Pages that are shown; a fleet's hundred are for the PDF.
PICTURED = 3


def show_document(number: str) -> None:
    """The document of that number, as it was issued."""
    content = data.read(documents.content, number)
    with st.expander(f"Document {number}", expanded=True, icon=":material/description:"):
        pdf, pictures, pages, xml = _rendered(content)
        with st.container(horizontal=True):
            st.download_button("PDF", pdf, f"{number}.pdf", "application/pdf", icon=":material/download:")
            if xml is not None:
                st.download_button("EN 16931 XML", xml, f"{number}.xml", "application/xml", icon=":material/download:")
        for number_of_page, picture in enumerate(pictures, start=1):
            with st.container(border=True, width=752):
                st.image(picture, caption=f"As it was issued: page {number_of_page} of {pages}", width="stretch")


@st.cache_data(max_entries=64, show_spinner="Setting the document …")
def _rendered(content: str) -> tuple[bytes, list[bytes], int, bytes | None]:
    """PDF, pictures of its first pages, how many pages there are, and the XML where there is one."""
    document = from_json(content.encode())
    xml = to_cii(document) if possible(document) else None
    pictures = to_pngs(document, ppi=110)
    return to_pdf(document), pictures[:PICTURED], len(pictures), xml
