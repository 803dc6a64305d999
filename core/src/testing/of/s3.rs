//! A bucket of its own: the client has no place for a prefix.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::path::Path;
use object_store::signer::{Method, Signer as _, Url};

use super::objects::empty;
use crate::error::{FailureKind, Message, ours};
use crate::testing::isolate::changed;
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{Adapter as _, ClientError, Connect as _, S3};

const VALID: Duration = Duration::from_mins(1);
const DEFAULT_REGION: &str = "us-east-1";

impl Isolate for S3 {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let name = test.name().replace('_', "-");
        let own = bucket(self, &name)?;
        send(&own, request(Method::PUT, &signed(&own, Method::PUT).await?)?).await?;
        let (what, made) = (format!("the bucket `{name}`"), own.clone());
        Ok(Own::new(own, what).removed_by(async move { delete(&made).await }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        for name in buckets(self).await?.iter().filter(|name| is_leftover(name)) {
            delete(&bucket(self, name)?).await?;
        }
        Ok(())
    }
}

fn bucket(s3: &S3, name: &str) -> Result<S3, ClientError> {
    changed(s3, |handle| handle.without_hosts().host(name))
}

async fn delete(s3: &S3) -> Result<(), ClientError> {
    let store: Arc<dyn ObjectStore> = Arc::new(s3.connect().await?);
    empty(&store, &Path::from("")).await?;
    send(s3, request(Method::DELETE, &signed(s3, Method::DELETE).await?)?).await.map(drop)
}

/// The URL of the bucket as a whole, signed for one request.
async fn signed(s3: &S3, method: Method) -> Result<Url, ClientError> {
    let url = s3.connect().await?.signed_url(method, &Path::from(""), VALID).await;
    url.map_err(ClientError::caused_by)
}

/// The names of all buckets. The server's URL is that of the bucket without its name.
async fn buckets(s3: &S3) -> Result<Vec<String>, ClientError> {
    let mut url = signed(s3, Method::GET).await?;
    url.set_query(None);
    url.set_path("/");
    let host = url.host_str().unwrap_or_default().to_owned();
    let below = s3.handle().host().and_then(|bucket| host.strip_prefix(&format!("{bucket}.")));
    if let Some(host) = below {
        url.set_host(Some(host)).map_err(ClientError::caused_by)?;
    }
    let store = s3.connect().await?;
    let credential = store.credentials().get_credential().await;
    let credential = credential.map_err(ClientError::caused_by)?;
    let region = S3::GRAMMAR.word("region").and_then(|word| word.param_of(s3.handle()));
    let mut request = request(Method::GET, &url)?;
    AwsAuthorizer::new(&credential, "s3", region.unwrap_or(DEFAULT_REGION))
        .try_authorize(&mut request, None)
        .map_err(ClientError::caused_by)?;
    let answer = send(s3, request).await?;
    let names = answer.split("<Name>").skip(1).filter_map(|rest| rest.split('<').next());
    Ok(names.map(str::to_owned).collect())
}

fn request(method: Method, url: &Url) -> Result<HttpRequest, ClientError> {
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.method_mut() = method;
    *request.uri_mut() = url.as_str().parse().map_err(|_| ClientError::new("a URL is too long"))?;
    Ok(request)
}

/// The text of the answer.
async fn send(s3: &S3, request: HttpRequest) -> Result<String, ClientError> {
    let answer = s3.http()?.execute(request).await.map_err(ClientError::caused_by)?;
    let status = answer.status();
    if status.is_success() {
        let text = answer.into_body().bytes().await.map_err(ClientError::caused_by)?;
        return Ok(String::from_utf8_lossy(&text).into_owned());
    }
    let cause: Message =
        ours!("the server answers HTTP {} where a bucket is made or deleted", status.as_u16());
    Err(ClientError::of(FailureKind::NotAllowed, cause).with_help(
        "let the key make buckets; or take `Blobs`, of which a test has a prefix; or say \
         `shared(...)` or `prefixed(...)` in `#[backing_services::test(...)]`",
    ))
}
