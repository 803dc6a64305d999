//! Any SQL database that is compiled in, so that swapping it is a change of handle.
//!
//! | part | meaning |
//! |---|---|
//! | scheme | those of the adapters whose features are on: of [`MySql`](crate::MySql) and [`Sqlite`](crate::Sqlite) |
//! | the rest | as that adapter reads it |
//!
//! The client is [`sqlx::AnyPool`]: queries are written once and take `?` as their placeholder; columns have
//! the types that the databases share (integers, floats, text, bytes, booleans).

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::any::{AnyConnectOptions, install_default_drivers};

use super::pool::{self, PoolParams};
use super::shared::{read_certificates, require_scheme};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::secret::Secret;

/// A SQL database of any kind that is compiled in. Its client is [`sqlx::AnyPool`].
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use backing_services::{Adapter, Handle, Sql};
///
/// let db = Sql::from_handle(&Handle::parse("sqlite::memory:")?)?;
/// let pool = db.connect().await?;
/// let (one,): (i64,) = sqlx::query_as("SELECT 1").fetch_one(&pool).await?;
/// assert_eq!(one, 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Sql {
    handle: Handle,
    pool: PoolParams,
}

/// What an adapter of one database tells `sqlx`'s `Any` driver, which takes nothing but a URL.
pub(super) struct AnyParts {
    pub(super) url: Secret,
    /// `Any` gives each connection an in-memory database of its own, so its pool holds one.
    pub(super) in_memory: bool,
    /// The parameter and file of the authorities to trust.
    pub(super) certificates: Option<(&'static str, PathBuf)>,
}

impl Adapter for Sql {
    const NAME: &'static str = "SQL";
    const SCHEMES: &'static [&'static str] = &[
        #[cfg(feature = "mysql")]
        "mysql",
        #[cfg(feature = "mysql")]
        "mariadb",
        #[cfg(feature = "mysql")]
        "mysql2",
        #[cfg(feature = "sqlite")]
        "sqlite",
    ];
    const EXAMPLE: &'static str = if cfg!(feature = "mysql") {
        "mysql://user:password@localhost:3306/database"
    } else {
        "sqlite:app.db?mode=rwc"
    };
    type Client = AnyPool;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        let pool = pool_params(handle)?;
        Ok(Self { handle: handle.clone(), pool })
    }

    async fn connect(&self) -> Result<AnyPool, ClientError> {
        // The only way to hand `sqlx` its drivers is this global list. It panics where an app has put a
        // list of its own there, which is then the one to use.
        let _ = std::panic::catch_unwind(install_default_drivers);
        let any = any_parts(&self.handle).map_err(ClientError::caused_by)?;
        if let Some((parameter, path)) = &any.certificates {
            read_certificates(parameter, path)?;
        }
        let pool = if any.in_memory { self.pool.in_memory(1) } else { self.pool.options() };
        let options = any.url.expose().parse::<AnyConnectOptions>();
        pool::connect(pool, options.map_err(|error| pool::cause(&error))?).await
    }

    async fn ping(client: &AnyPool) -> Result<(), ClientError> {
        let question = match client.connect_options().database_url.scheme() {
            #[cfg(feature = "sqlite")]
            "sqlite" => super::sqlite::QUESTION,
            _ => "SELECT 1",
        };
        pool::ping(client, question).await
    }

    async fn close(client: AnyPool) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.pool.connect_timeout()
    }
}

fn pool_params(handle: &Handle) -> Result<PoolParams, HandleError> {
    match handle.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(crate::Sqlite::from_handle(handle)?.pool_params()),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" | "mysql2" => crate::MySql::from_handle(handle)?.any_pool_params(),
        _ => Err(refuse(handle)),
    }
}

fn any_parts(handle: &Handle) -> Result<AnyParts, HandleError> {
    match handle.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => crate::Sqlite::from_handle(handle)?.any_parts(),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" | "mysql2" => crate::MySql::from_handle(handle)?.any_parts(),
        _ => Err(refuse(handle)),
    }
}

fn refuse(handle: &Handle) -> HandleError {
    require_scheme::<Sql>(handle)
        .err()
        .unwrap_or_else(|| HandleError::new("the scheme is not known"))
        .with_help(if Sql::SCHEMES.is_empty() {
            "no database is compiled in: switch on the feature `mysql` or `sqlite` beside `sql`"
                .to_owned()
        } else {
            format!("{} are compiled in", crate::near::list(Sql::SCHEMES))
        })
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database: Result<String, HandleError> = match self.handle.scheme() {
            #[cfg(feature = "sqlite")]
            "sqlite" => crate::Sqlite::from_handle(&self.handle).map(|it| format!("{it:?}")),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" | "mysql2" => {
                crate::MySql::from_handle(&self.handle).map(|it| format!("{it:?}"))
            }
            _ => Err(refuse(&self.handle)),
        };
        write!(f, "Sql({})", database.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_compiled_in() {
        let parse = |text: &str| Sql::from_handle(&Handle::parse(text).unwrap());
        assert_eq!(parse("sqlite::memory:").is_ok(), cfg!(feature = "sqlite"));
        assert_eq!(parse("mysql://localhost/db").is_ok(), cfg!(feature = "mysql"));
        assert!(parse("redis://localhost").is_err());
    }
}
