//! An engine's parts for who only looks: the same decoders, registry and pipelines, and no Kafka.

use super::{
    StartError,
    assembly::{Assembly, address, session_settings},
    devices::Devices,
};
use crate::{
    config::{Config, FilterSettings},
    decode::Decoder,
    model::UnixMicros,
    mqtt::SessionSettings,
    pipeline::Pipeline,
    transport::Address,
};

/// See the module.
#[derive(Debug)]
pub struct Apart {
    assembly: Assembly,
    config: Config,
}

impl Apart {
    /// Makes what does not need Kafka.
    pub fn new(config: &Config) -> Result<Self, StartError> {
        let registry = Devices::load(config)?.current();
        Ok(Self { assembly: Assembly::prepare(config, registry)?, config: config.clone() })
    }

    /// The pipeline of a link; its topics have one partition each.
    pub fn pipeline(&self, link: &str, started: UnixMicros) -> Option<Pipeline> {
        let link = self.config.links.iter().find(|known| &*known.name == link)?;
        Some(self.assembly.pipeline(link, self.assembly.registry(), [1; 3], started))
    }

    /// The decoder of a filter.
    pub fn decoder(&self, filter: &FilterSettings) -> Decoder {
        self.assembly.decoder(filter)
    }

    /// Where a link connects to, and as whom.
    pub fn place(&self, link: &str) -> Option<(Address, SessionSettings)> {
        let link = self.config.links.iter().find(|known| &*known.name == link)?;
        Some((address(link), session_settings(link)))
    }

    /// The configuration it was made of.
    pub fn config(&self) -> &Config {
        &self.config
    }
}
