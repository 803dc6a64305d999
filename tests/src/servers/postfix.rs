//! Postfix: an SMTP server that delivers every message into a folder of the test's.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, is_root, program};
use crate::tls;

const USER: &str = "mailer";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";
/// A second user, whose name is the password too: a provider's token.
const TOKEN: &str = "0a1b2c3d-t0ken";
/// What the user's name is completed with: `mailer@shop.test` logs in too.
const REALM: &str = "shop.test";
/// Owner of the delivered mail: Debian's nobody. Postfix delivers as anyone but root.
const NOBODY: u32 = 65_534;
/// Where Postfix keeps messages and sockets, as its own user.
const QUEUES: [&str; 12] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
    "public", "saved", "trace",
];

/// A Postfix server that takes mail for every address of every domain.
#[derive(Debug)]
pub struct Postfix {
    daemon: Daemon,
    tls_port: Option<u16>,
    folder: TempDir,
}

impl Postfix {
    /// A server that takes mail from everyone, in clear text.
    pub fn start() -> Self {
        Self::run(None, false)
    }

    /// A server that takes mail from everyone, but only encrypted: after STARTTLS on
    /// [`port`](Self::port), or on [`tls_port`](Self::tls_port).
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls), false)
    }

    /// A server that takes mail only from its user, and only encrypted: after STARTTLS on
    /// [`port`](Self::port), or on [`tls_port`](Self::tls_port).
    pub fn with_auth(tls: &Tls) -> Self {
        Self::run(Some(tls), true)
    }

    /// A server that takes mail only from its user, who logs in in clear text.
    pub fn with_plain_auth() -> Self {
        Self::run(None, true)
    }

    fn run(tls: Option<&Tls>, auth: bool) -> Self {
        assert!(is_root(), "Postfix starts as root only: run tests/run.sh, which asks sudo for it");
        let program = program::find("master", "postfix");
        let folder = folder("postfix");
        let path = |name: &str| folder.path().join(name);

        let port = free_port();
        let tls_port = tls.map(|_| free_port());
        make_folders(folder.path());
        let mut settings = base_settings(folder.path());
        if auth {
            make_users(folder.path());
            settings += &auth_settings(folder.path());
        } else {
            settings += OPEN_TO_ALL;
        }
        if let Some(tls) = tls {
            tls::copy(tls, folder.path());
            settings += &tls_settings(folder.path());
        }
        write_settings(&path("etc/main.cf"), &settings);
        fs::write(path("etc/master.cf"), services(port, tls_port)).expect("master.cf");

        let mut daemon = Daemon {
            name: "postfix",
            program,
            // -d: stay in the foreground, and in the process group that `kill` ends.
            arguments: vec!["-d".into(), "-c".into(), path("etc").into()],
            port,
            log: path("log"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, tls_port, folder }
    }

    /// The port of 127.0.0.1 that it listens on; a client may turn to TLS there with STARTTLS, if
    /// the server has a certificate.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The port of 127.0.0.1 where TLS comes first, before any SMTP.
    ///
    /// # Panics
    ///
    /// When the server was started without a certificate.
    pub fn tls_port(&self) -> u16 {
        self.tls_port.expect("a Postfix started with a certificate")
    }

    /// The user who may send, where a login is asked for.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Gives a user another password. Who is connected stays.
    pub fn set_password(&self, user: &str, password: &str) {
        make_user(&self.folder.path().join("sasldb2"), user, password);
    }

    /// The second user who may send: both name and password.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The messages delivered to `recipient` so far, oldest first, each as it was received, with
    /// the server's own headers before the sender's.
    pub fn mailbox(&self, recipient: &str) -> Vec<String> {
        let delivered_to = format!("Delivered-To: {recipient}");
        let Ok(inbox) = fs::read_dir(self.folder.path().join("mail/inbox/new")) else {
            return Vec::new(); // nothing was delivered yet to anyone
        };
        let mut messages: Vec<_> = inbox
            .map(|entry| entry.expect("an entry of the inbox").path())
            .map(|file| {
                let received = file.metadata().and_then(|file| file.modified());
                let message = fs::read(&file).expect("a readable message");
                (received.expect("its time"), String::from_utf8_lossy(&message).into_owned())
            })
            .filter(|(_, message)| {
                message.lines().take_while(|line| !line.is_empty()).any(|line| line == delivered_to)
            })
            .collect();
        messages.sort();
        // Killed between delivering and noting it down, Postfix delivers again after a restart. A
        // message that was sent twice differs: each has a queue id of its own in `Received`.
        let mut seen = HashSet::new();
        messages
            .into_iter()
            .map(|(_, message)| message)
            .filter(|message| seen.insert(message.clone()))
            .collect()
    }

    /// The [`mailbox`](Self::mailbox) of `recipient`, as soon as there is a message in it.
    ///
    /// # Panics
    ///
    /// When none is delivered within `timeout`.
    pub fn wait_for_mail(&self, recipient: &str, timeout: Duration) -> Vec<String> {
        let start = Instant::now();
        loop {
            let messages = self.mailbox(recipient);
            if !messages.is_empty() {
                return messages;
            }
            assert!(
                start.elapsed() < timeout,
                "no mail for {recipient} within {timeout:?}. Postfix's log ends:\n{}",
                self.daemon.log_tail()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends all its processes at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same ports, with the mail it has.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    let mut start = [0; 4];
    stream.read_exact(&mut start)?;
    stream.write_all(b"QUIT\r\n")?;
    Ok(&start == b"220 ")
}

/// What `postfix check` makes, without the seconds it takes.
fn make_folders(root: &Path) {
    let folder = |name: &str, mode: u32| -> PathBuf {
        let path = root.join(name);
        fs::create_dir(&path).expect("a folder for Postfix");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its mode");
        path
    };
    let postfix = Some(postfix_user());
    for name in ["etc", "etc/sasl", "queue", "queue/pid"] {
        folder(name, 0o755);
    }
    for name in QUEUES {
        chown(folder(&format!("queue/{name}"), 0o700), postfix, None).expect("Postfix's folder");
    }
    chown(folder("data", 0o700), postfix, None).expect("Postfix's folder");
    chown(folder("mail", 0o700), Some(NOBODY), Some(NOBODY)).expect("the mail's folder");
}

/// Postfix waits two seconds for a `main.cf` that was just written, as it may be half a file.
fn write_settings(file: &Path, settings: &str) {
    fs::write(file, settings).expect("main.cf");
    let earlier = SystemTime::now() - Duration::from_secs(10);
    let file = File::options().write(true).open(file).expect("main.cf again");
    file.set_modified(earlier).expect("main.cf's time");
}

fn postfix_user() -> u32 {
    let output = Command::new("id").args(["-u", "postfix"]).output().expect("id starts");
    let user = String::from_utf8_lossy(&output.stdout);
    user.trim().parse().expect("the user postfix, which the package postfix makes")
}

/// Users known to this server alone; Debian's own list, /etc/sasldb2, is left as it is.
fn make_users(root: &Path) {
    let database = root.join("sasldb2");
    for (user, password) in [(USER, PASSWORD), (TOKEN, TOKEN)] {
        make_user(&database, user, password);
    }
    chown(&database, Some(postfix_user()), None).expect("Postfix's user list");

    fs::write(
        root.join("etc/sasl/smtpd.conf"),
        format!(
            "pwcheck_method: auxprop\n\
             auxprop_plugin: sasldb\n\
             sasldb_path: {}\n\
             mech_list: PLAIN LOGIN\n",
            database.display()
        ),
    )
    .expect("smtpd.conf");
}

fn make_user(database: &Path, user: &str, password: &str) {
    let mut saslpasswd = Command::new(program::find("saslpasswd2", "sasl2-bin"))
        .args(["-p", "-c", "-u", REALM, "-f"])
        .arg(database)
        .arg(user)
        .stdin(Stdio::piped())
        .spawn()
        .expect("saslpasswd2 starts");
    let mut input = saslpasswd.stdin.take().expect("its input");
    input.write_all(password.as_bytes()).expect("it reads the password");
    drop(input);
    assert!(saslpasswd.wait().expect("it ends").success(), "saslpasswd2 failed");
}

/// Every recipient is delivered into one folder, `mail/inbox`; `mailbox` tells them apart.
fn base_settings(root: &Path) -> String {
    let root = root.display();
    format!(
        "compatibility_level = 3.6\n\
         config_directory = {root}/etc\n\
         queue_directory = {root}/queue\n\
         data_directory = {root}/data\n\
         maillog_file = {root}/log\n\
         maillog_file_prefixes = {root}\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         myhostname = localhost\n\
         mydestination =\n\
         alias_maps =\n\
         alias_database =\n\
         smtpd_peername_lookup = no\n\
         in_flow_delay = 0\n\
         virtual_mailbox_domains = static:all\n\
         virtual_mailbox_maps = static:inbox/\n\
         virtual_mailbox_base = {root}/mail\n\
         virtual_uid_maps = static:{NOBODY}\n\
         virtual_gid_maps = static:{NOBODY}\n"
    )
}

/// Every client is on this machine; Postfix insists on a list that ends in a refusal.
const OPEN_TO_ALL: &str = "\
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
";

fn auth_settings(root: &Path) -> String {
    format!(
        "smtpd_sasl_auth_enable = yes\n\
         smtpd_sasl_path = smtpd\n\
         cyrus_sasl_config_path = {}/etc/sasl\n\
         smtpd_sasl_local_domain = {REALM}\n\
         smtpd_relay_restrictions = permit_sasl_authenticated, reject\n",
        root.display()
    )
}

fn tls_settings(root: &Path) -> String {
    let root = root.display();
    format!(
        "smtpd_tls_security_level = encrypt\n\
         smtpd_tls_auth_only = yes\n\
         smtpd_tls_cert_file = {root}/cert.pem\n\
         smtpd_tls_key_file = {root}/key.pem\n"
    )
}

/// The columns are: private, unprivileged, chroot, wakeup, process limit.
fn services(port: u16, tls_port: Option<u16>) -> String {
    let tls = tls_port.map_or_else(String::new, |port| {
        format!("127.0.0.1:{port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n")
    });
    format!(
        "{tls}\
         127.0.0.1:{port} inet n - n - - smtpd\n\
         anvil unix - - n - 1 anvil\n\
         bounce unix - - n - 0 bounce\n\
         cleanup unix n - n - 0 cleanup\n\
         defer unix - - n - 0 bounce\n\
         error unix - - n - - error\n\
         postlog unix-dgram n - n - 1 postlogd\n\
         proxymap unix - - n - - proxymap\n\
         qmgr unix n - n 300 1 qmgr\n\
         retry unix - - n - - error\n\
         rewrite unix - - n - - trivial-rewrite\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\n\
         trace unix - - n - 0 bounce\n\
         virtual unix - n n - - virtual\n"
    )
}
