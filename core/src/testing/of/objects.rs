//! The objects of one test.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _};

use crate::ClientError;

/// Deletes the objects under a prefix.
pub(super) async fn empty(store: &Arc<dyn ObjectStore>, prefix: &Path) -> Result<(), ClientError> {
    let mut prefixes = vec![prefix.clone()];
    while let Some(prefix) = prefixes.pop() {
        let found = store.list_with_delimiter(Some(&prefix)).await;
        let found = found.map_err(ClientError::caused_by)?;
        prefixes.extend(found.common_prefixes);
        for object in found.objects {
            match store.delete(&object.location).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(ClientError::caused_by(error)),
            }
        }
    }
    Ok(())
}
