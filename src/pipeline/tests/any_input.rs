//! Whatever comes in is answered for.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn topic() -> impl Strategy<Value = String> {
    let known = select(vec![
        "homes/7/z/a",
        "homes/7/z/a/availability",
        "homes/7/z/a/set",
        "homes/7/z/bridge/log",
        "homes/7/json/a",
        "homes/7/pb/a",
        "z/a",
        "gateway/7",
        "elsewhere",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-z7/öÅ]{1,40}", 1 => "\\PC{1,200}"]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let valid = select(vec![
        r#"{"contact":true,"battery":50,"temperature":21.5,"linkquality":9}"#,
        r#"{"action":"sos","temperature":9999}"#,
        r#"{"readings":[{"kind":"sos"},{"kind":"heart_rate","value":-5},{"kind":"x"}]}"#,
        r#"[{"device":"a","kind":"sos"},{"device":"b","kind":"motion","value":1}]"#,
        r#"{"kind":"motion","value":true,"time":"2026-09-21T14:13:00Z"}"#,
    ]);
    let bent = (valid.clone(), any::<prop::sample::Index>(), any::<u8>());
    prop_oneof![
        2 => vec(any::<u8>(), 0..120),
        2 => valid.prop_map(|text| text.as_bytes().to_vec()),
        3 => bent.prop_map(|(text, at, byte)| {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
        1 => "[\\[\\]{}:,\"0-9a-z]{0,80}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn every_message_is_answered_for_with_one_dead_letter_at_most(
        messages in vec((topic(), payload(), any::<[bool; 3]>()), 1..40),
        policy in select(vec![
            UnknownDevices::Accept,
            UnknownDevices::DeadLetter,
            UnknownDevices::Discard,
        ]),
        max_readings in 1..20_u32,
    ) {
        let mut settings = settings();
        settings.batch.max_readings = max_readings;
        let limits = Limits { devices: 3, ..Limits::default() };
        let mut line = Line::with(settings, resolver(policy, limits));
        let (mut readings, mut letters, mut alerts) = (0, 0, 0);
        for (topic, payload, [retain, dup, resumed]) in &messages {
            let before = line.ready.len();
            let accepted = line.send_as(topic, payload, |message| {
                message.retain = *retain;
                message.dup = *dup;
                message.resumed_recently = *resumed;
            });
            let new = &line.ready[before..];
            let lane = |lane| new.iter().filter(|record| record.to.lane == lane).count();
            let buried = lane(Lane::DeadLetters);
            prop_assert_eq!(buried, usize::from(accepted.rejected.is_some()));
            prop_assert!(accepted.refused == 0 || buried == 1, "refused and not buried");
            readings += accepted.readings as usize;
            letters += buried;
            alerts += lane(Lane::Alerts);
            for record in new {
                prop_assert!(record.bytes() <= 64 * 1024 + 4_096);
            }
        }
        // This asserts that nothing was abandoned and nothing is owed.
        let stored = line.stored();
        let of_batches = stored.reports().iter().map(|report| report.readings.len()).sum::<usize>();
        prop_assert_eq!(of_batches, readings);
        prop_assert_eq!((stored.letters.len(), stored.alerts.len()), (letters, alerts));
        for report in stored.reports() {
            prop_assert_eq!(report.event_id.len(), 16);
            prop_assert!(!report.readings.is_empty() && !report.device.is_empty());
        }
    }
}
