"""Invoices as they would be issued now: sessions' lines, monthly fees by the day, included energy."""
