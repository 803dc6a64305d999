//! Compose: <https://compose-spec.io>.

use std::collections::HashSet;

use super::example;
use super::tree::{Tree, map, text, texts};
use super::{Manifest, Resource};
use crate::adapter::server::Server;
use crate::table::within;

/// What Compose starts for a developer's machine: the `compose.yaml`, and the `.env` with the
/// handles of what it starts.
///
/// ```
/// # use backing_services::BackingServices;
/// # #[derive(BackingServices)] struct Services { #[setting(default = "1")] port: u16 }
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let compose = Services::manifest().compose();
/// std::fs::write(folder.join("compose.yaml"), compose.yaml())?;
/// std::fs::write(folder.join(".env"), compose.env())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compose {
    yaml: String,
    env: String,
}

impl Compose {
    /// The `compose.yaml`.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting(default = "1")] port: u16 }
    /// assert!(Services::manifest().compose().yaml().contains("services:"));
    /// ```
    pub fn yaml(&self) -> &str {
        &self.yaml
    }

    /// The `.env` beside it.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting(default = "1")] port: u16 }
    /// assert!(Services::manifest().compose().env().contains("#PORT=1\n"));
    /// ```
    pub fn env(&self) -> &str {
        &self.env
    }
}

/// Ports of this machine from here on are neither anybody's default nor handed out to connections.
const FIRST_PORT: u16 = 12_000;
const PORTS: u16 = 20_000;

pub(super) fn compose(manifest: &Manifest, is_free: &mut dyn FnMut(u16) -> bool) -> Compose {
    let name = manifest.name();
    let mut ports = Ports { taken: HashSet::new(), is_free };
    let (mut services, mut volumes, mut env) = (Vec::new(), Vec::new(), Vec::new());
    for (resource, service) in named(manifest) {
        let Some(server) = server(resource) else {
            env.push(example::hosted(resource));
            continue;
        };
        let password = password(name, &resource.variable);
        let port = server.image.map(|_| ports.next(server.port));
        let page = server.page.map(|page| (page, ports.next(page)));
        let filled = |text: &str| {
            text.replace("{password}", &password)
                .replace("{name}", &service)
                .replace("{port}", &port.unwrap_or_default().to_string())
        };
        let what = match (port, page) {
            (None, _) => "a file beside the app".to_owned(),
            (Some(_), None) => format!("`{service}` of compose.yaml"),
            (Some(_), Some((_, page))) => {
                format!("`{service}` of compose.yaml; its page is http://127.0.0.1:{page}")
            }
        };
        env.push(example::local(resource, &what, &filled(server.handle)));
        if let (Some(image), Some(port)) = (server.image, port) {
            let published = std::iter::once((server.port, port)).chain(page);
            services
                .push((service.clone(), container(server, image, &service, published, &filled)));
            if server.volume.is_some() {
                volumes.push((service, map::<&str>([])));
            }
        }
    }
    let head = format!(
        "# What `{name}` consumes, for a developer's machine; written by backing-services.\n\
         #\n\
         #     docker compose up --detach --wait\n\
         #\n\
         # The handles are in the .env that goes with it. Its passwords are words made from names,\n\
         # for this machine alone: they are nobody's secrets, and keep none.\n\n"
    );
    let mut file = vec![("services", Tree::Map(services))];
    if !volumes.is_empty() {
        file.push(("volumes", Tree::Map(volumes)));
    }
    env.extend(manifest.settings.iter().map(example::setting));
    Compose { yaml: head + &map(file).yaml(), env: [TITLE, &env.join("\n")].concat() }
}

const TITLE: &str = "\
# The handles of compose.yaml, for a developer's machine; written by backing-services.
# The passwords are words made from names, and nobody's secrets.

";

/// One service of the file.
fn container(
    server: &Server,
    image: &str,
    service: &str,
    ports: impl Iterator<Item = (u16, u16)>,
    filled: &dyn Fn(&str) -> String,
) -> Tree {
    // Compose reads `$` as the beginning of a variable.
    let filled = |text: &&str| filled(text).replace('$', "$$");
    let mut entries = Vec::new();
    if server.build.is_empty() {
        entries.push(("image", text(image)));
    } else {
        let lines = std::iter::once(format!("FROM {image}")).chain(server.build.iter().map(filled));
        entries.push(("build", map([("dockerfile_inline", Tree::Lines(lines.collect()))])));
    }
    // RabbitMQ finds its data by it.
    entries.push(("hostname", text(service)));
    if !server.environment.is_empty() {
        let pairs = server.environment.iter();
        entries.push(("environment", map(pairs.map(|(key, value)| (*key, text(filled(value)))))));
    }
    if !server.command.is_empty() {
        entries.push(("command", texts(server.command.iter().map(filled))));
    }
    let ports = ports.map(|(inside, outside)| format!("127.0.0.1:{outside}:{inside}"));
    entries.push(("ports", texts(ports)));
    if let Some(folder) = server.volume {
        entries.push(("volumes", texts([format!("{service}:{folder}")])));
    }
    if !server.health.is_empty() {
        let check = [
            ("test", texts(["CMD-SHELL".to_owned(), filled(&server.health)])),
            ("interval", text("5s")),
            ("timeout", text("10s")),
            ("retries", Tree::Number(5)),
            ("start_period", text("1m")),
            ("start_interval", text("1s")),
        ];
        entries.push(("healthcheck", map(check)));
    }
    map(entries)
}

/// Each variable once, as fields may share one, with a name that Compose and Score take.
pub(super) fn named(manifest: &Manifest) -> Vec<(&Resource, String)> {
    let mut named: Vec<(&Resource, String)> = Vec::new();
    for resource in &manifest.resources {
        if named.iter().any(|(other, _)| other.variable == resource.variable) {
            continue;
        }
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut name = String::new();
        for c in within(&resource.field).to_lowercase().chars() {
            if is_plain(c) {
                name.push(c);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        name.truncate(40);
        let name = name.trim_end_matches('-');
        let name = if name.len() < 2 { format!("{name}service") } else { name.to_owned() };
        let mut unique = name.clone();
        let mut number = 1;
        while named.iter().any(|(_, other)| *other == unique) {
            number += 1;
            unique = format!("{name}-{number}");
        }
        named.push((resource, unique));
    }
    named
}

/// The server of the scheme that the field's default has, else that of the adapter.
pub(super) fn server(resource: &Resource) -> Option<&'static Server> {
    let grammar = resource.declared.grammar;
    let scheme = resource.default.and_then(|default| default.split_once(':')).map(|(it, _)| it);
    let chosen = scheme.and_then(|scheme| grammar.of_scheme(scheme).local_server());
    chosen.or_else(|| grammar.local_server())
}

struct Ports<'a> {
    taken: HashSet<u16>,
    is_free: &'a mut dyn FnMut(u16) -> bool,
}

impl Ports<'_> {
    /// The next one of this machine for a port of a container.
    fn next(&mut self, port: u16) -> u16 {
        let all = (0..PORTS).map(|step| FIRST_PORT + (port % PORTS + step) % PORTS);
        let mut free = all.filter(|port| !self.taken.contains(port) && (self.is_free)(*port));
        let port = free.next().unwrap_or(port);
        self.taken.insert(port);
        port
    }
}

const WORDS: [&str; 32] = [
    "acorn", "amber", "apple", "birch", "brook", "cedar", "clover", "coral", "daisy", "ember",
    "fern", "finch", "ginger", "hazel", "heron", "iris", "ivory", "juniper", "lark", "lemon",
    "maple", "mint", "olive", "otter", "pebble", "plum", "quartz", "raven", "sage", "thistle",
    "violet", "willow",
];

/// Four words, the same each time: a server keeps the password that it was first started with.
fn password(name: &str, variable: &str) -> String {
    // FNV-1a.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in [name, "/", variable].concat().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let word = |index: u32| {
        let place = (hash >> (8 + 13 * index)) % WORDS.len() as u64;
        usize::try_from(place).ok().and_then(|place| WORDS.get(place)).copied().unwrap_or("oak")
    };
    [0, 1, 2, 3].map(word).join("-")
}
