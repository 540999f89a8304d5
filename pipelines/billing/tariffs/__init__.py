"""OCPI tariffs as values: read or refused with the reason (`model.py`), from files and from OCPP 2.1."""
