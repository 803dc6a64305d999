//! A database of its own, made from a template.

use sqlx::{AssertSqlSafe, PgPool};

use super::pool;
use crate::adapter::grammar::Part;
use crate::adapters::pool::cause;
use crate::error::FailureKind;
use crate::testing::isolate::changed;
use crate::testing::{Isolate, Migrations, Own, Template, Test, is_leftover};
use crate::{Adapter as _, ClientError, Connect as _, Postgres};

/// The database that every server has.
const MAINTENANCE: &str = "postgres";
const NOT_ALLOWED: &str =
    "let the user make databases, `ALTER USER ... CREATEDB`, or connect as another";

impl Isolate for Postgres {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let name = test.name().to_owned();
        let server = Server::of(self).await?;
        let made = server.create(&name, test.template()).await;
        server.close().await;
        made?;
        let own = to(self, &name)?;
        let what = format!("the database `{name}`");
        let origin = self.clone();
        Ok(Own::new(own, what).removed_by(async move {
            let server = Server::of(&origin).await?;
            let dropped = server.drop(&name).await;
            server.close().await;
            dropped
        }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        let server = Server::of(self).await?;
        let swept = async {
            for name in server.databases().await?.iter().filter(|name| is_leftover(name)) {
                server.drop(name).await?;
            }
            Ok(())
        };
        let swept = swept.await;
        server.close().await;
        swept
    }

    fn migrations(&self) -> Migrations {
        Migrations::Once
    }

    async fn has_template(&self, template: &Template) -> Result<bool, ClientError> {
        let server = Server::of(self).await?;
        let found = server.find(template).await;
        server.close().await;
        Ok(found?.is_some())
    }

    async fn keep_as_template(&self, own: &Self, template: &Template) -> Result<(), ClientError> {
        let Ok(Some(name)) = own.handle().name() else { return Ok(()) };
        let server = Server::of(self).await?;
        let kept = server.rename(&name, &template.new_name()).await;
        server.close().await;
        kept
    }
}

/// The adapter of another database on the same server, with a small pool.
fn to(postgres: &Postgres, database: &str) -> Result<Postgres, ClientError> {
    let word = Postgres::GRAMMAR.part(Part::Name);
    let is_name = |name: &str| word.is_some_and(|word| word.is_called(name));
    changed(postgres, |handle| {
        let handle = handle.without_params(is_name).name(database);
        pool::small::<Postgres>(postgres.handle(), handle)
    })
}

/// One connection, for statements about whole databases. Names in them are made of letters, digits
/// and `_`.
struct Server(PgPool);

impl Server {
    /// Through the attached database, or where that does not exist the one that every server has.
    async fn of(postgres: &Postgres) -> Result<Self, ClientError> {
        match postgres.connect().await {
            Err(error) if error.kind() == FailureKind::NotFound => {
                Ok(Self(to(postgres, MAINTENANCE)?.connect().await?))
            }
            connected => connected.map(Self),
        }
    }

    async fn close(self) {
        self.0.close().await;
    }

    async fn create(&self, name: &str, template: Option<&Template>) -> Result<(), ClientError> {
        let from = match template {
            Some(template) => match self.find(template).await? {
                Some(from) => format!(" TEMPLATE \"{from}\""),
                None => return Err(ClientError::new("the migrated template is gone")),
            },
            None => String::new(),
        };
        self.run(format!("CREATE DATABASE \"{name}\"{from}")).await
    }

    async fn drop(&self, name: &str) -> Result<(), ClientError> {
        self.run(format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await
    }

    async fn rename(&self, name: &str, to: &str) -> Result<(), ClientError> {
        self.run(format!("ALTER DATABASE \"{name}\" RENAME TO \"{to}\"")).await
    }

    async fn databases(&self) -> Result<Vec<String>, ClientError> {
        let names =
            sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE NOT datistemplate");
        names.fetch_all(&self.0).await.map_err(|error| cause::<Postgres>(&error))
    }

    async fn find(&self, template: &Template) -> Result<Option<String>, ClientError> {
        Ok(self.databases().await?.into_iter().find(|name| template.is_called(name)))
    }

    async fn run(&self, statement: String) -> Result<(), ClientError> {
        // Unprepared: a pooler before the server need not know it.
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&self.0).await;
        done.map(drop).map_err(|error| {
            let error = cause::<Postgres>(&error);
            match error.kind() {
                FailureKind::NotAllowed => error.with_help(NOT_ALLOWED),
                _ => error,
            }
        })
    }
}
