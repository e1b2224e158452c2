//! PUBLISH packets made before the clock starts.

use bytes::BufMut;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{GeneratorArgs, payload::Writer};
use crate::Outcome;

/// At least this many distinct messages, so that nothing learns them by heart.
const DISTINCT: usize = 20_000;

/// PUBLISH, QoS 1.
const PUBLISH: u8 = 0x32;

/// All packets in one allocation, in random order.
pub(super) struct Packets {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    length: usize,
    /// Offset of the packet id in the packet.
    id: usize,
}

impl Packets {
    pub(super) fn build(args: GeneratorArgs) -> Outcome<Self> {
        let mut random = StdRng::seed_from_u64(2026);
        let devices = args.homes * args.devices_per_home;
        let rounds = DISTINCT.div_ceil(devices.max(1)).max(1);
        let mut order: Vec<usize> = (0..rounds).flat_map(|_| 0..devices).collect();
        order.shuffle(&mut random);

        let mut writer = Writer::new(args.format, random);
        let mut packets = Self { bytes: Vec::with_capacity(order.len() * 256), places: Vec::new() };
        for device in order {
            let topic = topic(args, device);
            packets.push(&topic, writer.payload(device)?)?;
        }
        Ok(packets)
    }

    fn push(&mut self, topic: &str, payload: &[u8]) -> Outcome {
        let start = self.bytes.len();
        self.bytes.put_u8(PUBLISH);
        // topic length, topic, packet id, property length, payload
        let mut remaining = 2 + topic.len() + 2 + 1 + payload.len();
        loop {
            let more = if remaining > 0x7F { 0x80 } else { 0 };
            self.bytes.put_u8(u8::try_from(remaining & 0x7F)? | more);
            remaining >>= 7;
            if remaining == 0 {
                break;
            }
        }
        self.bytes.put_u16(u16::try_from(topic.len())?);
        self.bytes.put_slice(topic.as_bytes());
        let id = self.bytes.len() - start;
        self.bytes.put_u16(0);
        self.bytes.put_u8(0);
        self.bytes.put_slice(payload);
        self.places.push(Place { start, length: self.bytes.len() - start, id });
        Ok(())
    }

    /// Appends the packet at `position` of the endless repetition under `packet_id`.
    pub(super) fn append(&self, position: usize, packet_id: u16, out: &mut Vec<u8>) -> Outcome {
        let place = self.places.get(position % self.places.len()).ok_or("no packets")?;
        let begin = out.len() + place.id;
        let packet = self.bytes.get(place.start..place.start + place.length);
        out.extend_from_slice(packet.ok_or("a packet outside the buffer")?);
        let id = out.get_mut(begin..begin + 2).ok_or("a packet without id")?;
        id.copy_from_slice(&packet_id.to_be_bytes());
        Ok(())
    }
}

/// `homes/<home>/<format>/<device>`, the device named as Zigbee2MQTT does: by its address.
fn topic(args: GeneratorArgs, device: usize) -> String {
    let home = device / args.devices_per_home;
    let address = 0x0015_8d00_0000_0000_u64 + device as u64 * 0x0001_0003;
    format!("homes/h{home:05}/{}/{address:#018x}", args.format.name())
}
