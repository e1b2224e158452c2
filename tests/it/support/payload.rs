//! Payloads of made-up devices.

/// Microseconds since 1970 as RFC 3339 with microseconds, UTC.
pub fn rfc3339(unix_micros: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(unix_micros).expect("a time of this era");
    format!("{time:.6}")
}

/// A smart plug as Zigbee2MQTT publishes it, its energy counter counting the messages. With a
/// device time its event id is of the content; without, of the reception.
pub fn plug(number: u64, device_time: Option<i64>) -> String {
    match device_time {
        Some(time) => {
            format!("{{\"energy\":{number},\"last_seen\":\"{}\",\"n\":{number}}}", rfc3339(time))
        }
        None => format!("{{\"energy\":{number},\"n\":{number}}}"),
    }
}

/// A contact sensor; Zigbee2MQTT says `contact: false` for an open door.
pub fn contact(closed: bool) -> String {
    format!("{{\"battery\":97,\"contact\":{closed},\"linkquality\":120}}")
}

/// A help button that was just pressed.
pub fn emergency(device_time: Option<i64>) -> String {
    match device_time {
        Some(time) => format!(
            "{{\"action\":\"emergency\",\"battery\":90,\"last_seen\":\"{}\"}}",
            rfc3339(time)
        ),
        None => "{\"action\":\"emergency\",\"battery\":90}".to_owned(),
    }
}

/// A gateway's report in trygg's own JSON: `count` temperatures whose digits do not compress.
pub fn temperatures(count: usize) -> String {
    let mut random = 1_u64;
    let readings: Vec<_> = (0..count)
        .map(|_| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            format!("{{\"kind\":\"air_temperature\",\"value\":20.{}}}", random >> 16)
        })
        .collect();
    format!("{{\"readings\":[{}]}}", readings.join(","))
}

/// A heart rate in trygg's own protobuf, `trygg.device.v1.DeviceMessage`.
pub fn heart_rate(device_time: i64, sequence: u8, beats: f64) -> Vec<u8> {
    let reading = [b"\x0a\x0aheart_rate\x11".as_slice(), &beats.to_le_bytes()].concat();
    let length = u8::try_from(reading.len()).expect("short");
    [b"\x11".as_slice(), &device_time.to_le_bytes(), &[0x18, sequence, 0x2a, length], &reading]
        .concat()
}

/// Microseconds since 1970, now.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
