"""Who runs a command: the name that records of decisions and changes bear."""

from __future__ import annotations

import getpass

from warehouse.errors import InputError


def account() -> str:
    """The name of the account that runs the command. Raises `InputError` where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        raise InputError("The name of this account is not known. Say who decides: --by NAME.") from None


def account_or_number() -> str:
    """The name of the account, or its number where it has no name: for records that nobody may be asked about."""
    import os

    try:
        return account()
    except InputError:
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
