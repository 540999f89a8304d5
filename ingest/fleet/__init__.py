"""Charging stations as software: what they send over OCPP 1.6J and 2.0.1, and a live fleet of them."""
