"""Issued CDRs as OCPI 2.2.1 and 2.3.0 CDR objects, one JSON array.

Source: OCPI 2.2.1-d2 and 2.3.0, mod_cdrs.asciidoc, "CDR Object", and "Credit CDRs": only total_cost of a credit CDR is
negative. What an issued CDR does not hold (address parts, plug) is told as OCPI asks where nothing is known. The
token is personal and stays behind: the contract stands in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from warehouse import exact_json
from warehouse.plain import instant

if TYPE_CHECKING:
    from warehouse.extracts.writing import Result

# ISO 3166-1: alpha-2 and alpha-3, which OCPI's locations have.
_CODES = (
    "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB "
    "BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR "
    "BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR "
    "CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK "
    "FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS "
    "GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN "
    "ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO "
    "LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD "
    "MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER "
    "NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM "
    "PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP "
    "SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF "
    "TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY "
    "UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE "
)
ALPHA_3 = {code[:2]: code[2:] for code in _CODES.split()}
_HOUR = Decimal(3600)


def write_ocpi(result: Result, file: BinaryIO) -> int:
    """Write the array and give the number of CDRs."""
    version, rows = result.request.extract.shape.removeprefix("ocpi_"), 0
    names = result.columns
    file.write(b"[")
    for batch in result.batches():
        for row in batch:
            cdr = ocpi_cdr(dict(zip(names, row, strict=True)), version)
            file.write((",\n" if rows else "\n").encode() + exact_json.dumps(cdr).encode())
            rows += 1
    file.write(b"\n]\n")
    return rows


def ocpi_cdr(row: Mapping[str, Any], version: str) -> dict[str, Any]:
    """One CDR object of a row of `sql/cdrs_ocpi.sql`; numbers are exact decimals."""
    credit = row["kind"] == "credit"
    charging, parking = row["charging_seconds"], row["parking_seconds"]
    seconds = (row["ended_at"] - row["started_at"]).total_seconds()
    cdr = {
        "country_code": row["country_code"],
        "party_id": row["party_id"],
        "id": row["issued_cdr_id"],
        "start_date_time": _time(row["started_at"]),
        "end_date_time": _time(row["ended_at"]),
        "session_id": row["session_id"],
        "cdr_token": {
            "country_code": row["country_code"],
            "party_id": row["party_id"],
            "uid": row["contract_id"] or "ad hoc",
            "type": "OTHER" if row["contract_id"] else "AD_HOC_USER",
            "contract_id": row["contract_id"] or "ad hoc",
        },
        "auth_method": "WHITELIST" if row["contract_id"] else "COMMAND",
        "cdr_location": _location(row),
        "currency": row["currency"],
        "tariffs": _tariffs(row, version),
        "charging_periods": _periods(row),
        "total_cost": _cost(row, version, -1 if credit else 1),
        "total_energy": _plain(row["energy_wh"] / 1000),
        # Where there are no readings, the whole time plugged in.
        "total_time": _hours(int(seconds) if charging is None else charging + (parking or 0)),
        "total_parking_time": None if parking is None else _hours(parking),
        "invoice_reference_id": None,
        "credit": True if credit else None,
        "credit_reference_id": row["issued_cdr_id"].removesuffix("-C") if credit else None,
        "last_updated": _time(row["issued_at"]),
    }
    return {name: value for name, value in cdr.items() if value is not None}


def _location(row: Mapping[str, Any]) -> dict[str, Any]:
    plug = {} if row["standard"] is None else {"connector_standard": row["standard"]}
    return {
        "id": row["site_id"],
        **({} if row["site_name"] is None else {"name": row["site_name"]}),
        "address": row["address"] or "not known",
        "city": "not known",
        "country": ALPHA_3.get(row["site_country"] or row["country_code"], row["country_code"]),
        "coordinates": {"latitude": _degrees(row["latitude"]), "longitude": _degrees(row["longitude"])},
        "evse_uid": row["station_id"],
        "evse_id": f"{row['country_code']}*{row['party_id']}*E{row['station_id']}",
        "connector_id": "1" if row["connector_id"] is None else str(row["connector_id"]),
        **({"connector_standard": "IEC_62196_T2"} | plug),
        "connector_format": "SOCKET",
        "connector_power_type": row["power_type"] or "AC_3_PHASE",
    }


def _tariffs(row: Mapping[str, Any], version: str) -> list[dict[str, Any]] | None:
    if row["elements"] is None:
        return None
    tariff = {
        "country_code": row["country_code"],
        "party_id": row["party_id"],
        "id": row["tariff_id"],
        "currency": row["currency"],
        "elements": exact_json.loads(row["elements"]),
        "last_updated": _time(row["issued_at"]),
    }
    return [tariff | ({"tax_included": "NO"} if version == "2.3.0" else {})]


def _periods(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    charging, parking = row["charging_seconds"], row["parking_seconds"]
    dimensions: list[dict[str, Any]] = [{"type": "ENERGY", "volume": _plain(row["energy_wh"] / 1000)}]
    if charging is not None:
        dimensions.append({"type": "TIME", "volume": _hours(charging)})
    periods: list[dict[str, Any]] = [
        {"start_date_time": _time(row["started_at"]), "dimensions": dimensions, "tariff_id": row["tariff_id"]},
    ]
    if parking:
        begin = row["started_at"] + timedelta(seconds=charging or 0)
        parked = [{"type": "PARKING_TIME", "volume": _hours(parking)}]
        periods.append({"start_date_time": _time(begin), "dimensions": parked, "tariff_id": row["tariff_id"]})
    return periods


def _cost(row: Mapping[str, Any], version: str, sign: int) -> dict[str, Any]:
    net, gross = row["total_excl_vat"], row["total_incl_vat"]
    if version == "2.2.1":
        known = {} if gross is None else {"incl_vat": _plain(sign * gross)}
        return {"excl_vat": _plain(sign * net), **known}
    taxed: dict[str, Any] = (
        {} if gross is None else {"taxes": [{"name": "VAT", "amount": _plain(sign * (gross - net))}]}
    )
    return {"before_taxes": _plain(sign * net), **taxed}


def _time(value: datetime) -> str:
    return instant(value.astimezone(UTC).replace(microsecond=0))


def _hours(seconds: int) -> Decimal:
    return _plain((Decimal(seconds) / _HOUR).quantize(Decimal("0.000001")))


def _plain(value: Decimal) -> Decimal:
    """Without zeros at the end, and without an exponent."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def _degrees(value: float | None) -> str:
    return "0.000000" if value is None else f"{value:.6f}"
