"""Runs in ocpp-lens's own environment: `ocpp_lens_run.py LOG FACTS` times it on LOG and writes what it found."""

import json
import sys
import time
from dataclasses import asdict

from ocpp_lens import OCPPAnalyzer, OCPPLogParser

log, facts = sys.argv[1:]
begun, worked = time.perf_counter(), time.process_time()
result = OCPPAnalyzer().analyze(OCPPLogParser().parse_file(log))
seconds, processor_seconds = time.perf_counter() - begun, time.process_time() - worked
derived = ("energy_kwh", "duration_minutes", "avg_power_kw")
told = {
    "seconds": seconds,
    "processor_seconds": processor_seconds,
    "messages": result.total_messages,
    "from": result.log_start,
    "until": result.log_end,
    "charger": [result.charger_vendor, result.charger_model, result.firmware_version, result.charger_id],
    "sessions": [asdict(session) | {name: getattr(session, name) for name in derived} for session in result.sessions],
    "faults": [asdict(fault) for fault in result.faults],
    "call_errors": [[error.message_id, error.error_code, error.error_description] for error in result.call_errors],
}
with open(facts, "w", encoding="utf-8") as file:  # noqa: PTH123 (plain Python, whatever its version)
    json.dump(told, file, default=str)
