use backing_services::{Blobs, Handle, S3};
use backing_services_tests::servers::S3Server;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::{compare, connect};

const OBJECT: [u8; 1024] = [b'x'; 1024];

pub(crate) async fn s3() {
    let server = S3Server::start();
    let ours = connect::<S3>(&handle(&server, "")).await;
    compare_reading((&ours, "cover"), &server).await;
}

pub(crate) async fn blobs() {
    let server = S3Server::start();
    let ours = connect::<Blobs>(&handle(&server, "/shop/covers")).await;
    compare_reading((&ours, "dune"), &server).await;
}

/// Both read an object of the same length.
async fn compare_reading((ours, object): (&dyn ObjectStore, &str), server: &S3Server) {
    let (bare, path) = (bare(server), Path::from(object));
    ours.put(&path, OBJECT.to_vec().into()).await.expect("written");
    bare.put(&path, OBJECT.to_vec().into()).await.expect("written");
    let get = async |store: &dyn ObjectStore| {
        let read = store.get(&path).await.expect("an object").bytes().await.expect("its content");
        assert_eq!(*read, OBJECT);
    };
    let what = "get of 1 KiB, s3s";
    compare(what, async || get(ours).await, async || get(&bare).await).await;
}

fn endpoint(server: &S3Server) -> String {
    format!("http://127.0.0.1:{}", server.port())
}

fn handle(server: &S3Server, path: &str) -> Handle {
    let handle = Handle::builder("s3").username(S3Server::key()).password(S3Server::secret());
    let handle = handle.host(S3Server::bucket()).path(path).param("endpoint", endpoint(server));
    handle.build().expect("a handle")
}

fn bare(server: &S3Server) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_bucket_name(S3Server::bucket())
        .with_region("us-east-1")
        .with_endpoint(endpoint(server))
        .with_allow_http(true)
        .with_access_key_id(S3Server::key())
        .with_secret_access_key(S3Server::secret())
        .build()
        .expect("a store")
}
