use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    args: SimulateArgs,
}

fn parse(line: &str) -> Result<SimulateArgs, clap::error::ErrorKind> {
    let words = std::iter::once("simulate").chain(line.split_whitespace());
    Alone::try_parse_from(words).map(|alone| alone.args).map_err(|error| error.kind())
}

fn said(line: &str) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = parse(line).unwrap().run_with(&mut out, &mut err).unwrap();
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn options_are_read() {
    let args = parse("--homes 50 --seed 7 --speed max --duration 10min --rate-limit 5/s").unwrap();
    assert_eq!((args.homes, args.seed, args.speed), (50, 7, Speed::Max));
    assert_eq!(args.duration, Some(Duration::from_mins(10)));
    assert_eq!(args.rate_limit, "5".parse().ok());
    let replay = parse("--replay a b --speed 2").unwrap();
    assert_eq!(replay.replay.len(), 2);
}

#[test]
fn what_makes_no_sense_is_refused() {
    use clap::error::ErrorKind::{ArgumentConflict, ValueValidation};
    for (line, expected) in [
        ("--homes 0", ValueValidation),
        ("--speed slow", ValueValidation),
        ("--duration 5", ValueValidation),
        ("--duration -5s", ValueValidation),
        ("--duration 0s", ValueValidation),
        ("--homes -1", ValueValidation),
        ("--rate-limit 1e-19/s", ValueValidation),
        ("--starts-at 24", ValueValidation),
        ("--sos-per-week -1", ValueValidation),
        ("--rate-limit fast", ValueValidation),
        ("--print --duration 5s", ArgumentConflict),
        ("--print --config", ArgumentConflict),
        ("--replay a --homes 3", ArgumentConflict),
        ("--replay a --print", ArgumentConflict),
    ] {
        assert_eq!(parse(line).unwrap_err(), expected, "{line}");
    }
}

#[test]
fn printed_lines_are_the_same_every_time_and_end_when_asked() {
    let (exit, first, _) = said("--print --simulated 2h --homes 2 --seed 4");
    assert_eq!(exit, Exit::Done);
    assert!(first.lines().count() > 50, "{}", first.lines().count());
    assert_eq!(said("--print --simulated 2h --homes 2 --seed 4").1, first);
    assert_ne!(said("--print --simulated 2h --homes 2 --seed 5").1, first);
    for line in first.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["offset_s"].as_f64().unwrap() <= 7_200.0);
        assert!(line["payload"].is_object());
    }
}

#[test]
fn the_filters_are_written_for_the_configuration() {
    let (exit, out, _) = said("--config");
    assert_eq!(exit, Exit::Done);
    assert_eq!(out, filters_toml());
}

#[test]
fn a_file_that_is_missing_is_a_wrong_argument() {
    let (exit, _, err) = said("--replay /nowhere/at/all");
    assert_eq!(exit, Exit::Usage);
    assert!(err.starts_with("--replay /nowhere/at/all: cannot be read: "), "{err}");
}
