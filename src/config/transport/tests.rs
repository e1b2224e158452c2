use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use rcgen::KeyPair;

use crate::config::{Config, ConfigErrors, Note};

/// Parses a configuration with one link of these keys, beside a certificate and its key.
fn parse(keys: &str) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["broker.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.path().join("own.pem"), certificate.pem()).unwrap();
    let write_secret = |name: &str, content: &str, mode| {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
    };
    write_secret("own.key", &key.serialize_pem(), 0o600);
    write_secret("open.key", &key.serialize_pem(), 0o644);
    write_secret("other.key", &KeyPair::generate().unwrap().serialize_pem(), 0o600);
    write_secret("own.pass", "geheim", 0o600);
    let host = if keys.contains("host =") { "" } else { "host = 'broker.example'\n" };
    let text = format!(
        "[kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n[[link]]\n\
         name = 'north'\nclient_id = 'c'\n{host}filter = [{{ topic = 'a/{{home}}/{{device}}', \
         format = 'json' }}]\n{keys}"
    );
    Config::parse(&folder.path().join("trygg.toml"), &text, |_| None)
}

fn mistakes(keys: &str) -> Vec<(String, String)> {
    let found = parse(keys).unwrap_err();
    found.iter().map(|error| (error.key.clone(), error.to_string())).collect()
}

/// Key of the only mistake, which says this too.
fn assert_refused(keys: &str, key: &str, says: &str) {
    let found = mistakes(keys);
    let [(found_key, text)] = found.as_slice() else { panic!("{keys}: {found:?}") };
    assert_eq!(found_key, key, "{text}");
    assert!(text.contains(says), "{text}");
}

#[test]
fn the_port_goes_with_the_transport() {
    let ports = [("tcp", 1883), ("tls", 8883), ("ws", 80), ("wss", 443)];
    for (transport, port) in ports {
        let trust = if transport.ends_with('s') && transport != "ws" {
            "tls.ca_file = 'own.pem'"
        } else {
            ""
        };
        let config = parse(&format!("transport = '{transport}'\n{trust}")).unwrap();
        let link = &config.links[0];
        assert_eq!(link.port, port, "{transport}");
        assert_eq!(link.transport.tls.is_some(), !trust.is_empty(), "{transport}");
        let path = link.transport.websocket_path.as_deref();
        assert_eq!(path, transport.starts_with('w').then_some("/mqtt"), "{transport}");
    }
    assert_eq!(parse("transport = 'ws'\nport = 9001").unwrap().links[0].port, 9001);
    assert_eq!(parse("").unwrap().links[0].port, 1883);
    assert_refused("transport = 'mqtts'", "link.transport", "expected \"tcp\", \"tls\"");
}

#[test]
fn everything_of_tls_is_read_relative_to_the_file() {
    let keys = "transport = 'wss'\nwebsocket_path = '/broker?tenant=1'\n[link.tls]\n\
                ca_file = 'own.pem'\ncertificate_file = 'own.pem'\nkey_file = 'own.key'\n\
                server_name = 'other.example'\n";
    let transport = parse(keys).unwrap().links[0].transport.clone();
    assert_eq!(transport.websocket_path.as_deref(), Some("/broker?tenant=1"));
    let tls = transport.tls.unwrap();
    let ends_with = |path: &Path, name| path.is_absolute() && path.ends_with(name);
    let identity = tls.identity.unwrap();
    assert!(ends_with(&tls.ca_file.unwrap(), "own.pem"));
    assert!(ends_with(&identity.certificate_file, "own.pem"));
    assert!(ends_with(&identity.key_file, "own.key"));
    assert_eq!(tls.server_name.as_deref(), Some("other.example"));
}

#[test]
fn what_the_transport_does_not_need_is_refused() {
    let tls = "[link.tls]\nca_file = 'own.pem'\n";
    assert_refused(tls, "link.tls", "nothing would be encrypted");
    assert_refused("[link.tls]\n", "link.tls", "transport = \"tls\"");
    assert_refused(&format!("transport = 'ws'\n{tls}"), "link.tls", "found transport \"ws\"");
    assert_refused("websocket_path = '/mqtt'", "link.websocket_path", "transport = \"ws\"");
}

#[test]
fn files_that_cannot_be_used_are_refused_at_their_keys() {
    let keys = |ca: &str, certificate: &str, key: &str| {
        format!(
            "transport = 'tls'\n[link.tls]\nca_file = '{ca}'\ncertificate_file = '{certificate}'\n\
             key_file = '{key}'\n"
        )
    };
    parse(&keys("own.pem", "own.pem", "own.key")).unwrap();
    assert_refused(&keys("no.pem", "own.pem", "own.key"), "link.tls.ca_file", "not found");
    assert_refused(&keys("own.pem", "own.pem", "open.key"), "link.tls.key_file", "mode 0644");
    assert_refused(&keys("own.pem", "own.pem", "other.key"), "link.tls.key_file", "another cert");
    assert_refused(&keys("own.pem", "own.key", "own.key"), "link.tls.certificate_file", "none in");
    let both = mistakes(&keys("no.pem", "own.pem", "open.key"));
    assert_eq!(both.len(), 2, "{both:?}");
    let lonely = "transport = 'tls'\n[link.tls]\nca_file = 'own.pem'\n";
    let certificate = format!("{lonely}certificate_file = 'own.pem'\n");
    assert_refused(&certificate, "link.tls.key_file", "add key_file");
    let key = format!("{lonely}key_file = 'own.key'\n");
    assert_refused(&key, "link.tls.certificate_file", "add certificate_file");
}

#[test]
fn names_and_paths_that_cannot_be_are_refused() {
    let tls = |keys: &str| format!("transport = 'tls'\ntls.ca_file = 'own.pem'\n{keys}\n");
    assert_refused(&tls("tls.server_name = 'a b'"), "link.tls.server_name", "without scheme");
    assert_refused(&tls("host = 'mqtts://broker'"), "link.host", "link.tls.server_name");
    parse(&tls("host = 'a b'\ntls.server_name = 'broker.example'")).unwrap();
    for path in ["mqtt", "", "/with space", "/å", "/a#b"] {
        let keys = format!("transport = 'ws'\nwebsocket_path = '{path}'\n");
        assert_refused(&keys, "link.websocket_path", "begins with /");
    }
}

#[test]
fn packets_that_websocket_cannot_skip_are_refused() {
    let large = "max_packet_bytes = '17MiB'\n";
    parse(large).unwrap();
    let keys = format!("transport = 'ws'\n{large}");
    assert_refused(&keys, "link.max_packet_bytes", "16 MiB over WebSocket");
}

#[test]
fn there_is_no_switch_for_verification() {
    for key in ["verify", "insecure", "skip_verify", "accept_invalid_certificates"] {
        let keys = format!("transport = 'tls'\ntls.ca_file = 'own.pem'\ntls.{key} = true\n");
        assert_refused(&keys, &format!("link.tls.{key}"), "expected a known key");
    }
}

#[test]
fn a_password_is_in_clear_without_tls_only() {
    let notes = |keys: &str| {
        let login = "user = 'u'\npassword_file = 'own.pass'\n";
        parse(&format!("{login}{keys}")).unwrap().notes().to_vec()
    };
    let in_clear = Note::PasswordInClear { link: "north".into() };
    for plain in ["", "transport = 'ws'\n"] {
        assert!(notes(plain).contains(&in_clear), "{plain}");
    }
    for encrypted in ["tls", "wss"] {
        let keys = format!("transport = '{encrypted}'\ntls.ca_file = 'own.pem'\n");
        assert!(!notes(&keys).contains(&in_clear), "{encrypted}");
    }
}
