//! A database of its own. Migrations run in each: MySQL has nothing that copies one.

use sqlx::{AssertSqlSafe, MySqlPool};

use super::pool;
use crate::adapter::grammar::Part;
use crate::adapters::pool::cause;
use crate::error::FailureKind;
use crate::testing::isolate::changed;
use crate::testing::{Isolate, Migrations, Own, Test, is_leftover};
use crate::{Adapter as _, ClientError, Connect as _, MySql};

const NOT_ALLOWED: &str = "let the user make databases, \
                           ``GRANT ALL ON `backing\\_test\\_%`.* TO ...``, or connect as another";

impl Isolate for MySql {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let name = test.name().to_owned();
        let server = Server::of(self).await?;
        let made = server.create(&name, self.handle().name().ok().flatten()).await;
        server.close().await;
        made?;
        let own = changed(self, |handle| {
            pool::small::<Self>(self.handle(), handle.without_params(is_name).name(&name))
        })?;
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
        Migrations::Each
    }
}

fn is_name(name: &str) -> bool {
    MySql::GRAMMAR.part(Part::Name).is_some_and(|word| word.is_called(name))
}

/// One connection without a database. Names in statements are made of letters, digits and `_`.
struct Server(MySqlPool);

impl Server {
    async fn of(mysql: &MySql) -> Result<Self, ClientError> {
        let server = changed(mysql, |handle| {
            pool::small::<MySql>(mysql.handle(), handle.without_params(is_name).path(""))
        });
        server?.connect().await.map(Self)
    }

    async fn close(self) {
        self.0.close().await;
    }

    /// With the character set and collation of the attached database, if there is one.
    async fn create(&self, name: &str, like: Option<String>) -> Result<(), ClientError> {
        let like: Option<(String, String)> = sqlx::query_as(
            "SELECT CAST(default_character_set_name AS CHAR), CAST(default_collation_name AS CHAR) \
             FROM information_schema.schemata WHERE schema_name = ?",
        )
        .bind(like.unwrap_or_default())
        .fetch_optional(&self.0)
        .await
        .map_err(|error| cause::<MySql>(&error))?;
        let like = like.map_or_else(String::new, |(characters, collation)| {
            format!(" CHARACTER SET {characters} COLLATE {collation}")
        });
        self.run(format!("CREATE DATABASE `{name}`{like}")).await
    }

    async fn drop(&self, name: &str) -> Result<(), ClientError> {
        self.run(format!("DROP DATABASE IF EXISTS `{name}`")).await
    }

    async fn databases(&self) -> Result<Vec<String>, ClientError> {
        let names =
            sqlx::query_scalar("SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata");
        names.fetch_all(&self.0).await.map_err(|error| cause::<MySql>(&error))
    }

    async fn run(&self, statement: String) -> Result<(), ClientError> {
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&self.0).await;
        done.map(drop).map_err(|error| {
            let error = cause::<MySql>(&error);
            match error.kind() {
                FailureKind::NotAllowed => error.with_help(NOT_ALLOWED),
                _ => error,
            }
        })
    }
}
