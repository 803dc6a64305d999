//! A database of its own.

use crate::testing::isolate::changed;
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{ClientError, Connect as _, CouchDb};

impl Isolate for CouchDb {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let name = test.name().to_owned();
        let own = changed(self, |handle| handle.name(&name).replace_param("create", "true"))?;
        let what = format!("the database `{name}`");
        let origin = self.clone();
        Ok(Own::new(own, what).removed_by(async move { delete(&origin, &name).await }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        let client = self.connect().await?;
        let all =
            client.server().list_dbs().await.map_err(|error| ClientError::root_cause(&error))?;
        for name in all.iter().filter(|name| is_leftover(name)) {
            delete(self, name).await?;
        }
        Ok(())
    }
}

async fn delete(couchdb: &CouchDb, name: &str) -> Result<(), ClientError> {
    let client = couchdb.connect().await?;
    let deleted = client.server().destroy_db(name).await;
    deleted.map(drop).map_err(|error| ClientError::root_cause(&error))
}
