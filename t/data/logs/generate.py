#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The bank's events (bank), or a log of them in a format that no software here writes: generate.py KIND.

The formats follow https://opentelemetry.io/docs/specs/otlp/ (JSON encoding; 64-bit integers as text or number) and
https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ (a record for each stage of a request).
"""
import json
import random
import sys

EVENTS, ACCOUNTS, WRONG, START = 220, 20, 201, 1760000000000000000


def bank():
    draw, balances = random.Random(7), {}
    for number in range(1, EVENTS + 1):
        account = f"acc_{draw.randrange(ACCOUNTS)}"
        if account not in balances:
            kind, amount = "account opened", 0
        elif number != WRONG and balances[account] > 0 and draw.random() < 0.4:
            kind, amount = "debited", -draw.randint(1, balances[account])
        else:
            kind, amount = "credited", draw.randint(1, 500)
        balances[account] = balances.get(account, 0) + amount
        yield {"type": kind, "account": account, "amount": abs(amount),
               "balance": balances[account] + (number == WRONG)}


def attributes(fields, number):
    """Integers alternate between text and number, which are both allowed."""
    return [{"key": key, "value": {"stringValue": value} if isinstance(value, str) else
             {"intValue": str(value) if number % 2 else value}} for key, value in fields.items()]


def resource():
    return {"attributes": [{"key": "service.name", "value": {"stringValue": "bank"}}]}


def otlp_logs():
    """Two records on each line but the last ones."""
    records = []
    for number, event in enumerate(bank(), 1):
        records.append({"timeUnixNano": str(START + number * 1000001), "severityNumber": 9, "severityText": "INFO",
                        "traceId": f"{number:032x}", "spanId": f"{number:016x}",
                        "body": {"stringValue": event.pop("type")}, "attributes": attributes(event, number)})
    for at in range(0, 40, 2):
        yield {"resourceLogs": [{"resource": resource(), "scopeLogs": [
            {"scope": {"name": "bank"}, "logRecords": records[at:at + 2]}]}]}
    for record in records[40:]:
        yield {"resourceLogs": [{"resource": resource(), "scopeLogs": [{"logRecords": [record]}]}]}


def otlp_spans():
    for number, event in enumerate(bank(), 1):
        start = START + number * 1000001
        yield {"resourceSpans": [{"resource": resource(), "scopeSpans": [{"scope": {}, "spans": [{
            "traceId": f"{number:032X}", "spanId": f"{number:016X}", "parentSpanId": "", "name": event.pop("type"),
            "kind": 2, "startTimeUnixNano": start if number % 2 else str(start),
            "endTimeUnixNano": str(start + 500000), "attributes": attributes(event, number), "status": {}}]}]}]}


def kubernetes_audit():
    verbs = [("create", 201), ("get", 200), ("delete", 200), ("update", 409)]
    for number in range(1, 111):
        verb, code = verbs[number % 4]
        record = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"audit-{number}",
                  "requestURI": f"/api/v1/namespaces/bank/pods/pod-{number % 9}", "verb": verb,
                  "user": {"username": "ci", "groups": ["system:authenticated"]}, "sourceIPs": ["127.0.0.1"],
                  "objectRef": {"resource": "pods", "namespace": "bank", "name": f"pod-{number % 9}", "apiVersion": "v1"},
                  "requestReceivedTimestamp": f"2026-10-09T08:{number // 60:02}:{number % 60:02}.000321Z"}
        yield {**record, "stage": "RequestReceived", "stageTimestamp": record["requestReceivedTimestamp"]}
        yield {**record, "stage": "ResponseComplete", "responseStatus": {"metadata": {}, "code": code},
               "stageTimestamp": record["requestReceivedTimestamp"].replace("000321", "010321")}


KINDS = {"bank": bank, "otlp-logs": otlp_logs, "otlp-spans": otlp_spans, "kubernetes-audit": kubernetes_audit}
for line in KINDS[sys.argv[1]]():
    print(json.dumps(line, separators=(",", ":")))
