//! Objects in a bucket, a folder or memory: one field for every place they may be kept.
//!
//! | handle | what happens |
//! |---|---|
//! | `s3://KEY:SECRET@bucket/prefix` | as [`S3`](super::s3): the same parts and parameters, and a prefix that every name gets and no name gets out of |
//! | `file:blobs`, `file:///var/blobs` | one file an object in that folder, which is created |
//! | `memory:` | nothing is kept: the clients of one loaded field share the objects, and the last to go ends them |
//!
//! <!-- grammar -->
//! S3:
//!
//! - schemes: `s3`
//! - host: The bucket: 3 to 63 lower-case letters, digits, dots and hyphens. Also `BUCKET_NAME`,
//!   `STORAGE_BUCKET_NAME`, `NAME`.
//! - user name: The access key; without one the environment's credentials are used. Also
//!   `ACCESS_KEY_ID`, `AWS_ACCESS_KEY_ID`, `KEY`, `KEY_ID`.
//! - password: The secret of the access key. Also `SECRET`, `SECRET_ACCESS_KEY`,
//!   `AWS_SECRET_ACCESS_KEY`, `ACCESS_KEY_SECRET`, `KEY_SECRET`.
//! - `region`: The region of the bucket, by default `us-east-1`. Also `AWS_REGION`,
//!   `AWS_DEFAULT_REGION`, `DEFAULT_REGION`, `REGION_NAME`.
//! - `endpoint`: The server, such as `https://minio.example:9000`; by default AWS in that region.
//!   Also `ENDPOINT_URL`, `AWS_ENDPOINT_URL`.
//! - `path_style`: Whether the bucket stands in the path instead of the host name, as by default
//!   with an `endpoint` or for a name with dots. Also `FORCE_PATH_STYLE`, `USE_PATH_STYLE`,
//!   `USE_PATH_STYLE_ENDPOINT`.
//! - `session_token`: The session token of temporary credentials. Also `AWS_SESSION_TOKEN`.
//! - `anonymous`: Whether requests are unsigned, as a public bucket takes them. By default
//!   `false`.
//! - `tls`: `none`: the endpoint is unencrypted, also on another machine; `required`: it is
//!   `https`. Either `none` or `required`. Also `ssl`.
//! - `tls_ca`: A file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! - path: what every name of an object gets in front, in segments.
//!
//! a folder:
//!
//! - schemes: `file`
//! - path: The folder: an absolute one behind `file://`, one below where the app runs behind
//!   `file:`. Required.
//!
//! memory:
//!
//! - schemes: `memory`
//! <!-- end -->
//!
//! The client is an [`object_store::ObjectStore`]. Names cannot leave the folder: `..` is not a
//! name. A symbolic link inside it is followed, so nobody else should be able to write there. A
//! file is written beside its place and then renamed, and is on the disk (`fsync`) when writing it
//! returns.
//!
//! `ping` writes a file into the folder and deletes it; what it does to a bucket stands with
//! [`S3`](super::s3). Signed URLs take a field of type [`S3`].
//!
//! Google Cloud Storage attaches as S3, with an HMAC key. Azure Blob Storage does not speak the
//! protocol of S3.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use super::CONNECT_TIMEOUT;
use super::ending::within;
use super::folder::Folder;
use super::s3::{self, S3};
use crate::adapter::reader::Reader;
use crate::error::Message;
use crate::generated::{concat_words, count_words};
use crate::{
    Adapter, ClientError, Connect, Grammar, Handle, HandleError, Kind, Parameters, Part, Word,
};

/// How a store names itself. `dyn ObjectStore` tells nothing else of what it is.
const FOLDER: &str = "LocalFileSystem(";
const MEMORY: &str = "InMemory";

/// Objects in a bucket, a folder or memory. Its client is an `Arc` of
/// [`object_store::ObjectStore`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{Adapter, Blobs, Connect, Handle};
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
#[derive(Adapter, Clone)]
#[adapter(no_client)]
pub enum Blobs {
    /// Objects in a bucket, or those of it under a prefix.
    Bucket(Bucket),
    /// One file an object.
    Folder(Folder),
    /// Nothing is kept.
    Memory(Memory),
}

/// A bucket of S3, or what of it stands under a prefix.
///
/// ```
/// use backing_services::adapters::blobs::Bucket;
/// use backing_services::{Adapter, Handle};
///
/// let bucket = Bucket::from_handle(&Handle::parse("s3://KEY:SECRET@uploads/shop")?)?;
/// assert_eq!(format!("{bucket:?}"), "Bucket(s3://uploads, under shop)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Clone)]
pub struct Bucket {
    handle: Handle,
    s3: Box<S3>,
    prefix: Path,
}

const PREFIX: Word = Word::new("prefix", Part::Path, Kind::Text)
    .only()
    .meaning("what every name of an object gets in front, in segments");
const WORDS: &[&[Word]] = &[S3::GRAMMAR.all_words(), &[PREFIX]];

/// By hand, because the grammar is that of `S3` with one word more.
impl Adapter for Bucket {
    const GRAMMAR: &'static Grammar =
        &S3::GRAMMAR.words(&concat_words::<{ count_words(WORDS) }>(WORDS));

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        let prefix = Path::from_url_path(handle.path()).map_err(|_| {
            HandleError::new("the path is not a prefix")
                .with_help("write names separated by `/`: `s3://KEY:SECRET@bucket/shop/uploads`")
        })?;
        let s3 = S3::from_handle(&handle.to_builder().path("").build()?)?;
        Ok(Self { handle: handle.clone(), s3: Box::new(s3), prefix })
    }

    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn is_loopback(&self) -> bool {
        self.s3.is_loopback()
    }

    fn connect_timeout(&self) -> Duration {
        self.s3.connect_timeout()
    }
}

impl Connect for Bucket {
    type Client = Arc<dyn ObjectStore>;

    async fn connect(&self) -> Result<Arc<dyn ObjectStore>, ClientError> {
        let store = self.s3.connect().await?;
        Ok(if self.prefix.is_root() {
            Arc::new(store)
        } else {
            Arc::new(PrefixStore::new(store, self.prefix.clone()))
        })
    }
}

/// Objects that are gone with the last client.
///
/// ```
/// use backing_services::adapters::blobs::Memory;
/// use backing_services::{Adapter, Handle};
///
/// let memory = Memory::from_handle(&Handle::parse("memory://")?)?;
/// assert_eq!(format!("{memory:?}"), "Memory(memory:)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(name = "memory", schemes("memory"), example = "memory:", debug)]
pub struct Memory {
    #[handle]
    handle: Handle,
    #[handle(flatten)]
    objects: Objects,
}

/// It has no words: the objects are made where a handle is read, for all clients of it.
#[derive(Clone, Default)]
struct Objects(Arc<InMemory>);

impl Parameters for Objects {
    const WORDS: &'static [Word] = &[];

    fn read(_: &mut Reader<'_>) -> Result<Self, HandleError> {
        Ok(Self::default())
    }
}

impl Connect for Memory {
    type Client = Arc<dyn ObjectStore>;

    async fn connect(&self) -> Result<Arc<dyn ObjectStore>, ClientError> {
        Ok(Arc::clone(&self.objects.0) as Arc<dyn ObjectStore>)
    }
}

impl Connect for Blobs {
    type Client = Arc<dyn ObjectStore>;

    async fn connect(&self) -> Result<Arc<dyn ObjectStore>, ClientError> {
        match self {
            Self::Bucket(bucket) => bucket.connect().await,
            Self::Folder(folder) => {
                let store = LocalFileSystem::new_with_prefix(folder.connect().await?);
                Ok(Arc::new(store.map_err(ClientError::caused_by)?.with_fsync(true)))
            }
            Self::Memory(memory) => memory.connect().await,
        }
    }

    async fn ping(client: &Arc<dyn ObjectStore>) -> Result<(), ClientError> {
        match client.to_string() {
            name if name.starts_with(FOLDER) => within(CONNECT_TIMEOUT, is_writable(client)).await,
            name if name == MEMORY => Ok(()),
            _ => s3::answers(&**client).await,
        }
    }
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

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({self})")
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.s3.fmt(f)?;
        if self.prefix.is_root() { Ok(()) } else { write!(f, ", under {}", self.prefix) }
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(bucket) => write!(f, "Blobs({bucket})"),
            Self::Folder(_) | Self::Memory(_) => {
                let handle = self.handle();
                write!(f, "Blobs({})", handle.shown(Self::GRAMMAR.of_scheme(handle.scheme())))
            }
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
            ("memory://", "Blobs(memory:)"),
            ("s3://bucket?anonymous=true", "Blobs(s3://bucket)"),
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
            ("s3://K@uploads/a", "the handle has a user name and no password"),
            ("file:", "the handle has no path"),
            ("file:///", "the handle names no folder"),
            ("file://blobs", "the handle has a host"),
            ("file:blobs?mode=rw", "unknown parameter `mode`"),
            ("memory:shop", "the handle has a path"),
            ("memory://shop", "the handle has a host"),
            ("memory://K:S@shop", "the handle has a host"),
            ("gs://bucket", "the scheme is not one of Blobs"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn says_how_others_attach() {
        for (text, advice) in [
            ("gs://bucket/path", "endpoint=https://storage.googleapis.com`; no feature takes"),
            ("az://container", "no feature takes Azure Blob Storage"),
        ] {
            let help = parse(text).unwrap_err().help().to_owned();
            assert!(help.contains(advice), "{help}");
        }
    }

    #[test]
    fn a_bucket_is_where_its_endpoint_is() {
        for (text, is_loopback) in [
            ("s3://K:S@localhost/a?endpoint=https://s3.prod.example", false),
            ("s3://K:S@uploads/a?endpoint=http://localhost:9000", true),
            ("file:blobs", true),
            ("memory:", true),
        ] {
            assert_eq!(parse(text).unwrap().is_loopback(), is_loopback, "{text}");
        }
        let slow = parse("s3://K:S@uploads/a?connect_timeout=20s").unwrap();
        assert_eq!(slow.connect_timeout(), Duration::from_secs(20));
    }

    #[tokio::test]
    async fn unsigned_requests() {
        let text = "s3://bucket?anonymous=true";
        let Blobs::Bucket(bucket) = parse(text).unwrap() else { panic!("{text}") };
        let store = bucket.s3.connect().await.unwrap();
        assert!(format!("{store:?}").contains("skip_signature: true"), "{store:?}");
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
