//! CAs and server certificates, made anew for each test.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

/// A CA of the test's own. Two of them never trust each other's certificates.
///
/// ```
/// use backing_services_conformance::Ca;
///
/// let certificate = Ca::new("mine").issue(&["localhost", "127.0.0.1"]);
/// let pem = std::fs::read_to_string(certificate.ca())?;
/// assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
/// # std::io::Result::Ok(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
#[derive(Debug)]
pub struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// A new CA called `name`, with a key of its own.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = called(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate of a CA").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a server, or a client, that goes by any of `names`: host names or IP
    /// addresses.
    pub fn issue(&self, names: &[&str]) -> Tls {
        let subjects: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(subjects).expect("names a certificate can hold");
        params.distinguished_name = called("server");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a server's certificate");

        Tls::write(&self.pem, &certificate.pem(), &key.serialize_pem())
    }
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// A server's certificate, its key, and the CA that vouches for it, as PEM files that live
/// as long as this value.
///
/// ```
/// use backing_services_conformance::Ca;
///
/// let certificate = Ca::new("mine").issue(&["localhost"]);
/// for file in [certificate.ca(), certificate.certificate(), certificate.key()] {
///     assert!(file.exists());
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
#[derive(Debug)]
pub struct Tls {
    folder: TempDir,
}

impl Tls {
    fn write(ca: &str, certificate: &str, key: &str) -> Self {
        let folder = TempDir::with_prefix("backing-services-tls-").expect("a temporary folder");
        // Servers that give up root read these as another user; the key protects nothing.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let open = fs::Permissions::from_mode(0o755);
            fs::set_permissions(folder.path(), open).expect("an open folder");
        }
        let tls = Self { folder };
        fs::write(tls.ca(), ca).expect("ca.pem");
        fs::write(tls.certificate(), certificate).expect("cert.pem");
        fs::write(tls.key(), key).expect("key.pem");
        tls
    }

    /// The certificate of the CA: what a client has to trust.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The server's private key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}
