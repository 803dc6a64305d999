//! What adapters have in common: how they read a handle, and what they say of it and of a server.

#[cfg(any(feature = "_net", feature = "_sqlx"))]
use std::path::Path;
#[cfg(feature = "_net")]
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::secret::Secret;

/// The one host of an adapter that takes one.
pub(crate) fn one_host(handle: &Handle) -> Result<&Host, HandleError> {
    match handle.hosts() {
        [host] => require_no_path(host).map(|()| host),
        [] => Err(HandleError::new("the handle has no host")),
        _ => Err(HandleError::new("the handle names several hosts").with_help("name one")),
    }
}

/// The hosts of an adapter that takes several, each as `host:port` and once.
pub(crate) fn several_hosts(
    handle: &Handle,
    default_port: u16,
) -> Result<Vec<String>, HandleError> {
    if handle.hosts().is_empty() {
        return Err(HandleError::new("the handle has no host"));
    }
    let mut hosts = Vec::new();
    for host in handle.hosts() {
        require_no_path(host)?;
        let host = host.or_port(default_port).to_string();
        if hosts.contains(&host) {
            return Err(
                HandleError::new("the same server is named twice").with_help("name each once")
            );
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn require_no_path(host: &Host) -> Result<(), HandleError> {
    if host.name().starts_with('/') {
        return Err(
            HandleError::new("the host is a path").with_help("write a host name or an address")
        );
    }
    Ok(())
}

/// For a handle in which a path means nothing.
pub(crate) fn refuse_path(handle: &Handle) -> Result<(), HandleError> {
    match handle.path() {
        "" | "/" => Ok(()),
        _ => {
            Err(HandleError::new("the handle has a path")
                .with_help("end it after the host and port"))
        }
    }
}

/// User name and password where there are both or none.
pub(crate) fn login(handle: &Handle) -> Result<Option<(&str, &Secret)>, HandleError> {
    match (handle.username(), handle.password()) {
        (Some(user), Some(password)) => Ok(Some((user, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(HandleError::new("the handle has a user name and no password")
            .with_help("write both or none")),
        (None, Some(_)) => Err(HandleError::new("the handle has a password and no user name")
            .with_help("write both or none")),
    }
}

/// A key or a token in the place of the user name.
pub(crate) fn user_alone<'a>(handle: &'a Handle, name: &str) -> Result<&'a str, HandleError> {
    match (handle.username(), handle.password()) {
        (Some(token), None) => Ok(token),
        _ => Err(HandleError::new(Message::ours(format_args!(
            "the handle needs the {name} as user name and no password"
        )))
        .with_help(Message::ours(format_args!(
            "write it before the host: `{}://...@host`",
            handle.scheme()
        )))),
    }
}

/// A key or a token in the place of the password.
pub(crate) fn password_alone<'a>(
    handle: &'a Handle,
    name: &str,
) -> Result<&'a Secret, HandleError> {
    match (handle.username(), handle.password()) {
        (None, Some(token)) => Ok(token),
        _ => Err(HandleError::new(Message::ours(format_args!(
            "the handle needs the {name} as password and no user name"
        )))
        .with_help(Message::ours(format_args!(
            "write it after a colon: `{}://:...@host`",
            handle.scheme()
        )))),
    }
}

/// What Basic authentication cannot send: the first colon ends the user name.
pub(crate) fn refuse_colon(user: &str) -> Result<(), HandleError> {
    if user.contains(':') {
        return Err(HandleError::new("a `:` stands in the user name")
            .with_help("Basic authentication cannot send one"));
    }
    Ok(())
}

/// Refuses to send a credential in the clear to another machine.
pub(crate) fn require_tls(
    handle: &Handle,
    tls: bool,
    help: &'static str,
) -> Result<(), HandleError> {
    if tls || handle.is_loopback() {
        return Ok(());
    }
    Err(HandleError::insecure("the credential would be sent in the clear to another machine", help))
}

/// For a handle with files of certificates in it.
pub(crate) fn certificates_without_tls(help: &'static str) -> HandleError {
    HandleError::new("the handle has certificates but no TLS to use them in").with_help(help)
}

/// What a client says after `close`.
pub(crate) fn closed() -> ClientError {
    ClientError::new("the client is closed")
}

pub(crate) fn require_scheme<A: Adapter>(handle: &Handle) -> Result<(), HandleError> {
    handle.require_scheme(A::NAME, A::SCHEMES)
}

/// A ping of a server that went silent ends with an error.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(ClientError::no_answer(limit)))
}

/// The certificates of a file, read here because drivers take an empty one for "trust everybody's".
#[cfg(any(feature = "_net", feature = "_sqlx"))]
pub(crate) fn read_certificates(parameter: &str, path: &Path) -> Result<Vec<u8>, ClientError> {
    let bad = |reason: String| {
        ClientError::new(Message::ours(format_args!("the file that `{parameter}` names {reason}")))
            .with_kind(crate::error::FailureKind::Tls)
            .with_help(Message::ours(format_args!(
                "set `{parameter}` to the path of a file of PEM certificates"
            )))
    };
    let pem = std::fs::read(path)
        .map_err(|error| bad(format!("cannot be read: {}", crate::environment::reason(&error))))?;
    let marker = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(marker.len()).any(|window| window == marker) {
        Ok(pem)
    } else {
        Err(bad("holds no PEM certificate".to_owned()))
    }
}

/// The folder that a `file` handle names.
#[cfg(feature = "_net")]
pub(crate) fn folder(handle: &Handle) -> Result<PathBuf, HandleError> {
    handle.params::<()>()?;
    if handle.host().is_some() || handle.username().is_some() || handle.password().is_some() {
        return Err(HandleError::new("a folder has no host")
            .with_help("write `file:relative/folder` or `file:///absolute/folder`"));
    }
    let path = handle.path_decoded();
    if matches!(path.as_str(), "" | "/") || path.contains('\0') {
        return Err(HandleError::new("the handle names no folder")
            .with_help("write `file:relative/folder` or `file:///absolute/folder`"));
    }
    Ok(path.into())
}

#[cfg(feature = "_net")]
pub(crate) fn folder_cause(error: &std::io::Error) -> ClientError {
    let reason = crate::environment::reason(error);
    ClientError::new(Message::ours(format_args!("the folder cannot be written: {reason}")))
        .with_kind(ClientError::root_cause(error).kind())
        .with_help("check that the path exists and who may write there")
}
