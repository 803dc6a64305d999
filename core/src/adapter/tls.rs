//! TLS as most services take it: by the scheme, or by one word beside it, with a file of CA
//! certificates.

use std::path::{Path, PathBuf};

use super::Parameters;
use super::grammar::{About, Part, TlsWord, Word};
use super::reader::Reader;
use super::value::{Kind, Value, find_word};
use crate::error::{ClientError, FailureKind, HandleError, ours};
use crate::file;

/// Makes aws-lc-rs what rustls takes by default where the app has chosen nothing: before the first
/// connection of any adapter, so that one that uses the default finds it. An app that wants another
/// one, such as ring, installs it before it connects.
#[cfg(feature = "_tls")]
pub(crate) fn install_provider() {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    if CryptoProvider::get_default().is_none() {
        // It fails where another thread was faster, and then there is one.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

/// Without an adapter that uses TLS there is nothing to install.
#[cfg(not(feature = "_tls"))]
pub(crate) fn install_provider() {}

/// Whether TLS is used, and which CA certificates are trusted: the parameters `tls` and `tls_ca`,
/// for an adapter to `flatten`.
///
/// ```
/// use backing_services::{Adapter, Handle, Host, Secret, Tls};
///
/// #[derive(Adapter, Clone)]
/// #[adapter(
///     schemes("chat", "chats" = tls),
///     example = "chats://:token@chat.example",
///     port = 7070,
///     unencrypted = "refused",
/// )]
/// struct Chat {
///     #[handle]
///     handle: Handle,
///     #[handle(host)]
///     host: Host,
///     #[handle(password)]
///     token: Option<Secret>,
///     #[handle(flatten)]
///     tls: Tls,
/// }
/// # impl backing_services::Connect for Chat {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), backing_services::ClientError> { Ok(()) }
/// # }
///
/// let chat = |text: &str| Chat::from_handle(&Handle::parse(text)?);
/// assert!(chat("chats://:t0ken@chat.example")?.tls.is_on());
/// assert!(chat("chat://:t0ken@chat.example?tls=required")?.tls.is_on());
/// assert!(chat("chat://:t0ken@chat.example").is_err()); // the token would be sent unencrypted
/// assert!(!chat("chat://:t0ken@chat.example?tls=none")?.tls.is_on());
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tls {
    encryption: Encryption,
    ca: Option<PathBuf>,
}

const POLICY: &[&[&str]] = &[&["none"], &["required"]];

impl Parameters for Tls {
    const WORDS: &'static [Word] = &[Encryption::WORD, CA];

    fn read(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        let encryption = Encryption::read(reader)?;
        Ok(Self { encryption, ca: reader.optional(PathBuf::read)? })
    }
}

/// Whether TLS is used: the parameter `tls` alone, for an adapter with other words for its files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Encryption(bool);

impl Encryption {
    const WORD: Word = Word::new("tls", Part::Param, Kind::Words(POLICY))
        .names(&["ssl"])
        .about(About::Tls(TlsWord { off: "none", on: "required", verified: "required" }))
        .meaning("`none`: unencrypted, also for credentials; `required`: as the scheme with TLS");

    pub(crate) fn is_on(self) -> bool {
        self.0
    }
}

impl Parameters for Encryption {
    const WORDS: &'static [Word] = &[Self::WORD];

    fn read(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        // What the word says has been looked at already, but not whether it is one.
        reader.optional(|text| find_word(POLICY, text))?;
        Ok(Self(reader.is_encrypted()))
    }
}

/// The word for a file of CA certificates.
pub(crate) const CA: Word = Word::new("tls_ca", Part::Param, Kind::File)
    .names(&["ca", "ca_cert", "ssl_ca", "ssl_ca_path", "ssl_ca_certs", "ssl_ca_file"])
    .about(About::Ca)
    .meaning("a file of PEM certificates, the only CA certificates to trust");

impl Tls {
    /// For a server of which something else than the scheme of the handle says that TLS is used.
    #[cfg(feature = "s3")]
    pub(crate) fn required(ca: Option<PathBuf>) -> Self {
        Self { encryption: Encryption(true), ca }
    }

    /// Whether TLS is used.
    ///
    /// ```
    /// assert!(!backing_services::Tls::default().is_on());
    /// ```
    pub fn is_on(&self) -> bool {
        self.encryption.is_on()
    }

    /// The file of CA certificates.
    ///
    /// ```
    /// assert!(backing_services::Tls::default().ca_file().is_none());
    /// ```
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// The CA certificates of the file as PEM; `None` where the handle names no file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no certificate.
    ///
    /// ```
    /// # fn f(tls: &backing_services::Tls) -> Result<(), backing_services::ClientError> {
    /// if let Some(pem) = tls.ca_certificates()? {
    ///     println!("{} bytes of certificates", pem.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn ca_certificates(&self) -> Result<Option<Vec<u8>>, ClientError> {
        self.ca.as_deref().map(|path| read_certificates("tls_ca", path)).transpose()
    }
}

/// The PEM certificates of a file that a parameter names: an empty file, which drivers take for
/// "trust everybody's", is an error.
///
/// # Errors
///
/// The file cannot be read, is larger than 1 MB, or holds no certificate. The path is not shown.
///
/// ```
/// let error = backing_services::read_certificates("tls_ca", "/no/such/file".as_ref()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the file that `tls_ca` names cannot be read: there is no such file"
/// );
/// ```
pub fn read_certificates(parameter: &str, path: &Path) -> Result<Vec<u8>, ClientError> {
    let pem = read_file(parameter, path, "PEM certificates")?;
    let marker = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(marker.len()).any(|window| window == marker) {
        return Ok(pem);
    }
    Err(ClientError::new(ours!("the file that `{parameter}` names holds no PEM certificate"))
        .with_kind(FailureKind::Tls)
        .with_help(ours!("set `{parameter}` to the path of a file of PEM certificates")))
}

/// A file that a parameter names. The path is not shown.
pub(crate) fn read_file(parameter: &str, path: &Path, holds: &str) -> Result<Vec<u8>, ClientError> {
    file::read(path, file::LIMIT).map_err(|reason| {
        ClientError::new(ours!("the file that `{parameter}` names cannot be read: {reason}"))
            .with_kind(FailureKind::Tls)
            .with_help(ours!("set `{parameter}` to the path of a file of {holds}"))
    })
}
