//! Metrics and health over HTTP, for this machine: no login, small, hard to hold up.

use std::{fmt, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use thiserror::Error;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::health::{Health, Report};
use crate::model::Mono;

mod listener;

use listener::LimitedListener;

/// How long a scrape may take; below the patience of a connection.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the text of `/metrics`.
pub type Scrape = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, ScrapeError>> + Send>> + Send + Sync,
>;

/// Reads the monotonic clock of the process.
pub type MonoClock = Arc<dyn Fn() -> Mono + Send + Sync>;

/// Why there are no metrics to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScrapeError {
    /// A link did not answer in time.
    #[error("a link did not answer in time")]
    Timeout,
    /// The engine is ending.
    #[error("the engine is ending")]
    Stopping,
}

/// Why the admin server cannot work.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server ended by itself.
    #[error("the admin server ended")]
    Serve(#[source] io::Error),
}

/// A bound server that does not answer yet.
pub struct Admin {
    listener: LimitedListener,
    address: SocketAddr,
    router: Router,
}

#[derive(Clone)]
struct Shared {
    health: Arc<Health>,
    scrape: Scrape,
    clock: MonoClock,
}

impl Admin {
    /// Binds, so that an address in use ends the start.
    pub async fn bind(
        address: SocketAddr,
        health: Arc<Health>,
        scrape: Scrape,
        clock: MonoClock,
    ) -> Result<Self, AdminError> {
        let refused = |source| AdminError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/startupz", get(startupz))
            .layer(map_response(close))
            .with_state(Shared { health, scrape, clock });
        Ok(Self { listener: LimitedListener::new(listener), address, router })
    }

    /// Where it listens; the port the system chose where the configuration says 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until told to stop, then lets what is being answered finish.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), AdminError> {
        axum::serve(self.listener, self.router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(AdminError::Serve)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let scraped = timeout(SCRAPE_TIMEOUT, (shared.scrape)()).await;
    match scraped.unwrap_or(Err(ScrapeError::Timeout)) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn livez(State(shared): State<Shared>) -> Response {
    answer(&shared.health.liveness((shared.clock)()))
}

async fn readyz(State(shared): State<Shared>) -> Response {
    answer(&shared.health.readiness())
}

async fn startupz(State(shared): State<Shared>) -> Response {
    if shared.health.has_started() {
        "started".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting").into_response()
    }
}

fn answer(report: &Report) -> Response {
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(report).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// One request a connection, so that a connection's patience bounds everything.
async fn close(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests;
