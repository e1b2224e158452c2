use proptest::{collection::vec, option, prelude::*, sample::select};
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, Packet, SubAck, SubAckProperties, SubscribeReasonCode,
};

use super::*;
use crate::mqtt::{
    protocol::Protocol,
    session::{Login, Necessity, Replay},
    testkit::{connack as connack_packet, no_connack_properties, settings, written},
};

fn read(mut bytes: BytesMut) -> Packet {
    let packet = Packet::read(&mut bytes, None).expect("rumqttc reads what we write");
    assert!(bytes.is_empty());
    packet
}

#[test]
fn connect_asks_for_a_kept_session_and_announces_nothing_else() {
    let mut settings = settings(Protocol::V5);
    settings.login = Some(Login { username: "user".to_owned(), password: "secret".to_owned() });
    let bytes = settings.connect().expect("short fields");
    let golden = [
        &[0x10, 43, 0, 4][..],
        b"MQTT",
        &[5, 0b1100_0000, 0, 60],
        &[8, 17, 0, 1, 0x51, 0x80, 33, 0x27, 0x10],
        &[0, 8],
        b"engine-1",
        &[0, 4],
        b"user",
        &[0, 6],
        b"secret",
    ]
    .concat();
    assert_eq!(bytes, golden);
    let Packet::Connect(connect, will, login) = read(BytesMut::from(&bytes[..])) else {
        panic!("not a CONNECT");
    };
    assert!(!connect.clean_start && will.is_none());
    assert_eq!(login, Some(WireLogin::new("user", "secret")));
    let properties = ConnectProperties {
        session_expiry_interval: Some(86_400),
        receive_maximum: Some(10_000),
        ..ConnectProperties::new()
    };
    assert_eq!(connect.properties, Some(properties));
}

#[test]
fn connect_without_login_has_no_login_flags() {
    let bytes = settings(Protocol::V5).connect().expect("short fields");
    assert_eq!(bytes[9], 0);
    assert!(matches!(read(BytesMut::from(&bytes[..])), Packet::Connect(_, None, None)));
}

#[test]
fn subscribe_asks_for_replays_where_they_are_wanted_and_for_no_retain_flag() {
    let both = [
        Subscription {
            filter: "a/#".to_owned(),
            qos: QoS::AtLeastOnce,
            necessity: Necessity::Required,
            replay: Replay::New,
        },
        Subscription {
            filter: "b".to_owned(),
            qos: QoS::AtMostOnce,
            necessity: Necessity::Optional,
            replay: Replay::Always,
        },
    ];
    let bytes = subscribe(7, &both.each_ref()).expect("short filters");
    let golden =
        [&[0x82, 13, 0, 7, 0, 0, 3][..], b"a/#", &[0b0001_0001, 0, 1, b'b', 0b0000_0000]].concat();
    assert_eq!(bytes, golden);
    assert_eq!(unsubscribe(8, "b"), Some(vec![0xA2, 6, 0, 8, 0, 0, 1, b'b']));
}

#[test]
fn connack_flags_and_lists_are_checked() {
    for (body, expected) in [
        (&[][..], ProtocolError::Truncated),
        (&[0], ProtocolError::Truncated),
        (&[2, 0, 0], ProtocolError::ReservedBits),
        (&[1, 0x87, 0], ProtocolError::RefusedWithSession),
        (&[0, 0, 3, 33, 0], ProtocolError::Properties),
        (&[0, 0, 2, 33, 0, 9], ProtocolError::Properties),
        (&[0, 0, 3, 33, 0, 9, 0], ProtocolError::TrailingBytes),
        (&[0, 0, 2, 1, 0], ProtocolError::Properties),
    ] {
        assert_eq!(connack(body).expect_err("malformed"), expected, "{body:?}");
    }
}

fn connack_properties() -> impl Strategy<Value = ConnAckProperties> {
    let numbers = (
        option::of(any::<u32>()),
        option::of(1..=u16::MAX),
        option::of(0..=1_u8),
        option::of(1..=u32::MAX),
        option::of(any::<u16>()),
    );
    let flags = (option::of(0..=1_u8), option::of(0..=1_u8), option::of(0..=1_u8));
    let text = (option::of("\\PC{0,60}"), vec(("[a-z]{0,4}", "[a-z]{0,70}"), 0..4));
    (numbers, flags, text, option::of(any::<u16>())).prop_map(|(numbers, flags, text, alias)| {
        ConnAckProperties {
            session_expiry_interval: numbers.0,
            receive_max: numbers.1,
            max_qos: numbers.2,
            max_packet_size: numbers.3,
            server_keep_alive: numbers.4,
            wildcard_subscription_available: flags.0,
            shared_subscription_available: flags.1,
            retain_available: flags.2,
            reason_string: text.0,
            user_properties: text.1,
            topic_alias_max: alias,
            ..no_connack_properties()
        }
    })
}

/// What follows the fixed header.
fn body(packet: &[u8]) -> &[u8] {
    let header = packet.iter().skip(1).position(|byte| byte & 0x80 == 0).expect("a length") + 2;
    &packet[header..]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn connack_reads_as_rumqttc_wrote_it(present: bool, properties in option::of(connack_properties())) {
        let packet = connack_packet(present, properties.clone());
        let Connack::Accepted { session_present, limits } = connack(body(&packet))? else {
            return Err(TestCaseError::fail("refused"));
        };
        prop_assert_eq!(session_present, present);
        let properties = properties.unwrap_or_else(no_connack_properties);
        let missing = |flag: Option<u8>| if flag == Some(0) { Availability::Missing } else { Availability::Available };
        prop_assert_eq!(limits, Limits {
            maximum_qos: if properties.max_qos == Some(0) { QoS::AtMostOnce } else { QoS::AtLeastOnce },
            session_expiry_s: properties.session_expiry_interval,
            keep_alive_s: properties.server_keep_alive,
            receive_maximum: properties.receive_max.unwrap_or(u16::MAX),
            max_packet_bytes: properties.max_packet_size.map_or(usize::MAX, |bytes| usize::try_from(bytes).expect("64 bits")),
            retained_messages: missing(properties.retain_available),
            wildcards: missing(properties.wildcard_subscription_available),
            shared_subscriptions: missing(properties.shared_subscription_available),
        });
    }

    #[test]
    fn connack_cut_short_is_malformed(properties in connack_properties(), cut in 0.0..1.0) {
        let packet = connack_packet(false, Some(properties));
        let body = body(&packet);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place inside the packet")]
        let cut = (cut * body.len() as f64) as usize;
        let taken = connack(&body[..cut]);
        prop_assert!(!matches!(taken, Ok(Connack::Accepted { .. } | Connack::Refused { .. })), "{:?}", taken);
    }

    #[test]
    fn suback_reads_as_rumqttc_wrote_it(
        pkid: u16,
        codes in vec(select(vec![0_u8, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]), 1..40),
        reason_string in option::of("[a-z]{0,200}"),
    ) {
        use SubscribeReasonCode as Code;
        let return_codes = codes.iter().map(|code| match code {
            0 => Code::Success(WireQos::AtMostOnce),
            1 => Code::Success(WireQos::AtLeastOnce),
            2 => Code::Success(WireQos::ExactlyOnce),
            0x80 => Code::Unspecified,
            0x83 => Code::ImplementationSpecific,
            0x87 => Code::NotAuthorized,
            0x8F => Code::TopicFilterInvalid,
            0x91 => Code::PkidInUse,
            0x97 => Code::QuotaExceeded,
            0x9E => Code::SharedSubscriptionsNotSupported,
            0xA1 => Code::SubscriptionIdNotSupported,
            _ => Code::WildcardSubscriptionsNotSupported,
        }).collect();
        let properties = reason_string.map(|reason| SubAckProperties { reason_string: Some(reason), user_properties: Vec::new() });
        let packet = written(&Packet::SubAck(SubAck { pkid, return_codes, properties }));
        let answer = acknowledged(body(&packet))?;
        prop_assert_eq!((answer.packet_id, answer.codes), (pkid, &codes[..]));
    }

    #[test]
    fn packets_of_any_bytes_are_read_or_refused(body in vec(any::<u8>(), 0..80)) {
        let accepted = matches!(connack(&body), Ok(Connack::Accepted { .. }));
        prop_assert!(!accepted || body.starts_with(&[0, 0]) || body.starts_with(&[1, 0]));
        if let Ok(answer) = acknowledged(&body) {
            prop_assert!(body.ends_with(answer.codes));
        }
        prop_assert_eq!(disconnect(&body), ReasonCode::from_byte(body.first().copied().unwrap_or(0)));
    }
}

#[test]
fn refusals_of_rumqttc_keep_their_meaning() {
    for (theirs, ours) in [
        (ConnectReturnCode::BadUserNamePassword, ReasonCode::BadUserNameOrPassword),
        (ConnectReturnCode::ClientIdentifierNotValid, ReasonCode::ClientIdNotValid),
        (ConnectReturnCode::ServerBusy, ReasonCode::ServerBusy),
        (ConnectReturnCode::Banned, ReasonCode::Banned),
        (ConnectReturnCode::QuotaExceeded, ReasonCode::QuotaExceeded),
        (ConnectReturnCode::ConnectionRateExceeded, ReasonCode::ConnectionRateExceeded),
    ] {
        let refusal = ConnAck { session_present: false, code: theirs, properties: None };
        let packet = written(&Packet::ConnAck(refusal));
        assert!(matches!(connack(body(&packet)), Ok(Connack::Refused { code }) if code == ours));
    }
}
