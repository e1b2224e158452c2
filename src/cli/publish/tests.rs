use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    args: PubArgs,
}

fn parse(line: &str) -> Result<PubArgs, clap::error::ErrorKind> {
    let words = std::iter::once("pub").chain(line.split_whitespace());
    Alone::try_parse_from(words).map(|alone| alone.args).map_err(|error| error.kind())
}

fn said(line: &str) -> (Exit, String) {
    let mut err = Vec::new();
    let exit = parse(line).unwrap().run_with(&mut Vec::new(), &mut err).unwrap();
    (exit, String::from_utf8(err).unwrap())
}

#[test]
fn options_are_read() {
    let args = parse("-t a/b -m 21 --retain --qos 0 --repeat 3 --rate 30/min").unwrap();
    assert_eq!(args.topic.as_deref(), Some("a/b"));
    assert_eq!((args.retain, args.qos, args.repeat), (true, 0, 3));
    assert_eq!(args.rate, "0.5/s".parse().ok());
    assert_eq!(args.output, Output::Text);
    let lines = parse("--jsonl - --keep-going --output json").unwrap();
    assert!(lines.keep_going && lines.output == Output::Json);
}

#[test]
fn what_makes_no_sense_is_refused() {
    use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
    for (line, expected) in [
        ("", MissingRequiredArgument),
        ("-m text", MissingRequiredArgument),
        ("-t a -m text -f file", ArgumentConflict),
        ("-t a --jsonl file", ArgumentConflict),
        ("-t a --qos 2", ValueValidation),
        ("-t a --repeat 0", ValueValidation),
        ("-t a --rate never", ValueValidation),
        ("-t a --rate 1e-300/s", ValueValidation),
        ("-t a --rate -5/s", ValueValidation),
        ("-t a/# -m 1", ValueValidation),
        ("-t a --qos -1", ValueValidation),
        ("-t a --password-file f --password-env V", ArgumentConflict),
        ("-t a --certificate-file f", MissingRequiredArgument),
    ] {
        assert_eq!(parse(line).unwrap_err(), expected, "{line}");
    }
}

#[test]
fn a_wrong_address_is_named_with_its_option_and_its_password_is_not_repeated() {
    for (line, expected) in [
        ("-t a -m 1 -b mqtt://anna:geheim@x", "--broker: a password in the address"),
        ("-t a -m 1 -b http://x", "--broker: expected mqtt://HOST:PORT"),
        ("-t a -m 1 --protocol 3", "--protocol: expected 5 or 3.1.1"),
        ("-t a -m 1 --password-env TRYGG_NOT_SET -b mqtt://a@x", "--password-env: the variable"),
        ("-t a -m 1 --password-file /nowhere -b mqtt://a@x", "--password-file: the password file"),
        ("-t a -m 1 --ca-file ca.pem", "--broker: certificates are for mqtts://"),
        ("--jsonl - --repeat 2", "--repeat: standard input comes only once"),
        ("--jsonl /nowhere/at/all", "--jsonl /nowhere/at/all: cannot be read: "),
        ("-t a -f /nowhere/at/all", "--file /nowhere/at/all: cannot be read: "),
    ] {
        let (exit, err) = said(line);
        assert_eq!(exit, Exit::Usage, "{line}");
        assert!(err.starts_with(expected) && !err.contains("geheim"), "{line}: {err}");
        assert!(!format!("{:?}", parse(line).unwrap()).contains("geheim"));
    }
}

#[test]
fn a_broker_that_is_not_there_is_worth_another_try() {
    // Bound and not listening: nobody else gets the port, and nobody answers.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let (exit, err) = said(&format!("-t a -m 1 -b mqtt://127.0.0.1:{port}"));
    assert_eq!(exit, Exit::LeftWithBroker);
    assert!(err.contains("connection refused") && err.contains("--broker"), "{err}");
}
