//! One connection: what is written, what is heard, and when it is time for either.

use std::time::Duration;

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep_until, timeout},
};

use super::{Courier, Failure, Scheduled, Stop, is_answered};
use crate::mqtt::SessionError;

/// Longest wait for an answer of the broker.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// Longest wait for a polite end.
const PARTS_WITHIN: Duration = Duration::from_secs(2);
/// So much is written ahead at most; the rest stays with its source.
const WRITTEN_AHEAD: usize = 64 * 1024;
/// A rate that was missed by less is caught up with.
const CATCHES_UP: Duration = Duration::from_millis(100);
/// A broker that hangs up on a payload above this may have done so for its size.
const LARGE: usize = 64 * 1024;
/// So long after a message that needs no answer it may be the reason of an end.
const JUST_MET: Duration = Duration::from_secs(5);
/// When nothing else is due.
const LOOKS_UP: Duration = Duration::from_hours(1);

/// Bytes on their way out.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    written: usize,
}

impl Outbox {
    /// Writes everything. What was written before it was cancelled is not written again.
    async fn push<W: AsyncWrite + Unpin>(&mut self, writer: &mut W) -> std::io::Result<()> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            let written = writer.write(rest).await?;
            if written == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            self.written += written;
        }
        writer.flush().await?;
        self.bytes.clear();
        self.written = 0;
        Ok(())
    }
}

/// When who last said what.
struct Times {
    spoke: Instant,
    /// Since when an answer is owed.
    asked: Option<Instant>,
}

impl Courier<'_> {
    /// Speaks over a connection until nothing is left to be said, and takes leave.
    pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: S,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut out = Outbox::default();
        let mut inbox = BytesMut::with_capacity(4 * 1024);
        let now = Instant::now();
        let mut times = Times { spoke: now, asked: Some(now) };
        self.publisher.open(&mut out.bytes);
        loop {
            let now = Instant::now();
            self.fill(now, &mut out.bytes)?;
            if self.is_done() && out.bytes.is_empty() && self.is_connected() {
                break;
            }
            self.mind(now, &mut times, &mut out.bytes)?;
            let wakes = self.wakes(now, &times);
            tokio::select! {
                pushed = out.push(&mut writer), if !out.bytes.is_empty() => {
                    pushed.map_err(|error| self.why_closed(error.into()))?;
                    times.spoke = Instant::now();
                    self.report();
                }
                read = reader.read_buf(&mut inbox) => {
                    if read.map_err(|error| self.why_closed(error.into()))? == 0 {
                        return Err(self.why_closed(Failure::Closed));
                    }
                    let now = Instant::now();
                    while let Some(answer) = self.publisher.take(&mut inbox)? {
                        self.hear(answer, now)?;
                    }
                    times.asked = (!self.under_way.is_empty()).then_some(now);
                    self.report();
                }
                fed = receive(&mut self.source), if self.next.is_none() => self.take(fed),
                () = sleep_until(wakes) => {}
                () = stop.gently.cancelled(), if self.stopping.is_none() => {
                    self.stop_taking(Instant::now());
                }
                () = stop.at_once.cancelled() => return Err(Failure::Interrupted),
            }
        }
        self.publisher.disconnect(&mut out.bytes);
        let leave = async {
            out.push(&mut writer).await?;
            writer.shutdown().await
        };
        // Everything is acknowledged; a broker that hears no good-bye loses nothing.
        drop(timeout(PARTS_WITHIN, leave).await);
        Ok(())
    }

    fn is_connected(&self) -> bool {
        // With nothing under way a broker always has room, unless it has not accepted us.
        self.publisher.has_room() || !self.under_way.is_empty()
    }

    /// A broker that hangs up before it has accepted us says something by it.
    fn why_closed(&self, failure: Failure) -> Failure {
        if let Some(error) = self.publisher.closed_by_broker() {
            return SessionError::into(error);
        }
        match (&failure, self.largest_on_its_way()) {
            (Failure::Closed, Some(bytes)) if bytes > LARGE => Failure::ClosedOnLarge { bytes },
            (_, _) => failure,
        }
    }

    /// Bytes of the largest payload that the broker may just have met.
    fn largest_on_its_way(&self) -> Option<usize> {
        let asked = self.under_way.values().map(|(_, outgoing)| outgoing.payload.len());
        let recent = self.unanswered.filter(|(at, _)| at.elapsed() < JUST_MET);
        asked.chain(recent.map(|(_, bytes)| bytes)).max()
    }

    /// Appends what is due and allowed.
    fn fill(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), Failure> {
        while out.len() < WRITTEN_AHEAD && self.is_connected() {
            if let Some(outgoing) = self.again.pop_front() {
                if let Some(later) = self.hand_over(outgoing, out)? {
                    self.again.push_front(later);
                    break;
                }
                self.tally.resent += 1;
                continue;
            }
            if self.next.is_none() {
                let Some(source) = &mut self.source else { break };
                match source.try_recv() {
                    Ok(fed) => self.take(Some(fed)),
                    // Whether it has ended shows when it is waited for.
                    Err(_) => break,
                }
                continue;
            }
            if self.due().is_none_or(|due| due > now) {
                break;
            }
            let Some(Scheduled { due, position, outgoing }) = self.next.take() else { break };
            if let Some(later) = self.hand_over(outgoing, out)? {
                self.next = Some(Scheduled { due, position, outgoing: later });
                break;
            }
            self.tally.position = position;
            if let Some(rate) = self.manner.rate {
                let since = now.checked_sub(CATCHES_UP).unwrap_or(now);
                let free_at = self.free_at.max(since).checked_add(rate.gap());
                self.free_at = free_at.unwrap_or(now + LOOKS_UP);
            }
        }
        Ok(())
    }

    /// When the next message may be sent.
    fn due(&self) -> Option<Instant> {
        let due = self.began?.checked_add(self.next.as_ref()?.due)?;
        Some(if self.manner.rate.is_some() { due.max(self.free_at) } else { due })
    }

    /// Keeps the connection alive, and gives up a broker that does not answer.
    fn mind(&mut self, now: Instant, times: &mut Times, out: &mut Vec<u8>) -> Result<(), Failure> {
        if !self.under_way.is_empty() {
            times.asked.get_or_insert(now);
        }
        if self.pings_at(times).is_some_and(|at| at <= now) {
            self.publisher.ping(out);
            times.spoke = now;
            times.asked.get_or_insert(now);
        }
        if times.asked.is_some_and(|asked| asked + ANSWERS_WITHIN <= now) {
            return Err(Failure::Silent { seconds: ANSWERS_WITHIN.as_secs() });
        }
        if self.stopping.is_some_and(|at| at <= now) {
            return Err(Failure::Interrupted);
        }
        Ok(())
    }

    fn pings_at(&self, times: &Times) -> Option<Instant> {
        self.publisher.keep_alive().map(|keep_alive| times.spoke + keep_alive)
    }

    /// When something is due though nothing happens.
    fn wakes(&self, now: Instant, times: &Times) -> Instant {
        let waits_for_room = self
            .next
            .as_ref()
            .is_some_and(|next| is_answered(next.outgoing.qos) && !self.publisher.has_room());
        let due = if waits_for_room { None } else { self.due() };
        let answer = times.asked.map(|asked| asked + ANSWERS_WITHIN);
        // What is already due waits for the outbox.
        let due = due.filter(|due| *due > now);
        [due, answer, self.pings_at(times), self.stopping]
            .into_iter()
            .flatten()
            .fold(now + LOOKS_UP, Instant::min)
    }
}

async fn receive(
    source: &mut Option<tokio::sync::mpsc::Receiver<super::Fed>>,
) -> Option<super::Fed> {
    match source {
        Some(source) => source.recv().await,
        // It ends with what is under way.
        None => std::future::pending().await,
    }
}
