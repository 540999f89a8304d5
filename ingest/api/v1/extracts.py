"""`/v1/extracts`: the extracts for finance as files, the same bytes as `kwhouse extract` writes."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.background import BackgroundTask

from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1.caller import Caller
from ingest.api.v1.caller import caller as who
from ingest.api.v1.desk import DeskHere
from warehouse.errors import QueryError
from warehouse.extracts import EXTRACTS, FORMATS, Format, write_extract
from warehouse.people.roles import NotAllowed

router = APIRouter(tags=["extracts"])
Reader = Annotated[Caller, Depends(who)]
Site = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "xml": "application/xml",
}


class About(Strict):
    """What an extract is."""

    name: str
    about: str
    formats: list[Literal[FORMATS]]  # type: ignore[valid-type]
    columns: dict[str, str] = Field(description="what its columns mean")


class AboutList(Strict):
    """All extracts."""

    items: list[About]


@router.get("/extracts", summary="Which extracts there are")
def list_extracts(caller: Reader) -> AboutList:
    return AboutList(
        items=[
            About(name=one.name, about=one.about, formats=list(one.formats), columns=one.columns)
            for one in EXTRACTS.values()
            if one.is_open_to(caller.principal)
        ]
    )


@router.get(
    "/extracts/{name}",
    summary="An extract as a file",
    response_class=FileResponse,
    responses={200: {"description": "the file", "content": {kind: {} for kind in _TYPES.values()}}, **declared(409)},
)
def read_extract(
    desk: DeskHere,
    caller: Reader,
    name: Literal[tuple(EXTRACTS)],  # type: ignore[valid-type]
    date_from: Annotated[date, Query(alias="from", description="first local day")],
    date_to: Annotated[date, Query(alias="to", description="local day after the last one")],
    fmt: Annotated[Format, Query(alias="format")] = "csv",
    site_id: Annotated[list[Site] | None, Query(description="only these sites", max_length=100)] = None,
) -> FileResponse:
    """The header `kwhouse-snapshot` names what `kwhouse extract --snapshot` takes to write the same bytes again."""
    if not EXTRACTS[name].is_open_to(caller.principal):
        raise NotAllowed(
            f"{caller.principal.name} may not read {name}: it takes the scope {EXTRACTS[name].permission}."
        )
    if fmt not in EXTRACTS[name].formats:
        raise Refused(409, f"{name} is written as {', '.join(EXTRACTS[name].formats)}.")
    folder = Path(tempfile.mkdtemp(prefix="kwhouse-extract-"))
    try:
        target = folder / f"{name}-{date_from}-{date_to}.{fmt}"
        report = desk.lake.ask(caller.sight, write_extract, name, date_from, date_to, fmt, target, site_id)
    except BaseException as error:
        shutil.rmtree(folder)
        if isinstance(error, QueryError):
            raise Refused(409, str(error)) from error
        raise
    return FileResponse(
        target,
        media_type=_TYPES[fmt],
        filename=target.name,
        headers={"kwhouse-snapshot": report.mark},
        background=BackgroundTask(shutil.rmtree, folder),
    )
