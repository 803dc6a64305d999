//! CouchDB, through the databases of `couch_rs`.
//!
//! <!-- grammar -->
//! - schemes: `couchdb` (port 5984), `couchdbs` (TLS, port 6984), `http` (port 80), `https` (TLS,
//!   port 443)
//! - host: One server.
//! - port
//! - user name: For Basic authentication.
//! - password: Of that user.
//! - path: The database, which has to exist. Required.
//! - `create`: Whether the database is made if there is none. By default `false`.
//! - `connect_timeout`: For connecting, and for a ping. By default `10s`.
//! - `timeout`: For a whole call, its answer included, in whole seconds. By default `30s`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! Credentials for another machine need TLS, or `tls=none`. Certificates are verified against the
//! CA certificates of the system: `couch_rs` makes its HTTP client itself and takes no others, so
//! `tls_ca` is refused. A CA certificate of your own goes into the system's store, or into the file
//! that the variable `SSL_CERT_FILE` names, which then replaces the store for the whole process.
//! The same client heeds `HTTP_PROXY` and `HTTPS_PROXY`: a proxy that would get credentials
//! unencrypted, or what is for this machine, is refused while connecting.
//!
//! `timeout` also ends a stream of changes: read on from its last sequence. A redirect to another
//! host or port is followed without the credentials.
//!
//! # A hostile server
//!
//! `hyper` 1.12.0 reads informational answers and the length of a chunk without an end: a server
//! that means harm can keep a thread busy after `connect_timeout` and hold the socket.
//!
//! # Providers
//!
//! | provider | handle |
//! |---|---|
//! | [CouchDB of your own](https://docs.couchdb.org/en/stable/config/http.html) | `couchdb://user:password@localhost/shop`, with TLS `couchdbs://user:password@couch.example.com/shop` |
//! | [IBM Cloudant](https://cloud.ibm.com/docs/Cloudant?topic=Cloudant-connecting) | `https://user:password@ACCOUNT.cloudantnosqldb.appdomain.cloud/shop`; make credentials that are not for IAM alone |

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use couch_rs::Client;
use couch_rs::database::Database;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ending::Closed;
use super::http_client::{answered_within, cause, origin, refused};
use super::refused::refuse_colon;
use crate::error::{FailureKind, Message};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Tls, Value};

const LOCAL: crate::Server =
    crate::Server::new("couchdb://app:{password}@127.0.0.1:{port}/app?create=true")
        .image("docker.io/library/couchdb:3", 5984)
        .environment(&[("COUCHDB_USER", "app"), ("COUCHDB_PASSWORD", "{password}")])
        // The image has no client of HTTP.
        .health(
            "bash -c 'exec 3<>/dev/tcp/127.0.0.1/5984 && \
         printf \"GET /_up HTTP/1.0\\r\\n\\r\\n\" >&3 && read -t 2 -r a <&3 && [[ $a == *200* ]]'",
        )
        .volume("/opt/couchdb/data");

/// A CouchDB database. Its client is [`CouchDatabase`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```no_run
/// use backing_services::{BackingServices, CouchDb, Environment};
/// use serde_json::json;
///
/// #[derive(BackingServices)]
/// struct Services {
///     catalogue: CouchDb, // CATALOGUE_URL
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "couchdb://shop:secret@localhost/catalogue";
/// let environment = Environment::from_pairs([("CATALOGUE_URL", url)]);
/// let catalogue = Services::load(&environment)?.connect_catalogue().await?;
/// let mut book = json!({ "_id": "dune", "price": 12 });
/// catalogue.save(&mut book).await?; // the document has its revision now
/// book["price"] = json!(10);
/// catalogue.save(&mut book).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "CouchDB",
    schemes("couchdb" = 5984, "couchdbs" = tls(6984), "http" = 80, "https" = tls(443)),
    example = "couchdbs://user:password@couch.example.com:6984/database",
    bindings("cloudant"),
    login = "together",
    unencrypted = "refused",
    server = LOCAL,
    check,
    debug
)]
pub struct CouchDb {
    #[handle]
    handle: Handle,
    /// One server.
    #[handle(host)]
    host: Host,
    /// For Basic authentication.
    #[handle(username)]
    username: Option<String>,
    /// Of that user.
    #[handle(password)]
    password: Option<Secret>,
    /// The database, which has to exist.
    #[handle(name)]
    database: String,
    /// Whether the database is made if there is none.
    #[handle(param = "create", default = "false")]
    create: bool,
    /// For connecting, and for a ping.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// For a whole call, its answer included, in whole seconds.
    #[handle(param = "timeout", default = "30s", tuning)]
    timeout: WholeSeconds,
    #[handle(flatten)]
    tls: Tls,
}

/// The unit of `couch_rs`.
#[derive(Clone, Copy)]
struct WholeSeconds(u64);

impl Value for WholeSeconds {
    const KIND: Kind = Kind::Other("whole seconds such as `30s`, at most `24h`");

    fn read(text: &str) -> Option<Self> {
        let time = Duration::read(text).filter(|time| *time <= Duration::from_hours(24))?;
        (time.subsec_nanos() == 0).then_some(Self(time.as_secs()))
    }
}

/// A [`couch_rs::database::Database`], to which it dereferences.
///
/// The type of `couch_rs` would show the credentials in its `Debug`; this one does not.
///
/// ```no_run
/// use backing_services::adapters::couchdb::CouchDatabase;
/// use couch_rs::error::CouchResult;
/// use serde_json::Value;
///
/// async fn book(catalogue: &CouchDatabase, id: &str) -> CouchResult<Value> {
///     catalogue.get(id).await
/// }
/// ```
#[derive(Clone)]
pub struct CouchDatabase {
    database: Database,
    client: Client,
    limit: Duration,
    closed: Arc<Closed>,
}

#[cfg(feature = "testing")]
impl CouchDatabase {
    /// For what is not about this database alone.
    pub(crate) fn server(&self) -> &Client {
        &self.client
    }
}

impl CouchDb {
    fn check(&self) -> Result<(), HandleError> {
        if self.tls.ca_file().is_some() {
            return Err(HandleError::new("the client of CouchDB takes no `tls_ca`").with_help(
                "add the CA certificate to the system's, or name its file in the variable \
                 `SSL_CERT_FILE`",
            ));
        }
        if !is_database_name(&self.database) {
            return Err(HandleError::new("the path is no name of a database").with_help(
                "CouchDB takes lower-case letters, digits and `_$()+-/`, and a letter comes first",
            ));
        }
        self.username.as_deref().map_or(Ok(()), refuse_colon)
    }

    fn origin(&self) -> String {
        origin(self.tls.is_on(), &self.host)
    }

    /// The client takes a proxy from the environment, and cannot be told not to.
    fn check_proxy(&self, proxies: &Matcher) -> Result<(), ClientError> {
        let cause = if self.host.is_loopback() {
            "the proxy of the environment would get what is for this machine"
        } else if self.username.is_some() && !self.tls.is_on() {
            "the proxy of the environment would get the credentials unencrypted"
        } else {
            return Ok(());
        };
        let uses_proxy = |uri: ::http::Uri| proxies.intercept(&uri).is_some();
        if self.origin().parse().is_ok_and(uses_proxy) {
            return Err(
                ClientError::new(cause).with_help("name the host in the variable `NO_PROXY`")
            );
        }
        Ok(())
    }
}

impl Connect for CouchDb {
    type Client = CouchDatabase;

    async fn connect(&self) -> Result<CouchDatabase, ClientError> {
        self.check_proxy(&Matcher::from_env())?;
        let (user, password) = (self.username.as_deref(), self.password.as_ref());
        let timeout = Some(self.timeout.0);
        let password = password.map(Secret::expose);
        let client = Client::new_with_timeout(&self.origin(), user, password, timeout)
            .map_err(|error| ClientError::root_cause(&error))?;
        // As `Client::db` encodes it, which also creates a database that it does not find.
        let name = utf8_percent_encode(&self.database, NON_ALPHANUMERIC).to_string();
        let database = CouchDatabase {
            database: Database::new(name, client.clone()),
            client,
            limit: self.connect_timeout(),
            closed: Arc::default(),
        };
        if self.create {
            database.create_if_missing().await?;
        }
        Ok(database)
    }

    /// Asks for the database: that proves the server, the credentials and that it exists.
    async fn ping(client: &CouchDatabase) -> Result<(), ClientError> {
        client.closed.check()?;
        answered_within(client.limit, || async {
            let answer = client.call(Method::GET).await?;
            match answer.status() {
                StatusCode::OK => read::<Info>(answer).await.map(drop),
                StatusCode::NOT_FOUND => {
                    Err(ClientError::of(FailureKind::NotFound, "there is no such database")
                        .with_help("create it, or add the parameter `create=true`"))
                }
                status if status.is_redirection() => Err(not_couchdb("a redirect")),
                status => Err(refused(status)),
            }
        })
        .await
    }

    async fn version(client: &CouchDatabase) -> Option<String> {
        let answer = client.client.req(Method::GET, "", None).send().await.ok()?;
        read::<Welcome>(answer).await.ok().map(|welcome| welcome.version)
    }

    async fn close(client: CouchDatabase) {
        client.closed.close();
    }
}

/// What tells a database from the page of some other server.
#[derive(Deserialize)]
struct Info {
    #[serde(rename = "db_name")]
    _name: String,
}

/// What the server says of itself.
#[derive(Deserialize)]
struct Welcome {
    version: String,
}

/// More than CouchDB says of either; some other server may never stop.
const LONGEST_INFO: usize = 64 * 1024;

async fn read<T: DeserializeOwned>(mut answer: Response) -> Result<T, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_INFO {
            break;
        }
    }
    serde_json::from_slice(&body).map_err(|_| not_couchdb("its answer"))
}

fn not_couchdb(what: &str) -> ClientError {
    ClientError::of(
        FailureKind::Protocol,
        Message::ours(format_args!("{what} is not that of a CouchDB")),
    )
    .with_help("are host and port right?")
}

impl CouchDatabase {
    async fn call(&self, method: Method) -> Result<Response, ClientError> {
        let request = self.client.req(method, self.database.name(), None);
        request.send().await.map_err(|error| cause(&error))
    }

    async fn create_if_missing(&self) -> Result<(), ClientError> {
        if self.call(Method::HEAD).await?.status() != StatusCode::NOT_FOUND {
            return Ok(()); // whatever else is wrong the ping says
        }
        match self.call(Method::PUT).await?.status() {
            // Another instance of the app was quicker.
            status if status.is_success() || status == StatusCode::PRECONDITION_FAILED => Ok(()),
            status => Err(refused(status).with_help("may this user create databases?")),
        }
    }
}

/// <https://docs.couchdb.org/en/stable/api/database/common.html#put--db>; the system's own begin
/// with `_`.
fn is_database_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_$()+-/".contains(&byte)
        })
}

impl Deref for CouchDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl fmt::Debug for CouchDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouchDatabase({})", self.database.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<CouchDb, HandleError> {
        CouchDb::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn scheme_decides_port_and_tls() {
        for (text, origin) in [
            ("couchdb://localhost/shop", "http://localhost:5984"),
            ("http://u:p@localhost/shop", "http://localhost:80"),
            ("http://couch.example:80/shop", "http://couch.example:80"),
            ("couchdbs://u:p@couch.example/shop", "https://couch.example:6984"),
            ("https://u:p@couch.example/shop", "https://couch.example:443"),
            ("https://u:p@couch.example:443/shop", "https://couch.example:443"),
            ("couchdb://[::1]/a%2Fb", "http://[::1]:5984"),
            ("couchdb://u:p@couch.example/shop?tls=required", "https://couch.example:6984"),
            ("http://u:p@couch:5984/shop?tls=none", "http://couch:5984"),
            (
                "https://apikey:secret@account.cloudantnosqldb.appdomain.cloud/shop",
                "https://account.cloudantnosqldb.appdomain.cloud:443",
            ),
        ] {
            assert_eq!(parse(text).unwrap().origin(), origin, "{text}");
        }
        let shown = format!("{:?}", parse("couchdbs://u:p@couch.example/shop?timeout=5s").unwrap());
        assert_eq!(shown, "CouchDb(couchdbs://couch.example:6984/shop)");
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("couchdb://localhost", "the handle has no path"),
            ("couchdb://localhost/Shop", "the path is no name of a database"),
            ("couchdb://localhost/1shop", "the path is no name of a database"),
            ("couchdb://localhost/a/b", "the path has more than one segment"),
            ("couchdb://u@localhost/shop", "the handle has a user name and no password"),
            ("couchdb://:p@localhost/shop", "the handle has a password and no user name"),
            ("couchdb://u%3Av:p@localhost/shop", "a `:` stands in the user name"),
            ("couchdb://localhost/shop?timeout=500ms", "the parameter `timeout` has a bad value"),
            ("couchdb://localhost/shop?timeout=25h", "the parameter `timeout` has a bad value"),
            ("couchdbs://h/shop?tls=none", "the scheme says TLS, and `tls` says none"),
            ("couchdb://localhost/shop?creat=true", "unknown parameter `creat`"),
            ("couchdbs://h/shop?tls_ca=ca.pem", "the client of CouchDB takes no `tls_ca`"),
            ("couchdb://a,b/shop", "the handle names several hosts"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        for text in ["couchdb://u:p@couch.example/shop", "http://admin:password@couchdb:5984/shop"]
        {
            let refused = parse(text).unwrap_err();
            assert_eq!(refused.kind(), ProblemKind::Insecure);
            assert!(refused.help().contains("`tls=none` if that is meant"), "{}", refused.help());
        }
    }

    #[test]
    fn what_a_proxy_must_not_get() {
        let proxies = Matcher::builder().all("http://proxy:3128").no("inside.example").build();
        let gets = "the proxy of the environment would get ";
        for (text, refused) in [
            ("couchdb://localhost/shop", Some("what is for this machine")),
            ("couchdbs://u:p@127.0.0.1/shop", Some("what is for this machine")),
            ("couchdb://u:p@h.example/shop?tls=none", Some("the credentials unencrypted")),
            ("couchdb://u:p@inside.example/shop?tls=none", None),
            ("couchdb://h.example/shop", None),
            ("couchdbs://u:p@h.example/shop", None),
        ] {
            let cause = parse(text).unwrap().check_proxy(&proxies).err().map(|e| e.to_string());
            assert_eq!(cause, refused.map(|what| format!("{gets}{what}")), "{text}");
        }
        assert!(
            parse("couchdb://localhost/shop")
                .unwrap()
                .check_proxy(&Matcher::builder().build())
                .is_ok()
        );
    }

    #[tokio::test]
    async fn the_client_shows_no_credential() {
        let adapter = parse("couchdb://uZ8user:pZ8word@localhost/shop").unwrap();
        let client = adapter.connect().await.unwrap();
        assert_eq!(format!("{client:?}"), "CouchDatabase(shop)");
    }
}
