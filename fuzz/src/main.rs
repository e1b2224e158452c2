//! Fuzz targets: one for each format, for the JSON mapping, for MQTT's framing and for the
//! recognition of formats. `TRYGG_FUZZ` names the target; `tools/fuzz.sh` runs them all.
#![no_main]

mod decoder;
mod measure;
mod mqtt;
mod plain;
mod recognise;
mod session;
mod summary;

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use trygg::decode::Format;

/// What a run feeds.
enum Target {
    Decoder(Box<decoder::Target>),
    Mqtt,
    Recognise,
}

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(init: begin(), |input: &[u8]| {
    plain::at_hand(input);
    match TARGET.get() {
        Some(Target::Decoder(target)) => target.check(input),
        Some(Target::Mqtt) => mqtt::check(input),
        Some(Target::Recognise) => recognise::check(input),
        None => {}
    }
});

#[expect(
    clippy::disallowed_methods,
    reason = "libFuzzer owns main and its arguments; before the first input there is nothing to end"
)]
fn begin() {
    let name = env::var("TRYGG_FUZZ").unwrap_or_default();
    let target = match (name.as_str(), Format::named(&name)) {
        (_, Some(format)) => Target::Decoder(Box::new(decoder::Target::of(format))),
        ("mapping", None) => Target::Decoder(Box::new(decoder::Target::mapping())),
        ("mqtt", None) => Target::Mqtt,
        ("recognise", None) => Target::Recognise,
        ("list", None) => {
            for format in Format::ALL {
                println!("{}", format.name());
            }
            println!("mapping\nmqtt\nrecognise");
            process::exit(0);
        }
        _ => {
            eprintln!("fuzz: TRYGG_FUZZ={name:?} names no target; `list` lists them");
            process::exit(2);
        }
    };
    let _ = TARGET.set(target);
    measure::report_at_exit();
}
