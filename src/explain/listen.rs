//! Hears what a broker has to say: the same session as a link's, without anything that stays.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Mono, QoS, UnixMicros},
    mqtt::{
        Incoming, Intake, Necessity, ReadBuffer, Replay, Session, SessionError, SessionSettings,
        SettingsError, Subscription,
    },
    transport::{Address, DialError, dial},
};

/// Larger messages are passed over.
const PACKET_BYTES: usize = 1024 * 1024;

/// The longest sleep between two looks at the session's clock.
const LOOKS_UP: Duration = Duration::from_secs(1);

/// Longest wait for a polite end.
const PARTS_WITHIN: Duration = Duration::from_millis(500);

/// Whom to listen to.
#[derive(Debug)]
pub struct Listener {
    address: Address,
    settings: SessionSettings,
}

/// Something that was heard.
#[derive(Clone, Copy)]
pub enum Heard<'a> {
    /// The broker took the subscriptions.
    Subscribed,
    /// A message.
    Message {
        /// Its topic.
        topic: &'a str,
        /// Its payload.
        payload: &'a [u8],
        /// Replayed by the broker.
        retain: bool,
        /// When it came.
        received: UnixMicros,
    },
    /// A message above 1 MiB, or with a topic that is none.
    Unreadable,
}

/// Go on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onwards {
    /// Yes.
    Listen,
    /// Enough was heard.
    Stop,
}

/// Why nothing more is heard.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The settings are impossible.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No connection, or it broke.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The broker does not want us, or breaks the protocol.
    #[error("{error}")]
    Session {
        /// Why.
        error: SessionError,
    },
    /// The broker hung up.
    #[error("the broker closed the connection: look into its log")]
    Closed,
}

impl ListenError {
    /// Must somebody change something first?
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Settings(_) => true,
            Self::Dial(error) => error.is_lasting(),
            Self::Session { error } => error.retry() == crate::mqtt::Retry::Slowly,
            Self::Closed => false,
        }
    }
}

impl Listener {
    /// On a broker, under a client id that nobody else has. Whatever the settings say of
    /// subscriptions and sessions: it asks for these filters at `QoS` 0, and leaves nothing behind.
    pub fn new(address: Address, settings: SessionSettings, filters: &[String]) -> Self {
        let subscriptions = filters.iter().map(|filter| Subscription {
            filter: filter.clone(),
            qos: QoS::AtMostOnce,
            necessity: Necessity::Required,
            replay: Replay::New,
        });
        let settings = SessionSettings {
            session_expiry_s: 0,
            allow_downgrade: true,
            subscriptions: subscriptions.collect(),
            ..settings
        };
        Self { address, settings }
    }
}

/// Listens until `hear` has enough, or until it is stopped.
///
/// # Errors
/// Why nothing more can be heard.
pub async fn listen(
    listener: &Listener,
    stop: &CancellationToken,
    hear: &mut dyn FnMut(Heard<'_>) -> Onwards,
) -> Result<(), ListenError> {
    let mut session = Session::new(listener.settings.clone())?;
    let mut wire = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        wire = dial(&listener.address) => wire?,
    };
    let began = Instant::now();
    let mono = || Mono(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    let (mut buffer, mut out) = (ReadBuffer::new(PACKET_BYTES), Vec::new());
    session.open(&mut buffer, mono(), &mut out);
    loop {
        if !out.is_empty() {
            wire.write_all(&out).await.map_err(DialError::from)?;
            wire.flush().await.map_err(DialError::from)?;
            out.clear();
            session.wrote(mono());
        }
        let wait = session.deadline().since(mono()).min(LOOKS_UP);
        let read = tokio::select! {
            () = stop.cancelled() => break,
            read = timeout(wait, wire.read_buf(buffer.buffer_mut())) => read,
        };
        match read {
            Ok(Ok(0)) => {
                return Err(session
                    .closed_by_broker()
                    .map_or(ListenError::Closed, |error| ListenError::Session { error }));
            }
            Ok(Ok(_)) => session.bytes_arrived(mono()),
            Ok(Err(error)) => return Err(DialError::from(error).into()),
            Err(_elapsed) => {}
        }
        if take(&mut session, &mut buffer, mono(), &mut out, hear)? == Onwards::Stop {
            break;
        }
        let ticked = session.tick(mono(), Intake::Flowing, &mut out);
        ticked.map_err(|error| ListenError::Session { error })?;
    }
    out.clear();
    session.disconnect(&mut out);
    // Nobody is owed anything: a broker that is gone has nothing to be told.
    drop(timeout(PARTS_WITHIN, wire.write_all(&out)).await);
    drop(timeout(PARTS_WITHIN, wire.shutdown()).await);
    Ok(())
}

/// Takes what has arrived.
fn take(
    session: &mut Session,
    buffer: &mut ReadBuffer,
    now: Mono,
    out: &mut Vec<u8>,
    hear: &mut dyn FnMut(Heard<'_>) -> Onwards,
) -> Result<Onwards, ListenError> {
    loop {
        let incoming = session.next(buffer, now, out);
        let heard = match incoming.map_err(|error| ListenError::Session { error })? {
            None => return Ok(Onwards::Listen),
            Some(Incoming::Connected(_)) => continue,
            Some(Incoming::Subscribed) => Heard::Subscribed,
            Some(Incoming::Oversize(_)) => Heard::Unreadable,
            Some(Incoming::Publish(publish)) => match publish.topic_name() {
                None => Heard::Unreadable,
                Some(topic) => Heard::Message {
                    topic,
                    payload: publish.payload,
                    retain: publish.retain,
                    received: wall(),
                },
            },
        };
        if hear(heard) == Onwards::Stop {
            return Ok(Onwards::Stop);
        }
    }
}

fn wall() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixMicros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

/// It holds a message.
impl std::fmt::Debug for Heard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Subscribed => "Subscribed",
            Self::Message { .. } => "Message",
            Self::Unreadable => "Unreadable",
        })
    }
}
