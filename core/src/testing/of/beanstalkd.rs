//! A tube of its own in the place of the attached one.

use crate::adapters::beanstalkd::BeanstalkdClient;
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{Beanstalkd, ClientError, Connect as _};

impl Isolate for Beanstalkd {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let own = test.adapter(self, |handle| handle.name(test.name()))?;
        let what = format!("the tube `{}`", test.name());
        let emptied = own.clone();
        Ok(Own::new(own, what).removed_by(async move {
            let client = emptied.connect().await?;
            let emptied = empty(&client).await;
            Self::close(client).await;
            emptied
        }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        let client = self.connect().await?;
        let swept = async {
            let tubes = client.list_tubes().await.map_err(ClientError::caused_by)?;
            for tube in tubes.iter().filter(|tube| is_leftover(tube)) {
                empty(&client.tube(tube).map_err(ClientError::caused_by)?).await?;
            }
            Ok(())
        };
        let swept = swept.await;
        Self::close(client).await;
        swept
    }
}

/// Deletes the jobs of a tube, which is gone with the last of them.
async fn empty(client: &BeanstalkdClient) -> Result<(), ClientError> {
    loop {
        let job = match client.peek_ready().await.map_err(ClientError::caused_by)? {
            Some(job) => job,
            None => match client.peek_delayed().await.map_err(ClientError::caused_by)? {
                Some(job) => job,
                None => match client.peek_buried().await.map_err(ClientError::caused_by)? {
                    Some(job) => job,
                    None => return Ok(()),
                },
            },
        };
        // Somebody else may have deleted it.
        let _ = client.delete(job.id).await;
    }
}
