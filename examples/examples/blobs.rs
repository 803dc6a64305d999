//! Objects wherever they are kept: in memory with nothing set, in a folder, in a bucket. The same
//! binary, unchanged, runs on each:
//!
//! ```sh
//! cargo run -p examples --example blobs --features blobs
//! UPLOADS_URL=file:uploads cargo run -p examples --example blobs --features blobs
//! UPLOADS_URL='s3://KEY:SECRET@bucket?region=eu-central-1' cargo run -p examples --example blobs --features blobs
//! ```
//!
//! `DOWNLOADS_URL`, a handle of the same bucket, is for what only S3 can: a link that gives one
//! object to whoever has it.

use std::error::Error;
use std::time::Duration;

use backing_services::{BackingServices, Blobs, S3};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::signer::{Method, Signer};
use object_store::{ObjectStoreExt, WriteMultipart};

/// What the shop keeps beside its database.
#[derive(BackingServices, Debug)]
struct Services {
    /// What customers upload.
    #[service(default = "memory:")]
    uploads: Blobs,
    /// The same bucket, as browsers reach it.
    downloads: Option<S3>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = Services::from_env()?;
    let clients = services.connect().await?;
    println!("attached: {:?}", services.uploads);
    let uploads = clients.uploads;

    let invoice = Path::from("invoices/7.txt");
    uploads.put(&invoice, "EUR 12".into()).await?;

    // A large one goes in parts, and is there as a whole or not at all.
    let tour = Path::from("films/tour.bin");
    let mut film = WriteMultipart::new(uploads.put_multipart(&tour).await?);
    for minute in 0..7 {
        film.wait_for_capacity(2).await?;
        film.put(vec![minute; 1 << 20].into());
    }
    film.finish().await?;

    let mut objects: Vec<_> = uploads.list(None).try_collect().await?;
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    for object in objects {
        println!("{}: {} bytes", object.location, object.size);
    }
    let total = uploads.get(&invoice).await?.bytes().await?;
    println!("the invoice says {}", String::from_utf8_lossy(&total));
    let minute = uploads.get_range(&tour, (3 << 20)..(3 << 20) + 4).await?;
    println!("minute 3 of the film begins with {:?}", minute.as_ref());

    if let Some(bucket) = clients.downloads {
        let link = bucket.signed_url(Method::GET, &invoice, Duration::from_mins(10)).await?;
        println!("for ten minutes: {link}");
    }
    Ok(())
}
