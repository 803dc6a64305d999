//! What may be shown of a handle, as its grammar says: where it points, and no secret.

use super::grammar::{Grammar, Part, Scheme, Word};
use super::value::{Kind, SERVER};
use crate::error::{Message, Secrets, ours};
use crate::handle::{Handle, HandleError, Host};
use crate::secret::Secret;
use crate::suggest;

impl Handle {
    /// Scheme, hosts with their ports and, where the path is a name, the path: what `Debug` of an
    /// adapter shows. A name may be one of the database and no secret.
    pub(crate) fn shown(&self, grammar: &Grammar) -> String {
        let scheme = grammar.scheme(self.scheme());
        let name = scheme.map_or("***", |scheme| scheme.name());
        let port = scheme.and_then(Scheme::default_port);
        if grammar.part(Part::File).is_some() && self.hosts().is_empty() {
            return format!("{name}:{}", self.path_decoded());
        }
        let is_socket = scheme.is_some_and(Scheme::is_socket);
        if is_socket || self.hosts().first().is_some_and(Host::is_socket) {
            return format!("{name}:socket{}", self.shown_name(grammar, is_socket));
        }
        let hosts = self.hosts().iter();
        let hosts: Vec<_> = hosts
            .map(|host| {
                port.map_or_else(|| host.to_string(), |port| host.or_port(port).to_string())
            })
            .collect();
        let slashes = if hosts.is_empty() { "" } else { "//" };
        format!("{name}:{slashes}{}{}", hosts.join(","), self.shown_name(grammar, is_socket))
    }

    /// Where a report says that the resource is: the hosts, and the server that a parameter names.
    pub(crate) fn target(&self, grammar: &Grammar) -> String {
        let hosts: Vec<_> = self.hosts().iter().map(ToString::to_string).collect();
        let words = grammar.of_scheme(self.scheme()).all_words();
        let server = words.iter().find(|word| word.kind() == SERVER);
        let Some(server) = server.and_then(|word| word.param_of(self)) else {
            return hosts.join(",");
        };
        let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
        let host = rest.split('/').next().unwrap_or_default();
        format!("{} at {scheme}://{host}", hosts.join(","))
    }

    fn shown_name(&self, grammar: &Grammar, is_socket: bool) -> String {
        let is_name = |word: &&Word| word.part() == Part::Name && word.kind() != Kind::Secret;
        match (grammar.all_words().iter().find(is_name), self.name()) {
            (Some(word), _) if is_socket => {
                word.param_of(self).map(|value| format!("/{value}")).unwrap_or_default()
            }
            (Some(_), Ok(Some(name))) => format!("/{name}"),
            _ => String::new(),
        }
    }

    /// Replaces whatever a message of a driver repeats of this handle's secrets: of a path too,
    /// where the grammar says that it is one.
    pub(crate) fn mask(&self, message: &str, grammar: &Grammar) -> String {
        let username = self.username();
        let password = self.password().map(Secret::expose);
        let mut secrets = Secrets::of(message);
        if username.is_some() || password.is_some() {
            let (user, password) = (username.unwrap_or(""), password.unwrap_or(""));
            secrets = secrets.with(user).with(password).with_login(user, password);
        }
        secrets = self.query().fold(secrets, |all, (_, value)| all.with_words(value));
        let is_secret = |word: &Word| word.part().is_path() && word.kind() == Kind::Secret;
        let path = self.path_decoded();
        if grammar.of_scheme(self.scheme()).all_words().iter().any(is_secret) {
            secrets = path.split('/').fold(secrets.with(&path), Secrets::with_words);
        }
        // One that has nothing but a scheme and hosts is no secret, and may be a word: `memory:`.
        if username.is_some()
            || password.is_some()
            || self.query().len() > 0
            || !matches!(self.path(), "" | "/")
        {
            secrets = secrets.with(self.expose_url());
        }
        secrets.mask(message)
    }
}

impl HandleError {
    /// A scheme that is not one of an adapter's.
    pub(crate) fn scheme(
        handle: &Handle,
        adapter: &str,
        schemes: impl Iterator<Item = &'static str>,
    ) -> Self {
        let known: Vec<_> = schemes.collect();
        let expected: Vec<_> = known.iter().map(|scheme| format!("{scheme}://")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let message = match handle.known_scheme() {
            Some(scheme) => {
                Message::ours(format_args!("the scheme `{scheme}` is not one of {adapter}"))
            }
            None => Message::ours(format_args!("the scheme is not one of {adapter}")),
        };
        let mut help = Message::ours(format_args!("expected {}", suggest::list(&expected)));
        if handle.scheme() == "tcp" {
            help = help.then(format_args!(
                "; a value like `tcp://10.0.0.1:80` is put there by Kubernetes service links: \
                 set `enableServiceLinks: false` or name the variable with `env`"
            ));
        }
        if let Some(advice) = advice(handle.scheme(), &known) {
            help = ours!("{advice}").then(format_args!("; ")).with(&help);
        }
        Self::of_scheme(message, help)
    }

    pub(crate) fn masked(self, handle: &Handle, grammar: &Grammar) -> Self {
        self.masked_by(|text| handle.mask(text, grammar))
    }
}

/// What to write instead of a scheme that other tools know.
fn advice(scheme: &str, known: &[&'static str]) -> Option<String> {
    if scheme.contains("sentinel") || scheme.contains("cluster") {
        return Some(
            "name the primary's address, or that of a proxy in front of the group".to_owned(),
        );
    }
    let stores = match scheme {
        "gs" => {
            "Google Cloud Storage attaches as S3, with an HMAC key: write \
             `s3://KEY:SECRET@bucket?endpoint=https://storage.googleapis.com`; no feature takes `gs://`"
        }
        "az" => {
            "no feature takes Azure Blob Storage, which does not speak the protocol of S3: an adapter \
             of the app's own can, with `object_store` and its feature `azure`"
        }
        _ => "",
    };
    if !stores.is_empty() && known.contains(&"s3") {
        return Some(stores.to_owned());
    }
    // `postgresql+asyncpg` names the driver of another language.
    let name = scheme.split('+').next().unwrap_or_default();
    let name = match name {
        "cockroachdb" | "cockroach" | "yugabyte" | "timescaledb" | "pgsql" | "pg" => "postgresql",
        "tidb" | "percona" => "mysql",
        "sqlite3" => "sqlite",
        "rabbitmq" => "amqp",
        name if name.len() < scheme.len() => name,
        _ => return None,
    };
    known.contains(&name).then(|| format!("write {name}://"))
}
