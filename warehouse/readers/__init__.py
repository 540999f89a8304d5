"""Readers: every figure that pages show, as typed functions over SQL files; they return Polars frames.

One module a subject (`network`, `usage`, `money`, `forecasts`, `sessions`, `quality`), one SELECT a file in `sql/`,
values always bound as named parameters. Rates are recomputed from base sums and stand as fractions; energy is in kWh,
power in kW, money in the currency beside it. What a page shows and what a test checks is the same frame.
"""

from __future__ import annotations

from warehouse.readers.scope import Grain, Scope

__all__ = ["Grain", "Scope"]
