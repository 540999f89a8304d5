"""Doors for data that somebody brings: frames in files and logs, sessions of another system, OCPI CDRs.

Each import writes Parquet into the landing folder, as a collector does; `kwhouse refresh` takes it from there.
"""
