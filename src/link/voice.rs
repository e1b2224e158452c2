//! What a link tells the log: rate-limited by reason, without topics, payloads or names.

use std::sync::Arc;

use super::{core::Core, notice::Notice};
use crate::{model::ReasonCounts, sink::Producer, telemetry::logging::limit::RateLimited};

/// A link's voice.
#[derive(Debug, Default)]
pub struct Voice {
    limit: RateLimited,
    /// Dead letters by reason, as last told.
    told: ReasonCounts,
}

/// What matters to the back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// The connection is established now.
    Established,
}

impl Voice {
    /// Tells what has happened to the connection, and hands the good news on.
    pub fn notices<P: Producer>(&mut self, core: &mut Core<P>) -> News {
        let mut news = News::None;
        let link = Arc::clone(&core.settings().name);
        let limit = core.settings().receive_maximum;
        for notice in core.take_notices() {
            match notice {
                Notice::Established => {
                    news = News::Established;
                    tracing::info!(%link, "established");
                }
                Notice::SessionFresh => tracing::info!(
                    %link,
                    "the broker had no session under this client_id: messages from before were \
                     not kept"
                ),
                Notice::SessionLost => tracing::error!(
                    %link,
                    "the broker has lost this session: messages that waited in it are gone"
                ),
                Notice::Overshoot { messages } => tracing::warn!(
                    %link,
                    messages,
                    window = limit,
                    "the broker sends more than the window allows: receive_maximum, or inflight \
                     with MQTT 3.1.1"
                ),
            }
        }
        news
    }

    /// Asks to write a line about a reason; how many were suppressed before it.
    pub fn permit(&self, reason: &'static str) -> Option<u64> {
        self.limit.permit(reason)
    }

    /// Tells which messages became dead letters since the last time. Asked once a second.
    pub fn rejections<P: Producer>(&mut self, core: &Core<P>) {
        for (reason, count) in core.rejected().iter() {
            let new = count - self.told.of(reason);
            if new == 0 {
                continue;
            }
            let Some(suppressed) = self.limit.permit(reason) else { continue };
            self.told.add_many(reason, new);
            tracing::warn!(
                link = %core.settings().name,
                reason,
                messages = new,
                suppressed_lines = suppressed,
                "messages became dead letters"
            );
        }
    }
}
