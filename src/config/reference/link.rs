//! What `[[link]]` and its filters are for.

use super::{Entry, why};

pub(super) const ENTRIES: &[Entry] = &[
    why(
        "link",
        "One connection to one broker, at least one. A link is worked by one task; split the \
         topics over more links to use more cores.",
    ),
    why("link.name", "The only identity of the connection in metrics, logs and events.")
        .range("label, unique"),
    why("link.host", "The broker.").range("name or address"),
    why(
        "link.transport",
        "How the broker is spoken to: plain, encrypted, over WebSocket, over encrypted WebSocket. \
         Only `tls` and `wss` hide passwords and data from the network.",
    ),
    why("link.port", "TCP.").default("`1883`; for `tls` 8883, for `ws` 80, for `wss` 443"),
    why(
        "link.websocket_path",
        "Where the broker's WebSocket is; only with `ws` and `wss`. A query may follow it.",
    )
    .default("`/mqtt`")
    .range("path that begins with `/`"),
    why(
        "link.protocol",
        "The version of MQTT. Take 5 where the broker speaks it: 3.1.1 lacks what several \
         guarantees rest on.",
    ),
    why(
        "link.client_id",
        "The broker keeps the session, and with it everything unacknowledged, under this name: \
         it must never change between starts, and no two links or processes may share it.",
    )
    .range("text, unique at a broker"),
    why("link.user", "User name, where the broker asks for one."),
    why("link.password_file", "File of mode 0600 with the password and nothing else.")
        .range("path"),
    why("link.password_env", "Or the name of an environment variable that holds it.")
        .range("variable name"),
    why(
        "link.keep_alive",
        "A silent connection is probed after this time. Shorter finds dead connections sooner \
         and costs a packet each time. The broker may shorten it.",
    ),
    why(
        "link.session_expiry",
        "How long the broker keeps what arrives while trygg is away. Refused with `protocol = \
         \"3.1.1\"`, which cannot say it: there the broker's own setting decides.",
    ),
    why(
        "link.receive_maximum",
        "The window: how many messages may be on the way between broker and Kafka. Throughput \
         is at most window / time to Kafka's report. A crash repeats at most this many messages. \
         MQTT 5 only.",
    ),
    why(
        "link.inflight",
        "Instead of `receive_maximum` with `protocol = \"3.1.1\"`, where a client cannot name a \
         window: the limit that the broker has by itself (Mosquitto: `max_inflight_messages`). \
         trygg closes its batches when so many messages wait. Set both to the same number.",
    )
    .default("`20`, MQTT 3.1.1 only"),
    why(
        "link.max_outstanding_messages",
        "Where reading stops whatever the broker does. Some brokers send more than the window, \
         and QoS 0 has none: from half of it on, but not below the window, QoS 0 is shed.",
    )
    .default("twice `receive_maximum`; MQTT 3.1.1: at least 20000")
    .range("from `receive_maximum` (`inflight`) to 10000000"),
    why("link.max_outstanding_bytes", "The same in bytes: bounds the memory of a link."),
    why(
        "link.max_packet_bytes",
        "A larger publish is skipped unbuffered and becomes a dead letter with its first 4 KiB. \
         Over WebSocket it is buffered, and above 16 MiB it ends the connection: limit it at the \
         broker.",
    )
    .also("at most `max_outstanding_bytes`, 16 MiB over WebSocket"),
    why(
        "link.max_age",
        "MQTT repeats nothing within a connection. When the oldest unacknowledged message is \
         older than this and Kafka does not hold it, the connection is renewed so that the \
         broker sends it again.",
    )
    .also("at least 10 times `batch.linger` and `kafka.linger`"),
    why(
        "link.allow_downgrade",
        "A broker that grants a lower QoS or a shorter session than asked for breaks the \
         promise that nothing is lost; then the link is not ready. `true` takes what is granted.",
    ),
    why(
        "link.broker_statistics",
        "Read the broker's counters below `$SYS`, to see what it discarded itself.",
    ),
    why(
        "link.tls",
        "Only with `transport = \"tls\"` or `\"wss\"`; there it may be left out. The broker's \
         certificate is always verified: its authority, its name and its dates.",
    ),
    why(
        "link.tls.ca_file",
        "The authorities that may have signed the broker's certificate. Without it those the \
         system trusts.",
    )
    .range("PEM file"),
    why(
        "link.tls.certificate_file",
        "A certificate of trygg's own, with those that lead to its authority, for brokers that ask \
         for one.",
    )
    .range("PEM file"),
    why("link.tls.key_file", "Its private key, without a password. The two go together.")
        .range("PEM file of mode 0600 or 0400"),
    why(
        "link.tls.server_name",
        "The name the broker's certificate must hold, where it is not `host`. It is sent to the \
         broker (SNI), unless it is an address.",
    )
    .default("`host`")
    .range("host name or address"),
    why(
        "link.filter",
        "What a link subscribes to, at least one. Filters of one link must not overlap: the \
         broker would deliver a copy for each.",
    ),
    why(
        "link.filter.topic",
        "`{home}` and `{device}` stand for one level, `{device...}` at the end for the rest. \
         `homes/{home}/zigbee2mqtt/{device...}` subscribes to `homes/+/zigbee2mqtt/#`.",
    )
    .range("topic with captures"),
    why("link.filter.format", "How payloads are read.")
        .range("name of a format (docs/formats.md) or of a mapping"),
    why(
        "link.filter.time_zone",
        "Zone of local times that come without an offset, as Tasmota sends them. Without it they \
         cannot be read, and readings have the flag `CLOCK_UNREADABLE`.",
    )
    .range("name of the time zone database, such as `Europe/Stockholm`"),
    why(
        "link.filter.qos",
        "QoS 0 is never repeated, so what is in memory at a crash is lost. Of QoS 2 publishes a \
         copy arrives as QoS 1.",
    )
    .range("0 or 1"),
    why("link.filter.repeats", "As `repeats.policy`, for the messages of this filter.")
        .default("`repeats.policy`"),
];
