//! The adapters: one module, one cargo feature and one type a service, none on by default.
//!
//! Every module has the same shape: the grammar of the handle as a table, the type, the parse, `connect`,
//! `ping`, `close`, tests. A new one touches its file, a feature in `Cargo.toml` and a line here.

#[cfg(any(feature = "loggly", feature = "newrelic"))]
mod background;
#[cfg(feature = "_http")]
#[allow(dead_code, reason = "each service uses some of it")]
mod http;
#[cfg(feature = "_sqlx")]
#[allow(dead_code, reason = "each database uses some of it")]
mod pool;

#[cfg(feature = "beanstalkd")]
pub mod beanstalkd;
#[cfg(feature = "blobs")]
pub mod blobs;
#[cfg(feature = "couchdb")]
pub mod couchdb;
#[cfg(feature = "googlemaps")]
pub mod googlemaps;
#[cfg(feature = "http-api")]
pub mod http_api;
#[cfg(feature = "lastfm")]
pub mod lastfm;
#[cfg(feature = "loggly")]
pub mod loggly;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(feature = "memcached")]
pub mod memcached;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "newrelic")]
pub mod newrelic;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postmark")]
pub mod postmark;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "twitter")]
pub mod twitter;

use std::time::Duration;

/// How long connecting may take unless the handle says otherwise, and how long a ping may.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What adapters have in common.
#[allow(dead_code, reason = "each adapter uses some of it")]
pub(crate) mod shared {
    #[cfg(any(feature = "_net", feature = "_sqlx"))]
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use tokio::time::timeout;

    use crate::adapter::Adapter;
    use crate::error::{ClientError, HandleError};
    use crate::handle::{Handle, Host};

    /// The one host of an adapter that takes one.
    pub(crate) fn one_host(handle: &Handle) -> Result<&Host, HandleError> {
        match handle.hosts() {
            [host] if host.name().starts_with('/') => {
                Err(HandleError::new("the host is a path")
                    .with_help("write a host name or an address"))
            }
            [host] => Ok(host),
            [] => Err(HandleError::new("the handle has no host")),
            _ => Err(HandleError::new("the handle names several hosts").with_help("name one")),
        }
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
            ClientError::new(format!("the file that `{parameter}` names {reason}"))
                .with_help(format!("set `{parameter}` to the path of a file of PEM certificates"))
        };
        let pem = std::fs::read(path).map_err(|error| {
            bad(format!("cannot be read: {}", crate::environment::reason(&error)))
        })?;
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
        ClientError::new(format!("the folder cannot be written: {reason}"))
            .with_help("check that the path exists and who may write there")
    }
}
