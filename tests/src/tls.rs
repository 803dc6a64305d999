//! The [certificates](Tls) of the conformance suite, as servers present them.

use std::fs;
use std::path::Path;
use std::process::Command;

use backing_services_conformance::{Ca, Tls};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::servers::program;

/// A certificate for `localhost` that vouches for itself, as people make them by
/// `openssl req -x509`, with more arguments.
pub fn signed_by_itself(arguments: &[&str]) -> Tls {
    let tls = Ca::new("replaced").issue(&["localhost"]);
    let output = Command::new(program::find("openssl", "openssl"))
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .arg("-keyout")
        .arg(tls.key())
        .arg("-out")
        .arg(tls.certificate())
        .args(arguments)
        .output()
        .expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::copy(tls.certificate(), tls.ca()).expect("a copy of the certificate");
    tls
}

/// What a server of the test's own presents.
pub(crate) fn server_config(tls: &Tls) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(tls.certificate())
        .and_then(Iterator::collect)
        .expect("the certificate");
    let key = PrivateKeyDer::from_pem_file(tls.key()).expect("the key");
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .expect("a certificate and its key")
}

/// Copies the three files, so that a server outlives the value it was started with.
pub(crate) fn copy(tls: &Tls, folder: &Path) {
    for file in [tls.ca(), tls.certificate(), tls.key()] {
        let name = file.file_name().expect("a file name");
        fs::copy(&file, folder.join(name)).expect("a copy of the certificate");
    }
}
