"""Stations as they tell of themselves: boots (`boots`), the newest word on each fact (`station_reports`), and what their
sessions teach (`station_profiles`).
"""
