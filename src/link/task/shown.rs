//! What a link shows of itself, for readiness and the log.

use super::{LinkTask, Stage};
use crate::{
    link::core::Phase,
    model::{Lane, Mono},
    mqtt::session::Intake,
    telemetry::health::{LaneState, LinkState},
};

impl LinkTask {
    pub(super) fn beat(&self, now: Mono) {
        if let Some(link) = self.health.links().get(self.position) {
            link.beat(now);
        }
    }

    pub(super) fn show(&self, state: LinkState) {
        if let Some(link) = self.health.links().get(self.position) {
            link.set(state);
        }
    }

    /// Shows what this link knows of the topics. Links speak of the same lanes; one that is
    /// refused says so again every second.
    pub(super) fn show_lanes(&mut self) {
        let blocked = self
            .core
            .blocked()
            .map(|blocked| (blocked.to.lane, LaneState::Refusing { code: blocked.code }));
        let waiting = self
            .core
            .waiting_for()
            .map(|to| (to.lane, LaneState::Waiting { partition: to.partition }));
        let trouble = blocked.or(waiting);
        if let Some((lane, _)) = self.troubled_lane
            && trouble.is_none_or(|(now_troubled, _)| now_troubled != lane)
        {
            self.health.set_lane(lane, LaneState::Taking);
        }
        if let Some((lane, state)) = trouble {
            self.health.set_lane(lane, state);
            if let LaneState::Refusing { code } = state
                && trouble != self.troubled_lane
            {
                tracing::error!(
                    link = %self.core.settings().name,
                    topic = lane.label(),
                    code,
                    "Kafka refuses a topic"
                );
            }
        }
        self.troubled_lane = trouble;
    }

    pub(super) fn show_state(&self, stage: &Stage) {
        let state = match stage {
            Stage::Waiting { .. } if self.core.must_wait_for_old_epochs() => {
                LinkState::WaitingForOldEpoch
            }
            // The fault that led here says more than "waiting".
            Stage::Waiting { .. } | Stage::Dialing(_) => return,
            Stage::Parting { .. } | Stage::Over => LinkState::Stopping,
            Stage::Talking(_) => match (self.core.phase(), self.core.blocked()) {
                (Phase::Closed | Phase::Opening, _) => LinkState::Subscribing,
                (Phase::Established, Some(blocked)) if blocked.to.lane != Lane::DeadLetters => {
                    LinkState::Paused { reason: blocked.code }
                }
                (Phase::Established, _) => match self.core.intake() {
                    Intake::Paused => LinkState::Paused { reason: "window_full" },
                    Intake::Flowing => LinkState::Established,
                },
            },
        };
        self.show(state);
    }
}
