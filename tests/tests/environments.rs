//! Environments of public repositories, each loaded through a struct with the services that its
//! names suggest: what people have set must neither break a load nor be lost without a word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use backing_services::{Environment, LoadError, Problem, ProblemKind};

/// `tests/build.rs` writes it: a struct for each set of services.
#[allow(clippy::all, clippy::pedantic, reason = "names and order are those of the data")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/environments.rs"));
}

const DATA: &str = include_str!("../data/environments.txt");

/// How a name ends that holds a whole handle.
const HANDLE: [&str; 3] = ["URL", "URI", "DSN"];

/// Environments that come out otherwise: the line of the header, its text, and why that is right.
const EXCEPTIONS: &[(usize, &str, &str)] = &[
    (303, "dotenv 27", "the password is left for the deploy to fill in"),
    (1080, "compose-catalog Dokploy/templates", "a CouchDB handle names a database"),
    (
        2123,
        "compose-catalog Dokploy/templates",
        "a key of an API whose header nobody knows: told, as the handle carries none",
    ),
    (2370, "compose-catalog Dokploy/templates", "as above"),
    (3059, "compose-known Unleash/unleash-docker", "as above"),
    (3477, "compose-catalog caprover/one-click-apps", "a password in the query is ioredis's own"),
    (5072, "compose-catalog coollabsio/coolify", "a CouchDB handle names a database"),
    (6088, "compose-catalog coollabsio/coolify", "a key of an API whose header nobody knows"),
    (6237, "compose-catalog coollabsio/coolify", "a parameter of a driver of ClickHouse"),
    (6731, "dotenv-known getlago/lago", "a key of an API whose header nobody knows"),
    (7182, "k8s helm/charts", "a secret key without an access key"),
    (7267, "k8s helm/charts", "a chart's page, which sets the password twice"),
    (7570, "k8s kubernetes/examples", "a token of an API whose header nobody knows"),
    (
        8417,
        "k8s pengchao2022/spring-boot-microservices-fullstack-shopping-aws-eks",
        "a virtual host that the data takes for a service",
    ),
    (9109, "compose-catalog runtipi/runtipi-appstore", "the address of a list, no API"),
];

/// One environment of the file.
struct Block<'a> {
    line: usize,
    name: &'a str,
    /// Stem and kind of each.
    services: Vec<(&'a str, &'a str)>,
    /// The names of each problem that must come; none if it loads.
    expected: Vec<&'a str>,
    pairs: Vec<(&'a str, &'a str)>,
}

fn blocks() -> Vec<Block<'static>> {
    let mut blocks: Vec<Block<'static>> = Vec::new();
    for (at, text) in DATA.lines().enumerate() {
        if let Some(name) = text.strip_prefix("## ") {
            let (services, expected, pairs) = (Vec::new(), Vec::new(), Vec::new());
            blocks.push(Block { line: at + 1, name, services, expected, pairs });
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if let Some(services) = text.strip_prefix("# services: ") {
            block.services =
                services.split(", ").map(|service| service.split_once(' ').unwrap()).collect();
        } else if let Some(expected) = text.strip_prefix("# expected: ") {
            let problems = expected.split("; ").filter_map(|problem| problem.split_once(": "));
            block.expected = problems.flat_map(|(names, _)| names.split('+')).collect();
            assert_eq!(block.expected.is_empty(), expected == "loads", "line {}", at + 1);
        } else if !text.is_empty() {
            block.pairs.push(text.split_once('=').unwrap());
        }
    }
    blocks
}

impl Block<'_> {
    /// With something fit in the place of each token.
    fn pairs(&self) -> Vec<(String, String)> {
        let pair = |&(name, value): &(&str, &str)| (name.to_owned(), self.fit(name, value));
        self.pairs.iter().map(pair).collect()
    }

    fn fit(&self, name: &str, value: &str) -> String {
        // The longest stem that the name begins with owns it.
        let owned = self.services.iter().filter_map(|&(stem, kind)| {
            Some((name.strip_prefix(stem)?.strip_prefix('_')?, stem, kind))
        });
        let (rest, stem, kind) = owned.min_by_key(|(rest, ..)| rest.len()).unwrap();
        match value.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{}", in_url(rest)),
            None if is_token(value) && HANDLE.contains(&rest) => self.handle(stem, kind, value),
            None => swap(value, &|token| part(kind, rest, token)),
        }
    }

    /// In the place of a whole handle: the least that one says, so that it contradicts no part.
    fn handle(&self, stem: &str, kind: &str, token: &str) -> String {
        let (host, word) = (host(token), word(token));
        let bucket = ["BUCKET", "BUCKET_NAME"]
            .into_iter()
            .any(|part| self.pairs.iter().any(|(name, _)| *name == format!("{stem}_{part}")));
        match kind {
            "sqlite" => format!("sqlite:{word}.db"),
            "rabbitmq" => format!("amqp://{host}"),
            // Beside the parts of a bucket it is the bucket's public address.
            "s3" if !bucket => format!("s3://{word}"),
            "s3" | "http" => format!("https://{host}"),
            "couchdb" => format!("https://{host}/{word}"),
            _ => format!("{kind}://{host}"),
        }
    }

    /// The variables whose handles are refused whatever stands beside them, each with a word of
    /// what is said then.
    fn refused(&self) -> Vec<(&str, String)> {
        let is_handle = |name: &str| {
            self.services.iter().any(|(stem, _)| {
                let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('_'));
                rest.is_some_and(|rest| HANDLE.contains(&rest))
            })
        };
        let refused = self.pairs.iter().filter(|(name, _)| is_handle(name));
        let refused = refused.filter_map(|&(name, value)| {
            let (scheme, rest) = value.split_once(':')?;
            match scheme.split_once('+') {
                _ if scheme == "jdbc" => Some((name, "jdbc:".to_owned())),
                Some((family, _driver)) => Some((name, format!("{family}://"))),
                None => has_unfilled_port(rest).then(|| (name, String::new())),
            }
        });
        refused.collect()
    }
}

/// Whether it is a template that nobody has filled in: `//user:password@host:PORT/database`.
fn has_unfilled_port(rest: &str) -> bool {
    let authority = rest.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    let port = hosts.split_once(':').map_or("", |(_, port)| port);
    !is_token(port) && !port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the whole text is a token.
fn is_token(text: &str) -> bool {
    token_at(text, 0) == Some(text.len())
}

/// The end of the token that begins here.
fn token_at(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with('<') {
        return rest.find('>').map(|end| at + end + 1);
    }
    let inside = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let word = rest.strip_prefix("s_").filter(|_| !inside)?;
    let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    (end > 0).then_some(at + 2 + end)
}

/// Puts something in the place of each token.
fn swap(text: &str, fit: &dyn Fn(&str) -> String) -> String {
    let (mut out, mut at) = (String::new(), 0);
    while let Some(next) = text[at..].chars().next() {
        if let Some(end) = token_at(text, at) {
            out.push_str(&fit(&text[at..end]));
            at = end;
        } else {
            out.push(next);
            at += next.len_utf8();
        }
    }
    out
}

/// What stands behind `scheme://`, where the place of a token says what it is.
fn in_url(rest: &str) -> String {
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (swap(user, &word) + "@", hosts),
        None => (String::new(), authority),
    };
    let hosts = match hosts.split_once(':') {
        Some((name, ports)) => format!("{}:{}", swap(name, &host), swap(ports, &port)),
        None => swap(hosts, &host),
    };
    let tail = match tail.split_once("?ssl=") {
        Some((path, _)) => swap(path, &word) + "?ssl={\"rejectUnauthorized\":true}",
        None => swap(tail, &word),
    };
    user + &hosts + &tail
}

/// What fits a name: its stem is of a service of this kind, and this is the rest of it.
fn part(kind: &str, rest: &str, token: &str) -> String {
    let words: Vec<_> = rest.split('_').collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let last = *words.last().unwrap();
    let text = match (kind, rest) {
        _ if token == "<email>" => "ada@example.com",
        _ if token == "<path>" => "/srv/data",
        _ if ["PORT", "PORT_NUMBER"].iter().any(|end| rest.ends_with(end)) => return port(token),
        ("redis", "DB" | "DB_INDEX" | "DBINDEX" | "DB_NUMBER" | "DATABASE") => "3",
        ("sqlite", "DATABASE") => return word(token) + ".db",
        ("s3", "REGION" | "DEFAULT_REGION") => "eu-west-1",
        _ if rest == "ENDPOINT" || last == "URL" => return format!("https://{}", host(token)),
        (_, "HOST" | "HOSTNAME" | "HOSTS" | "SERVER" | "ADDR" | "ADDRESS" | "DOMAIN") => {
            return host(token);
        }
        (_, "SSLMODE" | "SSL_MODE") => "require",
        (_, "ENCRYPTION") => "tls",
        // Switches of safety, each as it is safe.
        _ if has(&["DISABLE", "DISABLED", "IGNORE", "SKIP", "UNSAFE", "INSECURE"]) => "false",
        ("s3" | "http", _) if ["KEY", "ID"].contains(&last) => return word(token),
        ("postgres" | "mysql" | "redis", _) if ["CA", "CERT", "KEY"].contains(&last) => {
            return format!("/etc/ssl/{}.pem", word(token));
        }
        _ if has(&["CIPHERS", "BASE64"]) => return word(token),
        _ if has(&["TLS", "SSL", "SECURE", "STARTTLS", "USE", "FORCE", "ENABLE", "ENABLED"]) => {
            "true"
        }
        _ if ["TIMEOUT", "TTL"].contains(&last) || last.ends_with("LIMIT") => "30",
        _ => return word(token),
    };
    text.to_owned()
}

fn number(token: &str) -> u64 {
    // FNV-1a: equal tokens are equal values, whatever the platform.
    let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    token.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// Eight lower-case letters: a name, a password, a bucket.
fn word(token: &str) -> String {
    let digit = |place| u8::try_from(number(token) / 26_u64.pow(place) % 26).unwrap();
    (0..8).map(|place| char::from(b'a' + digit(place))).collect()
}

fn host(token: &str) -> String {
    word(token) + ".example"
}

fn port(token: &str) -> String {
    (10_000 + number(token) % 50_000).to_string()
}

enum Outcome {
    AsExpected,
    /// It loads, but for a password that would travel unencrypted. The expectations come from the
    /// names alone; that such a password takes TLS or `tls=none` is a rule of each adapter.
    Insecure,
    /// A handle that no rule about names can mend, and the report says so.
    Foreign,
    Wrong(String),
}

fn judge(block: &Block<'_>, loaded: Result<(), LoadError>) -> Outcome {
    let refused = block.refused();
    let names = |problem: &Problem, name: &str| problem.to_string().contains(name);
    let report = match loaded {
        Ok(()) if block.expected.is_empty() && refused.is_empty() => return Outcome::AsExpected,
        Ok(()) => {
            let why = format!("loads, expected: {:?} {refused:?}", block.expected);
            return Outcome::Wrong(why);
        }
        Err(report) => report,
    };
    let problems = report.problems();
    if !block.expected.is_empty() {
        let told = |name: &&str| problems.iter().any(|problem| names(problem, name));
        return if block.expected.iter().all(told) {
            Outcome::AsExpected
        } else {
            Outcome::Wrong(format!("{:?} is not all in: {report}", block.expected))
        };
    }
    let insecure = |problem: &Problem| problem.kind() == ProblemKind::Insecure;
    let is_about = |problem: &Problem, (name, said): &(&str, String)| {
        names(problem, name) && names(problem, said)
    };
    let foreign = |problem: &Problem| refused.iter().any(|handle| is_about(problem, handle));
    if !problems.iter().all(|problem| insecure(problem) || foreign(problem)) {
        Outcome::Wrong(report.to_string())
    } else if let Some(missing) =
        refused.iter().find(|handle| !problems.iter().any(|problem| is_about(problem, handle)))
    {
        Outcome::Wrong(format!("{missing:?} is not in: {report}"))
    } else if refused.is_empty() {
        Outcome::Insecure
    } else {
        Outcome::Foreign
    }
}

#[test]
fn environments_come_out_as_expected() {
    let blocks = blocks();
    assert_eq!(blocks.len(), generated::SETS.len());
    let (mut as_expected, mut insecure, mut foreign, mut wrong) = (0, 0, 0, Vec::new());
    for (block, set) in blocks.iter().zip(generated::SETS) {
        let environment = Environment::from_pairs(block.pairs());
        match judge(block, generated::load(set, &environment)) {
            Outcome::AsExpected => as_expected += 1,
            Outcome::Insecure => insecure += 1,
            Outcome::Foreign => foreign += 1,
            Outcome::Wrong(why) => wrong.push((block.line, block.name, why)),
        }
    }
    for (line, name, why) in &wrong {
        println!("line {line}: {name}: {why}\n");
    }
    let count = blocks.len();
    println!("{as_expected} of {count} as expected, {insecure} but for an unencrypted password");
    println!("{foreign} but for a handle of another grammar, {} otherwise", wrong.len());
    assert!(wrong.len() * 100 <= count * 2, "more than 2 of 100 come out otherwise");
    let found: Vec<_> = wrong.iter().map(|(line, name, _)| (*line, *name)).collect();
    let known: Vec<_> = EXCEPTIONS.iter().map(|(line, name, _)| (*line, *name)).collect();
    assert_eq!(found, known);
}
