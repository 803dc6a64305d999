//! Mail into memory or into a folder; no relay is asked to keep the mail of two tests apart.

use super::folder;
use crate::testing::{Isolate, Own, Test};
use crate::{ClientError, Mail};

impl Isolate for Mail {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        match self {
            // Each client has a box of its own.
            Self::Memory(_) => Ok(Own::gone_by_itself(self.clone())),
            Self::Folder(outbox) => Ok(folder::isolate(outbox, test)?.map(Self::Folder)),
            Self::Smtp(_) | Self::Postmark(_) => {
                Err(ClientError::new("a relay keeps nothing apart for a test").with_help(
                    "set it to `memory:` or a folder, `file:outbox`; where tests may share the \
                     relay, say `shared(...)` with the field's name in `#[backing_services::test]`",
                ))
            }
        }
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        match self {
            Self::Folder(outbox) => folder::sweep(outbox),
            Self::Memory(_) | Self::Smtp(_) | Self::Postmark(_) => Ok(()),
        }
    }
}
