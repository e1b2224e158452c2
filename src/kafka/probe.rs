//! A TLS handshake of our own, to learn what librdkafka does not tell: why a certificate is
//! refused. Nothing is sent over it but the handshake.

use std::{io, sync::Arc, time::Duration};

use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};
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
    let properties = connection.properties();
    let protocol = properties.get("security.protocol")?;
    if !protocol.to_ascii_lowercase().ends_with("ssl") {
        return None;
    }
    // What we do not read as librdkafka does would make us tell something else.
    let other = ["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem", "ssl.keystore.location"];
    if other.iter().any(|key| properties.contains_key(*key)) {
        return None;
    }
    let file = |key: &str| properties.get(key).map(String::as_str).filter(|file| *file != SYSTEM);
    let own = file("ssl.certificate.location").zip(file("ssl.key.location"));
    knock(client(file("ssl.ca.location"), own)?, broker).await
}

/// The client librdkafka would be. None where a file cannot be read.
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

/// What a handshake with `host:port` ends with, when it is telling.
async fn knock(config: ClientConfig, broker: &str) -> Option<Cause> {
    let (host, _) = broker.rsplit_once(':')?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
    let stream = timeout(PATIENCE, TcpStream::connect(broker)).await.ok()?.ok()?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = match timeout(PATIENCE, connector.connect(name, stream)).await.ok()? {
        Ok(stream) => stream,
        Err(error) => return Some(cause_of(&error).unwrap_or(Cause::TlsNotSpoken)),
    };
    // In TLS 1.3 the broker looks at our certificate when for us the handshake is over.
    let mut first = [0];
    let answer = timeout(PATIENCE, stream.read(&mut first)).await.ok()?;
    answer.err().and_then(|error| cause_of(&error))
}

/// None where it was not TLS that failed.
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
