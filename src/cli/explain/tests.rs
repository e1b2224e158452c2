use super::*;

/// Ten awkward messages, with what is said of each. Made up; `UPDATE=1` writes it anew.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain.txt");

/// Topic, payload, and what is awkward about it.
const AWKWARD: [(&str, &str, &str); 10] = [
    (
        "an SOS button that is released: the empty action is no event",
        "zigbee2mqtt/sos button",
        r#"{"action":"","battery":0,"linkquality":41}"#,
    ),
    (
        "unknown yet is null, and an unknown key stands beside",
        "zigbee2mqtt/bath/leak",
        r#"{"water_leak":null,"battery":"80.00","power_outage_count":77,"voltage":2905}"#,
    ),
    (
        "a door that is open: contact false",
        "zigbee2mqtt/front door",
        r#"{"contact":false,"last_seen":1794664800000}"#,
    ),
    ("a gateway speaks of itself", "zigbee2mqtt/bridge/state", r#"{"state":"online"}"#),
    (
        "cut off on the way",
        "tele/boiler/SENSOR",
        r#"{"Time":"2026-11-22T12:00:00","MCP230XX": "D0":0}"#,
    ),
    (
        "a topic that says nothing, and relative times",
        "flat-7/scale",
        r#"[{"bn":"urn:dev:scale-7:","n":"weight","u":"kg","v":71.2,"t":-5}]"#,
    ),
    (
        "one temperature twice, numbers as text, and a humidity that cannot be",
        "home/hall/BTtoMQTT/A1B2C3D4E5F6",
        r#"{"id":"A1:B2:C3:D4:E5:F6","rssi":-71,"tempc":"19.2","tempf":"66.56","hum":"104.7"}"#,
    ),
    (
        "a position, which the policy does not keep",
        "owntracks/u1/phone",
        r#"{"_type":"location","lat":59.1,"lon":18.1,"tst":1794664800,"tid":"u1"}"#,
    ),
    (
        "a temperature that cannot be, beside one that can",
        "homes/h-1/band/w-1",
        r#"{"device":"w-1","time":1794664800,"readings":[{"kind":"body_temperature","value":98.6,"unit":"F"},{"kind":"air_temperature","value":700,"unit":"Cel"}]}"#,
    ),
    ("a format that nobody knows", "meter/17", r#"{"load_w":4711}"#),
];

fn told() -> String {
    let catalogue = Arc::new(Catalogue::builtin());
    let minutes = std::time::Duration::from_mins;
    let clock = ClockLimits { future_tolerance: minutes(5), late_after: minutes(10) };
    let settings = ExplainerSettings { decoders: DecoderSettings::new(&catalogue), clock };
    let mut explainer = Explainer::built_in(&settings).unwrap();
    let mut text = anstream::StripStream::new(Vec::new());
    for (awkward, topic, payload) in AWKWARD {
        writeln!(text, "# {awkward}\n{payload}\n").unwrap();
        let question = Question {
            topic,
            payload: payload.as_bytes(),
            retain: false,
            received: UnixMicros(1_794_664_860_000_000),
        };
        let page = Page::new(Some(100));
        write(Output::Text, &mut explainer, &question, &page, &mut text).unwrap();
        writeln!(text).unwrap();
    }
    String::from_utf8(text.into_inner()).unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for who changes the words on purpose")]
fn ten_awkward_messages_are_explained() {
    let told = told();
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(GOLDEN, &told).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    let differs = told.lines().zip(golden.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(told == golden, "{differs:?}; if that is meant, run it with UPDATE=1 and look at it");
}

#[test]
fn a_narrow_terminal_gets_narrow_lines() {
    let catalogue = Arc::new(Catalogue::builtin());
    let clock = ClockLimits {
        future_tolerance: std::time::Duration::ZERO,
        late_after: std::time::Duration::MAX,
    };
    let settings = ExplainerSettings { decoders: DecoderSettings::new(&catalogue), clock };
    let mut explainer = Explainer::built_in(&settings).unwrap();
    let question = Question {
        topic: "zigbee2mqtt/hall",
        payload: br#"{"temperature":21.5,"humidity":40,"odd":1}"#,
        retain: true,
        received: UnixMicros(0),
    };
    let mut text = anstream::StripStream::new(Vec::new());
    write(Output::Text, &mut explainer, &question, &Page::new(Some(44)), &mut text).unwrap();
    let text = String::from_utf8(text.into_inner()).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 44 || line.contains(" = ")), "{text}");
}

/// Lines in, lines out, and the exit code.
pub(super) fn lines(input: &str) -> (Exit, Vec<serde_json::Value>, String) {
    let args = ["trygg", "explain", "--input", "-", "--output", "json"];
    let cli = crate::cli::Cli::from_args(args.map(Into::into), "0").unwrap();
    let crate::cli::Command::Explain(args) = cli.command else { panic!("another command") };
    let mut explainer = args.explainer().unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = args.write_lines(input.as_bytes(), &mut explainer, &mut out, &mut err).unwrap();
    let out = String::from_utf8(out).unwrap();
    let json = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (exit, json, String::from_utf8(err).unwrap())
}

#[test]
fn a_recording_gives_a_line_a_message_in_order() {
    let (exit, out, err) = lines(
        "{\"topic\":\"zigbee2mqtt/a\",\"payload\":\"{\\\"sos\\\":true,\\\"last_seen\\\":1573393389829}\"}\n\
         \n{\"topic\":\"a/b\",\"payload_base64\":\"/w==\",\"id\":7}\n\
         {\"topic\":\"zigbee2mqtt/a/availability\",\"payload\":{\"state\":\"offline\"},\"retain\":true}\n\
         {\"topic\":\"zigbee2mqtt/bridge/info\",\"payload\":\"{}\"}",
    );
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    let [sos, blank, unknown, offline, bridge] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!((&blank["outcome"], &blank["reason"]), (&"no_reading".into(), &"line_empty".into()));
    assert_eq!(sos["outcome"], "readings");
    assert_eq!(sos["format"], "zigbee2mqtt");
    let reading = &sos["readings"][0];
    assert_eq!((&reading["device"], &reading["kind"]), (&"a".into(), &"sos".into()));
    assert_eq!((&reading["value"], &reading["unit"]), (&true.into(), &"".into()));
    assert_eq!(reading["measured_at"], "2019-11-10T13:43:09.829000Z");
    assert_eq!(reading["flags"], serde_json::json!(["clock_unset"]));
    assert_eq!((&unknown["outcome"], &unknown["reason"]), (&"refused".into(), &"no_route".into()));
    assert_eq!(unknown["format"], serde_json::Value::Null);
    assert_eq!(offline["readings"][0]["value"], false);
    assert_eq!(offline["readings"][0]["flags"][0], "retained");
    assert_eq!((&bridge["outcome"], &bridge["reason"]), (&"no_reading".into(), &"bridge".into()));
}

#[test]
fn a_line_that_is_no_message_is_named_and_the_rest_goes_on() {
    let (exit, out, err) =
        lines("{\"topic\":\"x\",\"payload\":\"1\"}\n[1]\n{\"topic\":\"x\",\"payload\":\"2\"}\n");
    assert_eq!((exit, out.len()), (Exit::Usage, 3));
    assert!(err.starts_with("line 2: expected an object"), "{err}");
}

const CONFIG: &str = "\
[[link]]\nname = 'north'\nhost = '127.0.0.1'\nclient_id = 'c'\n\
[[link.filter]]\ntopic = 'homes/{home}/z/{device...}'\nformat = 'zigbee2mqtt'\n\
[[link.filter]]\ntopic = 'loose/{device}'\nformat = 'json'\n\
[kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
[registry]\nfile = 'devices.csv'\n";

fn configured(topic: &str, payload: &str) -> (serde_json::Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trygg.toml");
    std::fs::write(&file, CONFIG).unwrap();
    let list = "device,source_home,home,room,id,kinds\nmat,h-1,home-a,bedroom,bed-1,door_open=!bed_occupied\n";
    std::fs::write(folder.path().join("devices.csv"), list).unwrap();
    let config = looked_at(&file).unwrap();
    let question = Question {
        topic,
        payload: payload.as_bytes(),
        retain: false,
        received: UnixMicros(1_794_664_860_000_000),
    };
    let explain = |output| {
        let mut explainer = Explainer::of_link(&config, None, UnixMicros(7)).unwrap().unwrap();
        let mut text = anstream::StripStream::new(Vec::new());
        write(output, &mut explainer, &question, &Page::new(None), &mut text).unwrap();
        String::from_utf8(text.into_inner()).unwrap()
    };
    (serde_json::from_str(&explain(Output::Json)).unwrap(), explain(Output::Text))
}

#[test]
fn with_a_configuration_the_registry_and_kafka_are_part_of_it() {
    let (json, text) =
        configured("homes/h-1/z/mat", r#"{"contact":true,"last_seen":1794664800000}"#);
    let reading = &json["readings"][0];
    assert_eq!((&reading["device"], &reading["kind"]), (&"mat".into(), &"bed_occupied".into()));
    assert_eq!(reading["value"], true, "turned round by the registry");
    assert_eq!((&reading["home"], &reading["room"]), (&"home-a".into(), &"bedroom".into()));
    assert_eq!(
        (&reading["device_id"], &reading["event_id_basis"]),
        (&"bed-1".into(), &"content".into())
    );
    for said in [
        "by the filter homes/+/z/# of link north",
        "home home-a, room bedroom",
        "in bed",
        "trygg.readings",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let (json, text) = configured("loose/x", r#"{"kind":"sos"}"#);
    assert_eq!((&json["outcome"], &json["reason"]), (&"refused".into(), &"no_home".into()));
    assert!(text.contains("devices.csv\n") && text.contains("x,the-home,the-room"), "{text}");
    let (json, text) = configured("homes/h-1/zigbee2mqtt/mat", r#"{"contact":true}"#);
    assert_eq!(json["reason"], "no_route");
    assert!(text.contains("topic = \"homes/{home}/zigbee2mqtt/{device...}\""), "{text}");
}
