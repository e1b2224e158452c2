//! One MQTT session over its connections: a state machine without socket and without clock.
//!
//! The shell opens a connection, appends what it reads to the [`ReadBuffer`], calls
//! [`Session::next`] until it returns `None`, calls [`Session::tick`], and writes what has
//! gathered in `out`. Which messages are acknowledged is decided elsewhere; this room only knows
//! how an acknowledgement is written.

mod events;
mod keep_alive;
mod publish;
mod settings;
mod subscriptions;

use std::fmt;

pub(super) use self::settings::is_string;
pub use self::{
    events::{Connected, Incoming, Intake, Origin},
    settings::{Login, Necessity, Replay, SessionSettings, Subscription},
};
use self::{
    keep_alive::{Due, KeepAlive},
    subscriptions::{Progress, Subscriptions},
};
use super::{
    error::{Downgrade, ProtocolError, SessionError, SettingsError},
    framing::{Cut, PacketKind, ReadBuffer},
    packets::{self, Connack, Limits},
    publish::Publish,
};
use crate::model::{Mono, QoS};

/// The client's side of one MQTT session.
pub struct Session {
    settings: SessionSettings,
    /// CONNECT, the same every time.
    connect: Vec<u8>,
    phase: Phase,
    keep_alive: KeepAlive,
    subscriptions: Subscriptions,
    /// The broker has had a session of this process.
    known_to_broker: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Connecting {
        since: Mono,
    },
    Subscribing {
        since: Mono,
        limits: Limits,
    },
    /// [`Incoming::Subscribed`] is still to be reported.
    Granted,
    Established,
}

impl Session {
    /// A closed session.
    pub fn new(settings: SessionSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            connect: settings.connect().ok_or(SettingsError::ClientId)?,
            phase: Phase::Closed,
            keep_alive: KeepAlive::start(settings.keep_alive_s, Mono::default()),
            subscriptions: Subscriptions::new(
                settings.protocol,
                settings.subscriptions.clone(),
                settings.allow_downgrade,
            ),
            known_to_broker: false,
            settings,
        })
    }

    /// Begins a connection with CONNECT. What is left in `buffer` and `out` belongs to the one
    /// before and is thrown away: neither its messages nor its acknowledgements may reach this one.
    pub fn open(&mut self, buffer: &mut ReadBuffer, now: Mono, out: &mut Vec<u8>) {
        buffer.clear();
        out.clear();
        out.extend_from_slice(&self.connect);
        self.phase = Phase::Connecting { since: now };
        self.keep_alive = KeepAlive::start(self.settings.keep_alive_s, now);
    }

    /// What came next; `None` when more bytes are needed. After an error the session is closed:
    /// [`Session::open`] is the only way on.
    pub fn next<'a>(
        &mut self,
        buffer: &'a mut ReadBuffer,
        now: Mono,
        out: &mut Vec<u8>,
    ) -> Result<Option<Incoming<'a>>, SessionError> {
        let incoming = self.advance(buffer, now, out);
        if incoming.is_err() {
            self.phase = Phase::Closed;
        }
        incoming
    }

    /// Keeps the connection alive and notices when the broker does not. Call it on every wake-up,
    /// after what the socket held has been read and taken.
    pub fn tick(
        &mut self,
        now: Mono,
        intake: Intake,
        out: &mut Vec<u8>,
    ) -> Result<(), SessionError> {
        self.keep_alive.observe(intake, now);
        let fault = match self.phase {
            Phase::Closed => None,
            Phase::Connecting { .. } => {
                self.is_unanswered(now).then_some(SessionError::ConnectTimeout)
            }
            Phase::Subscribing { .. } if self.is_unanswered(now) => {
                Some(SessionError::SubscribeTimeout)
            }
            Phase::Subscribing { .. } | Phase::Granted | Phase::Established => {
                match self.keep_alive.due(now) {
                    Due::Nothing => None,
                    Due::Ping => {
                        out.extend_from_slice(&packets::PINGREQ);
                        None
                    }
                    Due::Missed => Some(SessionError::PingTimeout),
                }
            }
        };
        match fault {
            None => Ok(()),
            Some(fault) => {
                self.phase = Phase::Closed;
                Err(fault)
            }
        }
    }

    /// When [`Session::tick`] has to be called at the latest.
    pub fn deadline(&self) -> Mono {
        let answer = self.answer_deadline();
        let keep_alive = match self.phase {
            Phase::Closed | Phase::Connecting { .. } => None,
            Phase::Subscribing { .. } | Phase::Granted | Phase::Established => {
                self.keep_alive.deadline()
            }
        };
        [answer, keep_alive].into_iter().flatten().min().unwrap_or(Mono(u64::MAX))
    }

    /// Appends the PUBACK of a message of this connection. Without a connection nothing is
    /// written: the message is not ours any more.
    pub fn acknowledge(&mut self, packet_id: u16, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Closed | Phase::Connecting { .. } => {}
            Phase::Subscribing { .. } | Phase::Granted | Phase::Established => {
                out.extend_from_slice(&packets::puback(packet_id));
            }
        }
    }

    /// Appends DISCONNECT, which keeps the session at the broker, and closes. What still arrives
    /// is not looked at.
    pub fn disconnect(&mut self, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Closed => {}
            Phase::Connecting { .. }
            | Phase::Subscribing { .. }
            | Phase::Granted
            | Phase::Established => out.extend_from_slice(&packets::DISCONNECT),
        }
        self.phase = Phase::Closed;
    }

    /// Bytes have gone into the socket.
    pub fn wrote(&mut self, now: Mono) {
        self.keep_alive.wrote(now);
    }

    /// Bytes have come out of the socket.
    pub fn bytes_arrived(&mut self, now: Mono) {
        self.keep_alive.heard(now);
    }

    /// What it means that the broker closes the socket now, where that says something.
    pub fn closed_by_broker(&self) -> Option<SessionError> {
        match self.phase {
            Phase::Connecting { .. } => {
                Some(SessionError::ClosedUnanswered { ours: self.settings.protocol })
            }
            Phase::Closed | Phase::Subscribing { .. } | Phase::Granted | Phase::Established => None,
        }
    }

    /// Replaces the subscriptions. The next connection subscribes to what is new and ends what is
    /// no longer wanted.
    pub fn set_subscriptions(
        &mut self,
        subscriptions: Vec<Subscription>,
    ) -> Result<(), SettingsError> {
        settings::check_subscriptions(&subscriptions)?;
        self.subscriptions.want(subscriptions);
        Ok(())
    }

    #[inline]
    fn advance<'a>(
        &mut self,
        buffer: &'a mut ReadBuffer,
        now: Mono,
        out: &mut Vec<u8>,
    ) -> Result<Option<Incoming<'a>>, SessionError> {
        match self.phase {
            Phase::Closed => return Ok(None),
            Phase::Granted => {
                self.phase = Phase::Established;
                return Ok(Some(Incoming::Subscribed));
            }
            Phase::Connecting { .. } | Phase::Subscribing { .. } | Phase::Established => {}
        }
        let protocol = self.settings.protocol;
        loop {
            let frame = match buffer.cut(protocol)? {
                None => return Ok(None),
                Some(Cut::Oversize(oversize)) => {
                    self.expect_messages()?;
                    return Ok(Some(Incoming::Oversize(oversize)));
                }
                Some(Cut::Frame(frame)) => frame,
            };
            match frame.kind {
                PacketKind::Publish => {
                    self.expect_messages()?;
                    let publish = Publish::parse(protocol, frame.first, buffer.body(&frame))?;
                    return Ok(Some(Incoming::Publish(publish)));
                }
                PacketKind::Pingresp => self.pingresp(buffer.body(&frame))?,
                PacketKind::Connack => {
                    let connected = self.connack(buffer.body(&frame), now, out)?;
                    return Ok(Some(Incoming::Connected(connected)));
                }
                PacketKind::Suback | PacketKind::Unsuback => {
                    match self.granted(frame.kind, buffer.body(&frame), out)? {
                        Progress::Waiting => {}
                        Progress::Complete => {
                            self.phase = Phase::Established;
                            return Ok(Some(Incoming::Subscribed));
                        }
                    }
                }
                PacketKind::Disconnect => return Err(protocol.disconnect(buffer.body(&frame))),
            }
        }
    }

    fn expect_messages(&self) -> Result<(), ProtocolError> {
        match self.phase {
            Phase::Closed | Phase::Connecting { .. } => Err(ProtocolError::UnexpectedPacket),
            Phase::Subscribing { .. } | Phase::Granted | Phase::Established => Ok(()),
        }
    }

    fn pingresp(&mut self, body: &[u8]) -> Result<(), ProtocolError> {
        self.expect_messages()?;
        if !body.is_empty() {
            return Err(ProtocolError::TrailingBytes);
        }
        self.keep_alive.answered();
        Ok(())
    }

    fn granted(
        &mut self,
        kind: PacketKind,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Progress, SessionError> {
        let Phase::Subscribing { limits, .. } = self.phase else {
            return Err(ProtocolError::UnexpectedPacket.into());
        };
        let protocol = self.settings.protocol;
        if kind == PacketKind::Suback {
            self.subscriptions.suback(&protocol.suback(body)?, &limits, out)
        } else {
            self.subscriptions.unsuback(&protocol.unsuback(body)?, &limits, out)
        }
    }

    fn connack(
        &mut self,
        body: &[u8],
        now: Mono,
        out: &mut Vec<u8>,
    ) -> Result<Connected, SessionError> {
        let Phase::Connecting { .. } = self.phase else {
            return Err(ProtocolError::UnexpectedPacket.into());
        };
        let protocol = self.settings.protocol;
        let (session_present, limits) = match protocol.connack(body)? {
            Connack::Refused { code } => return Err(SessionError::Refused { code }),
            Connack::OtherProtocol => return Err(SessionError::OtherProtocol { ours: protocol }),
            Connack::Accepted { session_present, limits } => (session_present, limits),
        };
        let origin = match (session_present, self.known_to_broker) {
            (true, _) => Origin::Resumed,
            (false, false) => Origin::Fresh,
            (false, true) => Origin::Lost,
        };
        self.known_to_broker = true;
        if !session_present {
            self.subscriptions.forget();
        }
        self.check_downgrade(&limits)?;
        let keep_alive_s = limits.keep_alive_s.unwrap_or(self.settings.keep_alive_s);
        self.keep_alive = KeepAlive::start(keep_alive_s, now);
        self.phase = match self.subscriptions.begin(&limits, out)? {
            Progress::Waiting => Phase::Subscribing { since: now, limits },
            Progress::Complete => Phase::Granted,
        };
        Ok(Connected { origin, keep_alive: self.keep_alive.interval() })
    }

    fn check_downgrade(&self, limits: &Limits) -> Result<(), SessionError> {
        if self.settings.allow_downgrade {
            return Ok(());
        }
        if limits.maximum_qos < QoS::AtLeastOnce && self.subscriptions.need(QoS::AtLeastOnce) {
            return Err(SessionError::Downgraded(Downgrade::MaximumQos));
        }
        match limits.session_expiry_s {
            Some(granted_s) if granted_s < self.settings.session_expiry_s => {
                Err(SessionError::Downgraded(Downgrade::SessionExpiry { granted_s }))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_unanswered(&self, now: Mono) -> bool {
        self.answer_deadline().is_some_and(|deadline| now >= deadline)
    }

    /// By when the answer to CONNECT, SUBSCRIBE or UNSUBSCRIBE is due.
    fn answer_deadline(&self) -> Option<Mono> {
        match (self.phase, self.keep_alive.intake()) {
            (Phase::Connecting { since }, _) => Some(since + self.settings.connect_timeout),
            (Phase::Subscribing { since, .. }, Intake::Flowing) => {
                Some(since.max(self.keep_alive.last_heard()) + self.settings.subscribe_timeout)
            }
            (Phase::Subscribing { .. }, Intake::Paused)
            | (Phase::Closed | Phase::Granted | Phase::Established, _) => None,
        }
    }
}

/// CONNECT holds the password.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .field("keep_alive", &self.keep_alive)
            .field("known_to_broker", &self.known_to_broker)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
