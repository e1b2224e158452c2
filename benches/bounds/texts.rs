//! What costs in one format alone and is written as text.

use super::{Bomb, fill, long};

pub(super) fn json(size: usize) -> Vec<Bomb> {
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, "t", fill(size, head, tail, part))
    };
    let series = "{\"readings\":[{\"kind\":\"acceleration\",\"unit\":\"mg\",\"series\":{\"start\":1709276400,\"rate_hz\":32,\"values\":[";
    let small = "{\"kind\":\"acceleration\",\"series\":{\"start\":1709276400,\"rate_hz\":32,\"values\":[1]}},";
    vec![
        list("readings", "{\"readings\":[", "1]}", &|_| {
            "{\"kind\":\"heart_rate\",\"value\":61},".into()
        }),
        list("unknown kinds", "{\"readings\":[", "1]}", &|at| format!("{{\"kind\":\"k{at}\"}},")),
        list("no readings", "{\"readings\":[", "1]}", &|_| "1,".into()),
        list("lists of readings", "{", "\"a\":1}", &|_| "\"readings\":[],".into()),
        list("devices", "[", "{}]", &|at| format!("{{\"device\":\"d{at}\",\"readings\":[]}},")),
        list("samples", series, "1]}}]}", &|_| "1,".into()),
        list("long samples", series, "1]}}]}", &|_| "-1.2345678901234567890e-3,".into()),
        list("many series", "{\"readings\":[", "1]}", &|_| small.into()),
        list("series again and again", "{\"kind\":\"acceleration\",", "\"a\":1}", &|_| {
            "\"series\":{\"start\":1709276400,\"rate_hz\":32,\"values\":[1,2,3]},".into()
        }),
        Bomb::new("long unit", "t", reading("unit", size)),
        Bomb::new("long device", "t", reading("device", size)),
        Bomb::new("long time", "t", reading("time", size)),
    ]
}

fn reading(key: &str, size: usize) -> String {
    format!("{{\"kind\":\"heart_rate\",\"value\":61,\"{key}\":\"{}\"}}", long("m", size, 95))
}

pub(super) fn zigbee2mqtt(size: usize) -> Vec<Bomb> {
    let topic = "zigbee2mqtt/bridge/devices";
    let expose = "{\"type\":\"numeric\",\"property\":\"temperature\",\"unit\":\"\u{b0}F\"},";
    let device = |at: usize, exposes: &str| {
        format!("{{\"friendly_name\":\"d{at}\",\"definition\":{{\"exposes\":[{exposes}]}}}},")
    };
    let one = expose.trim_end_matches(',');
    let words =
        "{\"type\":\"binary\",\"property\":\"contact\",\"value_on\":\"A\",\"value_off\":\"B\"}";
    let exposed = (0..64).map(|at| {
        format!(
            "{{\"type\":\"numeric\",\"property\":\"temperature_l{}\",\"unit\":\"\u{b0}F\"}},",
            at + 1
        )
    });
    let known = format!("[{}{{}}]", device(0, &format!("{}{one}", exposed.collect::<String>())));
    let exposes = "[{\"friendly_name\":\"d\",\"definition\":{\"exposes\":[";
    let list = |name: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, topic, fill(size, "[", "{}]", part))
    };
    vec![
        list("devices", &|at| device(at, one)),
        list("devices of words", &|at| device(at, words)),
        list("devices that are nothing", &|_| "{},".into()),
        Bomb::new("exposes", topic, fill(size, exposes, "{}]}}]", |_| expose.into())),
        Bomb::new("empty exposes", topic, fill(size, exposes, "{}]}}]", |_| "{},".into())),
        Bomb::new("nested features", topic, fill(size, exposes, "", |_| "{\"features\":[".into())),
        Bomb::new("long name", topic, device(0, one).replace("d0", &long("d", size, 90))),
        Bomb::new("devices again", topic, fill(size, "[", "{}]", |at| device(at, one)))
            .after(vec![(topic.to_owned(), fill(size, "[", "{}]", |at| device(at + 7, words)))]),
        Bomb {
            device: "d0".to_owned(),
            ..Bomb::new(
                "described keys",
                "zigbee2mqtt/d0",
                fill(size, "{", "\"a\":1}", |at| format!("\"temperature_l{}\":1,", at % 64 + 1)),
            )
            .after(vec![(topic.to_owned(), known.into_bytes())])
        },
    ]
}

pub(super) fn tasmota(size: usize) -> Vec<Bomb> {
    let topic = "tele/plug/SENSOR";
    let unit = format!("}},\"TempUnit\":\"{}\"}}", long("C", size, 50));
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, topic, fill(size, head, tail, part))
    };
    let named = format!(
        "{{\"ZbReceived\":{{\"a\":{{\"Device\":\"0x1\",\"Name\":\"{}\",",
        long("n", size, 50)
    );
    vec![
        list("chips", "{", "\"a\":1}", &|at| format!("\"DS18B20-{at}\":{{\"Temperature\":1}},")),
        list("addresses", "{", "\"a\":1}", &|at| format!("\"X-{at:06x}\":{{\"Temperature\":1}},")),
        list("long unit", "{\"A\":{", &format!("\"b\":1{unit}"), &|_| "\"Temperature\":1,".into()),
        list("long name", &named, "\"b\":1}}}", &|_| "\"Temperature\":1,".into()),
        list("lists", "{\"ENERGY\":{", "\"a\":1}}", &|_| "\"Power\":[1,2,3,4,5,6,7,8],".into()),
        list("zone states", "{\"ZbReceived\":{\"0x1A2B\":{", "\"a\":1}}}", &|_| {
            "\"ZoneStatus\":7,".into()
        }),
        list("units that differ", "{", "\"a\":1}", &|at| format!("\"TempUnit\":\"{at}\",")),
    ]
}

pub(super) fn shelly(size: usize) -> Vec<Bomb> {
    let topic = "plug-1/events/rpc";
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, topic, fill(size, head, tail, part))
    };
    let event = "{\"component\":\"input:0\",\"event\":\"single_push\"},";
    vec![
        list("switches", "{\"params\":{", "\"a\":1}}", &|at| {
            format!("\"switch:{}\":{{\"apower\":1}},", at % 65_536)
        }),
        list("batteries", "{\"params\":{", "\"a\":1}}", &|at| {
            format!("\"devicepower:{}\":{{\"battery\":{{\"V\":0}}}},", at % 65_536)
        }),
        list("supplies", "{\"params\":{", "\"a\":1}}", &|at| {
            format!("\"devicepower:{}\":{{\"external\":{{\"present\":true}}}},", at % 65_536)
        }),
        list("events", "{\"params\":{\"events\":[", "{}]}}", &|_| event.into()),
        list("halves of events", "{\"params\":{\"events\":[", "{}]}}", &|_| {
            "{\"event\":\"x\"},".into()
        }),
        list("empty events", "{\"params\":{\"events\":[", "{}]}}", &|_| "{},".into()),
    ]
}

pub(super) fn homeassistant(size: usize) -> Vec<Bomb> {
    let topic = "homeassistant/device/p/config";
    let component = |at: usize| {
        format!("\"c{at}\":{{\"p\":\"sensor\",\"stat_t\":\"s{at}\",\"dev_cla\":\"humidity\"}},")
    };
    let same = |at: usize| {
        format!("\"c{at}\":{{\"p\":\"sensor\",\"val_tpl\":\"{{{{value_json.k{at}}}}}\"}},")
    };
    let list = |name: &str, head: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, topic, fill(size, &format!("{head}\"cmps\":{{"), "\"z\":{}}}", part))
    };
    let half = long("t", size, 50);
    let described = fill(60_000, "{\"stat_t\":\"s\",\"cmps\":{", "\"z\":{}}}", same);
    let wild = |at: usize| {
        format!("\"c{at}\":{{\"p\":\"sensor\",\"stat_t\":\"{}{at}/#\"}},", "+/".repeat(40))
    };
    let state = |name: &str, payload: Vec<u8>| {
        Bomb::new(name, "s", payload).after(vec![(topic.to_owned(), described.clone())])
    };
    vec![
        list("components", "{", &component),
        list("components of one topic", "{\"stat_t\":\"s\",", &same),
        list("long topic", &format!("{{\"stat_t\":\"{half}\","), &same),
        list("long base", &format!("{{\"~\":\"{half}\",\"stat_t\":\"~/s\","), &same),
        list("base of each", &format!("{{\"~\":\"{half}\","), &|at| {
            format!("\"c{at}\":{{\"p\":\"sensor\",\"stat_t\":\"~/{at}\"}},")
        }),
        list("long device", &format!("{{\"dev\":{{\"ids\":\"{half}\"}},\"stat_t\":\"s\","), &same),
        list("wildcards", "{", &wild),
        Bomb::new("long template", topic, template(".a", size)),
        Bomb::new("template of indices", topic, template("['a']", size)),
        Bomb::new("template of filters", topic, template("|float", size)),
        Bomb::new("template that is none", topic, template(" ", size)),
        Bomb::new(
            "long words",
            "homeassistant/lock/p/config",
            format!(
                "{{\"stat_t\":\"s\",\"pl_on\":\"{half}\",\"stat_on\":\"{}\"}}",
                long("u", size, 40)
            ),
        ),
        Bomb::new(
            "availability",
            topic,
            fill(size, "{\"avty\":[", "{}]}", |at| format!("{{\"t\":\"a{at}\"}},")),
        ),
        state("described keys", fill(size, "{", "\"a\":1}", |at| format!("\"k{}\":1,", at % 256))),
        state("one described key", fill(size, "{", "\"a\":1}", |_| "\"k7\":1,".into())),
        state("undescribed keys", fill(size, "{", "\"a\":1}", |_| "\"x\":1,".into())),
        Bomb::new("a topic with wildcards", format!("a/{}", "b/".repeat(30_000)), "x".repeat(size))
            .after(vec![(topic.to_owned(), fill(60_000, "{\"cmps\":{", "\"z\":{}}}", wild))]),
    ]
}

fn template(part: &str, size: usize) -> String {
    format!("{{\"stat_t\":\"s\",\"val_tpl\":\"{{{{ value_json.a{} }}}}\"}}", long(part, size, 95))
}

pub(super) fn ruuvi(size: usize) -> Vec<Bomb> {
    let topic = "ruuvi/AA:00:00:00:00:01/C4:0D:15:EA:5E:07";
    let data = |name: &str, part: &str| {
        Bomb::new(name, topic, format!("{{\"data\":\"{}\"}}", long(part, size, 98)))
    };
    vec![
        data("empty sections", "00"),
        data("sections", "020106"),
        data("long sections", "1BFF9904"),
    ]
}

pub(super) fn senml(size: usize) -> Vec<Bomb> {
    let pack = |name: &str, head: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, "senml/7", fill(size, head, "{\"n\":\"x\"}]", part))
    };
    let base = |name: &str, label: &str, letter: &str, part: &'static str| {
        let head = format!("[{{\"{label}\":\"{}\",\"n\":\"x\"}},", long(letter, size, 50));
        pack(name, &head, &|_| part.to_owned())
    };
    vec![
        pack("records", "[", &|_| "{\"n\":\"temp\",\"v\":1},".into()),
        pack("unknown records", "[", &|_| "{\"n\":\"x\",\"v\":1},".into()),
        pack("empty records", "[", &|_| "{},".into()),
        pack("base records", "[", &|_| "{\"bn\":\"a\"},".into()),
        pack("devices", "[", &|at| format!("{{\"bn\":\"d{at}/\",\"n\":\"temp\",\"v\":1}},")),
        base("long base name", "bn", "a", "{\"n\":\"x\"},"),
        base("long base name of readings", "bn", "a/", "{\"n\":\"temp\",\"v\":1},"),
        base("base name of separators", "bn", "a-", "{\"n\":\"/temp\",\"v\":1},"),
        base("escaped base name", "bn", "\\u0061", "{\"n\":\"x\"},"),
        base("long base unit", "bu", "C", "{\"n\":\"x\"},"),
        base("long base unit of readings", "bu", "C", "{\"n\":\"temp\",\"v\":1},"),
        base("escaped base unit", "bu", "\\u0061", "{\"n\":\"x\"},"),
        Bomb::new(
            "data",
            "senml/7",
            format!("[{{\"n\":\"a\",\"vd\":\"{}\"}}]", long("aGVq", size, 95)),
        ),
    ]
}

pub(super) fn things_stack(size: usize) -> Vec<Bomb> {
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, "v3/a@t/devices/b/up", fill(size, head, tail, part))
    };
    let decoded = "{\"uplink_message\":{\"decoded_payload\":{";
    let normalized = "{\"uplink_message\":{\"normalized_payload\":[";
    vec![
        list(
            "fields of one unit",
            &format!("{decoded}\"temperature\":{{\"unit\":\"{}\",", long("C", size, 50)),
            "\"a\":1}}}}",
            &|_| "\"value\":1,".into(),
        ),
        list("units", decoded, "\"a\":1}}}", &|at| {
            format!("\"temperature_{at}\":{{\"unit\":\"Cel\",\"value\":1}},")
        }),
        list("measurements", normalized, "{}]}}", &|_| {
            "{\"air\":{\"temperature\":1},\"time\":\"2025-03-04T05:06:08Z\"},".into()
        }),
        list(
            "both",
            &format!(
                "{decoded}{}\"a\":1}},\"normalized_payload\":[",
                "\"temperature\":1,".repeat(499)
            ),
            "{}]}}",
            &|_| "{\"air\":{\"relativeHumidity\":1}},".into(),
        ),
    ]
}

pub(super) fn homie(size: usize) -> Vec<Bomb> {
    let topic = "homie/5/hub/$description";
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, topic, fill(size, head, tail, part))
    };
    let long_node = format!("{{\"nodes\":{{\"{}\":{{\"properties\":{{", long("n", size, 50));
    let family = |parent: usize| {
        let topic =
            if parent == 0 { topic.to_owned() } else { format!("homie/5/d{parent}/$description") };
        (topic, fill(12_000, "{\"children\":[", "\"x\"]}", |at| format!("\"d{}\",", at % 199 + 1)))
    };
    vec![
        list("properties", "{\"nodes\":{\"n\":{\"properties\":{", "\"p\":1}}}}", &|at| {
            format!("\"p{at}\":{{\"unit\":\"C\"}},")
        }),
        list("nodes", "{\"nodes\":{", "\"p\":1}}", &|at| {
            format!("\"n{at}\":{{\"properties\":{{\"p\":{{}}}}}},")
        }),
        list("properties of a long node", &long_node, "\"p\":1}}}}", &|at| {
            format!("\"p{at}\":{{}},")
        }),
        list("children", "{\"children\":[", "1]}", &|at| format!("\"d{at}\",")),
        Bomb::new("lost", "homie/5/hub/$state", "lost").after((0..200).map(family).collect()),
        Bomb::new("long value", "homie/5/hub/n/temperature", "1".repeat(size)),
        Bomb::new("long unit", "homie/hub/n/temperature/$unit", "C".repeat(size)),
        Bomb::new("a value of a long unit", "homie/hub/n/temperature", "21")
            .after(vec![("homie/hub/n/temperature/$unit".into(), vec![b'C'; size])]),
        Bomb::new(
            "long topic",
            format!("homie/5/hub/{}/temperature", "n".repeat(60_000)),
            "1".repeat(size),
        ),
    ]
}

pub(super) fn owntracks(size: usize) -> Vec<Bomb> {
    let bomb = |name: &str, text: String| Bomb::new(name, "owntracks/a/phone", text);
    vec![
        bomb("long type", format!("{{\"_type\":\"{}\"}}", long("x", size, 98))),
        bomb(
            "long region",
            format!(
                "{{\"_type\":\"transition\",\"event\":\"enter\",\"desc\":\"{}\"}}",
                long("\u{c5}", size, 95)
            ),
        ),
        Bomb::new(
            "types",
            "owntracks/a/phone",
            fill(size, "{", "\"_type\":\"location\"}", |_| "\"_type\":\"a\",".into()),
        ),
    ]
}

pub(super) fn openmhealth(size: usize) -> Vec<Bomb> {
    let body = "{\"heart_rate\":{\"value\":61,\"unit\":\"beats/min\"},\"effective_time_frame\":{\"date_time\":\"2024-03-01T07:00:00Z\"}},";
    let head = "{\"header\":{\"id\":\"1\",\"creation_date_time\":\"2024-03-01T08:00:00Z\",\"schema_id\":{\"namespace\":\"omh\",\"name\":\"heart-rate\",\"version\":\"1.1\"}},\"body\":[";
    vec![
        Bomb::new("bodies", "t", fill(size, head, "{}]}", |_| body.into())),
        Bomb::new("empty bodies", "t", fill(size, head, "{}]}", |_| "{},".into())),
        Bomb::new(
            "long unit",
            "t",
            format!("{{\"heart_rate\":{{\"value\":61,\"unit\":\"{}\"}}}}", long("b", size, 95)),
        ),
        Bomb::new("long topic", format!("omh/{}/heart-rate", "a/".repeat(30_000)), "{}"),
    ]
}

pub(super) fn fhir(size: usize) -> Vec<Bomb> {
    let code = "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}]}";
    let head = format!(
        "{{\"resourceType\":\"Observation\",\"status\":\"final\",{code},\"effectiveInstant\":\"2024-03-01T07:00:00Z\","
    );
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, "t", fill(size, head, tail, part))
    };
    let sampled = |name: &str, dimensions: usize, part: &'static str| {
        let head = format!(
            "{head}\"valueSampledData\":{{\"origin\":{{\"value\":60,\"code\":\"/min\"}},\"period\":1,\"dimensions\":{dimensions},\"data\":\""
        );
        list(name, &head, "1\"}}", &|_| part.to_owned())
    };
    let coding = "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[";
    let long_system = format!("{coding}{{\"code\":\"{}\",\"system\":\"a\"}},", long("c", size, 50));
    let resource = format!(
        "{{\"resource\":{{\"resourceType\":\"Observation\",\"status\":\"final\",{code}}}}},"
    );
    vec![
        list("components", &format!("{head}\"component\":["), "1]}", &|_| format!("{{{code}}},")),
        list("unknown components", &format!("{head}\"component\":["), "1]}", &|_| {
            "{\"code\":{},\"valueString\":1},".into()
        }),
        list("empty components", &format!("{head}\"component\":["), "1]}", &|_| "{},".into()),
        list("codings", coding, "1]}}", &|_| "{\"code\":\"x\"},".into()),
        list("codings behind a long one", &long_system, "1]}}", &|_| "{\"code\":\"x\"},".into()),
        list("resources", "{\"resourceType\":\"Bundle\",\"entry\":[", "1]}", &|_| resource.clone()),
        list("empty resources", "{\"resourceType\":\"Bundle\",\"entry\":[", "1]}", &|_| {
            "{\"resource\":{}},".into()
        }),
        sampled("samples", 1, "1 "),
        sampled("long samples", 1, "1.2345678901234567890e-3 "),
        sampled("gaps", 1, "1 E         "),
        sampled("two dimensions", 2, "1 2 "),
        sampled("a thousand dimensions", 1_000, "1 "),
    ]
}

pub(super) fn scaip(size: usize) -> Vec<Bomb> {
    let list = |name: &str, head: &str, tail: &str, part: &dyn Fn(usize) -> String| {
        Bomb::new(name, "t", fill(size, head, tail, part))
    };
    let entities = "<!DOCTYPE mrq [<!ENTITY a \"aaaaaaaaaa\">";
    vec![
        list("entities", entities, "]><mrq><cid>&a;</cid></mrq>", &|at| {
            format!("<!ENTITY a{at} \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">")
        }),
        list("unknown references", "<mrq><cid>7</cid><x>", "</x></mrq>", &|_| "&lol;".into()),
        list("references", "<mrq><cid>", "</cid></mrq>", &|_| "&amp;".into()),
        list("numbered references", "<mrq><cid>", "</cid></mrq>", &|_| "&#48;".into()),
        list("elements", "<mrq>", "</mrq>", &|_| "<x>1</x>".into()),
        list("known elements", "<mrq>", "</mrq>", &|_| "<cid>1</cid>".into()),
        list("empty elements", "<mrq>", "</mrq>", &|_| "<x/>".into()),
        list("deep elements", "<mrq><x>", "", &|_| "<x>".into()),
        list("attributes", "<mrq ", "><cid>7</cid></mrq>", &|at| format!("a{at}=\"1\" ")),
        list("comments", "<mrq>", "</mrq>", &|_| "<!---->".into()),
        list("long text", "<mrq><cid>", "</cid></mrq>", &|_| "x".into()),
        list("character data", "<mrq><cid>", "</cid></mrq>", &|_| "<![CDATA[x]]>".into()),
        list("a long name", "<mrq><", "/></mrq>", &|_| "x".into()),
        list("an open tag", "<mrq><", "", &|_| "<".into()),
    ]
}
