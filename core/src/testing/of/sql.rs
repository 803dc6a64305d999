//! As the database that the scheme chooses.

use crate::testing::{Isolate, Migrations, Own, Template, Test};
use crate::{ClientError, Sql};

/// The same of each database, with the variant that wraps it.
macro_rules! of_each {
    ($sql:expr, $it:ident, $wrap:ident => $value:expr) => {
        match $sql {
            #[cfg(feature = "mysql")]
            Sql::MySql($it) => {
                #[allow(unused_variables, reason = "not each of them wraps")]
                let $wrap = Sql::MySql;
                $value
            }
            #[cfg(feature = "postgres")]
            Sql::Postgres($it) => {
                #[allow(unused_variables, reason = "not each of them wraps")]
                let $wrap = Sql::Postgres;
                $value
            }
            #[cfg(feature = "sqlite")]
            Sql::Sqlite($it) => {
                #[allow(unused_variables, reason = "not each of them wraps")]
                let $wrap = Sql::Sqlite;
                $value
            }
        }
    };
}

impl Isolate for Sql {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        of_each!(self, it, wrap => Ok(it.isolate(test).await?.map(wrap)))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        of_each!(self, it, wrap => it.sweep().await)
    }

    fn migrations(&self) -> Migrations {
        of_each!(self, it, wrap => it.migrations())
    }

    async fn has_template(&self, template: &Template) -> Result<bool, ClientError> {
        of_each!(self, it, wrap => it.has_template(template).await)
    }

    async fn keep_as_template(&self, own: &Self, template: &Template) -> Result<(), ClientError> {
        match (self, own) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(it), Self::Postgres(own)) => it.keep_as_template(own, template).await,
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(it), Self::Sqlite(own)) => it.keep_as_template(own, template).await,
            _ => Err(ClientError::new("the database cannot be copied")),
        }
    }
}
