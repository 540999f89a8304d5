"""`/v1/whoami`: whose key it is, and what it may do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.v1.caller import Caller, caller
from warehouse.people.roles import Permission, Role

router = APIRouter(tags=["whoami"])


class Who(Strict):
    """Whose key it is, and what it may do."""

    name: str = Field(description="name that records of changes bear", examples=["fleet portal"])
    roles: list[Role]
    permissions: list[Permission] = Field(description="what the roles allow, cut to the key's scopes")
    sites: list[str] | None = Field(description="sites whose rows it sees; null: all")


@router.get("/whoami", summary="Whose key it is")
def whoami(asking: Annotated[Caller, Depends(caller)]) -> Who:
    who = asking.principal
    return Who(
        name=who.name,
        roles=sorted(who.roles),
        permissions=[permission for permission in Permission if who.may(permission)],
        sites=asking.sites,
    )
