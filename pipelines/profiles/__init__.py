"""Profiles: what stations say they are (`boots`), what their sessions teach (`station_profiles`)."""
