//! The embedded MQTT broker: rumqttd, in memory, on loopback.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
};

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Where MQTT 5 is tried first: the standard's port, so that clients need no option.
const PORT_V5: u16 = 1883;
/// Where MQTT 3.1.1 is tried first; rumqttd wants a port for each version.
const PORT_V311: u16 = 1884;

/// rumqttd holds no more in flight to a client, whatever it is asked for.
pub(super) const IN_FLIGHT: u16 = 100;

/// rumqttd keeps every message of a filter until this many segments of this size are full, so
/// these two bound the memory of a demo that runs for days.
const SEGMENT_BYTES: usize = 1024 * 1024;
const SEGMENTS: usize = 8;

const CONNECTIONS: usize = 256;
const PAYLOAD_BYTES: usize = 1024 * 1024;

/// A running broker. It ends with the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct EmbeddedBroker {
    /// Port of MQTT 5.
    pub(super) v5: u16,
    /// Port of MQTT 3.1.1.
    pub(super) v311: u16,
}

impl EmbeddedBroker {
    /// Starts it, on the usual ports if they are free.
    pub(super) fn start() -> io::Result<Self> {
        let v5 = free_port(PORT_V5)?;
        let v311 = free_port(PORT_V311)?;
        let mut broker = Broker::new(Config {
            router: RouterConfig {
                max_connections: CONNECTIONS,
                max_outgoing_packet_count: 200,
                max_segment_size: SEGMENT_BYTES,
                max_segment_count: SEGMENTS,
                ..RouterConfig::default()
            },
            v5: Some(HashMap::from([("v5".to_owned(), server("mqtt-5", v5))])),
            v4: Some(HashMap::from([("v4".to_owned(), server("mqtt-3.1.1", v311))])),
            ..Config::default()
        });
        // Nobody joins it: it serves as long as the process lives.
        thread::Builder::new().name("broker".to_owned()).spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!(%error, "the embedded broker ended");
            }
        })?;
        Ok(Self { v5, v311 })
    }
}

fn server(name: &str, port: u16) -> ServerSettings {
    ServerSettings {
        name: name.to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 10_000,
            max_payload_size: PAYLOAD_BYTES,
            max_inflight_count: usize::from(IN_FLIGHT),
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    }
}

/// The wished port if nobody listens there, any free one otherwise.
pub(super) fn free_port(wished: u16) -> io::Result<u16> {
    let on = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = on(wished).or_else(|_taken| on(0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced_by_a_free_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let wished = taken.local_addr().unwrap().port();
        let got = free_port(wished).unwrap();
        assert_ne!(got, wished);
        drop(taken);
        assert_eq!(free_port(wished).unwrap(), wished);
    }
}
