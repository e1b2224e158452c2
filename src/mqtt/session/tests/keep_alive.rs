//! PINGREQ and PINGRESP, under a clock the test moves.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnAckProperties;

use crate::{
    model::Mono,
    mqtt::{
        Protocol, SessionError,
        session::Intake,
        testkit::{Event, Peer, connack, no_connack_properties, publish, settings},
    },
};

const PINGREQ: [u8; 2] = [0xC0, 0];
const PINGRESP: [u8; 2] = [0xD0, 0];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Peer {
    /// A tick, and what it wrote; the shell writes it at once.
    fn ticked(&mut self, intake: Intake) -> Result<Vec<u8>, SessionError> {
        self.session.tick(self.now, intake, &mut self.out)?;
        if !self.out.is_empty() {
            self.session.wrote(self.now);
        }
        Ok(std::mem::take(&mut self.out))
    }

    fn ticked_after(&mut self, pause: Duration, intake: Intake) -> Result<Vec<u8>, SessionError> {
        self.pass(pause);
        self.ticked(intake)
    }

    /// Established, and the first PINGREQ just written.
    fn pinged() -> Self {
        let mut peer = Self::established(Protocol::V5);
        assert_eq!(peer.ticked_after(seconds(60), Intake::Flowing), Ok(PINGREQ.to_vec()));
        peer
    }
}

#[test]
fn a_ping_goes_out_after_an_interval_without_a_write() {
    let mut peer = Peer::established(Protocol::V5);
    assert_eq!(peer.session.deadline(), peer.now + seconds(60));
    assert_eq!(peer.ticked_after(seconds(59), Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.ticked_after(seconds(1), Intake::Flowing), Ok(PINGREQ.to_vec()));
    assert_eq!(peer.ticked(Intake::Flowing), Ok(Vec::new()), "one is enough");
}

#[test]
fn every_write_puts_the_ping_off() {
    let mut peer = Peer::established(Protocol::V5);
    for _ in 0..5 {
        peer.pass(seconds(50));
        peer.session.wrote(peer.now);
        assert_eq!(peer.ticked(Intake::Flowing), Ok(Vec::new()));
    }
    assert_eq!(peer.session.deadline(), peer.now + seconds(60));
}

#[test]
fn reading_alone_does_not_put_the_ping_off() {
    let mut peer = Peer::established(Protocol::V5);
    peer.pass(seconds(60));
    peer.receive(&publish("a", b"", 0)).expect("a good packet");
    assert_eq!(peer.ticked(Intake::Flowing), Ok(PINGREQ.to_vec()));
}

#[test]
fn an_answer_ends_the_waiting() {
    let mut peer = Peer::pinged();
    assert_eq!(peer.session.deadline(), peer.now + seconds(30));
    peer.pass(seconds(29));
    assert_eq!(peer.receive(&PINGRESP), Ok(Vec::new()), "nobody else's business");
    assert_eq!(peer.ticked_after(seconds(30), Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.ticked_after(seconds(1), Intake::Flowing), Ok(PINGREQ.to_vec()));
}

#[test]
fn half_an_interval_without_anything_is_a_fault() {
    let mut peer = Peer::pinged();
    assert_eq!(peer.ticked_after(seconds(29), Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.ticked_after(seconds(1), Intake::Flowing), Err(SessionError::PingTimeout));
    assert_eq!(peer.session.deadline(), Mono(u64::MAX), "closed");
}

#[test]
fn an_answer_may_stand_behind_messages() {
    let mut peer = Peer::pinged();
    for _ in 0..10 {
        peer.pass(seconds(20));
        peer.receive(&publish("a", b"", 0)).expect("a good packet");
        assert!(peer.ticked(Intake::Flowing).is_ok());
    }
    assert_eq!(peer.ticked_after(seconds(30), Intake::Flowing), Err(SessionError::PingTimeout));
}

/// Waiting for Kafka must not cost the connection.
#[test]
fn nothing_is_missed_while_reading_is_paused_and_pings_go_on() {
    let mut peer = Peer::pinged();
    let mut pings = 0;
    for _ in 0..300 {
        let written = peer.ticked_after(seconds(1), Intake::Paused).expect("no fault");
        pings += usize::from(written == PINGREQ);
    }
    assert_eq!(pings, 5);
    assert_eq!(peer.ticked_after(seconds(25), Intake::Paused), Ok(Vec::new()));
    assert_eq!(peer.ticked(Intake::Flowing), Ok(Vec::new()), "the answer may lie in the socket");
    assert_eq!(peer.ticked_after(seconds(29), Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.ticked_after(seconds(1), Intake::Flowing), Err(SessionError::PingTimeout));
}

#[test]
fn a_pause_between_two_ticks_counts() {
    let mut peer = Peer::pinged();
    // Paused and resumed in the 40 seconds since: the shell says so once.
    assert_eq!(peer.ticked_after(seconds(40), Intake::Paused), Ok(Vec::new()));
    assert_eq!(peer.ticked(Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.receive(&PINGRESP), Ok(Vec::new()));
    assert_eq!(peer.session.deadline(), peer.now + seconds(20), "only the next ping");
}

#[test]
fn patience_starts_anew_however_long_the_pause_went_unseen() {
    let mut peer = Peer::pinged();
    assert_eq!(peer.ticked_after(seconds(10), Intake::Paused), Ok(Vec::new()));
    peer.pass(seconds(45));
    assert_eq!(peer.ticked(Intake::Flowing), Ok(Vec::new()));
    assert_eq!(peer.session.deadline(), peer.now + seconds(5), "the next ping");
}

#[test]
fn a_paused_session_only_waits_for_its_next_ping() {
    let mut peer = Peer::pinged();
    let pinged = peer.now;
    assert_eq!(peer.ticked_after(seconds(10), Intake::Paused), Ok(Vec::new()));
    assert_eq!(peer.session.deadline(), pinged + seconds(60));
}

#[test]
fn the_brokers_keep_alive_is_obeyed() {
    for (server, first) in [(1, Some(1)), (600, Some(600)), (0, None)] {
        let mut peer = Peer::new(settings(Protocol::V5));
        peer.open();
        let properties =
            ConnAckProperties { server_keep_alive: Some(server), ..no_connack_properties() };
        let events = peer.receive(&connack(true, Some(properties))).expect("accepted");
        let Event::Connected(connected) = &events[0] else { panic!("{events:?}") };
        assert_eq!(connected.keep_alive, first.map(seconds));
        peer.out.clear();
        peer.receive(&[0x90, 4, 0, 1, 0, 1]).expect("granted");
        let deadline = first.map_or(Mono(u64::MAX), |first| peer.now + seconds(first));
        assert_eq!(peer.session.deadline(), deadline);
    }
}

#[test]
fn pings_go_out_while_the_suback_is_missing() {
    let mut settings = settings(Protocol::V5);
    settings.keep_alive_s = 10;
    let mut peer = Peer::new(settings);
    peer.open();
    peer.receive(&connack(true, None)).expect("accepted");
    peer.out.clear();
    assert_eq!(peer.session.deadline(), peer.now + seconds(10));
    assert_eq!(peer.ticked_after(seconds(10), Intake::Flowing), Ok(PINGREQ.to_vec()));
}

#[test]
fn a_new_connection_waits_for_no_old_answer() {
    let mut peer = Peer::pinged();
    peer.open();
    peer.out.clear();
    peer.receive(&connack(true, None)).expect("accepted");
    assert_eq!(peer.ticked_after(seconds(59), Intake::Flowing), Ok(Vec::new()));
}
