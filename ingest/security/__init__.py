"""Who a peer is, before it may say anything: OCPP's security profiles, and what slows down those who try.

`passwords.py` hashes and compares, `doorman.py` counts tries by address, `profiles.py` judges a handshake by the
station's profile, `tls.py` makes the TLS context, `commands.py` is `kwhouse station password|accept|waiting`.
"""
