//! The generator's reading side: handshake, PUBACKs, pings.

use std::{
    io::Read,
    net::TcpStream,
    sync::{PoisonError, atomic::Ordering},
    thread::Thread,
};

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, Filter, Packet, PingResp, SubAck, SubscribeReasonCode,
};

use super::{Shared, packet_id};
use crate::Outcome;

const PUBACK: u8 = 0x40;
const READ_BYTES: usize = 64 * 1024;

/// Reads until the client closes or sends what no client may.
pub(super) fn read(mut socket: TcpStream, shared: &Shared, writer: &Thread) {
    let mut stream = BytesMut::new();
    let mut chunk = vec![0; READ_BYTES];
    let mut ledger = Ledger { oldest: 0, early: vec![false; 1 << 16], receive_maximum: 65_535 };
    while let Ok(length @ 1..) = socket.read(&mut chunk) {
        stream.extend_from_slice(chunk.get(..length).unwrap_or_default());
        if ledger.take(&mut stream, shared).is_err() {
            break;
        }
        writer.unpark();
    }
}

/// Which messages are outstanding.
struct Ledger {
    /// Number of the oldest outstanding message.
    oldest: u64,
    /// By packet id: acknowledged before its turn.
    early: Vec<bool>,
    receive_maximum: u16,
}

impl Ledger {
    fn take(&mut self, stream: &mut BytesMut, shared: &Shared) -> Outcome {
        let mut acknowledged = 0;
        while let Some((kind, frame)) = next_frame(stream)? {
            if kind == PUBACK {
                acknowledged += u64::from(self.settle(&frame, shared));
            } else {
                self.answer(frame, shared)?;
            }
        }
        shared.acknowledged.fetch_add(acknowledged, Ordering::AcqRel);
        Ok(())
    }

    /// True when the acknowledgement is one of an outstanding message.
    fn settle(&mut self, frame: &[u8], shared: &Shared) -> bool {
        let [_, _, high, low, rest @ ..] = frame else { return false };
        let id = u16::from_be_bytes([*high, *low]);
        if rest.first().is_some_and(|code| *code >= 0x80) {
            shared.unknown.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        if shared.is_paced.load(Ordering::Relaxed) {
            shared.latency.delivered(usize::from(id));
        }
        if id == packet_id(self.oldest) && self.oldest < shared.sent.load(Ordering::Acquire) {
            self.oldest += 1;
            while self.forget_early(packet_id(self.oldest)) {
                self.oldest += 1;
            }
            return true;
        }
        let ahead = (u64::from(id) + 65_535 - u64::from(packet_id(self.oldest))) % 65_535;
        let outstanding = self.oldest + ahead < shared.sent.load(Ordering::Acquire);
        let Some(early) = self.early.get_mut(usize::from(id)) else { return false };
        if id == 0 || !outstanding || *early {
            shared.unknown.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        *early = true;
        shared.out_of_order.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn forget_early(&mut self, id: u16) -> bool {
        self.early.get_mut(usize::from(id)).is_some_and(std::mem::take)
    }

    /// Everything but PUBACK is rare, so the library's codec reads and writes it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else comes is refused alike")]
    fn answer(&mut self, mut frame: BytesMut, shared: &Shared) -> Outcome {
        // rumqttc refuses a PINGREQ-sized DISCONNECT, which is the normal one.
        if frame.first() == Some(&0xE0) {
            return Err("the client disconnects".into());
        }
        let mut reply = BytesMut::new();
        match Packet::read(&mut frame, None)? {
            Packet::Connect(connect, _, _) => {
                let announced = connect.properties.and_then(|list| list.receive_maximum);
                self.receive_maximum = announced.unwrap_or(65_535).min(65_534);
                let code = ConnectReturnCode::Success;
                ConnAck { session_present: false, code, properties: None }.write(&mut reply)?;
            }
            Packet::Subscribe(subscribe) => {
                let granted = |filter: &Filter| SubscribeReasonCode::Success(filter.qos);
                let return_codes = subscribe.filters.iter().map(granted).collect();
                SubAck { pkid: subscribe.pkid, return_codes, properties: None }
                    .write(&mut reply)?;
                shared.window.store(u64::from(self.receive_maximum), Ordering::Release);
            }
            Packet::PingReq(_) => {
                PingResp::write(&mut reply)?;
            }
            other => return Err(format!("a packet no client sends here: {other:?}").into()),
        }
        let mut replies = shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.extend_from_slice(&reply);
        Ok(())
    }
}

/// Cuts one whole packet; the kind is its first byte.
fn next_frame(stream: &mut BytesMut) -> Outcome<Option<(u8, BytesMut)>> {
    let Some(&kind) = stream.first() else { return Ok(None) };
    let mut length = 0_usize;
    for (position, byte) in stream.iter().skip(1).enumerate() {
        if position == 4 {
            return Err("a length of more than four bytes".into());
        }
        length |= usize::from(byte & 0x7F) << (7 * position);
        if byte & 0x80 == 0 {
            let whole = length + position + 2;
            return Ok((stream.len() >= whole).then(|| (kind, stream.split_to(whole))));
        }
    }
    Ok(None)
}
