//! What is repeated for each stage.

use std::hint::black_box;

use trygg::{
    ack::{Epoch, Outstanding, Place, Shares},
    decode::{Decoded, Memory},
    encode::{ReportEncoder, ReportHead, report::EventIdBasis},
    model::{Flags, Mono},
    mqtt::{Incoming, ReadBuffer},
    pipeline::event_id::EventIds,
    registry::Resolution,
    repeats::{Freshness, Part, Policy, RepeatLimits, Repeats},
    validate,
};

use crate::{
    Outcome,
    inputs::Inputs,
    link::{self, Fallback, Stream},
    pipeline,
    stage::Stage,
};

/// Does a stage's work as many times as it is told.
pub(crate) type Body<'i> = Box<dyn FnMut(u64) -> Outcome + 'i>;

pub(crate) fn of(stage: Stage, inputs: &Inputs) -> Outcome<Body<'_>> {
    match stage {
        Stage::Parse => parse(inputs),
        Stage::DecodeZigbee2mqtt | Stage::DecodeJson | Stage::DecodeProtobuf => Ok(decode(inputs)),
        Stage::Resolve => Ok(resolve(inputs)),
        Stage::Validate => validate(inputs),
        Stage::Repeats => repeats(inputs),
        Stage::EventId => Ok(event_id(inputs)),
        Stage::Encode => encode(inputs),
        Stage::Window => Ok(window()),
        Stage::WorkZigbee2mqtt | Stage::WorkJson | Stage::WorkProtobuf => Ok(work(inputs)),
        Stage::PipelineZigbee2mqtt | Stage::PipelineJson | Stage::PipelineProtobuf => {
            pipeline::body(inputs)
        }
        Stage::LinkPaced => link::body(inputs, Fallback::Nothing, link::PACED),
        Stage::SpooledLinkPaced => link::body(inputs, Fallback::Spool, link::PACED),
        Stage::LinkSaturated => link::body(inputs, Fallback::Nothing, link::SATURATED),
        Stage::SpooledLinkSaturated => link::body(inputs, Fallback::Spool, link::SATURATED),
    }
}

/// The stream as the shell hands it over: 64 KiB at a time.
fn parse(inputs: &Inputs) -> Outcome<Body<'_>> {
    let stream = Stream::of(inputs)?.bytes;
    let mut session = link::session()?;
    let mut buffer = ReadBuffer::new(1 << 20);
    let mut out = Vec::new();
    session.open(&mut buffer, Mono(0), &mut out);
    buffer.buffer_mut().extend_from_slice(&link::ESTABLISHED);
    let mut at = 0;
    Ok(Box::new(move |count| {
        let mut read = 0;
        while read < count {
            match session.next(&mut buffer, Mono(1), &mut out)? {
                Some(Incoming::Publish(publish)) => {
                    black_box(publish.payload);
                    read += 1;
                }
                Some(_) => {}
                None => {
                    let room = buffer.buffer_mut();
                    let free = room.capacity() - room.len();
                    let rest = stream.get(at..).unwrap_or_default();
                    let piece = rest.get(..free).unwrap_or(rest);
                    room.extend_from_slice(piece);
                    at = (at + piece.len()) % stream.len();
                }
            }
        }
        Ok(())
    }))
}

fn decode(inputs: &Inputs) -> Body<'_> {
    let decoder = inputs.decoder();
    let (mut decoded, mut memory) = (Decoded::default(), Memory::default());
    let mut done = 0;
    Box::new(move |count| {
        for input in inputs.cycle(done, count) {
            let message = input.message(inputs.now);
            decoder.decode(input.device, &message, &mut memory, &mut decoded)?;
            black_box(&decoded);
        }
        done += count;
        Ok(())
    })
}

fn resolve(inputs: &Inputs) -> Body<'_> {
    let mut resolver = pipeline::resolver();
    let mut done = 0;
    Box::new(move |count| {
        for input in inputs.cycle(done, count) {
            let resolution = resolver.resolve(Some(input.home), input.device);
            let Resolution::Known(index) = resolution else {
                return Err(format!("a device is {resolution:?}").into());
            };
            black_box(resolver.fragment(index).1);
        }
        done += count;
        Ok(())
    })
}

fn validate(inputs: &Inputs) -> Outcome<Body<'_>> {
    let first = inputs.iter().next().ok_or("no messages")?;
    let (mut decoded, mut memory) = (Decoded::default(), Memory::default());
    inputs.decoder().decode(first.device, &first.message(inputs.now), &mut memory, &mut decoded)?;
    let part = decoded.devices.first().ok_or("no device")?.clone();
    let limits = pipeline::CLOCK_LIMITS;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            validate::readings(&inputs.catalogue, black_box(&mut decoded));
            black_box(validate::clock(part.measured_at, inputs.now.wall, &limits));
        }
        Ok(())
    }))
}

/// Every reading repeats a confirmed one and is marked: the longest way.
fn repeats(inputs: &Inputs) -> Outcome<Body<'_>> {
    const DEVICES: u64 = 10_000;
    let first = inputs.iter().next().ok_or("no messages")?;
    let (mut decoded, mut memory) = (Decoded::default(), Memory::default());
    inputs.decoder().decode(first.device, &first.message(inputs.now), &mut memory, &mut decoded)?;
    let mut repeats = Repeats::new(RepeatLimits::default(), &inputs.catalogue);
    let mut position = 0;
    Ok(Box::new(move |count| {
        for _ in 0..count {
            let place = Place { epoch: Epoch(1), position, settled: position };
            repeats.begin(place, Mono(position * pipeline::INTERVAL_US));
            let part = Part {
                device: u32::try_from(position % DEVICES)?,
                way: 0,
                sequence: None,
                measured_at: None,
                latest: inputs.now.wall,
                freshness: Freshness::Live,
                policy: Policy::Mark,
            };
            let _left_out = black_box(repeats.judge(&part, black_box(&mut decoded.readings)));
            position += 1;
        }
        Ok(())
    }))
}

fn event_id(inputs: &Inputs) -> Body<'_> {
    let mut ids = EventIds::new("bench".into(), inputs.now.wall);
    let mut done = 0;
    Box::new(move |count| {
        for input in inputs.cycle(done, count) {
            black_box(ids.content("bench", input.device, input.payload));
        }
        done += count;
        Ok(())
    })
}

/// A record of ten reports, over and over.
fn encode(inputs: &Inputs) -> Outcome<Body<'_>> {
    let first = inputs.iter().next().ok_or("no messages")?;
    let (mut decoded, mut memory) = (Decoded::default(), Memory::default());
    inputs.decoder().decode(first.device, &first.message(inputs.now), &mut memory, &mut decoded)?;
    let encoder = ReportEncoder::new(&inputs.catalogue);
    let mut resolver = pipeline::resolver();
    let Resolution::Known(device) = resolver.resolve(Some(first.home), first.device) else {
        return Err("the device is not known".into());
    };
    let mut batch = Vec::new();
    Ok(Box::new(move |count| {
        for number in 0..count {
            if number.is_multiple_of(10) {
                batch.clear();
            }
            let head = ReportHead {
                event_id: u128::from(number),
                basis: EventIdBasis::Content,
                device: resolver.fragment(device).1,
                measured_at: Some(inputs.now.wall),
                received_at: inputs.now.wall,
                clock_source: 2,
                sequence: None,
                flags: Flags::default(),
            };
            let readings = (0..).zip(black_box(&decoded.readings));
            encoder.append(&head, readings, &decoded.series, &mut batch);
        }
        black_box(&batch);
        Ok(())
    }))
}

/// From the payload to the encoded report, message by message, without anything around it.
fn work(inputs: &Inputs) -> Body<'_> {
    let decoder = inputs.decoder();
    let encoder = ReportEncoder::new(&inputs.catalogue);
    let mut ids = EventIds::new("bench".into(), inputs.now.wall);
    let mut resolver = pipeline::resolver();
    let (mut decoded, mut memory) = (Decoded::default(), Memory::default());
    let mut batch = Vec::new();
    let mut done = 0;
    Box::new(move |count| {
        for (number, input) in (0_u64..).zip(inputs.cycle(done, count)) {
            if number.is_multiple_of(10) {
                batch.clear();
            }
            let message = input.message(inputs.now);
            decoder.decode(input.device, &message, &mut memory, &mut decoded)?;
            let Resolution::Known(index) = resolver.resolve(Some(input.home), input.device) else {
                return Err("a device is not known".into());
            };
            validate::readings(&inputs.catalogue, &mut decoded);
            let part = decoded.devices.first().ok_or("no device")?;
            let received = message.received.wall;
            let clock = validate::clock(part.measured_at, received, &pipeline::CLOCK_LIMITS);
            let device = resolver.device(index);
            let tenant = resolver.home(device.home).tenant;
            let head = ReportHead {
                event_id: ids.content(tenant, device.name, input.payload),
                basis: EventIdBasis::Content,
                device: device.fragment,
                measured_at: clock.measured_at,
                received_at: received,
                clock_source: clock.source.number(),
                sequence: part.sequence,
                flags: clock.flags,
            };
            let readings = (0..).zip(decoded.readings_of(part));
            encoder.append(&head, readings, &decoded.series, &mut batch);
            black_box(&batch);
        }
        done += count;
        Ok(())
    })
}

/// A window of 10 000 with up to 500 messages in it. The record's part is answered by giving it
/// up, since only Kafka's callback can make a receipt; both cost the same.
fn window() -> Body<'static> {
    let mut outstanding = Outstanding::new(Epoch(1), 10_000);
    let mut shares = Shares::default();
    Box::new(move |count| {
        for number in 0..count {
            let arrival = pipeline::arrival(1, 200, Mono(number));
            let (_, mut token) = outstanding.admit(arrival).ok_or("the window is full")?;
            token.split(&mut shares);
            token.hand_on();
            if number % 10 == 9 {
                shares.abandon();
            }
            if number % 500 == 499 {
                while let Some(answered) = outstanding.pop_resolved() {
                    black_box(answered);
                }
            }
        }
        shares.abandon();
        while outstanding.pop_resolved().is_some() {}
        Ok(())
    })
}
