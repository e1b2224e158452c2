//! Reads back what stands in Kafka: what the demo shows has come all the way.

use std::collections::BTreeMap;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Part, setup::TOPICS};
use crate::{
    engine::single_threaded,
    kafka::{
        LoginContext,
        follower::{FollowError, Followed, Follower, FollowerSettings, From, Heard},
    },
    model::Lane,
    tail::Event,
};

/// Hands over every event until told to stop, or until nobody listens. Blocks: a consumer takes its
/// time to close, which must not hold up the others' end.
pub(super) fn read(
    brokers: String,
    events: &mpsc::Sender<Event>,
    stop: &CancellationToken,
) -> Part {
    let ended = single_threaded().map_err(Trouble::Runtime).and_then(|runtime| {
        let stopped = stop.cancelled();
        runtime.block_on(async {
            tokio::select! {
                () = stopped => Ok(()),
                ended = follow(brokers, events) => ended.map_err(Trouble::Kafka),
            }
        })
    });
    if let Err(error) = ended {
        tracing::error!(%error, "the demo cannot read its own Kafka");
    }
    Part::Reader
}

/// Why nothing can be read.
#[derive(Debug, Error)]
enum Trouble {
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
    #[error(transparent)]
    Kafka(FollowError),
}

async fn follow(brokers: String, events: &mpsc::Sender<Event>) -> Result<(), FollowError> {
    let mut follower = Follower::start(FollowerSettings {
        brokers,
        properties: BTreeMap::new(),
        login: LoginContext::default(),
        topics: TOPICS.map(str::to_owned).to_vec(),
        from: From::Beginning,
        until_end: false,
    })?;
    loop {
        match follower.next().await? {
            Heard::Record(record) => {
                for event in events_of(&record) {
                    if events.send(event).await.is_err() {
                        return Ok(());
                    }
                }
            }
            Heard::Following { .. } | Heard::Back => {}
            Heard::Away(absence) => {
                tracing::warn!(%absence, "the demo cannot read its own Kafka");
            }
            Heard::End => return Ok(()),
        }
    }
}

/// Anybody may write to the demo's Kafka; what is not trygg's is passed over.
fn events_of(record: &Followed) -> Vec<Event> {
    let lane = Lane::ALL.iter().zip(TOPICS).find(|(_, topic)| **topic == *record.topic);
    let events = lane.map(|(lane, _)| Event::from_record(*lane, &record.value));
    events.and_then(Result::ok).unwrap_or_default()
}
