//! The certificates and private keys of the PEM files that parameters name, as rustls takes them.

use std::path::Path;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::tls::{read_certificates, read_file};
use crate::error::{ClientError, FailureKind, ours};

/// The certificates of the file that a parameter names.
pub(crate) fn certificates(
    parameter: &str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let pem = read_certificates(parameter, path)?;
    let certificates: Result<_, _> = CertificateDer::pem_slice_iter(&pem).collect();
    certificates.map_err(|_| broken_certificate(parameter))
}

/// What is wrong with a file whose certificates are none, without a byte of it.
pub(crate) fn broken_certificate(parameter: &str) -> ClientError {
    let cause = ours!("the file that `{parameter}` names holds a broken certificate");
    ClientError::of(FailureKind::Tls, cause)
}

/// The private key of the file that a parameter names.
#[allow(dead_code, reason = "not every adapter takes a client certificate")]
pub(crate) fn private_key(
    parameter: &str,
    path: &Path,
) -> Result<PrivateKeyDer<'static>, ClientError> {
    let pem = read_file(parameter, path, "a private key in PEM form")?;
    // The error of the parser may quote the file.
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let cause = ours!("the file that `{parameter}` names holds no private key");
        ClientError::of(FailureKind::Tls, cause)
            .with_help(ours!("set `{parameter}` to the path of a PEM file with an unencrypted key"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_or_key_is_told_without_a_byte_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.pem");
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n!hunter2\n-----END CERTIFICATE-----\n")
            .unwrap();
        let error = certificates("ca", &path).unwrap_err();
        assert_eq!(error.to_string(), "the file that `ca` names holds a broken certificate");
        let error = private_key("key", &path).unwrap_err();
        assert_eq!(error.to_string(), "the file that `key` names holds no private key");
        let error = private_key("key", folder.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the file that `key` names cannot be read: it is not a regular file"
        );
    }
}
