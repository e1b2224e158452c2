//! What a link must subscribe to so that it takes everything the homes say. One source for
//! the demo, `trygg simulate --config` and the documentation.

/// One `[[link.filter]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Topic with captures.
    pub topic: &'static str,
    /// How its payloads are read.
    pub format: &'static str,
}

/// All filters; none overlaps another.
pub fn filters() -> &'static [Filter] {
    &[
        Filter { topic: "homes/{home}/zigbee2mqtt/{device...}", format: "zigbee2mqtt" },
        Filter { topic: "homes/{home}/band/{device}", format: "json" },
        Filter { topic: "homes/{home}/bed/{device}", format: "json" },
    ]
}

/// The filters as they stand in a configuration, below their `[[link]]`.
pub fn filters_toml() -> String {
    let table = |Filter { topic, format }: &Filter| {
        format!("[[link.filter]]\ntopic = \"{topic}\"\nformat = \"{format}\"\n")
    };
    filters().iter().map(table).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_shows_these_filters() {
        assert!(include_str!("../../docs/testbed.md").contains(&filters_toml()));
    }

    #[test]
    fn the_filters_are_toml_that_the_configuration_takes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trygg.toml");
        let config = format!(
            "[kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
             [[link]]\nname = 'home'\nhost = '127.0.0.1'\nclient_id = 'c'\n{}",
            filters_toml()
        );
        std::fs::write(&file, config).unwrap();
        let config = crate::config::Config::load(&file).unwrap();
        assert_eq!(config.links[0].filters.len(), filters().len());
    }
}
