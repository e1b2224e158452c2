#![expect(clippy::result_large_err, reason = "the library's own type of a refusal")]

use std::time::Duration;

use tokio::{
    io::{DuplexStream, duplex},
    join,
    time::timeout,
};
use tokio_tungstenite::tungstenite::{
    handshake::server::{ErrorResponse, Request, Response},
    http::{HeaderValue, StatusCode},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::*;

type Server = tungstenite::WebSocket<Blocking>;

/// A server in a thread of its own, over a blocking bridge to the client's stream.
struct Blocking {
    runtime: tokio::runtime::Handle,
    stream: DuplexStream,
}

impl io::Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.runtime.block_on(self.stream.read(buffer))
    }
}

impl io::Write for Blocking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.runtime.block_on(self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn address() -> Address {
    Address::tcp("127.0.0.1", 80)
}

/// A client and what a server thread returns, over a stream that holds `room` bytes.
async fn connected<T: Send + 'static>(
    room: usize,
    serve: impl FnOnce(Server) -> T + Send + 'static,
) -> (WebSocket<DuplexStream>, tokio::task::JoinHandle<T>) {
    let (ours, theirs) = duplex(room);
    let runtime = tokio::runtime::Handle::current();
    let server = tokio::task::spawn_blocking(move || {
        let accept = |request: &Request, mut response: Response| {
            assert_eq!(request.uri().path(), "/mqtt");
            assert_eq!(request.headers()["sec-websocket-protocol"], "mqtt");
            let chosen = HeaderValue::from_static("mqtt");
            response.headers_mut().insert("sec-websocket-protocol", chosen);
            Ok(response)
        };
        let stream = Blocking { runtime, stream: theirs };
        serve(tungstenite::accept_hdr(stream, accept).expect("the upgrade"))
    });
    let client = WebSocket::open(ours, &address(), "/mqtt").await.expect("a WebSocket");
    (client, server)
}

/// The answer of a server that says `answer` to whatever is asked.
async fn answered(answer: &'static str) -> DialError {
    let (ours, mut theirs) = duplex(4096);
    let open = async { WebSocket::open(ours, &address(), "/mqtt").await.expect_err("a refusal") };
    let serve = async {
        let mut request = [0; 16];
        theirs.read_exact(&mut request).await.unwrap();
        theirs.write_all(answer.as_bytes()).await.unwrap();
        drop(theirs);
    };
    join!(open, serve).0
}

/// Reads until the end, or until something is wrong.
async fn read_all(client: &mut WebSocket<DuplexStream>) -> (Vec<u8>, io::Result<usize>) {
    let mut bytes = Vec::new();
    let end = soon(client.read_to_end(&mut bytes)).await;
    (bytes, end)
}

/// What comes of something that should not take long.
async fn soon<T>(something: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), something).await.expect("an end")
}

#[tokio::test]
async fn messages_of_any_size_are_one_stream_in_both_directions() {
    let sent: Vec<u8> = (0..100_000_u32).map(|at| (at % 251).to_le_bytes()[0]).collect();
    let expected = sent.clone();
    // Far less room than a message needs: every write and read is partial.
    let (mut client, server) = connected(700, move |mut server| {
        let mut received = Vec::new();
        while received.len() < 100_000 {
            let message = server.read().unwrap();
            assert!(message.is_binary(), "{message:?}");
            received.extend_from_slice(&message.into_data());
        }
        for piece in received.chunks(333) {
            server.send(Message::binary(piece.to_vec())).unwrap();
        }
        received
    })
    .await;
    client.write_all(&sent).await.unwrap();
    client.flush().await.unwrap();
    let mut back = vec![0; sent.len()];
    soon(client.read_exact(&mut back)).await.unwrap();
    assert!(back == expected, "what came back differs");
    assert!(soon(server).await.unwrap() == expected, "what arrived differs");
}

#[tokio::test]
async fn a_ping_is_answered_while_nothing_else_is_sent() {
    let (mut client, server) = connected(4096, |mut server| {
        server.send(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
        let answer = server.read().unwrap();
        server.send(Message::binary(b"good".to_vec())).unwrap();
        answer
    })
    .await;
    let mut good = [0; 4];
    soon(client.read_exact(&mut good)).await.unwrap();
    assert_eq!(&good, b"good");
    assert_eq!(soon(server).await.unwrap(), Message::Pong(Bytes::from_static(b"there?")));
}

#[tokio::test]
async fn a_close_ends_the_stream_and_is_answered() {
    let (mut client, server) = connected(4096, |mut server| {
        server.send(Message::binary(b"last".to_vec())).unwrap();
        let frame = CloseFrame { code: CloseCode::Away, reason: "restart".into() };
        server.close(Some(frame)).unwrap();
        server.read().map(|answer| answer.is_close())
    })
    .await;
    let (bytes, end) = read_all(&mut client).await;
    assert_eq!((bytes.as_slice(), end.unwrap()), (b"last".as_slice(), 4));
    assert!(soon(server).await.unwrap().unwrap(), "the close was answered");
    assert_eq!(client.write(b"late").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn our_goodbye_comes_after_all_we_wrote_and_reading_goes_on() {
    let (mut client, server) = connected(64, |mut server| {
        let last = server.read().unwrap();
        let close = server.read().unwrap();
        (last, close.is_close(), server.flush().is_err())
    })
    .await;
    // Nothing is no message.
    assert_eq!(client.write(&[]).await.unwrap(), 0);
    client.write_all(&[7; 1000]).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await.1.unwrap(), 0);
    let (last, closed, _) = soon(server).await.unwrap();
    assert_eq!((last.len(), closed), (1000, true));
}

#[tokio::test]
async fn text_and_giants_are_failures_with_a_reason() {
    let (mut client, _server) =
        connected(4096, |mut server| server.send(Message::text("hello")).unwrap()).await;
    let error = read_all(&mut client).await.1.unwrap_err();
    assert_eq!(DialError::from(error), DialError::WebSocketText);

    let (mut client, _server) = connected(4096, |mut server| {
        let giant = Message::binary(vec![0; LARGEST_MESSAGE + 1]);
        server.send(giant)
    })
    .await;
    let error = read_all(&mut client).await.1.unwrap_err();
    assert_eq!(DialError::from(error), DialError::WebSocketTooLarge);
}

#[tokio::test]
async fn any_bytes_after_the_upgrade_are_survived() {
    for seed in 0..200_u8 {
        let (mut client, _server) = connected(4096, move |mut server| {
            let noise: Vec<u8> =
                (0..64_u8).map(|at| at.wrapping_mul(seed) ^ seed.rotate_left(3)).collect();
            io::Write::write(server.get_mut(), &noise)
        })
        .await;
        let (_, end) = read_all(&mut client).await;
        if let Err(error) = end {
            let reason = DialError::from(error).reason();
            assert!(reason.starts_with("websocket_"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_peer_that_pings_and_never_reads_fills_nothing() {
    let (ours, mut theirs) = duplex(256);
    let mut client = {
        let config =
            WebSocketConfig::default().write_buffer_size(0).max_write_buffer_size(HELD_MAX);
        let frames = tungstenite::WebSocket::from_raw_socket(
            Pipe::default(),
            tungstenite::protocol::Role::Client,
            Some(config),
        );
        WebSocket { stream: ours, frames, arrived: Bytes::new(), ended: false }
    };
    let flood = async {
        for _ in 0..20_000 {
            theirs.write_all(&[0x89, 4, 1, 2, 3, 4]).await.unwrap();
        }
        theirs.write_all(&[0x82, 1, 42]).await.unwrap();
    };
    let mut byte = [0];
    join!(flood, async { client.read_exact(&mut byte).await.unwrap() });
    assert_eq!(byte, [42]);
    let waiting = client.frames.get_ref().outgoing.capacity();
    assert!(waiting <= 256 * 1024, "{waiting} bytes wait");
}

#[tokio::test]
async fn a_refused_upgrade_says_why() {
    let cases = [
        ("HTTP/1.1 404 Not Found\r\n\r\n", DialError::WebSocketRefused { status: 404 }),
        ("HTTP/1.1 200 OK\r\n\r\n", DialError::WebSocketRefused { status: 200 }),
        ("HTTP/1.1 503 Busy\r\n\r\n", DialError::WebSocketRefused { status: 503 }),
        ("\x20\x03\x00\x04\x00 no HTTP at all", DialError::NotWebSocket),
        ("HTTP/1.1 101 Hm\r\n", DialError::NotWebSocket),
        ("", DialError::NotWebSocket),
    ];
    for (answer, expected) in cases {
        assert_eq!(answered(answer).await, expected, "{answer:?}");
    }
    assert!(DialError::WebSocketRefused { status: 404 }.is_lasting());
    assert!(!DialError::WebSocketRefused { status: 503 }.is_lasting());
}

#[tokio::test]
async fn a_websocket_for_something_else_is_refused() {
    let (ours, theirs) = duplex(4096);
    let runtime = tokio::runtime::Handle::current();
    let server = tokio::task::spawn_blocking(move || {
        tungstenite::accept(Blocking { runtime, stream: theirs }).map(drop).is_ok()
    });
    let refused = WebSocket::open(ours, &address(), "/mqtt").await.unwrap_err();
    assert_eq!(refused, DialError::WebSocketSubprotocol);
    assert!(soon(server).await.unwrap());

    let (ours, theirs) = duplex(4096);
    let runtime = tokio::runtime::Handle::current();
    let server = tokio::task::spawn_blocking(move || {
        let refuse = |_: &Request, _: Response| {
            let mut answer = ErrorResponse::new(None);
            *answer.status_mut() = StatusCode::FORBIDDEN;
            Err(answer)
        };
        tungstenite::accept_hdr(Blocking { runtime, stream: theirs }, refuse).is_err()
    });
    let refused = WebSocket::open(ours, &address(), "/mqtt").await.unwrap_err();
    assert_eq!(refused, DialError::WebSocketRefused { status: 403 });
    assert!(soon(server).await.unwrap());
}

#[tokio::test]
async fn a_path_that_is_none_is_refused_before_anything_is_sent() {
    let (ours, _theirs) = duplex(4096);
    let refused = WebSocket::open(ours, &address(), "no path at all").await.unwrap_err();
    assert_eq!(refused, DialError::WebSocketPath);
}

#[test]
fn debug_shows_nothing_that_is_on_its_way() {
    let (ours, _theirs) = duplex(16);
    let frames = tungstenite::WebSocket::from_raw_socket(
        Pipe::default(),
        tungstenite::protocol::Role::Client,
        None,
    );
    let socket =
        WebSocket { stream: ours, frames, arrived: Bytes::from_static(b"geheim"), ended: false };
    assert_eq!(format!("{socket:?}"), "WebSocket { ended: false, .. }");
}
