//! Objects in a bucket, a folder or memory: one field for every place they may be kept.
//!
//! | handle | what happens |
//! |---|---|
//! | `s3://KEY:SECRET@bucket/prefix` | as [`S3`](super::s3): the same parts and parameters, and a prefix that every name gets and no name gets out of |
//! | `file:blobs`, `file:///var/blobs` | one file an object in that folder, which is created |
//! | `memory:` | nothing is kept: the clients of one loaded field share the objects, and the last to go ends them |
//!
//! The client is an [`object_store::ObjectStore`]. Names cannot leave the folder: `..` is not a name. A symbolic
//! link inside it is followed, so nobody else should be able to write there. A file is written beside its place
//! and then renamed, and is on the disk (`fsync`) when writing it returns.
//!
//! `ping` writes a file into the folder and deletes it; what it does to a bucket stands with
//! [`S3`](super::s3). Signed URLs take a field of type [`S3`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use super::CONNECT_TIMEOUT;
use super::s3::{self, S3};
use super::shared::{folder, folder_cause, require_scheme, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError, Message};
use crate::handle::Handle;
use crate::parts::Parts;

/// How a store names itself. `dyn ObjectStore` tells nothing else of what it is.
const FOLDER: &str = "LocalFileSystem(";
const MEMORY: &str = "InMemory";

/// Objects in a bucket, a folder or memory. Its client is an `Arc` of [`object_store::ObjectStore`].
///
/// ```
/// use backing_services::{Adapter, Blobs, Handle};
/// use object_store::ObjectStoreExt;
/// use object_store::path::Path;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("file://{}/blobs", folder.path().display());
/// let blobs = Blobs::from_handle(&Handle::parse(&url)?)?; // "file:blobs"
/// let store = blobs.connect().await?;
/// let invoice = Path::from("invoices/7.txt");
/// store.put(&invoice, "EUR 12".into()).await?;
/// assert_eq!(store.get(&invoice).await?.bytes().await?, "EUR 12");
/// # assert!(folder.path().join("blobs/invoices/7.txt").exists());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Blobs {
    handle: Handle,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Bucket { s3: Box<S3>, prefix: Path },
    Folder(PathBuf),
    Memory(Arc<InMemory>),
}

impl Adapter for Blobs {
    const NAME: &'static str = "Blobs";
    const SCHEMES: &'static [&'static str] = &["s3", "file", "memory"];
    const EXAMPLE: &'static str = "s3://KEY:SECRET@bucket/prefix?region=eu-central-1";
    const PARTS: Parts = S3::PARTS;
    type Client = Arc<dyn ObjectStore>;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let place = match handle.scheme() {
            "file" => Place::Folder(folder(handle)?),
            "memory" => Place::Memory(memory(handle)?),
            _ => Place::Bucket { s3: Box::new(S3::whole_bucket(handle)?), prefix: prefix(handle)? },
        };
        Ok(Self { handle: handle.clone(), place })
    }

    async fn connect(&self) -> Result<Arc<dyn ObjectStore>, ClientError> {
        Ok(match &self.place {
            Place::Bucket { s3, prefix } => {
                let store = s3.connect().await?;
                if prefix.is_root() {
                    Arc::new(store)
                } else {
                    Arc::new(PrefixStore::new(store, prefix.clone()))
                }
            }
            Place::Folder(path) => {
                tokio::fs::create_dir_all(path).await.map_err(|error| folder_cause(&error))?;
                let store = LocalFileSystem::new_with_prefix(path);
                Arc::new(store.map_err(ClientError::caused_by)?.with_fsync(true))
            }
            Place::Memory(store) => Arc::clone(store) as Arc<dyn ObjectStore>,
        })
    }

    async fn ping(client: &Arc<dyn ObjectStore>) -> Result<(), ClientError> {
        match client.to_string() {
            name if name.starts_with(FOLDER) => within(CONNECT_TIMEOUT, is_writable(client)).await,
            name if name == MEMORY => Ok(()),
            _ => s3::answers(&**client).await,
        }
    }

    fn is_loopback(&self, handle: &Handle) -> bool {
        match &self.place {
            Place::Bucket { s3, .. } => s3.is_loopback(handle),
            Place::Folder(_) | Place::Memory(_) => true,
        }
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        match &self.place {
            Place::Bucket { s3, .. } => s3.connect_timeout(),
            Place::Folder(_) | Place::Memory(_) => CONNECT_TIMEOUT,
        }
    }
}

fn prefix(handle: &Handle) -> Result<Path, HandleError> {
    Path::from_url_path(handle.path()).map_err(|_| {
        HandleError::new("the path is not a prefix")
            .with_help("write names separated by `/`: `s3://KEY:SECRET@bucket/shop/uploads`")
    })
}

fn memory(handle: &Handle) -> Result<Arc<InMemory>, HandleError> {
    handle.params::<()>()?;
    let bare = handle.host().is_none() && handle.path().is_empty();
    if !bare || handle.username().is_some() || handle.password().is_some() {
        return Err(HandleError::new("memory has no parts").with_help("write `memory:`"));
    }
    Ok(Arc::new(InMemory::new()))
}

/// A folder answers when an object can be made in it.
async fn is_writable(store: &Arc<dyn ObjectStore>) -> Result<(), ClientError> {
    // A name of its own, or two processes would delete each other's.
    let probe = Path::from(format!(".{}.probe", std::process::id()));
    let written = match store.put(&probe, "".into()).await {
        Ok(_) => match store.delete(&probe).await {
            // Another ping of this process had the same probe.
            Err(Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        },
        Err(error) => Err(error),
    };
    written.map_err(|error| {
        let root = ClientError::root_cause(&error);
        ClientError::new(Message::from("the folder cannot be written: ").with(root.cause()))
            .with_kind(root.kind())
            .with_help("check that the path exists and who may write there")
    })
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Bucket { s3, prefix } if prefix.is_root() => write!(f, "Blobs({s3})"),
            Place::Bucket { s3, prefix } => write!(f, "Blobs({s3}, under {prefix})"),
            Place::Folder(path) => write!(f, "Blobs(file:{})", path.display()),
            Place::Memory(_) => f.write_str("Blobs(memory:)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Blobs, HandleError> {
        Blobs::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn places() {
        for (text, shown) in [
            ("s3://K:S@uploads", "Blobs(s3://uploads)"),
            ("s3://K:S@uploads/shop/a%20b/", "Blobs(s3://uploads, under shop/a b)"),
            ("file:blobs", "Blobs(file:blobs)"),
            ("file:///var/blobs", "Blobs(file:/var/blobs)"),
            ("memory:", "Blobs(memory:)"),
        ] {
            let blobs = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(format!("{blobs:?}"), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("s3://K:S@uploads/a//b", "the path is not a prefix"),
            ("s3://K:S@uploads/a/../b", "the path is not a prefix"),
            ("s3://K@uploads/a", "the handle has only one of access key and secret"),
            ("file:", "the handle names no folder"),
            ("file://blobs", "a folder has no host"),
            ("file:blobs?mode=rw", "unknown parameter `mode`"),
            ("memory:shop", "memory has no parts"),
            ("memory://shop", "memory has no parts"),
            ("gs://bucket", "the scheme is not one of Blobs"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[tokio::test]
    async fn stores_name_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let name = async |text: &str| parse(text).unwrap().connect().await.unwrap().to_string();
        assert!(name(&format!("file://{}", folder.path().display())).await.starts_with(FOLDER));
        assert_eq!(name("memory:").await, MEMORY);
        for bucket in ["s3://K:S@uploads", "s3://K:S@uploads/LocalFileSystem("] {
            let name = name(bucket).await;
            assert!(!name.starts_with(FOLDER) && name != MEMORY, "{name}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let blobs = parse(&format!("file://{}", file.join("blobs").display())).unwrap();
        let error = blobs.connect().await.unwrap_err();
        assert!(error.to_string().starts_with("the folder cannot be written: "), "{error}");

        let path = folder.path().join("blobs");
        let blobs = parse(&format!("file://{}", path.display())).unwrap();
        let client = blobs.connect().await.unwrap();
        Blobs::ping(&client).await.unwrap();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0, "no probe is left");
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        let error = Blobs::ping(&client).await.unwrap_err();
        assert!(error.to_string().starts_with("the folder cannot be written: "), "{error}");
    }
}
