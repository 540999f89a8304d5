"""`registry`: what people declare: who runs which stations, who may charge, at what price.

Kept in the state database, because rows change one by one and keys must hold. `kwhouse registry apply` writes it.
"""

from __future__ import annotations

from dataclasses import replace

from warehouse.contract.access import ACCESS_RULES, CHANGES
from warehouse.contract.declared import NOTE, VALID_FROM, VALID_TO, declared
from warehouse.contract.model import Column, optional, required

# OCPP 2.1 part 2, IdTokenEnumStringType, without NoAuthorization: that is no token.
OCPP_TOKEN_TYPES = (
    "Central",
    "DirectPayment",
    "eMAID",
    "EVCCID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "VIN",
)

_POSTAL = (
    optional("street", "VARCHAR", "street and number"),
    optional("post_code", "VARCHAR", "postal code"),
    optional("city", "VARCHAR", "city"),
    optional("state_code", "VARCHAR", "state or province (ISO 3166-2 without the country; GST state code in India)"),
)
_PERSONAL_POSTAL = tuple(replace(column, personal=True) for column in _POSTAL)

OPERATORS = declared(
    "operators",
    "one charge point operator, the seller on invoices",
    ("operator_id",),
    required("operator_id", "VARCHAR", "own key of the operator"),
    required("name", "VARCHAR", "legal name"),
    required("country_code", "VARCHAR", "ISO 3166-1 alpha-2; with party_id the OCPI role key"),
    required("party_id", "VARCHAR", "OCPI party id (ISO 15118), three characters"),
    optional("address", "VARCHAR", "postal address of the company, in one text; invoices need the parts below"),
    optional("vat_id", "VARCHAR", "VAT or GST identification number"),
    optional("tax_number", "VARCHAR", "number at its tax office (BT-32); invoices need it where there is no VAT id"),
    optional(
        "tax_category",
        "VARCHAR",
        "UNCL5305; NULL: VAT is charged; E: its sales are exempt; O: they are outside the scope of VAT",
        values=("E", "O"),
    ),
    *_POSTAL,
    optional("time_zone", "VARCHAR", "IANA zone of its books: decides the day of issue; NULL: UTC"),
    optional("legal_id", "VARCHAR", "number in the register of companies"),
    optional("email", "VARCHAR", "address that invoices come from and questions go to"),
    optional("iban", "VARCHAR", "account that transfers go to"),
    optional("bic", "VARCHAR", "its bank"),
    optional("creditor_id", "VARCHAR", "SEPA creditor identifier, for direct debits"),
    optional("upi_vpa", "VARCHAR", "UPI address, for payment links in India"),
    optional(
        "invoice_series", "VARCHAR", "what document numbers begin with; NULL: the operator's key; the year follows"
    ),
    optional("payment_days", "INTEGER", "days from issue to the due date; NULL: 14", "d"),
    optional("language", "VARCHAR", "language of its documents; NULL: en", values=("en", "de")),
    optional("sac_code", "VARCHAR", "service code on Indian invoices (SAC)"),
    NOTE,
)

SITES = declared(
    "sites",
    "one place with stations",
    ("site_id",),
    required("site_id", "VARCHAR", "own key of the site"),
    required("operator_id", "VARCHAR", "operator that runs it", references="operators.operator_id"),
    required("name", "VARCHAR", "name that people use"),
    required("time_zone", "VARCHAR", "IANA zone; local days, months and tariffs follow it"),
    required("country_code", "VARCHAR", "ISO 3166-1 alpha-2; decides holidays and taxes"),
    required("currency", "VARCHAR", "ISO 4217 code of its prices"),
    optional("address", "VARCHAR", "where drivers find it: street and number"),
    optional("city", "VARCHAR", "city or town; OCPI wants it"),
    optional("post_code", "VARCHAR", "post code"),
    optional("state_code", "VARCHAR", "state or province: decides taxes where they differ by state (GST)"),
    optional("latitude", "DOUBLE", "WGS 84", "degree"),
    optional("longitude", "DOUBLE", "WGS 84", "degree"),
    optional("grid_limit_w", "BIGINT", "power that the grid connection may deliver", "W"),
    NOTE,
)

STATIONS = declared(
    "stations",
    "one charging station (OCPP charge point)",
    ("station_id",),
    required("station_id", "VARCHAR", "OCPP identity, the last part of its WebSocket address"),
    required("site_id", "VARCHAR", "site where it stands", references="sites.site_id"),
    optional("name", "VARCHAR", "name that people use; NULL: the identity"),
    optional("vendor", "VARCHAR", "manufacturer"),
    optional("model", "VARCHAR", "model as the manufacturer names it"),
    optional("serial_number", "VARCHAR", "serial number; NULL: whatever the station says"),
    optional("firmware", "VARCHAR", "firmware version that it is to run; NULL: any"),
    NOTE,
)

CONNECTORS = declared(
    "connectors",
    "one connector during one uninterrupted time in service",
    ("station_id", "evse_id", "connector_id", "in_service_from"),
    required("station_id", "VARCHAR", "station that has it", references="stations.station_id"),
    required("evse_id", "INTEGER", "EVSE number (OCPP 2.x); for OCPP 1.6 the connector's number"),
    required("connector_id", "INTEGER", "connector number as OCPP reports it"),
    required("in_service_from", "TIMESTAMPTZ", "opened to drivers"),
    optional("in_service_to", "TIMESTAMPTZ", "taken out of service (exclusive); NULL: still in service"),
    required("rated_power_w", "BIGINT", "greatest power it can deliver", "W"),
    optional("standard", "VARCHAR", "OCPI ConnectorType, e.g. IEC_62196_T2"),
    optional(
        "connector_format",
        "VARCHAR",
        "OCPI ConnectorFormat; NULL: CABLE for DC, else not known",
        values=("SOCKET", "CABLE"),
    ),
    required(
        "power_type",
        "VARCHAR",
        "OCPI PowerType",
        values=("AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"),
    ),
    NOTE,
)

DRIVERS = declared(
    "drivers",
    "one person (or fleet vehicle) known by name",
    ("driver_id",),
    required("driver_id", "VARCHAR", "own key of the driver; says nothing about the person"),
    Column("name", "VARCHAR", "name", personal=True),
    Column("email", "VARCHAR", "e-mail address", personal=True),
    Column("address", "VARCHAR", "postal address, in one text; invoices need the parts below", personal=True),
    *_PERSONAL_POSTAL,
    Column("country_code", "VARCHAR", "ISO 3166-1 alpha-2 of the address", personal=True),
    Column("company", "VARCHAR", "company that invoices are made out to; NULL: the person", personal=True),
    Column("vat_id", "VARCHAR", "VAT or GST identification number of the company", personal=True),
    Column("iban", "VARCHAR", "account that direct debits are taken from", personal=True),
    Column("account_holder", "VARCHAR", "holder of that account; NULL: the name", personal=True),
    Column("mandate_id", "VARCHAR", "reference of the SEPA direct debit mandate", personal=True),
    Column("mandate_signed_on", "DATE", "day on which the mandate was signed", personal=True),
    NOTE,
)

CONTRACTS = declared(
    "contracts",
    "one agreement under which sessions are billed",
    ("contract_id",),
    required("contract_id", "VARCHAR", "own key (or eMAID) of the contract"),
    required("operator_id", "VARCHAR", "operator that bills it", references="operators.operator_id"),
    optional(
        "driver_id", "VARCHAR", "driver who signed it; NULL: a company, in `note`", references="drivers.driver_id"
    ),
    required("currency", "VARCHAR", "ISO 4217 code of its invoices"),
    optional(
        "billing", "VARCHAR", "an invoice a month or a session; NULL: a month", values=("per_month", "per_session")
    ),
    optional(
        "payment_method",
        "VARCHAR",
        "how it is paid; NULL: bank_transfer",
        values=("bank_transfer", "sepa_debit", "card", "prepaid", "upi"),
    ),
    optional(
        "tax_category",
        "VARCHAR",
        "UNCL5305; NULL: as the operator's; AE: its holder sells the energy on and owes the VAT (reverse charge)",
        values=("AE",),
    ),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

TOKENS = declared(
    "tokens",
    "one means of identification",
    ("id_token",),
    Column("id_token", "VARCHAR", "as the station sends it (OCPP idTag / idToken)", nullable=False, personal=True),
    required("token_type", "VARCHAR", "OCPI TokenType", values=("AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID")),
    optional("contract_id", "VARCHAR", "contract that pays; NULL: ad hoc", references="contracts.contract_id"),
    optional("token_group", "VARCHAR", "group that tariffs may be assigned to (OCPP parentIdTag / groupIdToken)"),
    optional("cost_centre", "VARCHAR", "cost centre of its fleet, as lines of invoices name it"),
    optional(
        "ocpp_type",
        "VARCHAR",
        "kind that stations of OCPP 2.x must present it as (IdTokenEnumType); NULL: any. MacAddress: Autocharge; "
        "KeyCode: a code typed in; eMAID: plug and charge; Central: started from outside",
        values=OCPP_TOKEN_TYPES,
    ),
    Column(
        "certificate_key",
        "VARCHAR",
        "contract certificate it is pinned to: hash algorithm, issuer's name and key hash and serial number, as "
        "OCPP 2.x tells them, with colons between; NULL: any",
        personal=True,
    ),
    required("status", "VARCHAR", "whether it may charge", values=("active", "blocked")),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

TARIFFS = declared(
    "tariffs",
    "one version of an OCPI tariff",
    ("tariff_id", "version"),
    required("tariff_id", "VARCHAR", "OCPI Tariff.id"),
    required("version", "INTEGER", "1, 2, …; a price is never edited in place"),
    required("currency", "VARCHAR", "ISO 4217 code"),
    required("ocpi_version", "VARCHAR", "version of the tariff object", values=("2.2.1", "2.3.0")),
    required("elements", "JSON", "OCPI Tariff.elements as JSON"),
    optional("min_price", "JSON", "OCPI Tariff.min_price: the least that a session costs; NULL: no bound"),
    optional("max_price", "JSON", "OCPI Tariff.max_price: the most that a session costs; NULL: no bound"),
    optional("tax_included", "VARCHAR", "whether prices include taxes; NULL: NO", values=("YES", "NO", "N/A")),
    optional(
        "tariff_type",
        "VARCHAR",
        "OCPI Tariff.type; NULL: for every kind of session",
        values=("AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"),
    ),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

TARIFF_ASSIGNMENTS = declared(
    "tariff_assignments",
    "one rule: which tariff holds where and for whom; the most particular one wins",
    ("assignment_id",),
    required("assignment_id", "VARCHAR", "own key of the rule"),
    required("tariff_id", "VARCHAR", "tariff that it assigns", references="tariffs.tariff_id"),
    optional("site_id", "VARCHAR", "only at this site; NULL: everywhere", references="sites.site_id"),
    optional("station_id", "VARCHAR", "only at this station", references="stations.station_id"),
    optional("evse_id", "INTEGER", "only at this EVSE of the station"),
    optional("connector_id", "INTEGER", "only at this connector of the station"),
    optional("token_group", "VARCHAR", "only for tokens of this group"),
    optional("contract_id", "VARCHAR", "only for this contract", references="contracts.contract_id"),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

PLANS = declared(
    "plans",
    "one version of a plan that drivers or fleets subscribe to",
    ("plan_id", "version"),
    required("plan_id", "VARCHAR", "own key of the plan"),
    required("version", "INTEGER", "1, 2, …; a price is never edited in place"),
    required("name", "VARCHAR", "name on the invoice"),
    required("currency", "VARCHAR", "ISO 4217 code"),
    required("monthly_fee", "DECIMAL(18,6)", "fee of a whole month before VAT", "currency"),
    required("included_kwh", "DECIMAL(18,6)", "energy of a month that the fee pays for; 0: none", "kWh"),
    optional(
        "vat_percent",
        "DECIMAL(7,4)",
        "VAT of the fee; NULL: the rate of the operator's country; where that is not known either, no invoice",
        "%",
    ),
    optional(
        "tariff_id",
        "VARCHAR",
        "tariff that its members have everywhere; NULL: as posted",
        references="tariffs.tariff_id",
    ),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

SUBSCRIPTIONS = declared(
    "subscriptions",
    "one contract's subscription to a plan during one time",
    ("subscription_id",),
    required("subscription_id", "VARCHAR", "own key of the subscription"),
    required("contract_id", "VARCHAR", "contract that pays its fee", references="contracts.contract_id"),
    required("plan_id", "VARCHAR", "plan", references="plans.plan_id"),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

SITE_OWNERS = declared(
    "site_owners",
    "one owner of ground that stations stand on",
    ("owner_id",),
    required("owner_id", "VARCHAR", "own key of the owner; says nothing about the person"),
    Column("name", "VARCHAR", "name", personal=True),
    Column("email", "VARCHAR", "e-mail address", personal=True),
    *_PERSONAL_POSTAL,
    Column("country_code", "VARCHAR", "ISO 3166-1 alpha-2 of the address", personal=True),
    Column("vat_id", "VARCHAR", "VAT or GST identification number", personal=True),
    Column("iban", "VARCHAR", "account that payouts go to", personal=True),
    optional(
        "invoicing",
        "VARCHAR",
        "self_billed: the operator writes the owner's invoices, as agreed with him; own: the owner does, and gets "
        "plain statements; NULL: own",
        values=("self_billed", "own"),
    ),
    optional("vat_exemption", "VARCHAR", "law by which the owner charges no VAT, as his invoices name it; NULL: none"),
    NOTE,
)

OWNER_CONTRACTS = declared(
    "owner_contracts",
    "what the owner of one site gets during one time",
    ("owner_contract_id",),
    required("owner_contract_id", "VARCHAR", "own key of the agreement"),
    required("owner_id", "VARCHAR", "owner", references="site_owners.owner_id"),
    required("site_id", "VARCHAR", "site", references="sites.site_id"),
    required("currency", "VARCHAR", "ISO 4217 code of the payouts"),
    required("revenue_share_percent", "DECIMAL(7,4)", "share of the billed revenue before VAT; 0: none", "%"),
    required("rent_per_month", "DECIMAL(18,6)", "fixed rent of a whole month before VAT; 0: none", "currency"),
    optional("vat_percent", "DECIMAL(7,4)", "VAT that the owner charges; NULL: none is added", "%"),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

TAX_RATES = declared(
    "tax_rates",
    "one tax that charging bears in a country, during one time: S (in India IGST) is the rate where no price names one",
    ("country_code", "tax_code", "valid_from"),
    required("country_code", "VARCHAR", "ISO 3166-1 alpha-2"),
    required(
        "tax_code",
        "VARCHAR",
        "VAT category (UNCL5305); in India CGST, SGST, UTGST or IGST",
        values=("S", "Z", "E", "AE", "K", "G", "O", "CGST", "SGST", "UTGST", "IGST"),
    ),
    required("name", "VARCHAR", "what the law calls it, e.g. VAT or CGST"),
    required("rate_percent", "DECIMAL(7,4)", "rate; 0 for every category but S", "%"),
    optional("exemption_reason", "VARCHAR", "why no VAT is charged, as invoices print it (BT-120)"),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

METER_KEYS = declared(
    "meter_keys",
    "one public key of a meter that signs its readings, during the time it was in use",
    ("station_id", "evse_id", "valid_from"),
    required("station_id", "VARCHAR", "station of the meter", references="stations.station_id"),
    required("evse_id", "INTEGER", "EVSE that it measures (OCPP 2.x); for OCPP 1.6 the connector's number"),
    required(
        "public_key",
        "VARCHAR",
        "the key as it is told: hexadecimal, base64, PEM or oca:…; a point or a whole structure",
    ),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

PSEUDONYMS = declared(
    "pseudonyms",
    "one idToken that was ever seen, with the pseudonym that stands for it in `core` and `mart`",
    ("id_token",),
    Column("id_token", "VARCHAR", "as the station sends it", nullable=False, personal=True),
    required("pseudonym", "VARCHAR", "keyed pseudonym; without this row nobody can tell whose it was"),
)

STATION_PROFILES = declared(
    "station_profiles",
    "what an operator has decided about the stations of one model and firmware; goes before what was learned",
    ("vendor", "model", "firmware"),
    required("vendor", "VARCHAR", "manufacturer, as its stations say at boot"),
    required("model", "VARCHAR", "model, as its stations say at boot"),
    required("firmware", "VARCHAR", "firmware version, as its stations say at boot; * for every one"),
    optional(
        "register_behaviour",
        "VARCHAR",
        "at_boot and per_transaction: a register that fell began anew at 0",
        values=("lifetime", "per_transaction", "at_boot"),
    ),
    optional(
        "energy_factor", "DECIMAL(18,6)", "Wh for one unit of what registers call Wh, e.g. 1000 where they mean kWh"
    ),
    optional("clock_offset_seconds", "BIGINT", "how far its clocks are ahead", "s"),
    optional(
        "token_pattern", "VARCHAR", "regular expression; its first group is the token without what the reader adds"
    ),
    NOTE,
)

SESSION_DECISIONS = declared(
    "session_decisions",
    "one decision of a person on whether a session is billed; the newest one holds",
    ("session_id", "decided_at"),
    required("session_id", "VARCHAR", "session"),
    required("decided_at", "TIMESTAMPTZ", "when"),
    required(
        "decision",
        "VARCHAR",
        "release: billed as if its grade were ok; hold: not billed; withdraw: its grade decides again",
        values=("release", "hold", "withdraw"),
    ),
    Column("reason", "VARCHAR", "why, in the person's words", nullable=False, personal=True),
    Column("decided_by", "VARCHAR", "who: the name of the account", nullable=False, personal=True),
    required("grade", "VARCHAR", "grade of the session when it was decided", values=("ok", "suspect", "unbillable")),
    optional("energy_wh", "DECIMAL(18,6)", "energy of the session when it was decided", "Wh"),
)

TABLES = (
    OPERATORS,
    SITES,
    STATIONS,
    CONNECTORS,
    DRIVERS,
    CONTRACTS,
    TOKENS,
    ACCESS_RULES,
    TARIFFS,
    TARIFF_ASSIGNMENTS,
    PLANS,
    SUBSCRIPTIONS,
    SITE_OWNERS,
    OWNER_CONTRACTS,
    TAX_RATES,
    STATION_PROFILES,
    METER_KEYS,
    SESSION_DECISIONS,
    PSEUDONYMS,
    CHANGES,
)

# What people declare in files, in an order in which every reference points backwards.
DECLARED = tuple(table for table in TABLES if table not in (PSEUDONYMS, SESSION_DECISIONS, CHANGES))
# What the lake keeps a history of, so that stages see what people changed.
TRACKED = (*DECLARED, SESSION_DECISIONS)
