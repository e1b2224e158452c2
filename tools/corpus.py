"""Counts what `trygg explain` makes of a folder of recorded messages, and compares values.

    tools/corpus.py TRYGG FOLDER [--list]

Prints a row a file, then what was refused and what was understood as no reading, by reason. Ends
with 1 when a bar is missed: a message without an answer, one that no decoder is for, fewer than
99 % of the messages that carry a value with readings, or a value that differs from the one beside it.
"""

import collections
import json
import pathlib
import subprocess
import sys
from datetime import datetime

# RFC 8428's examples are resolved for this moment.
SENML_NOW = "2017-06-29T23:56:19Z"

# By what a number may differ from the one it was made of: none, per mille, per cent, degrees, pounds, g.
CHANGES = [
    lambda n: n,
    lambda n: n / 1000,
    lambda n: n * 1000,
    lambda n: n * 100,
    lambda n: n / 100,
    lambda n: (n - 32) / 1.8,
    lambda n: n - 273.15,
    lambda n: n * 0.45359237,
    lambda n: n * 60,
    lambda n: n / 60,
    lambda n: n / 9.80665,
]

# Answers that mean that trygg has no word for the message.
UNKNOWN = {"no_route", "internal_error"}


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--list"]
    trygg, folder = arguments[0], pathlib.Path(arguments[1])
    rows, reasons, rest, missed = [], collections.Counter(), [], []
    for file in sorted(folder.glob("*.jsonl")):
        messages = [json.loads(line) for line in file.read_text().splitlines() if line]
        answers = explain(trygg, file)
        if len(answers) != len(messages):
            missed.append(f"{file.name}: {len(answers)} answers to {len(messages)} messages")
        row = collections.Counter()
        for message, answer in zip(messages, answers):
            judge(file.stem, message, answer, row, reasons, rest)
        rows.append((file.stem, row))
    missed += show(rows, reasons)
    if "--list" in sys.argv:
        print("\nrefused, or with values that differ:")
        print("\n".join(f"  {line}" for line in rest))
    for miss in missed:
        print(f"MISSED {miss}")
    print("every bar is held" if not missed else f"{len(missed)} bars are missed")
    return 1 if missed else 0


def explain(trygg, file):
    command = [trygg, "explain", "--input", str(file), "--output", "json"]
    if file.stem == "senml":
        command += ["--received", SENML_NOW]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode != 0:
        print(f"{file.name}: trygg ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(name, message, answer, row, reasons, rest):
    outcome, reason = answer["outcome"], answer["reason"]
    row["messages"] += 1
    row[outcome] += 1
    row["single"] += len(answer.get("refused", []))
    told = f"{message['id']} {message['topic']}"
    if reason:
        reasons[(outcome, name, reason)] += 1
    for single in answer.get("refused", []):
        reasons[("single reading", name, f"{single['kind']} {single['reason']}")] += 1
    if reason in UNKNOWN or (outcome == "refused" and answer["format"] is None):
        row["unknown"] += 1
    singles = answer.get("refused", [])
    is_implausible = reason == "readings_refused" and all(
        single["reason"] == "out_of_range" for single in singles
    )
    if is_bad_on_purpose(message):
        row["bad on purpose"] += 1
    elif is_implausible:
        # Well-formed, with numbers that cannot be true: read, judged, and told as such.
        rest.append(f"{told}: every value is outside its hard range")
    elif outcome == "refused":
        row["lost"] += 1
        rest.append(f"{told}: {reason} {answer.get('detail', '')}")
    if "expect" in message:
        row["compared"] += 1
        is_refused = outcome == "refused" and not is_implausible
        if (message["expect"] == "valid") == is_refused:
            row["differ"] += 1
            rest.append(f"{told}: {message['expect']} and {outcome} {reason or ''}")
    beside = beside_message(name, message)
    if beside is None:
        return
    for reading in answer["readings"]:
        row["compared"] += 1
        if not any(is_same(reading, *other) for other in beside):
            row["differ"] += 1
            rest.append(f"{told}: {reading['kind']} {reading['value']} stands nowhere beside it")


def is_bad_on_purpose(message):
    return message.get("expect") == "invalid" or message.get("json_valid") is False


def beside_message(name, message):
    """Values that must be the message's own, each with its time in seconds where there is one."""
    if "expected_resolved" in message:
        records = message["expected_resolved"]
        values = [next((r[k] for k in ("v", "vb", "vs", "s") if k in r), None) for r in records]
        return [(value, record.get("t")) for value, record in zip(values, records)]
    decoded = message.get("decoded")
    if isinstance(decoded, dict) and "metrics" in decoded:
        sent = decoded.get("timestamp")
        metrics = decoded["metrics"]
        death = [(False, None)] if "DEATH" in message["topic"] else []
        birth = [(True, None)] if "BIRTH" in message["topic"] else []
        times = [metric.get("timestamp", sent) for metric in metrics]
        seconds = [time and time / 1000 for time in times]
        return death + birth + [(m.get("value"), t) for m, t in zip(metrics, seconds)]
    if name in ("ble-theengs", "zigbee2mqtt") and message.get("json_valid") is not False:
        return [(value, None) for value in scalars(as_json(message["payload"]))] + [(True, None)]
    return None


def as_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def scalars(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [scalar for entry in value for scalar in scalars(entry)]
    return [value]


def is_same(reading, value, seconds):
    if seconds is not None and reading["measured_at"] is not None:
        measured = datetime.fromisoformat(reading["measured_at"]).timestamp()
        if abs(measured - seconds) > 0.001:
            return False
    own = reading["value"]
    if isinstance(own, bool):
        return is_state(value)
    if isinstance(own, str):
        return isinstance(value, str)
    number = as_number(value)
    if not isinstance(own, (int, float)) or number is None:
        return False
    near = lambda other: abs(own - other) <= 1e-5 * max(1, abs(other))
    return any(near(change(number)) for change in CHANGES)


def is_state(value):
    return isinstance(value, (bool, str)) or value in (0, 1)


def as_number(value):
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def show(rows, reasons):
    heads = ["format", "messages", "readings", "no reading", "refused", "on purpose", "single", "compared", "differ"]
    print(" ".join(f"{head:>10}" if at else f"{head:<20}" for at, head in enumerate(heads)))
    missed, total = [], collections.Counter()
    for name, row in rows + [("all", None)]:
        row = total if row is None else row
        if row is not total:
            total.update(row)
        keys = ["messages", "readings", "no_reading", "refused", "bad on purpose", "single", "compared", "differ"]
        print(f"{name:<20} " + " ".join(f"{row[key]:>10}" for key in keys))
        if row is total:
            continue
        carrying = row["readings"] + row["lost"]
        if carrying and row["readings"] < 0.99 * carrying and row["lost"] > 0:
            missed.append(f"{name}: {row['readings']} of {carrying} messages with a value gave readings")
        if row["unknown"]:
            missed.append(f"{name}: {row['unknown']} messages that trygg has no word for")
        if row["differ"]:
            missed.append(f"{name}: {row['differ']} of {row['compared']} values differ")
    for outcome, title in [
        ("no_reading", "understood as no reading"),
        ("refused", "refused"),
        ("single reading", "single readings refused"),
    ]:
        print(f"\n{title}:")
        for (kind, name, reason), count in sorted(reasons.items()):
            if kind == outcome:
                print(f"  {name:<20} {reason:<40} {count:>6}")
    print()
    return missed


if __name__ == "__main__":
    sys.exit(main())
