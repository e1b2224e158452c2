//! TLS towards a broker: whom we trust, and who we are.
//!
//! There is no way to switch verification off.

mod file;

use std::{path::PathBuf, sync::Arc};

use tokio::{io::AsyncRead, io::AsyncWrite, task::spawn_blocking};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

pub use self::file::{TlsFile, TlsFileError, TlsFileProblem};
use super::DialError;

/// What TLS to a broker needs beside its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificates of the authorities that are trusted, PEM. None: those the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Who we are, where the broker asks for a certificate.
    pub identity: Option<ClientIdentity>,
    /// Name the broker's certificate must hold, where it is not the host's.
    pub server_name: Option<String>,
}

/// A certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The certificate and those that lead to its authority, PEM.
    pub certificate_file: PathBuf,
    /// Its private key, PEM without a password; others must not read it.
    pub key_file: PathBuf,
}

impl TlsSettings {
    /// Reads every file, as each dial will.
    ///
    /// # Errors
    /// Those that cannot be used, all of them; empty when all can.
    pub fn check(&self) -> Result<(), Vec<TlsFileError>> {
        let roots = self.roots();
        let identity = self.identity.as_ref().map(ClientIdentity::read).transpose();
        match (roots, identity) {
            (Ok(roots), Ok(identity)) => config(roots, identity).map(drop).map_err(|one| vec![one]),
            (roots, identity) => Err(roots.err().into_iter().chain(identity.err()).collect()),
        }
    }

    /// Can a certificate be for this name at all?
    pub fn is_name(name: &str) -> bool {
        ServerName::try_from(name).is_ok()
    }

    fn config(&self) -> Result<ClientConfig, TlsFileError> {
        config(self.roots()?, self.identity.as_ref().map(ClientIdentity::read).transpose()?)
    }

    fn roots(&self) -> Result<RootCertStore, TlsFileError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca_file {
            for certificate in file::certificates(path, TlsFile::Ca)? {
                roots.add(certificate).map_err(|_unreadable| TlsFile::Ca.unusable())?;
            }
        } else {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(TlsFile::SystemRoots.unusable());
            }
        }
        Ok(roots)
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl ClientIdentity {
    fn read(&self) -> Result<Identity, TlsFileError> {
        let certificates = file::certificates(&self.certificate_file, TlsFile::Certificate)?;
        Ok((certificates, file::key(&self.key_file)?))
    }
}

fn config(roots: RootCertStore, identity: Option<Identity>) -> Result<ClientConfig, TlsFileError> {
    // The provider is named here: one for the whole process would be everybody's.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_unsupported| TlsFile::SystemRoots.unusable())?
        .with_root_certificates(roots);
    let Some((certificates, key)) = identity else { return Ok(builder.with_no_client_auth()) };
    builder.with_client_auth_cert(certificates, key).map_err(|error| {
        if matches!(error, rustls::Error::InconsistentKeys(_)) {
            TlsFileError { file: TlsFile::Key, problem: TlsFileProblem::Mismatch }
        } else if matches!(error, rustls::Error::InvalidCertificate(_)) {
            TlsFile::Certificate.unusable()
        } else {
            TlsFile::Key.unusable()
        }
    })
}

/// Reads the files; makes no connection yet.
pub(super) async fn connector(settings: &TlsSettings) -> Result<TlsConnector, DialError> {
    let settings = settings.clone();
    // Files may lie on something slow, and the system's authorities are many.
    let config = spawn_blocking(move || settings.config()).await;
    let config = config.map_err(|_panicked| DialError::Io(std::io::ErrorKind::Other))??;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Greets the broker, and looks at its certificate.
pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    connector: &TlsConnector,
    settings: &TlsSettings,
    host: &str,
    stream: S,
) -> Result<TlsStream<S>, DialError> {
    let name = settings.server_name.as_deref().unwrap_or(host);
    let server = ServerName::try_from(name.to_owned());
    let server = server.map_err(|_invalid| DialError::WrongName { name: name.to_owned() })?;
    connector.connect(server, stream).await.map_err(|error| {
        let error = DialError::from(error);
        // A broker that expects MQTT takes the greeting for a bad packet, and hangs up.
        if error.is_hang_up() { DialError::NotTls } else { error }
    })
}

#[cfg(test)]
mod tests;
