"""What the application is handed. Strict: a value of another type is refused, not converted."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Base: no conversions, no unknown names, no changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class CardOffer(Strict):
    """What Stripe's script needs to take a card or a wallet: both may be known to the payer's browser."""

    publishable_key: str = Field(pattern=r"^pk_[A-Za-z0-9_]+$")
    client_secret: str = Field(repr=False)


class BankOffer(Strict):
    """Where to transfer the amount; the reference lets it be matched."""

    name: str
    iban: str
    bic: str | None = None
    reference: str


class PayPage(Strict):
    """The payment page of one payment. `amount` is ready to be shown; nothing here names the payer."""

    title: str
    amount: str
    hold: bool = Field(description="the amount is held, and only what the session costs is taken")
    state: Literal["open", "processing", "authorised", "paid", "cancelled"]
    note: str | None = None
    reference: str
    card: CardOffer | None = None
    upi_link: str | None = Field(None, pattern=r"^upi://pay\?")
    bank: BankOffer | None = None
    goes_on_at: str | None = Field(None, pattern=r"^/s/", description="where the payer goes on once it is confirmed")


class Answer(Strict):
    """What a webhook's sender is told."""

    result: Literal["processed", "repeated"]
