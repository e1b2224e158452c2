use std::path::Path;

use super::{super::CensusLimits, *};
use crate::{
    config::Config,
    testbed::{Homes, Settings, filters_toml},
};

fn heard(messages: &[(&str, &str)]) -> Proposal {
    let mut census = Census::new(CensusLimits::default());
    for (topic, payload) in messages {
        census.hear(topic, payload.as_bytes());
    }
    Proposal::new(&census, &Arc::new(Catalogue::builtin()))
}

fn topics(proposal: &Proposal) -> Vec<String> {
    proposal.groups.iter().map(|group| format!("{} {}", group.topic, group.format.name())).collect()
}

/// What a whole configuration says of the filters, or why it is none.
fn checked(filters: &str) -> Config {
    let text = format!(
        "[kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
         [[link]]\nname = 'home'\nhost = '127.0.0.1'\nclient_id = 'c'\n{filters}"
    );
    Config::parse(Path::new("x.toml"), &text, |_| None)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_simulated_homes_get_the_filters_they_were_made_for() {
    let mut census = Census::new(CensusLimits::default());
    let settings =
        Settings { homes: 3, starts_at: std::time::Duration::from_hours(6), sos_per_week: 0.25 };
    for event in Homes::new(1, &settings).take(3_000) {
        census.hear(&event.topic, &event.payload);
    }
    let proposal = Proposal::new(&census, &Arc::new(Catalogue::builtin()));
    let pairs = |config: &Config| {
        let filters = config.links[0].filters.iter();
        let filters = filters.map(|filter| (filter.topic.clone(), filter.format.clone()));
        let mut filters: Vec<_> = filters.map(|pair| format!("{pair:?}")).collect();
        filters.sort_unstable();
        filters
    };
    assert_eq!(pairs(&checked(&proposal.filters_toml())), pairs(&checked(&filters_toml())));
    assert_eq!((proposal.unrecognised.topics, proposal.homeless()), (0, 0));
    let lines = proposal.registry_csv();
    assert!(lines.contains("\nband-1,") || lines.lines().count() > 20, "{lines}");
}

#[test]
fn every_format_gets_its_filter_and_none_overlap() {
    let proposal = heard(&[
        ("zigbee2mqtt/hall", "{\"contact\":true}"),
        ("zigbee2mqtt/bridge/state", "online"),
        ("spBv1.0/g/NBIRTH/n", "\u{8}"),
        ("plug-1/status/switch:0", "{\"id\":0}"),
        ("plug-1/events/rpc", "{\"method\":\"NotifyStatus\",\"params\":{}}"),
        ("node/status", "online"),
        ("node/sensor/t/state", "21.5"),
        ("care/a/scale", "[{\"n\":\"w\",\"u\":\"kg\",\"v\":70}]"),
        ("x\"y/kitchen", "{\"linkquality\":3,\"contact\":true}"),
        ("meter/17", "4711"),
    ]);
    let found = topics(&proposal);
    for filter in [
        "zigbee2mqtt/{device...} zigbee2mqtt",
        "spBv1.0/# sparkplug",
        "care/a/{device} senml",
        "x\"y/{device...} zigbee2mqtt",
        "node/status homeassistant",
    ] {
        assert!(found.iter().any(|known| known == filter), "{filter}: {found:#?}");
    }
    assert!(
        found
            .iter()
            .any(|filter| filter.starts_with("plug-1/status/") && filter.ends_with(" shelly"))
    );
    assert_eq!(proposal.unrecognised.named, ["meter/17"]);
    checked(&proposal.filters_toml());
}

#[test]
fn a_device_without_a_home_is_for_the_operator_to_place() {
    let proposal = heard(&[
        ("zigbee2mqtt/bath, \"upper\"", "{\"water_leak\":true}"),
        ("homes/h-1/zigbee2mqtt/hall", "{\"contact\":true}"),
        ("homes/h-1/zigbee2mqtt/hall/availability", "online"),
    ]);
    assert_eq!((proposal.devices(), proposal.homeless()), (2, 1));
    assert_eq!(
        proposal.registry_csv(),
        "device,source_home,home,room\n\"bath, \"\"upper\"\"\",,unassigned,\nhall,h-1,h-1,\n"
    );
}
