//! The [certificates](Tls) of the conformance suite, as servers present them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use backing_services_conformance::{Ca, Tls};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

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
    server_config_for(tls, WebPkiClientVerifier::no_client_auth())
}

/// The same, for clients that this lets in.
pub(crate) fn server_config_for(tls: &Tls, clients: Arc<dyn ClientCertVerifier>) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(tls.certificate())
        .and_then(Iterator::collect)
        .expect("the certificate");
    let key = PrivateKeyDer::from_pem_file(tls.key()).expect("the key");
    ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates, key)
        .expect("a certificate and its key")
}

/// Lets in clients with a certificate of the same CA.
pub(crate) fn clients_of(tls: &Tls) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(tls.ca()).expect("the certificate of the CA");
    roots.add_parsable_certificates(certificates.map(|it| it.expect("a certificate")));
    WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a CA")
}

/// Copies the three files, so that a server outlives the value it was started with.
pub(crate) fn copy(tls: &Tls, folder: &Path) {
    for file in [tls.ca(), tls.certificate(), tls.key()] {
        let name = file.file_name().expect("a file name");
        fs::copy(&file, folder.join(name)).expect("a copy of the certificate");
    }
}
