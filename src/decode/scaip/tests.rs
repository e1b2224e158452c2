use super::*;
use crate::decode::{
    Decoder, Memory,
    settings::KeySettings,
    term::TermSettings,
    tests::{catalogue, message, told},
    vocabulary::mistakes,
};

fn of(fields: &str) -> String {
    let decoder = Decoder::usual(Format::Scaip, &catalogue());
    told(&decoder, "scaip/x", "x", format!("<mrq>{fields}</mrq>").as_bytes())
}

#[test]
fn every_row_of_the_table_is_right() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn kind_and_status_say_what_happened() {
    for (fields, expected) in [
        ("<cid>7</cid><mty>ME</mty><stc>10</stc>", "sos"),
        ("<cid>7</cid><mty> me </mty><stc> 0010</stc>", "sos"),
        ("<cid>7</cid>", "sos"),
        ("<cid>7</cid><stc/>", "sos"),
        ("<cid>7</cid><dty>3</dty><stc>019</stc>", "alarm_cancel"),
        ("<cid>7</cid><mty>RE</mty><stc>10</stc>", "alarm_cancel"),
        ("<cid>7</cid><mty>PI</mty><stc>102</stc>", "heartbeat"),
        ("<cid>7</cid><mty>IN</mty><stc>55</stc>", "none status"),
        ("<cid>7</cid><stc>77</stc>", "-?:kind_unknown"),
        ("<cid>7</cid><mty>ZZ</mty>", "-?:kind_unknown"),
        ("<cid>7</cid><x><stc>77</stc></x>", "sos"),
        ("<cid>7</cid><crd>gsm:&amp;&#48;</crd><!-- x --><stc><![CDATA[10]]></stc>", "sos"),
    ] {
        assert_eq!(of(fields), expected, "{fields}");
    }
    let decoder = Decoder::usual(Format::Scaip, &catalogue());
    for (payload, expected) in [
        ("<mrs><ref>1</ref><snu>0</snu></mrs>", "none acknowledgement"),
        ("<?xml version=\"1.0\"?>\n<s:mrq xmlns:s=\"x\"><s:cid>7</s:cid></s:mrq>\n", "sos"),
        (" ", "none empty"),
        ("<mrx/>", "error rule_broken"),
        ("<mrq/>", "error rule_broken"),
        ("<mrq>", "error xml_malformed"),
        ("<mrq></mrx>", "error xml_malformed"),
        ("<mrq/><mrq/>", "error xml_malformed"),
        ("help", "error xml_malformed"),
        ("<mrq><cid>&evil;</cid></mrq>", "error xml_malformed"),
        ("<!DOCTYPE mrq [<!ENTITY evil \"x\">]><mrq/>", "error rule_broken"),
    ] {
        assert_eq!(told(&decoder, "scaip/x", "x", payload.as_bytes()), expected, "{payload}");
    }
    assert_eq!(told(&decoder, "scaip/x", "", b"<mrq><stc>10</stc></mrq>"), "error rule_broken");
    let latin =
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><mrq><cid>7</cid><lte>K\xf6k</lte></mrq>";
    assert_eq!(told(&decoder, "scaip/x", "x", latin), "sos", "an alarm in Latin-1");
    assert_eq!(told(&decoder, "scaip/x", "x", b"\xff\x00\xfe"), "error xml_malformed");
    let deep = format!("<mrq><cid>7</cid>{}", "<x>".repeat(5_000));
    assert_eq!(told(&decoder, "scaip/x", "x", deep.as_bytes()), "error xml_malformed");
    let long = format!("<mrq><cid>7</cid><crd>{0}</crd><ref>{0}</ref></mrq>", "1".repeat(5_000));
    assert_eq!(told(&decoder, "scaip/x", "x", long.as_bytes()), "sos", "form never costs an alarm");
}

#[test]
fn the_operator_says_what_a_code_is() {
    let mut settings = DecoderSettings::new(&catalogue());
    let key = |key: &str, kind: &str| KeySettings {
        format: Format::Scaip,
        key: key.to_owned(),
        term: TermSettings { kind: kind.to_owned(), ..TermSettings::default() },
    };
    settings.keys =
        Arc::new([key("ME/4/10", "fall"), key("ME/*/77", "smoke_alarm"), key("IN/2/*", "tamper")]);
    let decoder = Decoder::new(Format::Scaip, &settings).unwrap();
    for (fields, expected) in [
        ("<cid>7</cid><dty>04</dty><stc>10</stc>", "fall"),
        ("<cid>7</cid><dty>05</dty><stc>10</stc>", "sos"),
        ("<cid>7</cid><dty>05</dty><stc>077</stc>", "smoke_alarm=true"),
        ("<cid>7</cid><mty>IN</mty><dty>2</dty><stc>3</stc>", "tamper=true"),
    ] {
        let payload = format!("<mrq>{fields}</mrq>");
        assert_eq!(told(&decoder, "scaip/x", "x", payload.as_bytes()), expected, "{fields}");
    }
}

#[test]
fn controller_and_device_are_named_by_their_numbers() {
    let decoded = |fields: &str| {
        let mut out = Decoded::default();
        let payload = format!("<mrq>{fields}</mrq>");
        Decoder::usual(Format::Scaip, &catalogue())
            .decode("x", &message("t", payload.as_bytes()), &mut Memory::default(), &mut out)
            .unwrap();
        (out.device_name(&out.devices[0], "x").to_owned(), out.devices[0].sequence)
    };
    for (fields, name, sequence) in [
        ("<cid>0041</cid><ref>17</ref>", "41", Some(17)),
        ("<cid>41 07</cid><did>00</did><ref>00001A</ref>", "4107", Some(26)),
        ("<cid>SE-41</cid><did>003</did><ref>x y</ref>", "SE-41/3", None),
        ("<did>3</did>", "x", None),
    ] {
        assert_eq!(decoded(fields), (name.to_owned(), sequence), "{fields}");
    }
}
