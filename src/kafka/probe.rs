//! A TLS handshake of our own, to learn what librdkafka does not tell: why a certificate is
//! refused. Where the broker hangs up on it, it is asked in clear which requests it knows: one
//! that answers speaks no TLS. Nothing else is sent, and no secret is read.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use super::{
    delivery::ClientState,
    security::SYSTEM,
    settings::Connection,
    trouble::{Cause, Trouble},
};

/// For the connection, the handshake, and the broker's verdict on our certificate, each.
const PATIENCE: Duration = Duration::from_secs(3);

/// What keeps a broker from being used, its cause found out where librdkafka left it open.
pub(super) async fn trouble(connection: &Connection, state: &ClientState) -> Option<Trouble> {
    let told = state.trouble()?;
    if told.probed {
        return Some(told);
    }
    let cause = if told.cause.is_vague_about_tls() {
        probe(connection, &told.broker).await.unwrap_or(told.cause)
    } else {
        told.cause
    };
    let known = Trouble { cause, probed: true, ..told };
    state.set_known(&known);
    Some(known)
}

async fn probe(connection: &Connection, broker: &str) -> Option<Cause> {
    let connection = connection.clone();
    // Certificates are read from files.
    let client = tokio::task::spawn_blocking(move || client_for(&connection)).await.ok()??;
    match knock(client, broker).await {
        Knock::Telling(cause) => Some(cause),
        Knock::HungUp => answers_in_clear(broker).await.then_some(Cause::TlsNotSpoken),
        Knock::Silent => None,
    }
}

/// The TLS client librdkafka would be; none where it would be none, or we cannot be the same.
fn client_for(connection: &Connection) -> Option<ClientConfig> {
    let properties = connection.open_properties();
    let protocol = properties.get("security.protocol")?;
    if !protocol.to_ascii_lowercase().ends_with("ssl") {
        return None;
    }
    // What we do not read as librdkafka does would make us tell something else.
    let other = ["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem", "ssl.keystore.location"];
    let is_set =
        |key: &&str| properties.contains_key(*key) || connection.secrets.contains_key(*key);
    if other.iter().any(is_set) {
        return None;
    }
    let file = |key: &str| properties.get(key).map(String::as_str).filter(|file| *file != SYSTEM);
    let own = file("ssl.certificate.location").zip(file("ssl.key.location"));
    client(file("ssl.ca.location"), own)
}

/// None where a file cannot be read.
fn client(ca: Option<&str>, own: Option<(&str, &str)>) -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).ok()? {
                roots.add(certificate.ok()?).ok()?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().ok()?.with_root_certificates(roots);
    match own {
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_file_iter(certificate).ok()?;
            let chain = chain.collect::<Result<_, _>>().ok()?;
            let key = PrivateKeyDer::from_pem_file(key).ok()?;
            builder.with_client_auth_cert(chain, key).ok()
        }
        None => Some(builder.with_no_client_auth()),
    }
}

/// What a handshake ends with.
enum Knock {
    /// With this cause.
    Telling(Cause),
    /// Cut off by the broker, which may be starting, or may not know what TLS is.
    HungUp,
    /// With nothing.
    Silent,
}

/// Tries a handshake with `host:port`.
async fn knock(config: ClientConfig, broker: &str) -> Knock {
    let name = broker.rsplit_once(':').map(|(host, _)| host.trim_matches(['[', ']']).to_owned());
    let name = name.and_then(|name| ServerName::try_from(name).ok());
    let Some((name, stream)) = name.zip(connect(broker).await) else { return Knock::Silent };
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = match timeout(PATIENCE, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return cause_of(&error).map_or(Knock::HungUp, Knock::Telling),
        Err(_) => return Knock::Silent,
    };
    // In TLS 1.3 the broker looks at our certificate when for us the handshake is over.
    let mut first = [0];
    let answer = timeout(PATIENCE, stream.read(&mut first)).await;
    let refusal = answer.ok().and_then(Result::err).and_then(|error| cause_of(&error));
    refusal.map_or(Knock::Silent, Knock::Telling)
}

async fn connect(broker: &str) -> Option<TcpStream> {
    timeout(PATIENCE, TcpStream::connect(broker)).await.ok()?.ok()
}

/// Kafka's `ApiVersions`, version 0, without a client id: asked before any login.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, b't', b'l', b's', b'?', 0xff, 0xff];
/// The request's number, which the answer repeats after its length.
const CORRELATION: [u8; 4] = *b"tls?";

/// Does the broker speak Kafka without TLS?
async fn answers_in_clear(broker: &str) -> bool {
    let asking = async {
        let mut stream = connect(broker).await?;
        stream.write_all(&API_VERSIONS).await.ok()?;
        let mut head = [0; 8];
        stream.read_exact(&mut head).await.ok()?;
        Some(head.ends_with(&CORRELATION))
    };
    timeout(PATIENCE, asking).await.ok().flatten().unwrap_or(false)
}

/// None where it was not TLS that failed: brokers come and go.
fn cause_of(error: &io::Error) -> Option<Cause> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls may say more, which is not told apart"
    )]
    let cause = match error {
        Error::InvalidCertificate(refused) => match refused {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::TlsUnknownCa,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Cause::TlsExpired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Cause::TlsNotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Cause::TlsWrongName
            }
            _ => Cause::TlsBadCertificate,
        },
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => Cause::TlsClientCertificate,
        Error::InvalidMessage(_) => Cause::TlsNotSpoken,
        _ => Cause::TlsFailed,
    };
    Some(cause)
}

#[cfg(test)]
mod tests;
