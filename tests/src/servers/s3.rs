//! S3 in this process, which verifies signatures.

use std::fmt;
use std::fs;

use backing_services_conformance::Tls;
use s3s::S3Result;
use s3s::auth::SimpleAuth;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;

use super::folder;
use super::http_server::HttpServer;

const BUCKET: &str = "shop";
const KEY: &str = "AKIASHOP";
const NEXT_KEY: &str = "AKIASHOPNEXT";
/// As in real secrets, there are characters in it that have to be percent-encoded in a URL.
const SECRET: &str = "wJalr/UtnFEMI+K7MDENG/bPxRfiCY=";

/// A server with an empty bucket `shop`, by path and by host name (`shop.localhost`).
pub struct S3Server {
    server: HttpServer,
    folder: TempDir,
}

/// `localhost` and the buckets below it, at whatever port a proxy shows.
struct Localhost;

impl S3Host for Localhost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.split(':').next().unwrap_or(host);
        let domain = VirtualHost::new("localhost");
        Ok(match name.strip_suffix(".localhost") {
            Some(bucket) => domain.with_bucket(bucket),
            None => domain,
        })
    }
}

impl S3Server {
    /// A server in clear text.
    pub fn start() -> Self {
        Self::run(None, KEY, SECRET)
    }

    /// A server in clear text that knows another key.
    pub fn with_key(key: &str, secret: &str) -> Self {
        Self::run(None, key, secret)
    }

    /// A server that presents `tls`.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls), KEY, SECRET)
    }

    fn run(tls: Option<&Tls>, key: &str, secret: &str) -> Self {
        let folder = folder("s3");
        fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let files = FileSystem::new(folder.path()).expect("a folder for the buckets");
        let server = HttpServer::start(tls, |_| {
            let mut service = S3ServiceBuilder::new(files);
            let mut keys = SimpleAuth::from_single(key, secret);
            keys.register(NEXT_KEY.to_owned(), SECRET.to_owned().into());
            service.set_auth(keys);
            service.set_host(Localhost);
            service.build()
        });
        Self { server, folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The bucket there is.
    pub fn bucket() -> &'static str {
        BUCKET
    }

    /// The access key.
    pub fn key() -> &'static str {
        KEY
    }

    /// A second access key, which is as valid: so it is while one is rotated.
    pub fn next_key() -> &'static str {
        NEXT_KEY
    }

    /// Their secret, as it is: in a URL it has to be percent-encoded.
    pub fn secret() -> &'static str {
        SECRET
    }

    /// What the bucket keeps under `name`.
    pub fn stored(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join(BUCKET).join(name)).ok()
    }

    /// Cuts all its connections. Returns when its port refuses new ones.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Ends it and starts it again on the same port, with the same data.
    pub fn restart(&mut self) {
        self.server.restart();
    }
}

impl fmt::Debug for S3Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Server").field("port", &self.port()).finish_non_exhaustive()
    }
}
