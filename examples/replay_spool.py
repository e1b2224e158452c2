#!/usr/bin/env python3
"""Brings records that `trygg spool export` wrote to Kafka, in order and under their own partitions.

    pip install confluent-kafka
    trygg spool export /var/lib/trygg/spool --to records.jsonl
    python3 replay_spool.py kafka-1:9092 records.jsonl

Lines without a topic go nowhere: trygg had not reached Kafka yet when they were written. Name the
topics of the lanes then: readings=trygg.readings alerts=... dead_letters=... behind the file.
"""

import base64
import json
import sys

from confluent_kafka import Producer

brokers, path, *names = sys.argv[1:]
topics = dict(name.split("=", 1) for name in names)
failed = []


def report(error, _record):
    if error is not None:
        failed.append(error)


producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
count = 0
with open(path, encoding="utf-8") as lines:
    for line in lines:
        record = json.loads(line)
        topic = record["topic"] or topics[record["lane"]]
        while True:
            try:
                producer.produce(
                    topic,
                    partition=record["partition"],
                    key=base64.b64decode(record["key"]),
                    value=base64.b64decode(record["value"]),
                    timestamp=record["timestamp_ms"],
                    on_delivery=report,
                )
                break
            except BufferError:
                producer.poll(1)
        producer.poll(0)
        count += 1
producer.flush()
if failed:
    sys.exit(f"{len(failed)} of {count} records were not taken, the first for: {failed[0]}")
print(f"{count} records")
