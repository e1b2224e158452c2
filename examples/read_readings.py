"""Reads what trygg publishes, with a stock Kafka client and stock protobuf.

Prints one JSON line a reading (or a dead letter). Nothing here comes from trygg but the
stubs made from proto/trygg/v1/trygg.proto; docs/downstream.md explains what it relies on.

    read_readings.py --brokers localhost:9092 --topic trygg.readings --dedupe
"""

import argparse
import json
import sys
import uuid

from confluent_kafka import Consumer, KafkaException, TopicPartition
from trygg.v1 import trygg_pb2 as pb


def name(enum, number, prefix):
    """Name of an enum value; a number this reader is too old to know stays a number."""
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return known.name.removeprefix(prefix) if known else number


def readings(batch):
    """One dict a reading: what the batch and the report say, and the reading itself."""
    for report in batch.reports:
        about = {
            "tenant": batch.tenant,
            "home": batch.home,
            "link": batch.link,
            "delivered_late": batch.delivered_late,
            "device": report.device,
            "room": report.room,
            "event_id": report.event_id.hex(),
            "basis": name(pb.EventIdBasis, report.event_id_basis, "EVENT_ID_BASIS_"),
            "received_at_us": report.received_at_us,
            "clock": name(pb.ClockSource, report.clock_source, "CLOCK_SOURCE_"),
            "sequence": report.sequence if report.HasField("sequence") else None,
            "report_flags": [name(pb.ReportFlag, f, "REPORT_FLAG_") for f in report.flags],
        }
        for reading in report.readings:
            case = reading.WhichOneof("value")
            value = getattr(reading, case) if case else None
            if case == "event":
                value = True
            elif case == "series":
                value = {"start_us": value.start_us, "period_us": value.period_us, "values": list(value.values)}
            measured = next((m for m in (reading, report) if m.HasField("measured_at_us")), None)
            yield about | {
                "ordinal": reading.ordinal,
                "kind": reading.kind,
                "channel": reading.channel,
                "case": case,
                "value": value,
                "unit": reading.unit,
                "measured_at_us": measured.measured_at_us if measured else None,
                "flags": [name(pb.ReadingFlag, f, "READING_FLAG_") for f in reading.flags],
            }


def dead_letter(letter):
    return {
        "link": letter.link,
        "mqtt_topic": letter.topic,
        "reason": letter.reason,
        "detail": letter.detail,
        "format": letter.format,
        "payload": letter.payload.hex(),
        "payload_length": letter.payload_length,
        "payload_sha256": letter.payload_sha256.hex(),
        "truncated": letter.truncated,
        "received_at_us": letter.received_at_us,
        "qos": letter.qos,
        "retained": letter.retained,
        "refused": [
            {"kind": r.kind, "reason": r.reason, "number": r.number if r.HasField("number") else None}
            for r in letter.refused
        ],
        "refused_count": letter.refused_count,
        "refused_by": letter.refused_by,
    }


def lines(message, seen):
    """The JSON lines of one Kafka record."""
    where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
    where |= {"key": (message.key() or b"").decode(errors="replace"), "timestamp_ms": message.timestamp()[1]}
    if message.topic().endswith("dead-letters"):
        yield where | dead_letter(pb.DeadLetter.FromString(message.value()))
        return
    for line in readings(pb.ReadingBatch.FromString(message.value())):
        if seen is not None:
            # The first occurrence of each event id counts; a real service forgets after a while.
            identity = (line["device"], line["event_id"], line["ordinal"])
            if identity in seen:
                continue
            seen.add(identity)
        yield where | line


def partitions(consumer, topics):
    listed = consumer.list_topics(timeout=30).topics
    return [TopicPartition(topic, partition) for topic in topics for partition in listed[topic].partitions]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--topic", action="append", required=True, help="may be given several times")
    arguments.add_argument("--dedupe", action="store_true", help="print the first occurrence of each reading only")
    arguments.add_argument("--until-end", action="store_true", help="stop at what is there when it starts")
    options = arguments.parse_args()

    consumer = Consumer({"bootstrap.servers": options.brokers, "group.id": f"reader-{uuid.uuid4()}",
                         "enable.auto.commit": False, "fetch.wait.max.ms": 20})
    assigned = partitions(consumer, options.topic)
    ends = {}
    for part in assigned:
        part.offset, ends[part.topic, part.partition] = consumer.get_watermark_offsets(part, timeout=30)
    waiting = {key for key, end in ends.items() if end > 0}
    consumer.assign(assigned)

    seen = set() if options.dedupe else None
    while waiting or not options.until_end:
        messages = consumer.consume(num_messages=1000, timeout=0.1)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            for line in lines(message, seen):
                print(json.dumps(line, separators=(",", ":")))
            key = message.topic(), message.partition()
            if message.offset() + 1 >= ends[key]:
                waiting.discard(key)
        if messages:
            sys.stdout.flush()
    consumer.close()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
