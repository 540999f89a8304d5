"""OCPP's own JSON schemas, from the `ocpp` package's files, compiled with jsonschema-rs when first needed.

A payload that breaks its schema is recorded with the reason and still answered: one odd unit must not cost the
energy register beside it.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

_PACKAGES: Final = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
_LONGEST_REASON = 300  # characters; the payload itself is kept beside it


@cache
def _files(version: str, suffix: str) -> dict[str, Path]:
    """Schema file of each action whose file's name ends in `suffix`."""
    package = importlib.util.find_spec("ocpp")  # found, not imported: its enums take a tenth of a second
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The `ocpp` package is missing. Run `make install`.")
    folder = Path(package.origin).parent / _PACKAGES[version] / "schemas"
    return {path.stem.removesuffix(suffix): path for path in folder.glob(f"*{suffix}.json")}


@cache
def _calls(version: str) -> dict[str, Path]:
    """Schema file of each action a station or a central system can call."""
    found = _files(version, "" if version == "1.6" else "Request")
    return {action: path for action, path in found.items() if not action.endswith("Response")}


def is_action(version: str, action: str) -> bool:
    """True when OCPP `version` has a call of that name."""
    return action in _calls(version)


@cache
def _validators(version: str) -> dict[str, jsonschema_rs.Validator | None]:
    """One place for each action; the validator goes there when the action is first seen."""
    return dict.fromkeys(_calls(version))


def schema_error(version: str, action: str, payload: Any) -> str | None:
    """Why `payload` breaks the schema of `action`; None where it does not, or where the action is unknown."""
    validators = _validators(version)
    try:
        validator = validators[action]
    except KeyError:
        return None
    if validator is None:
        validator = validators[action] = _compiled(_calls(version)[action])
    return _broken(validator, payload)


def answer_error(version: str, action: str, payload: Any) -> str | None:
    """Why `payload` breaks the schema of the answer to `action`; None as with `schema_error`."""
    validator = _answer_validator(version, action)
    return None if validator is None else _broken(validator, payload)


@cache
def _answer_validator(version: str, action: str) -> jsonschema_rs.Validator | None:
    file = _files(version, "Response").get(action)
    return None if file is None else _compiled(file)


def _compiled(file: Path) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(file.read_text(encoding="utf-8-sig"))


def _broken(validator: jsonschema_rs.Validator, payload: Any) -> str | None:
    try:
        # Not `iter_errors`: it finds all errors before it tells the first. A message of a megabyte can hold half a
        # million of them, and takes ten seconds in which no station is heard.
        if not validator.is_valid(payload):
            validator.validate(payload)
    except jsonschema_rs.ValidationError as error:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
        return f"${place}: {error.message}"[:_LONGEST_REASON]
    except ValueError as error:  # nested deeper than the validator goes
        return f"$: {error}"[:_LONGEST_REASON]
    return None
