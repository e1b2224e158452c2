//! An authority made for the test, and what it signs.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// An authority with its certificate in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    folder: PathBuf,
}

/// A certificate and its key, each in a file, and both in one as Kafka wants them.
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub keystore: PathBuf,
}

/// When a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valid {
    Now,
    LastYear,
}

impl Authority {
    pub fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, &[], Valid::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("signed").pem();
        fs::write(folder.join("ca.pem"), &certificate).expect("ca.pem");
        Self { issuer: Issuer::new(params, key), certificate, folder }
    }

    /// The file a client trusts.
    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Signs a certificate for these names or addresses.
    pub fn sign(&self, name: &str, hosts: &[&str], valid: Valid) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let signed = params(name, hosts, valid).signed_by(&key, &self.issuer).expect("signed");
        let write = |end: &str, text: String| {
            let path = self.folder.join(format!("{name}{end}"));
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
            path
        };
        let chain = signed.pem() + &self.certificate;
        Identity {
            keystore: write("-keystore.pem", key.serialize_pem() + &chain),
            certificate: write(".pem", chain),
            key: write(".key", key.serialize_pem()),
        }
    }
}

fn params(name: &str, hosts: &[&str], valid: Valid) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("names");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = match valid {
        Valid::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1)),
        Valid::LastYear => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
    };
    params
}
