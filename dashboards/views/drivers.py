"""Drivers and tokens: who may charge, changed row by row through the HTTP API."""

from __future__ import annotations

import streamlit as st

from dashboards.acting import parts, people, rules, tokens


def main() -> None:
    parts.say()
    of_tokens, of_drivers, of_rules, of_checks = st.tabs(["Tokens", "Drivers", "Rules", "May it charge?"])
    with of_tokens:
        tokens.show()
    with of_drivers:
        people.show()
    with of_rules:
        rules.show()
    with of_checks:
        rules.check()


main()
