//! Reads back what stands in Kafka: what the demo shows has come all the way.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Part, setup::TOPICS};
use crate::{
    kafka::{
        LoginContext,
        follower::{Followed, Follower, FollowerSettings, From, Heard},
    },
    model::Lane,
    tail::Event,
};

/// Hands over every event until told to stop, or until nobody listens.
pub(super) async fn read(
    brokers: String,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
) -> Part {
    let follower = Follower::start(FollowerSettings {
        brokers,
        properties: BTreeMap::new(),
        login: LoginContext::default(),
        topics: TOPICS.map(str::to_owned).to_vec(),
        from: From::Beginning,
        until_end: false,
    });
    let mut follower = match follower {
        Ok(follower) => follower,
        Err(error) => {
            tracing::error!(%error, "the demo cannot read its own Kafka");
            return Part::Reader;
        }
    };
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return Part::Reader,
            heard = follower.next() => heard,
        };
        match heard {
            Ok(Heard::Record(record)) => {
                for event in events_of(&record) {
                    if events.send(event).await.is_err() {
                        return Part::Reader;
                    }
                }
            }
            Ok(Heard::Following { .. } | Heard::Back) => {}
            Ok(Heard::Away(absence)) => {
                tracing::warn!(%absence, "the demo cannot read its own Kafka");
            }
            Ok(Heard::End) => return Part::Reader,
            Err(error) => {
                tracing::error!(%error, "the demo cannot read its own Kafka");
                return Part::Reader;
            }
        }
    }
}

/// Anybody may write to the demo's Kafka; what is not trygg's is passed over.
fn events_of(record: &Followed) -> Vec<Event> {
    let lane = Lane::ALL.iter().zip(TOPICS).find(|(_, topic)| **topic == *record.topic);
    let events = lane.map(|(lane, _)| Event::from_record(*lane, &record.value));
    events.and_then(Result::ok).unwrap_or_default()
}
