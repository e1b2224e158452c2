use super::*;

/// A spool whose thread has ended, and what watches it.
fn ended() -> Arc<Watch> {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { max_bytes: 1 << 20, keep_free: 0 };
    let settings = SpoolSettings { directory: folder.path().join("spool"), limits };
    let (spool, _, _) = Spool::open(&settings, &["home".into()], [1; 3]).expect("opens");
    let watch = Watch::new(spool.board(), spool.pulse());
    assert_eq!(watch.scrape().state, SpoolState::Idle);
    drop(spool);
    Arc::new(watch)
}

#[tokio::test]
async fn the_watch_ends_when_the_thread_has_ended_on_its_own() {
    let watch = ended();
    let health = Arc::new(Health::new([LinkName::from("home")].into_iter()));
    let clock = Clock::new(tokio::time::Instant::now());
    let shown = Arc::clone(&watch).show(Arc::clone(&health), clock);
    tokio::time::timeout(Duration::from_secs(20), shown).await.expect("it ends");
    assert_eq!(health.spool(), SpoolState::Failed { code: "thread_ended" });
}

#[tokio::test]
async fn a_thread_that_was_told_to_end_is_no_failure() {
    let watch = ended();
    watch.is_closing.store(true, Ordering::Release);
    assert_eq!(watch.scrape().state, SpoolState::Idle);
    let health = Arc::new(Health::new([LinkName::from("home")].into_iter()));
    let clock = Clock::new(tokio::time::Instant::now());
    let shown = watch.show(health, clock);
    let ended = tokio::time::timeout(Duration::from_millis(50), shown).await;
    assert!(ended.is_err(), "it goes on watching");
}

#[test]
fn records_that_nobody_will_deliver_are_seen() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spool/v1");
    assert!(left_behind(&fixture) > 0);
    assert_eq!(left_behind(&fixture.join("no such directory")), 0);
}
