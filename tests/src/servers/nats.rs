//! NATS.

use std::fs;
use std::io::{self, Read as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use backing_services_conformance::{Tls, free_port};
use nkeys::KeyPair;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, program};
use crate::tls;

const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";

/// A NATS server with `JetStream`, whose streams are kept in files.
#[derive(Debug)]
pub struct Nats {
    daemon: Daemon,
    folder: TempDir,
}

impl Nats {
    /// A server in clear text that wants [`user`](Self::user) and [`password`](Self::password).
    pub fn start() -> Self {
        Self::with_login(USER, PASSWORD)
    }

    /// A server in clear text that wants a login of the test's own.
    pub fn with_login(user: &str, password: &str) -> Self {
        Self::run(&format!("authorization {{ user: {user:?}, password: {password:?} }}"), None)
    }

    /// A server in clear text that wants a token.
    pub fn with_token(token: &str) -> Self {
        Self::run(&format!("authorization {{ token: {token:?} }}"), None)
    }

    /// A server that presents `tls`, and wants [`user`](Self::user) and
    /// [`password`](Self::password).
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(&login(), Some((tls, false)))
    }

    /// The same, and it lets in clients alone that have a certificate of the same CA.
    pub fn with_client_certificates(tls: &Tls) -> Self {
        Self::run(&login(), Some((tls, true)))
    }

    /// A server in clear text that wants the [credentials](Self::credentials) of a user, as hosted
    /// ones do.
    pub fn with_credentials() -> Self {
        let folder = folder("nats");
        let settings = signed_by_new_keys(&folder.path().join("user.creds"));
        Self::run_in(folder, &settings)
    }

    /// Takes other credentials from now on, which it writes to this file, and no others.
    pub fn rotate_credentials(&mut self, credentials: &Path) {
        let settings = signed_by_new_keys(credentials);
        self.daemon.kill();
        fs::write(self.folder.path().join("nats.conf"), listening(self.daemon.port, &settings))
            .expect("nats.conf");
        self.daemon.start();
    }

    /// Takes another password from now on.
    pub fn rotate_password(&self, password: &str) {
        let file = self.folder.path().join("nats.conf");
        let settings = fs::read_to_string(&file).expect("nats.conf");
        let lines = settings.lines().map(|line| match line.split_once(" password: ") {
            Some((before, _)) => format!("{before} password: {password:?} }}\n"),
            None => format!("{line}\n"),
        });
        fs::write(&file, lines.collect::<String>()).expect("nats.conf");
        self.daemon.reload();
    }

    /// How many clients it has refused.
    pub fn refusals(&self) -> usize {
        let log = fs::read_to_string(&self.daemon.log).expect("the log");
        log.matches("authentication error").count()
    }

    /// Stops it without ending it.
    pub fn freeze(&self) {
        self.daemon.freeze();
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.daemon.thaw();
    }

    /// Of its clients' certificates those of the CA are asked for, if that is said.
    fn run(authorization: &str, tls: Option<(&Tls, bool)>) -> Self {
        let folder = folder("nats");
        let tls = tls.map_or_else(String::new, |(tls, verify)| {
            tls::copy(tls, folder.path());
            tls_block(folder.path(), verify)
        });
        let data = folder.path().join("data");
        Self::run_in(
            folder,
            &format!("jetstream {{ store_dir: \"{}\" }}\n{authorization}\n{tls}", data.display()),
        )
    }

    fn run_in(folder: TempDir, settings: &str) -> Self {
        let port = free_port();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("nats.conf"), listening(port, settings)).expect("nats.conf");
        let mut daemon = Daemon {
            name: "nats-server",
            program: program::find("nats-server", "nats-server"),
            arguments: vec!["-c".into(), path("nats.conf").into()],
            port,
            log: path("log"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The user there is.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The file with the credentials of the user there is, after
    /// [`with_credentials`](Self::with_credentials).
    pub fn credentials(&self) -> PathBuf {
        self.folder.path().join("user.creds")
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same port, with the same streams.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

/// The settings of a server that takes the user alone whose credentials this writes.
fn signed_by_new_keys(file: &Path) -> String {
    let [operator, account, user] =
        [KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user()];
    let token = |of: &KeyPair, by: &KeyPair, claims: &str| {
        let header = base64url(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
        let (of, issuer) = (of.public_key(), by.public_key());
        let body =
            format!(r#"{{"jti":"1","iat":1,"iss":"{issuer}","sub":"{of}","nats":{claims}}}"#);
        let signed = format!("{header}.{}", base64url(body.as_bytes()));
        let signature = by.sign(signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", base64url(&signature))
    };
    let all = r#""subs":-1,"data":-1,"payload":-1"#;
    let jwt = token(&user, &account, &format!(r#"{{"type":"user","version":2,{all}}}"#));
    let seed = user.seed().expect("a seed");
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    );
    fs::write(file, credentials).expect("the credentials");
    let limits = format!(r#"{{{all},"conn":-1,"wildcards":true}}"#);
    let claims = format!(r#"{{"type":"account","version":2,"limits":{limits}}}"#);
    format!(
        "operator: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {} }}",
        token(&operator, &operator, r#"{"type":"operator","version":2}"#),
        account.public_key(),
        token(&account, &operator, &claims)
    )
}

fn listening(port: u16, settings: &str) -> String {
    format!("listen: \"127.0.0.1:{port}\"\n{settings}\n")
}

fn login() -> String {
    format!("authorization {{ user: {USER:?}, password: {PASSWORD:?} }}")
}

fn tls_block(folder: &Path, verify: bool) -> String {
    let at = folder.display();
    format!(
        "tls {{ cert_file: \"{at}/cert.pem\", key_file: \"{at}/key.pem\", \
         ca_file: \"{at}/ca.pem\", verify: {verify} }}"
    )
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    let mut start = [0; 5];
    stream.read_exact(&mut start)?;
    Ok(&start == b"INFO ")
}

/// As tokens are written: without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}
