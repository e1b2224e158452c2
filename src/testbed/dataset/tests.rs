use std::io::Write;

use super::*;

fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.extension().is_some_and(|end| end == "gz") {
            let file = File::create(path).unwrap();
            let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap();
        } else {
            fs::write(path, text).unwrap();
        }
    }
    directory
}

fn told(files: &[(&str, &str)]) -> Vec<(u64, String, String)> {
    let events = read_dataset(written(files).path()).unwrap();
    let told = |event: Event| {
        let at = u64::try_from(event.at.as_millis()).unwrap();
        (at, event.topic, String::from_utf8(event.payload).unwrap())
    };
    events.into_iter().map(told).collect()
}

fn said(at: u64, topic: &str, payload: &str) -> (u64, String, String) {
    (at, topic.to_owned(), payload.to_owned())
}

#[test]
fn casas_is_a_line_an_event() {
    // 2015-06-01 was a Monday, and so is 2020-01-06.
    let text = "2015-06-01 00:00:30.600000\tBedroomABed\tON\t\n\
                2015-06-01 00:00:31.000000\tFrontDoor\tON\t\n\
                2015-06-01 00:00:31.500000\tHallwayA\tOFF\t\n";
    assert_eq!(
        told(&[("events.tsv", text)]),
        [
            said(
                0,
                "homes/casas/json/BedroomABed",
                r#"{"kind":"bed_occupied","value":true,"time":"2020-01-06T00:00:30.600000Z"}"#
            ),
            said(
                400,
                "homes/casas/zigbee2mqtt/FrontDoor",
                r#"{"contact":false,"last_seen":"2020-01-06T00:00:31.000000Z"}"#
            ),
            said(
                900,
                "homes/casas/zigbee2mqtt/HallwayA",
                r#"{"occupancy":false,"last_seen":"2020-01-06T00:00:31.500000Z"}"#
            ),
        ]
    );
}

#[test]
fn ordonez_is_a_line_a_span() {
    let text = "Start\tEnd\n-----\t-----\n\
                2021-06-07 08:00:00\t2021-06-07 08:10:00\t\tSeat\t\tPressure\tLiving\t\r\n\
                2021-06-07 08:01:00\t2021-06-07 08:01:20\t\tToilet\t\tFlush\t\tBath\t\r\n";
    let topics: Vec<_> = told(&[("Home_Sensors.txt", text)])
        .into_iter()
        .map(|(at, topic, payload)| (at, topic, payload.contains("true")))
        .collect();
    let of = |at, topic: &str, on| (at, topic.to_owned(), on);
    assert_eq!(
        topics,
        [
            of(0, "homes/ordonez/json/LivingSeat", true),
            of(60_000, "homes/ordonez/json/BathToilet", true),
            of(600_000, "homes/ordonez/json/LivingSeat", false),
        ]
    );
}

#[test]
fn a_wristband_sends_its_samples_in_series() {
    // A window ends at 1640000010.
    let told = told(&[
        ("S9/HR.csv", "1640000008.0\n1.0\n61\n62\n63\n"),
        ("S9/ACC.csv.gz", "1640000009.5, 1640000009.5\n4.0, 4.0\n64,-32\n0,16\n8,8\n"),
        ("S9/IBI.csv", "1640000000.0, IBI\n8.9,0.9\n9.9,1.0\n15.0,0.8\n"),
        ("S9/tags.csv", "1640000008\n"),
    ]);
    let series = |text: &str| {
        let payload: serde_json::Value = serde_json::from_str(text).unwrap();
        let readings = payload["readings"].as_array().unwrap().iter();
        let told = |reading: &serde_json::Value| {
            let series = &reading["series"];
            format!("{}{} {}", reading["kind"], reading["channel"], series["values"])
        };
        readings.map(told).collect::<Vec<_>>()
    };
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(_, topic, _)| topic == "homes/S9/json/wristband"));
    assert_eq!(
        series(&told[0].2),
        [
            r#""acceleration"1 [1.0,0.0]"#,
            r#""acceleration"2 [-0.5,0.25]"#,
            r#""heart_rate"null [61.0,62.0]"#,
            r#""rr_interval"null [0.9,1.0]"#,
            r#""button_press"null null"#,
        ]
    );
    assert_eq!(
        series(&told[1].2),
        [
            r#""acceleration"1 [0.125]"#,
            r#""acceleration"2 [0.125]"#,
            r#""heart_rate"null [63.0]"#,
            r#""rr_interval"null [0.8]"#,
        ]
    );
}

#[test]
fn what_is_none_says_where() {
    let error = |files: &[(&str, &str)]| {
        let directory = written(files);
        let error = read_dataset(directory.path()).unwrap_err().to_string();
        error.replace(&directory.path().display().to_string(), "DIR")
    };
    assert!(error(&[("x.txt", "")]).starts_with("no recording that is known"));
    let line = "2015-06-01 00:00:30.6\tBed\tON\n\n2015-06-01 00:00:30.6\tBed\tASTRID\n";
    let wrong = error(&[("events.tsv", line)]);
    assert_eq!(wrong, "DIR/events.tsv, line 3: not a line of this recording");
    let wrong = error(&[("HR.csv", "1640000008.0\n1.0\n61\nx\n")]);
    assert_eq!(wrong, "DIR/HR.csv, line 4: not a line of this recording");
    assert!(
        error(&[("ACC.csv.gz", "x"), ("HR.csv", "1640000008.0\n1.0\n61\n")]).contains("line 1")
    );
}
