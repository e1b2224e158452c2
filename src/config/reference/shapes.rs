//! What `[[mapping]]` and `[[kind]]` are for.

use super::{Entry, why};

pub(super) const ENTRIES: &[Entry] = &[
    why(
        "mapping",
        "A JSON format of your own: which field is which kind, in which unit. Places are JSON \
         pointers (RFC 6901, `/data/0/temp`); the empty pointer is the whole body, also when \
         that is bare text.",
    ),
    why("mapping.name", "Filters refer to it by `format`.")
        .range("label, unique, no built-in format"),
    why("mapping.device", "Where the device's name stands; without it the topic names the device."),
    why("mapping.sequence", "Where the device's own message counter stands."),
    why(
        "mapping.time",
        "Where the device time stands; also written `time = { pointer = \"/ts\" }`.",
    ),
    why("mapping.time.pointer", "Where the device time stands."),
    why(
        "mapping.time.format",
        "How it is written. `auto` takes RFC 3339, or a number whose size tells its unit.",
    ),
    why("mapping.reading", "One reading of a mapping, at least one."),
    why("mapping.reading.pointer", "Where the value stands."),
    why("mapping.reading.kind", "What it is.").range("name of a kind"),
    why(
        "mapping.reading.unit",
        "Unit of the number after `scale` and `offset`; it is converted to the kind's.",
    )
    .default("the kind's own")
    .range("UCUM code"),
    why("mapping.reading.scale", "The number is multiplied by it first.").range("number, not 0"),
    why("mapping.reading.offset", "Then this is added."),
    why("mapping.reading.invert", "The value means the opposite of the kind's name.")
        .range("states only"),
    why(
        "mapping.reading.words",
        "What values of the payload mean: `words = { open = true, shut = false }`. Others are \
         read as usual.",
    ),
    why("mapping.reading.absent", "Values that say \"nothing\".").range("list of texts"),
    why(
        "key",
        "What a key of a format means: one it does not know, or one that means something else \
         with your devices. The pages of the formats (docs/formats) say how keys are written.",
    ),
    why("key.format", "Whose key it is."),
    why("key.key", "The key, case included.").range("text"),
    why("key.kind", "What it is.").range("name of a kind"),
    why("key.unit", "Unit of a number that comes without one, after `scale` and `offset`.")
        .default("the kind's own")
        .range("UCUM code"),
    why("key.scale", "The number is multiplied by it first.").range("number, not 0"),
    why("key.offset", "Then this is added."),
    why("key.invert", "The value means the opposite of the kind's name.").range("states only"),
    why("key.absent", "Values that say \"nothing\".").range("list of texts"),
    why(
        "key.words",
        "What values of the payload mean: `words = { open = true, shut = false }`. Others are \
         read as usual.",
    ),
    why("decode", "How formats read what they cannot decide by themselves."),
    why(
        "decode.positions",
        "What becomes of positions of people: not kept, rounded to two decimals (about a \
         kilometre), or kept as sent.",
    ),
    why(
        "decode.requests",
        "May trygg ask a sender for what it said before (Sparkplug's rebirth)? It publishes \
         nothing otherwise.",
    ),
    why(
        "decode.memory",
        "What the formats of a link may remember: discovery, descriptions, births. What was not \
         used for longest is forgotten first, and counted.",
    ),
    why(
        "kind",
        "A measurement kind of your own, or other ranges, urgency or words for a built-in one \
         (its `value_type` and `unit` must stay).",
    ),
    why("kind.name", "Name on the wire.").range("label, unique"),
    why("kind.class", "What it tells about a home: what [consent](registry.md#consent) goes by.")
        .default("`other`; a built-in kind keeps its own"),
    why("kind.value_type", "What its values are."),
    why("kind.unit", "Numbers only. Incoming values are converted to it.").range("UCUM code"),
    why("kind.hard_min", "A value below cannot be true and is refused."),
    why("kind.hard_max", "Likewise above."),
    why(
        "kind.soft_min",
        "A value below is flagged `outside_usual_range`: a mark of plausibility without \
         clinical meaning.",
    ),
    why("kind.soft_max", "Likewise above."),
    why("kind.absent", "The number by which devices say \"no value\"."),
    why(
        "kind.urgent",
        "Sent to the alerts topic at once, beside its place in the readings. For alarms a \
         device raises itself, never for a threshold on a vital sign.",
    ),
    why("kind.categories", "The words of a category.").range("list of labels"),
];
