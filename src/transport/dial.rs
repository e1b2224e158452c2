//! From an address to a wire: name, TCP, TLS, WebSocket, one after the other.

use std::{net::SocketAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{Address, DialError, Wire, tls, websocket::WebSocket};

/// Longest wait for a connection, all handshakes included.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long written bytes may stay without TCP acknowledgement before the peer counts as dead:
/// finds a dead broker while reading is paused and PINGRESP proves nothing.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle time before TCP asks whether the peer is alive.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Connects. The files of TLS are read anew every time, so that renewed certificates need no
/// more than a reconnect.
///
/// # Errors
/// When no connection comes about in time.
pub async fn dial(address: &Address) -> Result<Wire, DialError> {
    // Boxed: handshakes are large, and plain TCP should not carry their size.
    timeout(DIAL_TIMEOUT, Box::pin(connect(address)))
        .await
        .map_err(|_elapsed| DialError::Timeout)?
}

async fn connect(address: &Address) -> Result<Wire, DialError> {
    let Some(tls) = &address.tls else {
        let tcp = connect_tcp(address).await?;
        return Ok(match &address.websocket {
            None => Wire::Tcp(tcp),
            Some(path) => Wire::WebSocket(Box::new(WebSocket::open(tcp, address, path).await?)),
        });
    };
    let connector = tls::connector(tls).await?;
    let tcp = connect_tcp(address).await?;
    let stream = tls::handshake(&connector, tls, &address.host, tcp).await?;
    Ok(match &address.websocket {
        None => Wire::Tls(Box::new(stream)),
        Some(path) => {
            Wire::SecureWebSocket(Box::new(WebSocket::open(stream, address, path).await?))
        }
    })
}

/// A connection with the socket options a long-lived link wants.
async fn connect_tcp(address: &Address) -> Result<TcpStream, DialError> {
    let found = lookup_host((address.host.as_str(), address.port)).await;
    let found: Vec<SocketAddr> = found.map_err(|_unknown| DialError::NameNotFound)?.collect();
    if found.is_empty() {
        return Err(DialError::NameNotFound);
    }
    let stream = TcpStream::connect(found.as_slice()).await?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}
