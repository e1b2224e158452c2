use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::Instant,
};

use super::{
    super::health::{KafkaState, LinkState, STUCK_AFTER, SpoolState},
    listener::{MAX_CONNECTIONS, PATIENCE},
    *,
};

struct Server {
    address: SocketAddr,
    health: Arc<Health>,
    now: Arc<AtomicU64>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), AdminError>>,
}

async fn server(scrape: Scrape) -> Server {
    let health = Arc::new(Health::new(["north".into()]));
    let now = Arc::new(AtomicU64::new(0));
    let clock: MonoClock = {
        let now = Arc::clone(&now);
        Arc::new(move || Mono(now.load(Ordering::Relaxed)))
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let admin = Admin::bind(address, Arc::clone(&health), scrape, clock).await.unwrap();
    let (address, stop) = (admin.address(), CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "the test holds the handle")]
    let task = tokio::spawn(admin.serve(stop.clone()));
    Server { address, health, now, stop, task }
}

fn scrape() -> Scrape {
    Arc::new(|| Box::pin(async { Ok("up 1\n".to_owned()) }))
}

/// Status and body of one request.
async fn request(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn each_path_follows_the_state() {
    let server = server(scrape()).await;
    let status = async |path| request(server.address, path).await.0;
    assert_eq!(request(server.address, "/metrics").await, (200, "up 1\n".to_owned()));
    assert_eq!(status("/startupz").await, 503);
    assert_eq!(status("/readyz").await, 503);
    assert_eq!(status("/livez").await, 200);
    assert_eq!(status("/").await, 404);

    server.health.set_started();
    server.health.set_kafka(KafkaState::Up);
    server.health.links()[0].set(LinkState::Established);
    assert_eq!(status("/startupz").await, 200);
    assert_eq!(status("/readyz").await, 200);

    server.health.set_kafka(KafkaState::Down { reason: "all_brokers_down" });
    let (code, body) = request(server.address, "/readyz").await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(code, 503);
    let kafka = serde_json::json!(
        {"name": "kafka", "verdict": "unable", "state": "down", "reason": "all_brokers_down"});
    assert_eq!(body["checks"][1], kafka);
    assert_eq!(status("/livez").await, 200, "no dependency makes the process dead");

    server.health.set_spool(SpoolState::Spooling);
    let (code, body) = request(server.address, "/readyz").await;
    assert_eq!(code, 200, "the spool has room");
    assert!(body.contains(r#""status":"degraded: spooling"#), "{body}");
    server.health.set_spool(SpoolState::Full);
    assert_eq!(status("/readyz").await, 503);

    server.health.links()[0].beat(Mono(0));
    let late = Mono(0) + STUCK_AFTER + Duration::from_secs(2);
    server.now.store(late.0, Ordering::Relaxed);
    assert_eq!(status("/livez").await, 503);

    server.health.set_draining();
    assert_eq!(status("/readyz").await, 503);
    server.stop.cancel();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_scrape_that_fails_says_why() {
    let failing: Scrape = Arc::new(|| Box::pin(async { Err(ScrapeError::Stopping) }));
    let server = server(failing).await;
    let answer = request(server.address, "/metrics").await;
    assert_eq!(answer, (503, "the engine is ending".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn silent_connections_hold_nobody_up() {
    let server = server(scrape()).await;
    let start = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..2 * MAX_CONNECTIONS {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /livez HT").await.unwrap();
        silent.push(stream);
    }
    for mut stream in silent {
        let mut answer = Vec::new();
        // Closing with unread bytes may look like a reset; either way it is over.
        let ended = timeout(10 * PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "a silent connection is ended");
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert!(start.elapsed() >= 2 * PATIENCE, "no more than the limit are open at a time");
    tokio::time::resume();
    assert_eq!(request(server.address, "/livez").await.0, 200);
}

#[tokio::test]
async fn an_address_in_use_ends_the_start() {
    let server = server(scrape()).await;
    let clock: MonoClock = Arc::new(|| Mono(0));
    let second = Admin::bind(server.address, Arc::clone(&server.health), scrape(), clock).await;
    assert!(matches!(second, Err(AdminError::Bind { address, .. }) if address == server.address));
}
