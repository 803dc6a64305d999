//! CouchDB, through the databases of `couch_rs`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | `couchdb://`, `http://` | in the clear | port 5984 |
//! | `couchdbs://`, `https://` | over TLS | port 6984 |
//! | user, password | Basic authentication; both or neither | none |
//! | host, port | one host | as above |
//! | path | the database, which has to exist | required |
//! | `create` | `true` makes the database if there is none | `false` |
//! | `connect_timeout` | for connecting, and for a ping | `10s` |
//! | `timeout` | for a whole call, its answer included; whole seconds | `30s` |
//!
//! Credentials for another machine need TLS. Certificates are verified against the authorities of the system:
//! `couch_rs` makes its HTTP client itself and takes no others, so `tls_ca` is refused. An authority of your own goes
//! into the system's store, or into the file that the variable `SSL_CERT_FILE` names, which then replaces the
//! store for the whole process.
//!
//! `timeout` also ends a stream of changes: read on from its last sequence. A redirect to another host or port is
//! followed without the credentials.
//!
//! # Providers
//!
//! | provider | handle |
//! |---|---|
//! | [CouchDB of your own](https://docs.couchdb.org/en/stable/config/http.html) | `couchdb://user:password@localhost/shop`, with TLS `couchdbs://user:password@couch.example.com/shop` |
//! | [IBM Cloudant](https://cloud.ibm.com/docs/Cloudant?topic=Cloudant-connecting) | `https://user:password@ACCOUNT.cloudantnosqldb.appdomain.cloud:443/shop`; write the port, and make credentials that are not for IAM alone |

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use couch_rs::Client;
use couch_rs::database::Database;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;

use super::CONNECT_TIMEOUT;
use super::http::{cause, origin, refused};
use super::shared::{closed, login, one_host, refuse_colon, require_scheme, require_tls, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::parts::Parts;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(30);

/// A CouchDB database. Its client is [`CouchDatabase`].
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
/// let environment = Environment::from_pairs([("CATALOGUE_URL", "couchdb://shop:secret@localhost/catalogue")]);
/// let catalogue = Services::load(&environment)?.connect_catalogue().await?;
/// let mut book = json!({ "_id": "dune", "price": 12 });
/// catalogue.save(&mut book).await?; // the document has its revision now
/// book["price"] = json!(10);
/// catalogue.save(&mut book).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CouchDb {
    handle: Handle,
    host: Host,
    tls: bool,
    credentials: Option<(String, Secret)>,
    database: String,
    params: Params,
}

#[derive(Deserialize, Clone)]
struct Params {
    create: Option<bool>,
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    tls_ca: Option<String>,
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
    closed: Arc<AtomicBool>,
}

impl Adapter for CouchDb {
    const NAME: &'static str = "CouchDB";
    const SCHEMES: &'static [&'static str] = &["couchdb", "couchdbs", "http", "https"];
    const EXAMPLE: &'static str = "couchdbs://user:password@couch.example.com:6984/database";
    const PARTS: Parts = Parts::server().known_as(&["cloudant"]);
    type Client = CouchDatabase;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let tls = matches!(handle.scheme(), "couchdbs" | "https");
        let host = one_host(handle)?.or_port(if tls { 6984 } else { 5984 });
        let params: Params = handle.params()?;
        if params.tls_ca.is_some() {
            return Err(HandleError::new("the client of CouchDB takes no `tls_ca`").with_help(
                "add the authority to the system's, or name its file in the variable `SSL_CERT_FILE`",
            ));
        }
        if params.timeout.is_some_and(|timeout| timeout.subsec_nanos() > 0) {
            return Err(HandleError::parameter(
                "the parameter `timeout` has a bad value",
                "expected whole seconds such as `30s`",
            ));
        }
        let credentials = match login(handle)? {
            None => None,
            Some((user, password)) => {
                refuse_colon(user)?;
                require_tls(handle, tls, "use `couchdbs://`, or `https://`")?;
                Some((user.to_owned(), password.clone()))
            }
        };
        let database = handle.name()?.ok_or_else(|| {
            HandleError::new("the handle names no database")
                .with_help("write it after the host, as in `couchdb://localhost/database`")
        })?;
        if !is_database_name(&database) {
            return Err(HandleError::new("the path is no name of a database").with_help(
                "CouchDB takes lower-case letters, digits and `_$()+-/`, and a letter comes first",
            ));
        }
        Ok(Self { handle: handle.clone(), host, tls, credentials, database, params })
    }

    async fn connect(&self) -> Result<CouchDatabase, ClientError> {
        let origin = self.origin();
        if self.credentials.is_some() && !self.tls && goes_by_proxy(&origin) {
            return Err(ClientError::new(
                "the proxy of the environment would get the credentials in the clear",
            )
            .with_help("name the host in the variable `NO_PROXY`"));
        }
        let (user, password) = match &self.credentials {
            Some((user, password)) => (Some(user.as_str()), Some(password.expose())),
            None => (None, None),
        };
        let timeout = self.params.timeout.unwrap_or(TIMEOUT).as_secs();
        let client = Client::new_with_timeout(&origin, user, password, Some(timeout))
            .map_err(|error| ClientError::root_cause(&error))?;
        // As `Client::db` encodes it, which also creates a database that it does not find.
        let name = utf8_percent_encode(&self.database, NON_ALPHANUMERIC).to_string();
        let database = CouchDatabase {
            database: Database::new(name, client.clone()),
            client,
            limit: self.connect_timeout(),
            closed: Arc::default(),
        };
        if self.params.create == Some(true) {
            database.create_if_missing().await?;
        }
        Ok(database)
    }

    /// Asks for the database: that proves the server, the credentials and that it exists.
    async fn ping(client: &CouchDatabase) -> Result<(), ClientError> {
        if client.closed.load(Ordering::Relaxed) {
            return Err(closed());
        }
        within(client.limit, async {
            let answer = client.call(Method::GET).await?;
            match answer.status() {
                StatusCode::OK => {
                    answer.json::<Info>().await.map(drop).map_err(|_| not_couchdb("its answer"))
                }
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

    async fn close(client: CouchDatabase) {
        client.closed.store(true, Ordering::Relaxed);
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.params.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

/// What tells a database from the page of some other server.
#[derive(Deserialize)]
struct Info {
    #[serde(rename = "db_name")]
    _name: String,
}

fn not_couchdb(what: &str) -> ClientError {
    ClientError::of(
        FailureKind::Protocol,
        Message::ours(format_args!("{what} is not that of a CouchDB")),
    )
    .with_help("are host and port right?")
}

impl CouchDb {
    fn origin(&self) -> String {
        origin(self.tls, &self.host)
    }
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

/// <https://docs.couchdb.org/en/stable/api/database/common.html#put--db>; the system's own begin with `_`.
fn is_database_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_$()+-/".contains(&byte)
        })
}

/// Whether the client, which heeds `HTTP_PROXY`, leaves this machine.
fn goes_by_proxy(origin: &str) -> bool {
    origin.parse().is_ok_and(|uri: ::http::Uri| Matcher::from_env().intercept(&uri).is_some())
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

impl fmt::Debug for CouchDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouchDb({}://{}/{})", self.handle.scheme(), self.host, self.database)
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
            ("http://u:p@localhost/shop", "http://localhost:5984"),
            ("http://couch.example:80/shop", "http://couch.example:80"),
            ("couchdbs://u:p@couch.example/shop", "https://couch.example:6984"),
            ("https://u:p@couch.example/shop", "https://couch.example:6984"),
            ("https://u:p@couch.example:443/shop", "https://couch.example:443"),
            ("couchdb://[::1]/a%2Fb", "http://[::1]:5984"),
        ] {
            assert_eq!(parse(text).unwrap().origin(), origin, "{text}");
        }
        let shown = format!("{:?}", parse("couchdbs://u:p@couch.example/shop?timeout=5s").unwrap());
        assert_eq!(shown, "CouchDb(couchdbs://couch.example:6984/shop)");
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("couchdb://localhost", "the handle names no database"),
            ("couchdb://localhost/Shop", "the path is no name of a database"),
            ("couchdb://localhost/1shop", "the path is no name of a database"),
            ("couchdb://localhost/a/b", "the path has more than one segment"),
            ("couchdb://u@localhost/shop", "the handle has a user name and no password"),
            ("couchdb://:p@localhost/shop", "the handle has a password and no user name"),
            ("couchdb://u%3Av:p@localhost/shop", "a `:` stands in the user name"),
            ("couchdb://localhost/shop?timeout=500ms", "the parameter `timeout` has a bad value"),
            ("couchdb://localhost/shop?creat=true", "unknown parameter `creat`"),
            ("couchdbs://h/shop?tls_ca=ca.pem", "the client of CouchDB takes no `tls_ca`"),
            ("couchdb://a,b/shop", "the handle names several hosts"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        for scheme in ["couchdb", "http"] {
            let refused = parse(&format!("{scheme}://u:p@couch.example/shop")).unwrap_err();
            assert_eq!(refused.kind(), ProblemKind::Insecure);
        }
    }

    #[tokio::test]
    async fn the_client_shows_no_credential() {
        let adapter = parse("couchdb://uZ8user:pZ8word@localhost/shop").unwrap();
        let client = adapter.connect().await.unwrap();
        assert_eq!(format!("{client:?}"), "CouchDatabase(shop)");
    }
}
