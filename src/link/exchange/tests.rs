use std::{sync::Arc, time::Duration};

use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, AlertDescription, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
    server::TlsStream,
};

use super::*;
use crate::transport::{Address, TlsSettings, dial};

/// Both ends of an encrypted connection.
async fn encrypted() -> (Wire, TlsStream<TcpStream>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certificate.pem()).unwrap();
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = TlsSettings { ca_file: Some(ca_file), ..TlsSettings::default() };
    let address = Address { tls: Some(tls), ..Address::tcp("127.0.0.1", port) };
    let serve = async {
        let stream = listener.accept().await.unwrap().0;
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap()
    };
    let (wire, server) = join!(dial(&address), serve);
    (wire.unwrap(), server)
}

async fn look(wire: &mut Wire, unsent: &[u8], buffer: &mut BytesMut) -> Traffic {
    let looked = exchange(wire, unsent, buffer, Look::ReadAndWrite);
    timeout(Duration::from_secs(10), looked).await.expect("something moves").unwrap()
}

#[tokio::test]
async fn what_the_wire_holds_back_goes_out_although_nothing_new_is_written() {
    let (mut wire, mut server) = encrypted().await;
    let mut handed_over = 0;
    let much = vec![7; 100_000];
    // Until the system's buffers and those of TLS are full.
    loop {
        match wire.try_write(&much) {
            Ok(count) => handed_over += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    let read_it = async {
        let mut all = vec![0; handed_over];
        server.read_exact(&mut all).await.unwrap();
        assert!(all.iter().all(|byte| *byte == 7));
        server.write_all(b"!").await.unwrap();
        server.flush().await.unwrap();
    };
    let mut buffer = BytesMut::with_capacity(100);
    let ((), traffic) = join!(read_it, look(&mut wire, &[], &mut buffer));
    assert_eq!((traffic.read, traffic.written, &buffer[..]), (1, 0, b"!".as_slice()));
}

#[tokio::test]
async fn parting_says_goodbye_and_reads_what_still_comes() {
    let (mut wire, mut server) = encrypted().await;
    let answering = async {
        let mut all = Vec::new();
        // Without a goodbye of TLS this would be an error.
        server.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"last");
        server.write_all(b"late").await.unwrap();
        server.shutdown().await.unwrap();
    };
    let leaving = async {
        let mut read = Vec::new();
        let mut buffer = BytesMut::with_capacity(100);
        assert_eq!(look(&mut wire, b"last", &mut buffer).await.written, 4);
        loop {
            buffer.clear();
            let traffic = part(&mut wire, &mut buffer).await.unwrap();
            read.extend_from_slice(&buffer);
            if traffic.ended == Ended::Yes {
                return read;
            }
        }
    };
    let both = async { join!(answering, leaving) };
    let ((), read) = timeout(Duration::from_secs(10), both).await.expect("an end");
    assert_eq!(read, b"late");
}

#[tokio::test]
async fn bytes_that_arrived_before_the_end_are_not_lost_when_writing_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    let (wire, accepted) = join!(dial(&address), listener.accept());
    let (mut wire, mut server) = (wire.unwrap(), accepted.unwrap().0);
    server.write_all(b"farewell").await.unwrap();
    drop(server);
    let mut buffer = BytesMut::with_capacity(100);
    // The peer is gone: sooner or later writing fails, and what it said is read all the same.
    while buffer.len() < 8 {
        look(&mut wire, b"to nobody", &mut buffer).await;
    }
    assert_eq!(&buffer[..], b"farewell");
}

#[test]
fn the_reason_tls_gives_counts_more_than_a_broken_pipe() {
    let alert = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
    let told = || io::Error::new(ErrorKind::InvalidData, alert.clone());
    let pipe = || Some(io::Error::from(ErrorKind::BrokenPipe));
    assert_eq!(clearer(pipe(), told()).reason(), "tls_client_certificate");
    assert_eq!(clearer(None, told()).reason(), "tls_client_certificate");
    let reset = io::Error::from(ErrorKind::ConnectionReset);
    assert_eq!(clearer(pipe(), reset), DialError::Io(ErrorKind::BrokenPipe));
}
