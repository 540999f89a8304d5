"""Texts that no OCPP station should send, and some do: a fixed collection, and mutations of ordinary frames."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NOW = "2024-03-04T08:00:00Z"
VERSIONS = ("1.6", "2.0.1", "2.1")

_SAMPLES = [{"value": "1234.5", "unit": "Wh", "context": "Sample.Periodic"}, {"value": "7.4", "measurand": "SoC"}]
_SET = {"timestamp": NOW, "sampledValue": _SAMPLES}
_EVENT = {
    "eventType": "Started",
    "timestamp": NOW,
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "t-1", "chargingState": "Charging"},
    "evse": {"id": 1, "connectorId": 1},
    "idToken": {"idToken": "good", "type": "ISO14443"},
    "meterValue": [{"timestamp": NOW, "sampledValue": [{"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}]}],
}
ORDINARY: list[tuple[str, dict[str, Any]]] = [
    ("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m", "firmwareVersion": "1"}),
    ("BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}),
    ("Heartbeat", {}),
    ("Authorize", {"idTag": "good"}),
    ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": NOW}),
    ("StatusNotification", {"timestamp": NOW, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}),
    ("StartTransaction", {"connectorId": 1, "idTag": "good", "meterStart": 0, "timestamp": NOW}),
    ("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [_SET]}),
    ("MeterValues", {"evseId": 1, "meterValue": [_SET]}),
    ("StopTransaction", {"transactionId": 1, "meterStop": 9, "timestamp": NOW, "transactionData": [_SET]}),
    ("TransactionEvent", _EVENT),
    ("TransactionEvent", _EVENT | {"eventType": "Ended", "seqNo": 1}),
    ("DataTransfer", {"vendorId": "kwhouse", "messageId": "ExternalSession", "data": '{"sessionId":"x"}'}),
    ("NotifyEvent", {"generatedAt": NOW, "seqNo": 0, "eventData": [{"eventId": 1, "timestamp": NOW}]}),
]

VALUES: list[str] = [
    "null", "true", "{}", "[]", '""', '" "', "0", "-0", "-1", "1.0", "1e0", "1E+400", "-1e-400", "0.1e-7",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "9" * 4300, "0." + "0" * 500 + "1", "9" * 400 + ".5", '"' + "9" * 4300 + '"', '"1e999"', '"NaN"', '"Infinity"',
    '"0x10"', '"1_000"', '"１２"', '"1,5"', '"99999999999999.9999999999"', '"-99999999999"',
    '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"a\\u0000b"', '"\\ufeff"', '"\\u2028"', '"\U0001f50c"', '"Säule"',
    '"\\"quoted\\" \\\\ \\/"', '"\\r\\n\\t"', "\"'; DROP TABLE raw; --\"", '"{}"', '"[1]"', '"{\\"sessionId\\":1}"',
    '"now"', '"today"', '"infinity"', '"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:59.999999999+14:00"',
    '"1969-12-31T23:59:60Z"', '"2024-02-30T00:00:00Z"', '"-290308-01-01"', '"2024-03-04T08:00:00+99:99"',
    '"1970-01-01"',
    "[" * 90 + "]" * 90, "[" * 990 + "]" * 990, '{"a":' * 400 + "1" + "}" * 400, '"' + "x" * 100_000 + '"',
    "[" + ",".join(["1"] * 20_000) + "]", "[" + ",".join(["[]"] * 20_000) + "]",
    '{"a":1,"a":2}', '{"":1}', '{"\\u0000":1}', '{"timestamp":1,"timestamp":"2024-03-04T08:00:00Z"}',
]  # fmt: skip
"""JSON that the grammar allows, as it may stand anywhere in a payload."""

PLACES: list[tuple[str, str]] = [
    ("StartTransaction", '{"connectorId":%s,"idTag":%s,"meterStart":%s,"timestamp":%s}'),
    ("StopTransaction", '{"transactionId":%s,"meterStop":%s,"timestamp":%s,"transactionData":%s,"reason":%s}'),
    ("MeterValues", '{"connectorId":%s,"transactionId":%s,"meterValue":%s}'),
    ("MeterValues", '{"connectorId":1,"meterValue":[{"timestamp":%s,"sampledValue":%s}]}'),
    ("MeterValues", '{"connectorId":1,"meterValue":{"timestamp":%s,"sampledValue":[{"value":%s}]}}'),
    (
        "MeterValues",
        '{"evseId":%s,"meterValue":[{"timestamp":"2024-03-04T08:00:00Z","sampledValue":[{"value":%s,"unit":%s,'
        '"measurand":%s,"phase":%s,"unitOfMeasure":{"unit":"Wh","multiplier":%s}}]}]}',
    ),
    ("TransactionEvent", '{"eventType":%s,"timestamp":%s,"seqNo":%s,"transactionInfo":%s,"evse":%s,"idToken":%s}'),
    (
        "TransactionEvent",
        '{"eventType":"Updated","timestamp":"2024-03-04T08:00:00Z","transactionInfo":{"transactionId":%s,'
        '"chargingState":%s},"evse":{"id":%s,"connectorId":%s},"idToken":{"idToken":%s},"offline":%s}',
    ),
    ("StatusNotification", '{"connectorId":%s,"status":%s,"errorCode":%s,"timestamp":%s}'),
    ("StatusNotification", '{"evseId":%s,"connectorId":%s,"connectorStatus":%s,"timestamp":%s}'),
    ("BootNotification", '{"chargePointVendor":%s,"chargePointModel":%s,"firmwareVersion":%s}'),
    ("BootNotification", '{"reason":%s,"chargingStation":%s,"customData":%s}'),
    ("DataTransfer", '{"vendorId":"kwhouse","messageId":"ExternalSession","data":%s}'),
    ("Authorize", '{"idTag":%s,"idToken":%s}'),
]


def frame(action: str, payload: str, message_id: str = '"7"') -> bytes:
    return f'[2,{message_id},"{action}",{payload}]'.encode()


ALMOST: list[bytes] = [
    b"", b" ", b"\x00", b"\xff", b"\xef\xbb\xbf", b"nonsense", b"null", b"true", b"7", b'"7"', b"{}", b"[]", b"[2]",
    b'[2,"7"]', b'[2,"7","Heartbeat"]', b'[2,"7","Heartbeat",{},{}]', b'[2,"7",["Heartbeat"],{}]',
    b'[2,"7",{"a":1},{}]', b'[2,"7",null,{}]', b'[2,"7",1,{}]', b'[2,null,"Heartbeat",{}]', b'[2,{},"Heartbeat",{}]',
    b'[2,7,"Heartbeat",{}]', b'[2,-7.5e3,"Heartbeat",{}]', b'[2,1e999,"Heartbeat",{}]', b'[2,007,"Heartbeat",{}]',
    b'[2.0,"7","Heartbeat",{}]', b'["2","7","Heartbeat",{}]', b'[-2,"7","Heartbeat",{}]', b'[true,"7","Heartbeat",{}]',
    b'[99999999999999999999,"7","Heartbeat",{}]', b'[2,"","",{}]', b'[2,"7","Heartbeat",[]]', b'[2,"7","Heartbeat",""]',
    b'[2,"7","Heartbeat",null]', b'[2,"7","Heartbeat",NaN]', b'[2,"7","Heartbeat",{"a":-Infinity}]',
    b'[2,"7","Heartbeat",{}', b'[2,"7","Heartbeat",{}]]', b'[2,"7","Heartbeat",{}] trailing',
    b'[2,"7","Heartbeat",{}],',
    b'[2,"7","MeterValues",{"transactionId":,"a":1}]', b'[2,"7","MeterValues",{"a":01}]', b"[2,'7','Heartbeat',{}]",
    b'[2,"7\\"","Heartbeat",{}]', b'[2,"\\u0037","He\\u0061rtbeat",{}]', b'[2,"7\\ud800","Heartbeat",{}]',
    b'[2,"7","Heart\\ud800beat",{}]', b'[2,"\\u0000","\\u0000",{"\\u0000":"\\u0000"}]', b'[2,"7","Heartbeat",{}]\x00',
    b'\xef\xbb\xbf[2,"7","Heartbeat",{}]', b'[2,"7","Heartbeat",{"a":"\xff"}]',
    b'[2,"7","Heartbeat",{"a":"\xed\xa0\x80"}]',
    b'[2,"7","Heartbeat",{"a":"\xc0\x80"}]', b'[2,"7","Heartbeat",{"a":"\n"}]', b'[2,"7","__class__",{"__proto__":{}}]',
    b'\xff\xfe[\x002\x00]\x00', b'[2,"7","Heartbeat",{/* comment */}]', b'[2,"7","Heartbeat",{"a":1,}]',
    b'[3,"7",{}]', b'[3,"7"]', b'[3,"7",{},{}]', b'[3,"7",null]', b'[4,"7","GenericError","",{}]', b'[4,"7"]',
    b'[4,"7","GenericError"]', b'[4,"7",1,2,3]', b'[5,"7","GenericError","",{}]', b'[6,"7","NotifyEvent",{}]',
    b'[0,"7","Heartbeat",{}]', b'[9,"7","Heartbeat",{}]', b"[" * 2000, b"]" * 2000, b'{"a":' * 2000, b"[2," * 500,
    b'[2,"' + b"\\" * 2001, b'[2,"' + b'\\"' * 2000 + b'","Heartbeat",{}]', b"[2," + b"1" * 5000 + b',"Heartbeat",{}]',
    b"[" + b"2" * 5000, b'[2,"7","Heartbeat",' + b" " * 5000 + b"{}]", b'[2,"7","' + b"A" * 5000 + b'",{}]',
    b'[2,"' + b"i" * 5000 + b'","Heartbeat",{}]',
]  # fmt: skip
"""Texts that are no frame, or just about one."""


def placed() -> list[bytes]:
    """Each strange value in each place of each payload alone; those of ordinary length in all places at once too."""
    texts = []
    for action, template in PLACES:
        holes = template.count("%s")
        for value in VALUES:
            if len(value) < 10_000:
                texts.append(frame(action, template % ((value,) * holes)))
            for hole in range(holes):
                others = ['"1"'] * holes
                others[hole] = value
                texts.append(frame(action, template % tuple(others)))
    return texts


def corpus() -> list[bytes]:
    """All of the collection."""
    return ALMOST + [frame(action, json.dumps(payload)) for action, payload in ORDINARY] + placed()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An ordinary frame with a value replaced, a key repeated, a piece cut out or bytes put in."""
    action, payload = draw(st.sampled_from(ORDINARY))
    text = frame(
        action, json.dumps(payload, indent=draw(st.sampled_from([None, 1]))), draw(st.sampled_from(['"7"', "7"]))
    )
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(("value", "cut", "insert", "double")))
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 20)))
        if kind == "value":
            colon = text.find(b":", begin)
            stop = min(
                (place for place in (text.find(mark, colon) for mark in (b",", b"}", b"]")) if place > 0), default=0
            )
            if 0 < colon < stop:
                text = text[: colon + 1] + draw(st.sampled_from(VALUES)).encode() + text[stop:]
        elif kind == "cut":
            text = text[:begin] + text[end:]
        elif kind == "double":
            text = text[:end] + text[begin:end] + text[end:]
        else:
            text = text[:begin] + draw(st.binary(max_size=4)) + text[begin:]
    return text


SIZE = 1_000_000  # about the longest message that is let in


def monsters() -> dict[str, bytes]:
    """Messages as long as they may be, each made to take one reader more than its share."""
    half = SIZE // 2
    payloads = {
        "elements of a wrong type": '{"connectorId":1,"meterValue":[' + "1," * half + "1]}",
        "sets that break the schema": '{"evseId":1,"meterValue":[' + '{"sampledValue":[{}]},' * (SIZE // 23) + "1]}",
        "digits": '{"transactionId":' + "9" * SIZE + "}",
        "decimals": '{"transactionId":0.' + "9" * SIZE + "}",
        "exponent": '{"transactionId":1e' + "9" * SIZE + "}",
        "numbers that do not fit": '{"a":[' + "1e999," * (SIZE // 6) + "1]}",
        "lone surrogates": '{"a":"' + "\\ud800" * (SIZE // 6) + '"}',
        "names": "{" + ",".join(f'"k{number}":1' for number in range(SIZE // 12)) + "}",
        "one name": "{" + '"a":1,' * (SIZE // 6) + '"a":1}',
        "empty arrays": "[" + "[]," * (SIZE // 3) + "1]",
        "closing brackets in a string": '{"a":"' + "]" * SIZE + '"}',
    }
    texts = {name: frame("MeterValues", payload) for name, payload in payloads.items()}
    return texts | {
        "opening brackets": b"[" * SIZE,
        "balanced brackets": b"[" * half + b"]" * half,
        "opening braces": b'{"a":' * (SIZE // 5),
        "quotes": b'"' * SIZE,
        "backslashes in an id": b'[2,"' + b"\\" * SIZE,
        "escapes in an id": b'[2,"' + b'\\"' * half + b'","Heartbeat",{}]',
        "an id of digits": b"[2," + b"1" * SIZE + b',"Heartbeat",{}]',
        "an id of signs": b"[2,1" + b"e+" * half + b',"Heartbeat",{}]',
        "a type of digits": b"[" + b"2" * SIZE,
        "blanks": b" " * SIZE,
        "blanks before the action": b'[2,"7"' + b"\n" * SIZE + b',"Heartbeat",{}]',
        "blanks at the end": b'[2,"7","Heartbeat",{}' + b"\t" * SIZE + b"]",
        "commas": b"[" + b"," * SIZE,
        "NUL": b"\x00" * SIZE,
        "invalid UTF-8": b"\xff" * SIZE,
        "elements": b'[2,"7","Heartbeat",' + b"1," * half + b"1]",
    }
