//! The configuration of rustls for the clients whose TLS is ours.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::{BuilderVerifierExt as _, Verifier};

use super::pem;
use super::tls::Tls;
use crate::error::ClientError;

/// What the handle says, with aws-lc-rs whatever the process has chosen: rustls's own default
/// panics where there is none.
pub(crate) fn client_config(tls: &Tls) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
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
        None if tls.is_on() => builder.with_platform_verifier().map_err(ClientError::caused_by)?,
        None => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(OnDemand::new(provider)))
        }
    };
    Ok(builder.with_no_client_auth())
}

/// The verifier of the system, made when a server asks for TLS that the handle has not asked for:
/// its certificates take milliseconds to read, and most servers do not.
#[derive(Debug)]
struct OnDemand {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl OnDemand {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, verifier: OnceLock::new() }
    }

    fn verifier(&self) -> Result<&Verifier, Error> {
        let verifier = self.verifier.get_or_init(|| Verifier::new(Arc::clone(&self.provider)));
        verifier.as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for OnDemand {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(certificate, intermediates, server, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
