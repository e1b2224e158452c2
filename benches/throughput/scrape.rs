//! The engine's own figures, from its admin port.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::Outcome;

const TIMEOUT: Duration = Duration::from_secs(10);

/// One scrape.
pub(crate) struct Figures(String);

pub(crate) fn read(admin: SocketAddr) -> Outcome<Figures> {
    let mut socket = TcpStream::connect_timeout(&admin, TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    Ok(Figures(text))
}

impl Figures {
    /// The sum of a metric over all labels, once the engine has it.
    pub(crate) fn sum(&self, name: &str) -> Option<f64> {
        let samples = self.0.lines().filter_map(|line| line.strip_prefix(name));
        samples
            .filter(|rest| rest.starts_with([' ', '{']))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
            .reduce(|sum, value| sum + value)
    }
}
