//! Against brokers that do not speak TLS, or not now.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use super::*;
use crate::kafka::{Credential, Mechanism, Sasl, Security, Tls};

/// A broker that answers what it reads with what `answer` makes of it, and hangs up. Its address.
fn broker(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap_or(0);
            // The client may be gone by now.
            drop(stream.write_all(&answer(&asked[..length])));
        }
    });
    address
}

/// With TLS, and a login that must not be looked at.
fn connection(folder: &Path) -> Connection {
    let credential = Credential::renewable("p", || panic!("a password was read"));
    let sasl = Sasl { mechanism: Mechanism::Plain, user: "u".to_owned(), credential };
    // An authority of its own, so that the system's list is not read.
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("one");
    let authority = folder.join("ca.pem");
    std::fs::write(&authority, certified.cert.pem()).expect("written");
    let tls = Tls { ca_file: Some(authority), ..Tls::default() };
    let security = Security { tls: Some(tls), sasl: Some(sasl) };
    let mut connection = Connection { security, ..Connection::default() };
    let secret = Credential::renewable("p", || panic!("a secret was read"));
    connection.secrets.insert("ssl.key.password".to_owned(), secret);
    connection
}

async fn cause(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Option<Cause> {
    let folder = tempfile::tempdir().expect("a folder");
    probe(&connection(folder.path()), &broker(answer)).await
}

#[tokio::test]
async fn a_broker_that_hangs_up_says_nothing() {
    assert_eq!(cause(|_| Vec::new()).await, None);
}

#[tokio::test]
async fn a_broker_that_answers_in_clear_speaks_no_tls() {
    // As Kafka does it: no word to what it does not know, an answer to what it does.
    let kafka = |asked: &[u8]| match asked {
        [0, 0, 0, 10, 0, 18, 0, 0, number @ .., 0xff, 0xff] => {
            [&[0, 0, 0, 10], number, &[0, 35, 0, 0, 0, 0]].concat()
        }
        _ => Vec::new(),
    };
    assert_eq!(cause(kafka).await, Some(Cause::TlsNotSpoken));
    let other = |_: &[u8]| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    assert_eq!(cause(other).await, Some(Cause::TlsNotSpoken));
    let alert = |_: &[u8]| vec![21, 3, 3, 0, 2, 2, 70];
    assert_eq!(cause(alert).await, Some(Cause::TlsFailed));
}

#[tokio::test]
async fn the_engine_goes_on_while_certificates_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    // Whoever opens it waits for a writer.
    let slow = folder.path().join("slow.pem");
    let made = std::process::Command::new("mkfifo").arg(&slow).status().expect("mkfifo");
    assert!(made.success());
    let mut connection = connection(folder.path());
    connection.security.tls = Some(Tls { ca_file: Some(slow.clone()), ..Tls::default() });
    let (went_on, hears) = std::sync::mpsc::sync_channel(1);
    let writer = thread::spawn(move || {
        let went_on = hears.recv_timeout(Duration::from_secs(5)).is_ok();
        drop(std::fs::File::options().write(true).open(slow));
        went_on
    });
    let address = broker(|_| Vec::new());
    let engine = async move { went_on.send(()).expect("heard") };
    tokio::join!(probe(&connection, &address), engine);
    assert!(writer.join().expect("ended"));
}
