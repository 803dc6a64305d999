//! The configuration of rustls for the clients whose TLS is ours.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::pem;
use super::tls::Tls;
use crate::error::ClientError;

/// What the handle says, with aws-lc-rs whatever the process has chosen: rustls's own default
/// panics where there is none.
pub(crate) fn client_config(tls: &Tls) -> Result<ClientConfig, ClientError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::caused_by)?;
    let builder = match tls.ca_file() {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in pem::certificates("tls_ca", path)? {
                roots.add(certificate).map_err(|_| pem::broken_certificate("tls_ca"))?;
            }
            builder.with_root_certificates(roots)
        }
        None => builder.with_platform_verifier().map_err(ClientError::caused_by)?,
    };
    Ok(builder.with_no_client_auth())
}
