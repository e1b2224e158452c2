//! stub
use super::{Part, Settings};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
pub(super) async fn live(
    settings: Settings,
    port: u16,
    published: watch::Sender<u64>,
    stop: CancellationToken,
) -> Part {
    stop.cancelled().await;
    drop((settings, port, published));
    Part::Homes
}
