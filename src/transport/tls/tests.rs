use std::{
    fs::{self, Permissions},
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    join,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivatePkcs8KeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

use super::*;

/// An authority, with certificates of its making as files of a folder.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings { ca_file: Some(self.file("ca.pem")), ..TlsSettings::default() }
    }

    /// Makes `NAME.pem` and `NAME.key`.
    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ClientIdentity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = ClientIdentity {
            certificate_file: self.file(&format!("{name}.pem")),
            key_file: self.file(&format!("{name}.key")),
        };
        fs::write(&identity.certificate_file, certificate.pem()).unwrap();
        fs::write(&identity.key_file, key.serialize_pem()).unwrap();
        set_mode(&identity.key_file, 0o600);
        identity
    }
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// A server with a certificate; of its clients it demands one of the authority, if there is one.
fn server(own: &ClientIdentity, demands: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match demands {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let certificate = CertificateDer::from_pem_file(&own.certificate_file).unwrap();
    let key = PrivatePkcs8KeyDer::from_pem_file(&own.key_file).unwrap();
    let config = builder.with_single_cert(vec![certificate], key.into()).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Greets a server, sends it four bytes and reads them back.
async fn talk(settings: &TlsSettings, host: &str, server: TlsAcceptor) -> Result<(), DialError> {
    let (ours, theirs) = duplex(1024);
    let serve = async {
        let mut stream = server.accept(theirs).await?;
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await?;
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    };
    let ask = async {
        let connector = connector(settings).await?;
        let mut stream = handshake(&connector, settings, host, ours).await?;
        let mut bytes = *b"ping";
        // In TLS 1.3 a refusal of our certificate comes with the first bytes read.
        let wrote = stream.write_all(&bytes).await.and(stream.flush().await);
        stream.read_exact(&mut bytes).await?;
        wrote?;
        assert_eq!(&bytes, b"ping");
        Ok(())
    };
    let (_, asked) = join!(serve, ask);
    asked
}

#[tokio::test]
async fn a_server_of_our_authority_is_trusted_under_its_own_name_only() {
    let authority = Authority::new("ours");
    let own = authority.issue("server", |_| {});
    let settings = authority.settings();
    talk(&settings, "localhost", server(&own, None)).await.unwrap();
    let wrong = talk(&settings, "127.0.0.1", server(&own, None)).await.unwrap_err();
    assert_eq!(wrong, DialError::WrongName { name: "127.0.0.1".to_owned() });
    let named = TlsSettings { server_name: Some("localhost".to_owned()), ..settings };
    talk(&named, "127.0.0.1", server(&own, None)).await.unwrap();
}

#[tokio::test]
async fn each_flaw_of_a_servers_certificate_has_its_reason() {
    let authority = Authority::new("ours");
    let settings = authority.settings();
    let expired = authority.issue("expired", |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let future = authority.issue("future", |params| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(3999, 1, 1);
    });
    let theirs = Authority::new("theirs");
    let stranger = theirs.issue("server", |_| {});
    // The name of ours, and another key.
    let namesake = Authority::new("ours");
    let impostor = namesake.issue("server", |_| {});
    let cases = [
        (expired, DialError::CertificateExpired, "tls_certificate_expired"),
        (future, DialError::CertificateNotYetValid, "tls_certificate_expired"),
        (stranger, DialError::UnknownCa, "tls_unknown_ca"),
        (impostor, DialError::UnknownCa, "tls_unknown_ca"),
    ];
    for (own, expected, reason) in cases {
        let refused = talk(&settings, "localhost", server(&own, None)).await.unwrap_err();
        assert_eq!((refused.reason(), refused.is_lasting()), (reason, true));
        assert_eq!(refused, expected);
    }
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_ours_or_says_what_it_misses() {
    let authority = Authority::new("ours");
    let own = authority.issue("server", |_| {});
    let demanding = || server(&own, Some(&authority));
    let with = |identity| TlsSettings { identity: Some(identity), ..authority.settings() };
    talk(&with(authority.issue("client", |_| {})), "localhost", demanding()).await.unwrap();

    let without = talk(&authority.settings(), "localhost", demanding()).await.unwrap_err();
    assert_eq!(without, DialError::ClientCertificate { alert: "it requires one" });
    let theirs = Authority::new("theirs");
    let foreign = theirs.issue("client", |_| {});
    let refused = talk(&with(foreign), "localhost", demanding()).await.unwrap_err();
    assert_eq!(refused, DialError::ClientCertificate { alert: "it is of an unknown authority" });
    assert!(refused.is_lasting());
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_apart() {
    let authority = Authority::new("ours");
    let connector = connector(&authority.settings()).await.unwrap();
    for answer in [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x84\x00"] {
        let (ours, mut theirs) = duplex(4096);
        let settings = authority.settings();
        let greet = handshake(&connector, &settings, "localhost", ours);
        let serve = async {
            let mut greeting = [0; 5];
            theirs.read_exact(&mut greeting).await.unwrap();
            theirs.write_all(answer).await.unwrap();
            drop(theirs);
        };
        let (greeted, ()) = join!(greet, serve);
        assert_eq!(greeted.unwrap_err(), DialError::NotTls, "{answer:?}");
    }
}

#[tokio::test]
async fn renewed_files_count_at_the_next_dial() {
    let authority = Authority::new("ours");
    let other = Authority::new("theirs");
    let own = other.issue("server", |_| {});
    let settings = authority.settings();
    let refused = talk(&settings, "localhost", server(&own, None)).await.unwrap_err();
    assert_eq!(refused, DialError::UnknownCa);
    fs::copy(other.file("ca.pem"), authority.file("ca.pem")).unwrap();
    talk(&settings, "localhost", server(&own, None)).await.unwrap();
    fs::remove_file(authority.file("ca.pem")).unwrap();
    let gone = talk(&settings, "localhost", server(&own, None)).await.unwrap_err();
    assert_eq!((gone.reason(), gone.is_lasting()), ("tls_file", false));
    assert_eq!(
        gone.to_string(),
        "link.tls.ca_file: expected a PEM file with certificates of authorities, found entity not \
         found; give the path of a file this user can read, relative to the folder of the \
         configuration"
    );
}

#[test]
fn each_flaw_of_a_file_is_found_before_anything_is_dialed() {
    let authority = Authority::new("ours");
    let one = authority.issue("one", |_| {});
    let two = authority.issue("two", |_| {});
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(authority.file("broken.pem"), broken).unwrap();
    fs::write(authority.file("empty.pem"), "no PEM at all\n").unwrap();
    let found = |ca: &str, certificate: &str, key: &str| {
        let identity = ClientIdentity {
            certificate_file: authority.file(certificate),
            key_file: authority.file(key),
        };
        let settings = TlsSettings {
            ca_file: Some(authority.file(ca)),
            identity: Some(identity),
            server_name: None,
        };
        let wrong = settings.check().err().unwrap_or_default();
        wrong.iter().map(|wrong| (wrong.file, wrong.problem)).collect::<Vec<_>>()
    };
    assert_eq!(found("ca.pem", "one.pem", "one.key"), []);
    let missing = TlsFileProblem::Unreadable(ErrorKind::NotFound);
    assert_eq!(
        found("no.pem", "no.pem", "one.key"),
        [(TlsFile::Ca, missing), (TlsFile::Certificate, missing)]
    );
    assert_eq!(found("", "one.pem", "one.key"), [(TlsFile::Ca, TlsFileProblem::NotAFile)]);
    assert_eq!(
        found("broken.pem", "one.pem", "one.key"),
        [(TlsFile::Ca, TlsFileProblem::Unusable)]
    );
    assert_eq!(found("empty.pem", "one.pem", "one.key"), [(TlsFile::Ca, TlsFileProblem::Empty)]);
    assert_eq!(found("one.key", "one.pem", "one.key"), [(TlsFile::Ca, TlsFileProblem::Empty)]);
    assert_eq!(found("ca.pem", "one.pem", "two.key"), [(TlsFile::Key, TlsFileProblem::Mismatch)]);
    set_mode(&two.key_file, 0o644);
    assert_eq!(
        found("ca.pem", "two.pem", "two.key"),
        [(TlsFile::Key, TlsFileProblem::Mode(0o644))]
    );
    fs::copy(&one.certificate_file, &two.key_file).unwrap();
    set_mode(&two.key_file, 0o600);
    assert_eq!(found("ca.pem", "two.pem", "two.key"), [(TlsFile::Key, TlsFileProblem::Empty)]);
}

#[test]
fn names_are_those_a_certificate_can_hold() {
    for name in ["localhost", "broker.example", "127.0.0.1", "::1"] {
        assert!(TlsSettings::is_name(name), "{name}");
    }
    for name in ["", "a b", "https://broker.example", "broker.example:8883"] {
        assert!(!TlsSettings::is_name(name), "{name}");
    }
}
