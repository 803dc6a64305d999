//! `RabbitMQ`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, program};
use crate::tls;

const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";
const VHOST: &str = "shop";
/// A virtual host that the user may not use.
const FOREIGN_VHOST: &str = "warehouse";

/// Where those of `PATH` insist on a user of their own.
const CONTROL: &str = "/usr/lib/rabbitmq/bin/rabbitmqctl";
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A `RabbitMQ` server with the virtual hosts `/`, `shop` and `warehouse`, a user who may use the
/// first two, and `guest`, who may use the first.
#[derive(Debug)]
pub struct RabbitMq {
    daemon: Daemon,
    folder: TempDir,
}

impl RabbitMq {
    /// A server that speaks in clear text.
    pub fn start() -> Self {
        Self::run(None, "", USER, PASSWORD)
    }

    /// The same with another user in the place of `shop`, who may use `/` and `shop`.
    pub fn with_user(user: &str, password: &str) -> Self {
        Self::run(None, "", user, password)
    }

    /// A server that presents `tls`, and listens for nothing else.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls), "{verify, verify_none}", USER, PASSWORD)
    }

    /// The same, and it turns away clients without a certificate of the same CA.
    pub fn with_client_certificates(tls: &Tls) -> Self {
        Self::run(Some(tls), "{verify, verify_peer}, {fail_if_no_peer_cert, true}", USER, PASSWORD)
    }

    /// The same, and clients authenticate by their certificate: its common name is their user name,
    /// and `server` is the only user beside `guest`.
    pub fn with_external_login(tls: &Tls) -> Self {
        let verify = "{verify, verify_peer}, {fail_if_no_peer_cert, true}";
        Self::run(Some(tls), verify, "server", "nobody knows it")
    }

    /// A server in clear text with the management API, of which the user is an administrator.
    pub fn with_management() -> (Self, u16) {
        let port = free_port();
        (Self::run_with(None, "", USER, PASSWORD, Some(port)), port)
    }

    fn run(tls: Option<&Tls>, verify: &str, user: &str, password: &str) -> Self {
        Self::run_with(tls, verify, user, password, None)
    }

    fn run_with(
        tls: Option<&Tls>,
        verify: &str,
        user: &str,
        password: &str,
        management: Option<u16>,
    ) -> Self {
        let folder = folder("rabbitmq");
        let path = |name: &str| folder.path().join(name);
        let quoted = |name: &str| format!("\"{}\"", path(name).display());
        let port = free_port();
        let listeners = match tls {
            None => format!("{{tcp_listeners, [{{\"127.0.0.1\", {port}}}]}}"),
            Some(tls) => {
                tls::copy(tls, folder.path());
                format!(
                    "{{tcp_listeners, []}}, {{ssl_listeners, [{{\"127.0.0.1\", {port}}}]}}, \
                     {{ssl_options, [{{cacertfile, {}}}, {{certfile, {}}}, {{keyfile, {}}}, {verify}]}}",
                    quoted("ca.pem"),
                    quoted("cert.pem"),
                    quoted("key.pem")
                )
            }
        };
        // In Erlang's own syntax, which needs no translation.
        let config = format!(
            "[{{rabbit, [{listeners}, {{load_definitions, {}}}, \
             {{auth_mechanisms, ['PLAIN', 'AMQPLAIN', 'EXTERNAL']}}, \
             {{ssl_cert_login_from, common_name}}]}}{}].",
            quoted("definitions.json"),
            management.map_or_else(String::new, |port| format!(
                ", {{rabbitmq_management, [{{tcp_config, [{{port, {port}}}, {{ip, \"127.0.0.1\"}}]}}]}}"
            ))
        );
        fs::write(path("advanced.config"), config).expect("advanced.config");
        fs::write(path("definitions.json"), definitions(user, password, management.is_some()))
            .expect("definitions.json");
        let plugins = if management.is_some() { ",rabbitmq_management" } else { "" };
        let plugins = format!("[rabbitmq_auth_mechanism_ssl{plugins}].");
        fs::write(path("plugins"), plugins).expect("plugins");

        let set = |name: &str, value: &Path| {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            variable
        };
        let mut daemon = Daemon {
            name: "rabbitmq-server",
            program: program::find("env", "coreutils"),
            arguments: vec![
                set("HOME", folder.path()),
                format!("ERL_EPMD_PORT={}", names()).into(),
                format!("RABBITMQ_NODENAME=t{port}@localhost").into(),
                format!("RABBITMQ_DIST_PORT={}", free_port()).into(),
                set("RABBITMQ_MNESIA_BASE", &path("db")),
                set("RABBITMQ_LOG_BASE", &path("log")),
                set("RABBITMQ_PID_FILE", &path("pid")),
                set("RABBITMQ_ENABLED_PLUGINS_FILE", &path("plugins")),
                set("RABBITMQ_ADVANCED_CONFIG_FILE", &path("advanced.config")),
                set("RABBITMQ_CONFIG_FILE", &path("none")),
                set("RABBITMQ_CONF_ENV_FILE", Path::new("/dev/null")),
                // The machine has other tests to run.
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 1:1 +sbwt none".into(),
                // The server takes the place of its script: a signal is for the server.
                "detached=1".into(),
                program::find_at(SERVER, "rabbitmq-server").into(),
            ],
            port,
            log: path("output"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, folder }
    }

    /// The connections there are: the user, and what the client says of itself.
    pub fn connections(&self) -> String {
        self.control(&["list_connections", "user", "client_properties"])
    }

    /// Gives a user another password. Who is connected stays.
    pub fn set_password(&self, user: &str, password: &str) {
        self.control(&["change_password", user, password]);
    }

    fn control(&self, arguments: &[&str]) -> String {
        let output = Command::new(program::find_at(CONTROL, "rabbitmq-server"))
            .args(["--quiet", "-n", &format!("t{}@localhost", self.daemon.port)])
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("ERL_EPMD_PORT", names().to_string())
            .output()
            .expect("rabbitmqctl");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Stops it without ending it.
    pub fn freeze(&self) {
        self.daemon.freeze();
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.daemon.thaw();
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// A user who may do anything in the virtual hosts `/` and `shop`.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// A virtual host beside `/` that the user may use.
    pub fn vhost(&self) -> &'static str {
        VHOST
    }

    /// A virtual host that the user may not use.
    pub fn foreign_vhost(&self) -> &'static str {
        FOREIGN_VHOST
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it in order: it says goodbye to its clients. Returns when its port refuses connections.
    pub fn stop(&mut self) {
        self.daemon.stop();
    }

    /// Ends it and starts it again on the same port, with the same data.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

/// Read by the server itself before it listens: who connects finds everything there.
fn definitions(owner: &str, password: &str, is_administrator: bool) -> String {
    let tags = if is_administrator { "administrator" } else { "" };
    let permission = |user: &str, vhost: &str| {
        format!(
            r#"{{"user":"{user}","vhost":"{vhost}","configure":".*","write":".*","read":".*"}}"#
        )
    };
    format!(
        r#"{{"vhosts":[{{"name":"/"}},{{"name":"{VHOST}"}},{{"name":"{FOREIGN_VHOST}"}}],
            "users":[{{"name":"{owner}","password":"{password}","tags":"{tags}"}},
                     {{"name":"guest","password":"guest","tags":""}}],
            "permissions":[{},{},{}]}}"#,
        permission(owner, "/"),
        permission(owner, VHOST),
        permission("guest", "/")
    )
}

/// The port of the service where Erlang's nodes find each other. It is ours, and ends with this
/// process: they would leave one running behind.
fn names() -> u16 {
    static NAMES: OnceLock<Daemon> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let port = free_port();
        let mut daemon = Daemon {
            name: "epmd",
            program: program::find("epmd", "erlang-base"),
            arguments: vec![
                "-port".into(),
                port.to_string().into(),
                "-address".into(),
                "127.0.0.1".into(),
            ],
            port,
            log: PathBuf::from("/dev/null"),
            answers: |_| Ok(true),
            child: None,
        };
        daemon.start();
        daemon
    });
    names.port
}

/// The answer to a client's first words is a frame (1); one that speaks TLS alone answers with an
/// alert (21).
fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"AMQP\0\0\x09\x01")?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    Ok(matches!(first[0], 1 | 21))
}
