"""Profiles: what stations say they are (`boots`), and what their sessions teach about model and firmware."""
