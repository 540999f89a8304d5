"""What stations say of themselves (`boots`, `station_reports`), and what sessions teach (`station_profiles`)."""
