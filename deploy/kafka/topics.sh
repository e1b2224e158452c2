#!/bin/sh
# Makes trygg's topics where they are missing; those that exist stay as they are. Needs Kafka's own
# kafka-topics.sh on PATH, and takes its settings from the environment:
#
#   KAFKA=kafka-1:9092 deploy/kafka/topics.sh
set -eu

kafka=${KAFKA:-127.0.0.1:9092}
# Three copies, of which two must have a record before it counts as confirmed. A laptop has one.
replication=${REPLICATION:-3}
in_sync=${MIN_INSYNC_REPLICAS:-2}
# For good: another number moves homes to other partitions, and breaks their order.
partitions=${PARTITIONS:-6}
# File with security.protocol, sasl.mechanism and so on; see docs/operating.md.
client=${COMMAND_CONFIG:-}

make_topic() { # name, partitions, days
    kafka-topics.sh --bootstrap-server "$kafka" ${client:+--command-config "$client"} \
        --create --if-not-exists --topic "$1" \
        --partitions "$2" --replication-factor "$replication" \
        --config "min.insync.replicas=$in_sync" \
        --config unclean.leader.election.enable=false \
        --config "retention.ms=$(($3 * 86400000))"
}

make_topic "${READINGS:-trygg.readings}" "$partitions" "${READINGS_DAYS:-7}"
make_topic "${ALERTS:-trygg.alerts}" "$partitions" "${ALERTS_DAYS:-7}"
# Raw bytes and topics in clear: kept as briefly as they are needed.
make_topic "${DEAD_LETTERS:-trygg.dead-letters}" 1 "${DEAD_LETTERS_DAYS:-3}"
