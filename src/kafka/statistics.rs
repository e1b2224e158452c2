//! librdkafka's statistics, folded over brokers and partitions into a closed set of figures.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::Deserialize;

/// The last statistics, as figures without broker or partition labels.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Records waiting or in flight inside librdkafka.
    pub queue_records: AtomicU64,
    /// Their bytes.
    pub queue_bytes: AtomicU64,
    /// Brokers with an established connection.
    pub brokers_up: AtomicU64,
    /// Produce requests sent again.
    pub request_retries: AtomicU64,
    /// Requests that timed out.
    pub request_timeouts: AtomicU64,
    /// Transmission errors.
    pub transmit_errors: AtomicU64,
    /// Slowest broker's 99th percentile round trip, microseconds.
    pub round_trip_p99_us: AtomicU64,
}

/// How many of the known brokers can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usable {
    /// None, as far as is known.
    None,
    /// Some, and at least one not.
    Some,
    /// All.
    All,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    msg_cnt: u64,
    #[serde(default)]
    msg_size: u64,
    #[serde(default)]
    brokers: HashMap<String, Broker>,
}

#[derive(Deserialize)]
struct Broker {
    #[serde(default)]
    nodeid: i64,
    #[serde(default)]
    state: String,
    #[serde(default)]
    txretries: u64,
    #[serde(default)]
    req_timeouts: u64,
    #[serde(default)]
    txerrs: u64,
    rtt: Option<Window>,
}

#[derive(Deserialize)]
struct Window {
    #[serde(default)]
    p99: u64,
}

impl Statistics {
    /// Takes librdkafka's JSON in. Says how many of the known brokers can be used.
    pub(super) fn update(&self, json: &[u8]) -> Usable {
        let Ok(document) = serde_json::from_slice::<Document>(json) else {
            tracing::debug!("statistics of librdkafka could not be read");
            return Usable::None;
        };
        // Bootstrap entries have negative ids and are up only while metadata is asked for.
        let brokers = || document.brokers.values().filter(|broker| broker.nodeid >= 0);
        let up = brokers().filter(|broker| broker.state == "UP").count();
        let sum = |of: fn(&Broker) -> u64| document.brokers.values().map(of).sum::<u64>();
        let slowest = brokers().filter_map(|broker| broker.rtt.as_ref()).map(|rtt| rtt.p99).max();
        let store = |cell: &AtomicU64, value: u64| cell.store(value, Ordering::Relaxed);
        store(&self.queue_records, document.msg_cnt);
        store(&self.queue_bytes, document.msg_size);
        store(&self.brokers_up, u64::try_from(up).unwrap_or(u64::MAX));
        store(&self.request_retries, sum(|broker| broker.txretries));
        store(&self.request_timeouts, sum(|broker| broker.req_timeouts));
        store(&self.transmit_errors, sum(|broker| broker.txerrs));
        store(&self.round_trip_p99_us, slowest.unwrap_or(0));
        // librdkafka connects where it has something to send, so a broker may well be at rest.
        if brokers().all(|broker| matches!(broker.state.as_str(), "UP" | "INIT")) && up > 0 {
            Usable::All
        } else if up > 0 {
            Usable::Some
        } else {
            Usable::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_folded_into_single_figures() {
        let statistics = Statistics::default();
        let usable = statistics.update(
            br#"{"msg_cnt":7,"msg_size":900,"unknown":{"x":1},"brokers":{
                "a:1/bootstrap":{"nodeid":-1,"state":"UP","txretries":1},
                "a:1/1":{"nodeid":1,"state":"UP","txretries":2,"rtt":{"p99":500}},
                "b:1/2":{"nodeid":2,"state":"DOWN","req_timeouts":3,"rtt":{"p99":900}}}}"#,
        );
        assert_eq!(usable, Usable::Some);
        assert_eq!(statistics.brokers_up.load(Ordering::Relaxed), 1);
        assert_eq!(statistics.request_retries.load(Ordering::Relaxed), 3);
        assert_eq!(statistics.round_trip_p99_us.load(Ordering::Relaxed), 900);
        assert_eq!(statistics.queue_records.load(Ordering::Relaxed), 7);
        assert_eq!(statistics.update(b"not json"), Usable::None);
    }

    #[test]
    fn a_broker_at_rest_is_no_trouble() {
        let usable = |states: [&str; 2]| {
            let [a, b] = states;
            let json = format!(
                "{{\"brokers\":{{\"a\":{{\"nodeid\":1,\"state\":\"{a}\"}},\
                 \"b\":{{\"nodeid\":2,\"state\":\"{b}\"}}}}}}"
            );
            Statistics::default().update(json.as_bytes())
        };
        assert_eq!(usable(["UP", "INIT"]), Usable::All);
        assert_eq!(usable(["UP", "AUTH_REQ"]), Usable::Some);
        assert_eq!(usable(["TRY_CONNECT", "INIT"]), Usable::None);
    }
}
