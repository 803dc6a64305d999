//! Objects in memory, in a folder of its own or under a prefix of its own.

use object_store::path::Path;

use super::folder;
use super::objects::empty;
use crate::adapters::blobs::Bucket;
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{Adapter as _, Blobs, ClientError, Connect as _, Handle};

impl Isolate for Blobs {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        match self {
            // Each load has objects of its own, and `isolate` is one.
            Self::Memory(_) => {
                let own = test.adapter(self, |handle| handle)?;
                Ok(Own::gone_by_itself(own))
            }
            Self::Folder(of) => Ok(folder::isolate(of, test)?.map(Self::Folder)),
            Self::Bucket(bucket) => Ok(under_prefix(bucket, test)?.map(Self::Bucket)),
        }
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Folder(of) => folder::sweep(of),
            Self::Bucket(bucket) => {
                let store = bucket.connect().await?;
                let all = store.list_with_delimiter(None).await.map_err(ClientError::caused_by)?;
                for prefix in all.common_prefixes {
                    if prefix.parts().next_back().is_some_and(|name| is_leftover(name.as_ref())) {
                        empty(&store, &prefix).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn under_prefix(bucket: &Bucket, test: &Test) -> Result<Own<Bucket>, ClientError> {
    let outer = Handle::path_decoded(bucket.handle());
    let prefix = format!("{}/{}", outer.trim_end_matches('/'), test.name());
    let own = test.adapter(bucket, |handle| handle.path(prefix))?;
    let what = format!("the objects under `{}`", test.name());
    let (bucket, name) = (bucket.clone(), Path::from(test.name()));
    Ok(Own::new(own, what).removed_by(async move { empty(&bucket.connect().await?, &name).await }))
}
