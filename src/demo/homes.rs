//! The simulated homes, on a thread of their own.

use tokio::sync::{mpsc, watch};

use super::{Part, Settings};
use crate::{
    engine::single_threaded,
    testbed::{
        Broker, Failure, Homes, Manner, Notice, Speed, Stop, WAITING_MAX, publish, send_events,
    },
};

/// Publishes what the homes say until told to stop, and shows how much the broker has taken.
/// Blocks.
pub(super) fn live(
    settings: &Settings,
    port: u16,
    published: &watch::Sender<u64>,
    stop: &Stop,
) -> Part {
    let (sender, source) = mpsc::channel(WAITING_MAX);
    let homes = Homes::new(settings.seed, &settings.homes());
    let speed = Speed::Times(settings.speed);
    let broker = Broker::local(port, "homes");
    let manner = Manner { reconnect: true, ..Manner::default() };
    let mut notice = |notice: Notice<'_>| match notice {
        Notice::Tally(tally) => {
            published.send_replace(tally.published());
        }
        Notice::Connected => {}
        Notice::Skipped(failure) | Notice::Disconnected { failure, .. } => {
            tracing::warn!(%failure, "the simulated homes cannot publish");
        }
    };
    std::thread::scope(|threads| {
        // Ends when nobody takes the homes' messages any more.
        threads.spawn(|| send_events(homes, speed, std::time::Duration::MAX, &sender));
        let ended = single_threaded()
            .map(|runtime| runtime.block_on(publish(&broker, manner, source, stop, &mut notice)).1);
        match ended {
            Ok(Ok(()) | Err(Failure::Interrupted)) => {}
            Ok(Err(failure)) => tracing::error!(%failure, "the simulated homes ended"),
            Err(error) => tracing::error!(%error, "the simulated homes cannot start"),
        }
    });
    Part::Homes
}
