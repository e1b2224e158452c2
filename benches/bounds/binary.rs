//! What costs in protobuf and CBOR.

use super::Bomb;

/// Announced lengths beyond all bounds, as varints.
const HUGE: [(&str, &[u8]); 3] = [
    ("2 GiB", &[0xff, 0xff, 0xff, 0xff, 0x07]),
    ("2^63", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ("a varint without end", &[0xff; 16]),
];

fn times(part: &[u8], size: usize) -> Vec<u8> {
    part.repeat(size / part.len())
}

/// A varint.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A field of a number below 16 that holds bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2], &*varint(content.len()), content].concat()
}

/// `parts` of numbered messages in one field, as many as there is room for.
fn numbered(size: usize, number: u8, part: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in 0.. {
        let part = field(number, &part(at));
        if bytes.len() + part.len() > size {
            break;
        }
        bytes.extend(part);
    }
    bytes
}

/// A message within a message within a message.
fn nested(size: usize, number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Lengths take three bytes at most, so this is the outermost first and cut off nowhere.
    let mut left = size;
    while left > 8 {
        let head = field_head(number, left);
        left -= head.len();
        bytes.extend(head);
    }
    bytes.resize(size, 0);
    bytes
}

fn field_head(number: u8, left: usize) -> Vec<u8> {
    let mut length = left - 2;
    while 1 + varint(length).len() + length > left {
        length -= 1;
    }
    [&[number << 3 | 2], &*varint(length)].concat()
}

/// What every protobuf may be sent. `message` is a field that holds a message.
fn any(topic: &str, message: u8, size: usize) -> Vec<Bomb> {
    let bomb = |name: &str, payload: Vec<u8>| Bomb::new(name, topic, payload);
    let mut bombs: Vec<Bomb> = HUGE
        .iter()
        .map(|(name, length)| {
            let head = [&[message << 3 | 2], *length].concat();
            bomb(&format!("a length of {name}"), [&*head, &*vec![0; size - head.len()]].concat())
        })
        .collect();
    bombs.extend([
        bomb("unknown numbers", times(&[0x78, 0x01], size)),
        bomb(
            "unknown long numbers",
            times(&[0x78, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], size),
        ),
        bomb("unknown texts", times(&[0x7a, 0], size)),
        bomb("one unknown text", field(15, &vec![b'x'; size - 8])),
        bomb("groups", times(&[0x7b], size)),
        bomb("empty groups", times(&[0x7b, 0x7c], size)),
        bomb("messages", times(&field(message, &[]), size)),
        bomb("messages of unknown numbers", field(message, &times(&[0x78, 0x01], size - 8))),
        bomb("nested messages", nested(size, message)),
    ]);
    bombs
}

pub(super) fn device(size: usize) -> Vec<Bomb> {
    let bomb = |name: &str, payload: Vec<u8>| Bomb::new(name, "t", payload);
    let heart = [field(1, b"heart_rate"), vec![0x11, 0, 0, 0, 0, 0, 0x80, 0x4e, 0x40]].concat();
    let start = [0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 7];
    let series = |floats: &[u8]| {
        let series = [&start[..], &*field(3, floats)].concat();
        field(5, &[field(1, b"acceleration"), field(8, &series)].concat())
    };
    let mut bombs = vec![
        bomb("readings", times(&field(5, &heart), size)),
        bomb("unknown kinds", numbered(size, 5, |at| field(1, format!("k{at}").as_bytes()))),
        bomb("devices", numbered(size, 6, |at| field(1, format!("d{at}").as_bytes()))),
        bomb("empty devices", times(&[0x32, 0], size)),
        bomb(
            "devices of unknown numbers",
            times(&[0x32, 10, 0xe0, 0x32, 10, 0xe0, 0x32, 10, 0xe0, 0x32, 10, 0xe0], size),
        ),
        bomb("small fields", times(&[0x70, 1], size)),
        bomb("small fields of readings", times(&field(5, &times(&[0x70, 1], 32 * 1024)), size)),
        bomb("a long device", field(1, &vec![b'd'; size - 8])),
        bomb("a long kind", field(5, &field(1, &vec![b'k'; size - 16]))),
        bomb("a long unit", field(5, &[heart.clone(), field(5, &vec![b'u'; size - 64])].concat())),
        bomb("samples", series(&vec![0; (size - 64) & !3])),
        bomb("small series", times(&series(&[0; 4]), size)),
    ];
    bombs.extend(any("t", 5, size));
    bombs.extend(any("t", 6, size));
    bombs
}

pub(super) fn sparkplug(size: usize) -> Vec<Bomb> {
    let (birth, data) = ("spBv1.0/g/DBIRTH/n/bed", "spBv1.0/g/DDATA/n/bed");
    let (node, death) = ("spBv1.0/g/NBIRTH/n", "spBv1.0/g/NDEATH/n");
    let named = |name: &str, at: usize| {
        [field(1, name.as_bytes()), vec![0x10], varint(at), vec![0x20, 11, 0x70, 1]].concat()
    };
    let births = |size: usize| numbered(size, 2, |at| named("temp", at));
    let aliased = |size: usize, span: usize| {
        numbered(size, 2, move |at| [vec![0x10], varint(at % span), vec![0x70, 1]].concat())
    };
    let is_born = || vec![(node.to_owned(), vec![0x18, 0]), (birth.to_owned(), births(60_000))];
    let unit = |unit: &str| {
        field(
            9,
            &[field(1, b"engUnit"), field(2, &[vec![8, 12], field(8, unit.as_bytes())].concat())]
                .concat(),
        )
    };
    let bomb = |name: &str, topic: &str, payload: Vec<u8>| Bomb::new(name, topic, payload);
    let history =
        numbered(size, 2, |at| [vec![0x10], varint(at % 900), vec![0x28, 1, 0x70, 1]].concat());
    let devices = |count: usize| {
        let births = (0..count).map(|at| (format!("spBv1.0/g/DBIRTH/n/d{at}"), vec![0x18, 0]));
        std::iter::once((node.to_owned(), vec![0x18, 0])).chain(births).collect()
    };
    let mut bombs = vec![
        bomb("births", birth, births(size)),
        bomb("unknown births", birth, numbered(size, 2, |at| named(&format!("m{at}"), at))),
        bomb(
            "births of a long device",
            &format!("spBv1.0/g/DBIRTH/n/{}", "d".repeat(240)),
            numbered(size, 2, |at| named("x", at)),
        ),
        bomb(
            "births of too long a device",
            &format!("spBv1.0/g/DBIRTH/n/{}", "d".repeat(60_000)),
            numbered(size, 2, |at| named("x", at)),
        ),
        bomb(
            "births of units",
            birth,
            numbered(size, 2, |at| [named("x", at), unit("degrees")].concat()),
        ),
        bomb(
            "a long unit",
            birth,
            field(2, &[named("temp", 1), unit(&"u".repeat(size - 128))].concat()),
        ),
        bomb(
            "many properties",
            birth,
            field(2, &[named("temp", 1), field(9, &times(&field(1, b"p"), size - 64))].concat()),
        ),
        bomb("long names", birth, numbered(size, 2, |at| named(&"A b/".repeat(32), at))),
        bomb("a long name", birth, field(2, &named(&"a/".repeat(size / 2 - 32), 1))),
        bomb("data", data, aliased(size, 900)).after(is_born()),
        bomb("data of one alias", data, aliased(size, 1)).after(is_born()),
        bomb("data that is history", data, history).after(is_born()),
        bomb("unborn data", data, aliased(size, usize::MAX)),
        bomb("names that are unknown", data, numbered(size, 2, |_| field(1, b"A b/c D/e"))),
        bomb("death of many", death, vec![0x18, 0]).after(devices(3_000)),
        bomb("one more device", birth, vec![0x18, 0]).after(devices(20_000)),
    ];
    bombs.extend(any(birth, 2, size));
    bombs.extend(any(data, 2, size));
    bombs
}

pub(super) fn chirpstack(size: usize) -> Vec<Bomb> {
    let topic = "application/4/device/0badc0de/event/up";
    let bomb = |name: &str, payload: Vec<u8>| Bomb::new(name, topic, payload);
    let number = [0x11, 0, 0, 0, 0, 0, 0x80, 0x33, 0x40];
    let entry = |key: &str| [field(1, key.as_bytes()), field(2, &number)].concat();
    let object = |entries: &[u8]| field(11, entries);
    let list = |item: &[u8]| {
        field(
            1,
            &[field(1, b"temp"), field(2, &field(6, &times(&field(1, item), size - 64)))].concat(),
        )
    };
    let inner = |part: &str| {
        let text = part.repeat((size - 64) / (part.len() + 4));
        format!("{{\"objectJSON\":\"{{{}\\\"a\\\":1}}\"}}", text.replace('"', "\\\"")).into_bytes()
    };
    let mut bombs = vec![
        bomb("fields", object(&times(&field(1, &entry("temp")), size - 8))),
        bomb("numbered fields", object(&numbered(size - 8, 1, |at| entry(&format!("temp_{at}"))))),
        bomb("unknown fields", object(&numbered(size - 8, 1, |at| entry(&format!("k{at}"))))),
        bomb("empty fields", object(&times(&[10, 0], size - 8))),
        bomb("a long field", object(&field(1, &entry(&"k".repeat(size - 64))))),
        bomb("a list of numbers", object(&list(&number))),
        bomb("a list of nothing", object(&list(&[]))),
        bomb("receptions", times(&field(12, &[0x30, 1]), size)),
        bomb("JSON in JSON", inner("\"temp\":1,")),
        bomb("unknown JSON in JSON", inner("\"k\":1,")),
        bomb("units in JSON", inner("\"temp\":{\"value\":1,\"unit\":\"C\"},")),
    ];
    bombs.extend(any(topic, 11, size));
    bombs.extend(any(topic, 12, size));
    bombs
}

pub(super) fn senml(size: usize) -> Vec<Bomb> {
    let bomb = |name: &str, payload: Vec<u8>| Bomb::new(name, "senml/7", payload);
    let reading = b"\xa2\x00\x64temp\x02\x01";
    let open = |part: &[u8], size: usize| [&[0x9f], &*times(part, size - 2), &[0xff]].concat();
    let text =
        |length: usize| [&[0x7a][..], &u32::try_from(length).unwrap_or(0).to_be_bytes()].concat();
    let based = |label: u8, letter: u8, part: &[u8]| {
        let half = size / 2;
        let head = [&[0x9f, 0xa2, label], &*text(half), &*vec![letter; half], &[0x00, 0x61, b'x']]
            .concat();
        [&*head, &*times(part, half - 16), &[0xff]].concat()
    };
    let pieces = [&[0x9f, 0xa1, 0x21, 0x7f], &*times(b"\x61a", size - 16), b"\xff\xff"].concat();
    vec![
        bomb("CBOR records", open(reading, size)),
        bomb("CBOR unknown records", open(b"\xa1\x00\x61x", size)),
        bomb("CBOR empty records", open(b"\xa0", size)),
        bomb("CBOR endless records", open(b"\xbf\xff", size)),
        bomb("CBOR deep lists", [&[0x81, 0xa1, 0x02], &*vec![0x81; size - 3]].concat()),
        bomb("CBOR deep tags", vec![0xc1; size]),
        bomb("CBOR self-described", times(b"\xd9\xd9\xf7", size)),
        bomb(
            "CBOR of 2^64 records",
            [&[0x9b], &[0xff; 8][..], &*times(reading, size - 9)].concat(),
        ),
        bomb(
            "CBOR of 2^64 fields",
            [&[0x81, 0xbb], &[0xff; 8][..], &*times(b"\x02\x01", size - 10)].concat(),
        ),
        bomb(
            "CBOR text of 4 GiB",
            [&[0x81, 0xa1, 0x00, 0x7a, 0xff, 0xff, 0xff, 0xff], &*vec![b'x'; size - 8]].concat(),
        ),
        bomb(
            "CBOR bytes of 2^64",
            [&[0x81, 0xa1, 0x08, 0x5b], &[0xff; 8][..], &*vec![0; size - 12]].concat(),
        ),
        bomb("CBOR text in pieces", pieces),
        bomb("CBOR long base name", based(0x21, b'a', b"\xa1\x00\x61x")),
        bomb("CBOR long base name of readings", based(0x21, b'a', reading)),
        bomb("CBOR long base unit", based(0x23, b'C', reading)),
        bomb(
            "CBOR decimal fractions",
            open(b"\xa2\x00\x64temp\x02\xc4\x82\x3b\xff\xff\xff\xff\xff\xff\xff\x00\x01", size),
        ),
        bomb("CBOR ignored values", open(b"\xa1\x18\x63\x84\x01\x02\x03\x81\x01", size)),
    ]
}
