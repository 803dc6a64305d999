//! Amazon S3 and what speaks its protocol, through `object_store`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `s3` | |
//! | user, password | access key and its secret, both or none; a `/` in the secret is written `%2F` | the environment's, see below |
//! | host | the bucket: 3 to 63 lower-case letters, digits, dots and hyphens | |
//! | port, path | none: a prefix takes a field of type `Blobs` | |
//! | `region` | of the bucket | `us-east-1` |
//! | `endpoint` | the server, such as `https://minio.example:9000` | AWS in that region |
//! | `path_style` | `true`: the bucket in the path, `false`: in the host name | `true` with an `endpoint` or for a name with dots |
//! | `session_token` | of temporary credentials | |
//! | `tls` | `none`: an `http` endpoint on another machine is meant | |
//! | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
//! | `connect_timeout` | for connecting, and for proving that the bucket answers | `10s` |
//! | `timeout` | for one request, the body of its answer included | `30s` |
//!
//! With a key in the handle no `AWS_*` variable is read. Without one the credentials are those of the
//! process's `AWS_*` variables, the web identity token, the container or the machine, in this order, and the
//! region, unless the handle has it, that of `AWS_REGION` or `AWS_DEFAULT_REGION`. Bucket and endpoint are
//! always those of the handle.
//!
//! The secret never travels, but data, session token and signed URLs do: an `http` endpoint is taken on this
//! machine, elsewhere only with `tls=none`. A failed request is tried again twice within a tenth of a second;
//! longer outages are the app's to sit out. `ping` lists the objects under a name that nobody writes, which takes
//! the permission `s3:ListBucket`.
//!
//! | provider | handle |
//! |---|---|
//! | [AWS](https://docs.aws.amazon.com/general/latest/gr/s3.html) | `s3://KEY:SECRET@bucket?region=eu-central-1` |
//! | [Bucketeer](https://devcenter.heroku.com/articles/bucketeer) on Heroku | the same, from `BUCKETEER_AWS_ACCESS_KEY_ID`, `BUCKETEER_AWS_SECRET_ACCESS_KEY`, `BUCKETEER_BUCKET_NAME` and `BUCKETEER_AWS_REGION` |
//! | [MinIO](https://min.io/docs/minio/linux/developers/minio-drivers.html) | `s3://KEY:SECRET@bucket?endpoint=http://localhost:9000` |
//! | [Cloudflare R2](https://developers.cloudflare.com/r2/api/s3/api/) | `s3://KEY:SECRET@bucket?endpoint=https://ACCOUNT.r2.cloudflarestorage.com&region=auto` |
//! | [DigitalOcean Spaces](https://docs.digitalocean.com/reference/api/spaces/) | `s3://KEY:SECRET@space?endpoint=https://nyc3.digitaloceanspaces.com` |
//! | [Backblaze B2](https://www.backblaze.com/apidocs/introduction-to-the-s3-compatible-api) | `s3://KEYID:KEY@bucket?endpoint=https://s3.us-west-004.backblazeb2.com&region=us-west-004` |

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{
    AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider,
};
use object_store::client::{HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, CredentialProvider, Error, ObjectStore, RetryConfig,
    StaticCredentialProvider,
};
use serde::Deserialize;

use super::CONNECT_TIMEOUT;
use super::http::{self, HttpParams};
use super::shared::{one_host, require_scheme, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

const DEFAULT_REGION: &str = "us-east-1";
/// What `ping` lists. Nobody writes there.
const PROBE: &str = ".backing-services-probe";

/// A bucket of S3 or of a server like it. Its client is [`object_store::aws::AmazonS3`].
///
/// ```
/// use backing_services::{Adapter, Handle, S3};
/// use object_store::path::Path;
/// use object_store::signer::{Method, Signer};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Handle::parse("s3://KEY:SECRET@uploads?region=eu-central-1")?;
/// let s3 = S3::from_handle(&handle)?.connect().await?; // no network yet
/// let path = Path::from("invoices/7.pdf");
/// let url = s3.signed_url(Method::GET, &path, Duration::from_secs(600)).await?;
/// assert_eq!(url.host_str(), Some("uploads.s3.eu-central-1.amazonaws.com"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct S3 {
    handle: Handle,
    bucket: String,
    key: Option<(String, Secret)>,
    session_token: Option<Secret>,
    region: Option<String>,
    endpoint: Option<Endpoint>,
    path_style: bool,
    http: HttpParams,
}

#[derive(Clone)]
struct Endpoint {
    scheme: &'static str,
    host: Host,
}

#[derive(Deserialize)]
struct Params {
    region: Option<String>,
    endpoint: Option<String>,
    path_style: Option<bool>,
    session_token: Option<Secret>,
    tls: Option<Tls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tls {
    None,
}

impl Adapter for S3 {
    const NAME: &'static str = "S3";
    const SCHEMES: &'static [&'static str] = &["s3"];
    const EXAMPLE: &'static str = "s3://KEY:SECRET@bucket?region=eu-central-1";
    const PARTS: Parts = Parts::new()
        .with(&[
            (Part::Host, &["BUCKET", "BUCKET_NAME"]),
            (Part::Username, &["ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"]),
            (Part::Password, &["SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]),
            (Part::Param("region"), &["REGION", "AWS_REGION"]),
            (Part::Param("endpoint"), &["ENDPOINT"]),
            (Part::Param("session_token"), &["SESSION_TOKEN", "AWS_SESSION_TOKEN"]),
        ])
        .authorities("tls_ca");
    type Client = AmazonS3;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        let s3 = Self::whole_bucket(handle)?;
        if !matches!(handle.path(), "" | "/") {
            return Err(HandleError::new("the handle has a path, and the client has no prefix")
                .with_help("end it after the bucket, or use a field of type `Blobs`"));
        }
        Ok(s3)
    }

    async fn connect(&self) -> Result<AmazonS3, ClientError> {
        let (credentials, region) = match &self.key {
            Some((key, secret)) => (self.own_credentials(key, secret), None),
            None => self.environment().await?,
        };
        let region = self.region.as_deref().or(region.as_deref()).unwrap_or(DEFAULT_REGION);
        let connector = Connector { http: self.http.clone(), host: self.server(region) };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(region)
            .with_credentials(Arc::new(Hidden(credentials)))
            .with_retry(retries(self.http.timeout()))
            .with_virtual_hosted_style_request(!self.path_style)
            .with_http_connector(connector);
        if let Some(endpoint) = &self.endpoint {
            // With the bucket in the host name, `object_store` wants it in the endpoint too.
            let Endpoint { scheme, host } = endpoint;
            builder = builder.with_endpoint(if self.path_style {
                format!("{scheme}://{host}")
            } else {
                format!("{scheme}://{}.{host}", self.bucket)
            });
        }
        builder.build().map_err(|error| cause(&error))
    }

    async fn ping(client: &AmazonS3) -> Result<(), ClientError> {
        answers(client).await
    }

    fn is_loopback(&self, _: &Handle) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| endpoint.host.is_loopback())
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.http.connect_timeout()
    }
}

impl S3 {
    /// A handle whose path is of no concern here.
    pub(super) fn whole_bucket(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (params, http): (Params, HttpParams) = handle.params()?;
        let bucket = bucket(handle)?;
        let key = match (handle.username(), handle.password()) {
            (Some(key), Some(secret)) => Some((key.to_owned(), secret.clone())),
            (None, None) => None,
            _ => {
                return Err(HandleError::new("the handle has only one of access key and secret")
                    .with_help(
                        "write `s3://KEY:SECRET@bucket`, or none to take the environment's",
                    ));
            }
        };
        if params.session_token.is_some() && key.is_none() {
            return Err(HandleError::new("the handle has a session token and no access key")
                .with_help("write `s3://KEY:SECRET@bucket?session_token=...`"));
        }
        if let Some(region) = &params.region
            && !is_word(region)
        {
            return Err(bad("region", "expected the name of a region such as `eu-central-1`"));
        }
        let endpoint = params.endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let in_the_clear = endpoint.as_ref().is_some_and(Endpoint::is_in_the_clear);
        match (&endpoint, params.tls) {
            (Some(Endpoint { scheme: "http", host }), None) if !host.is_loopback() => {
                return Err(HandleError::insecure(
                    "data and signed URLs would be sent in the clear to another machine",
                    "write an `https` endpoint, or `tls=none` if that is meant",
                ));
            }
            (_, Some(Tls::None)) if !in_the_clear => {
                return Err(HandleError::new("`tls=none` needs an `http` endpoint")
                    .with_help("write `endpoint=http://host`, or leave `tls` out"));
            }
            _ => {}
        }
        Ok(Self {
            handle: handle.clone(),
            key,
            session_token: params.session_token,
            region: params.region,
            // A certificate for `*.s3.amazonaws.com` is for no name with a further dot in it.
            path_style: params.path_style.unwrap_or(endpoint.is_some() || bucket.contains('.')),
            bucket,
            endpoint,
            http: http.check(!in_the_clear)?,
        })
    }

    fn own_credentials(&self, key: &str, secret: &Secret) -> AwsCredentialProvider {
        Arc::new(StaticCredentialProvider::new(AwsCredential {
            key_id: key.to_owned(),
            secret_key: secret.expose().to_owned(),
            token: self.session_token.as_ref().map(|token| token.expose().to_owned()),
        }))
    }

    /// Credentials and region of the process, its container or its machine.
    async fn environment(&self) -> Result<(AwsCredentialProvider, Option<String>), ClientError> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            .with_retry(retries(self.http.timeout()));
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
        let found = match builder.build() {
            Ok(store) => {
                let credentials = Arc::clone(store.credentials());
                credentials.get_credential().await.map(|_| credentials)
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(credentials) => Ok((credentials, region)),
            Err(error) => Err(ClientError::of(
                FailureKind::Authentication,
                Message::from(
                    "there are no credentials, neither in the handle nor in the environment: ",
                )
                .with(cause(&error).cause()),
            )
            .with_help("write `s3://KEY:SECRET@bucket`, or give the machine a role")),
        }
    }

    fn server(&self, region: &str) -> Host {
        match &self.endpoint {
            Some(endpoint) => endpoint.host.clone(),
            None => Host::named(&format!("s3.{region}.amazonaws.com")),
        }
    }
}

impl Endpoint {
    fn parse(text: &str) -> Result<Self, HandleError> {
        let bad = || bad("endpoint", "expected a server such as `https://minio.example:9000`");
        let url = Handle::parse(text).map_err(|_| bad())?;
        let scheme = match url.scheme() {
            "https" => "https",
            "http" => "http",
            _ => return Err(bad()),
        };
        let bare = url.username().is_none() && url.password().is_none();
        if !bare || !matches!(url.path(), "" | "/") || url.params::<()>().is_err() {
            return Err(bad());
        }
        Ok(Self { scheme, host: one_host(&url).map_err(|_| bad())?.clone() })
    }

    fn is_in_the_clear(&self) -> bool {
        self.scheme == "http"
    }
}

fn bad(parameter: &str, help: &'static str) -> HandleError {
    HandleError::parameter(
        Message::ours(format_args!("the parameter `{parameter}` has a bad value")),
        help,
    )
}

/// The bucket as written: a host would lose its upper case, and `123` would be an address.
fn bucket(handle: &Handle) -> Result<String, HandleError> {
    let host = one_host(handle)?;
    if host.port().is_some() {
        return Err(HandleError::new("a bucket has no port")
            .with_help("write `s3://KEY:SECRET@bucket?endpoint=http://localhost:9000`"));
    }
    let text = handle.expose_url();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?']).next().unwrap_or_default();
    let name = text.rsplit('@').next().unwrap_or_default();
    let labels = name
        .split('.')
        .all(|label| is_word(label) && !label.starts_with('-') && !label.ends_with('-'));
    if !(3..=63).contains(&name.len()) || !labels || name.parse::<Ipv4Addr>().is_ok() {
        return Err(HandleError::new("the host is not the name of a bucket")
            .with_help("a bucket's name is 3 to 63 lower-case letters, digits, dots and hyphens"));
    }
    Ok(name.to_owned())
}

fn is_word(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(is_word)
}

/// Enough for a connection that was closed meanwhile, and over in a moment: a refused one is told within a second.
fn retries(timeout: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(20),
            max_backoff: Duration::from_millis(500),
            base: 3.0,
        },
        max_retries: 2,
        retry_timeout: timeout,
    }
}

/// Proves that server, bucket and credentials are right: a list costs little where nothing is to be listed.
pub(super) async fn answers(store: &dyn ObjectStore) -> Result<(), ClientError> {
    let probe = Path::from(PROBE);
    let asked = async {
        store.list_with_delimiter(Some(&probe)).await.map(drop).map_err(|error| cause(&error))
    };
    within(CONNECT_TIMEOUT, asked).await
}

/// What the server said, without the URL, the key and the signature that stand around it.
struct Told {
    text: Message,
    code: Option<String>,
}

impl Told {
    fn by(error: &(dyn StdError + 'static)) -> Self {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let text = innermost.to_string();
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.to_owned())
        };
        let code = element("Code");
        let text = match (&code, element("Message")) {
            (Some(code), Some(message)) => format!("{message} ({code})").into(),
            (Some(code), None) => code.into(),
            // The body is not what S3 would say, and may be a whole page.
            (None, _) => match text.split_once("status code: ") {
                Some((_, rest)) => Message::from("the server answered ")
                    .said(rest.split(':').next().unwrap_or_default()),
                None => text.into(),
            },
        };
        Self { text, code }
    }
}

/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn cause(error: &Error) -> ClientError {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref() {
            return http::cause(error);
        }
        source = error.source();
    }
    let told = Told::by(error);
    let code = told.code.as_deref().unwrap_or_default();
    match code {
        "InvalidAccessKeyId" | "NotSignedUp" => ClientError::of(
            FailureKind::Authentication,
            Message::ours(format_args!(
                "authentication failed: the server does not know the key ({code})"
            )),
        ),
        "SignatureDoesNotMatch" => ClientError::of(
            FailureKind::Authentication,
            Message::ours(format_args!(
                "authentication failed: the secret is not that of the key ({code})"
            )),
        ),
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => ClientError::of(
            FailureKind::Authentication,
            Message::ours(format_args!(
                "authentication failed: the session token is wrong or has expired ({code})"
            )),
        ),
        "RequestTimeTooSkewed" => ClientError::of(
            FailureKind::Authentication,
            "authentication failed: the clock of this machine is wrong",
        ),
        "AccessDenied" | "AllAccessDisabled" => ClientError::of(
            FailureKind::NotAllowed,
            Message::ours(format_args!("access denied: the key may not list this bucket ({code})")),
        )
        .with_help("allow `s3:ListBucket` on the bucket"),
        "NoSuchBucket" => ClientError::of(FailureKind::NotFound, "there is no such bucket")
            .with_help("create it, or mend the handle's host"),
        "AuthorizationHeaderMalformed"
        | "PermanentRedirect"
        | "IllegalLocationConstraintException" => {
            ClientError::new(Message::from("the bucket is in another region: ").with(&told.text))
                .with_help("write the bucket's `region`")
        }
        "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout" => {
            ClientError::transient(told.text)
        }
        _ if told.text.as_str().starts_with("Received redirect without LOCATION")
            || told.text.as_str().starts_with("the server answered 301") =>
        {
            ClientError::new("the bucket is in another region")
                .with_help("write the bucket's `region`")
        }
        _ if told.text.as_str().starts_with("the server answered 5") => {
            ClientError::transient(told.text)
        }
        _ => ClientError::new(told.text),
    }
}

/// Makes the connections as the handle says; what `object_store` would set itself is in [`HttpParams`].
#[derive(Debug)]
struct Connector {
    http: HttpParams,
    host: Host,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |error: ClientError| Error::Generic { store: "S3", source: Box::new(error) };
        let client = self.http.client(&self.host).map_err(failed)?;
        // Objects arrive as they are stored: decoding would belie their length.
        let client = client.no_gzip().no_brotli().no_zstd().no_deflate().build();
        client.map(HttpClient::new).map_err(|error| failed(http::cause(&error)))
    }
}

/// Credentials that do not show in the client's `Debug`.
struct Hidden(AwsCredentialProvider);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl CredentialProvider for Hidden {
    type Credential = AwsCredential;

    // As `async_trait`, with which `object_store` declares it, writes the signature.
    fn get_credential<'provider, 'getting>(
        &'provider self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'getting>>
    where
        'provider: 'getting,
        Self: 'getting,
    {
        self.0.get_credential()
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3({self})")
    }
}

/// The bucket, and the server where it is not AWS.
impl fmt::Display for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        match &self.endpoint {
            Some(Endpoint { scheme, host }) => write!(f, " at {scheme}://{host}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<S3, HandleError> {
        S3::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn buckets_and_endpoints() {
        for (text, shown, path_style) in [
            ("s3://K:S@uploads", "S3(s3://uploads)", false),
            ("s3://uploads/?region=eu-central-1", "S3(s3://uploads)", false),
            ("s3://K:S@a.dotted.name", "S3(s3://a.dotted.name)", true),
            ("s3://K:S@20240101", "S3(s3://20240101)", false),
            (
                "s3://K:S@shop?endpoint=http://localhost:9000",
                "S3(s3://shop at http://localhost:9000)",
                true,
            ),
            (
                "s3://K:S@shop?endpoint=https://%5B::1%5D:9000/",
                "S3(s3://shop at https://[::1]:9000)",
                true,
            ),
            ("s3://K:S@shop?endpoint=http://minio&tls=none", "S3(s3://shop at http://minio)", true),
            (
                "s3://K:S@shop?endpoint=https://nyc3.digitaloceanspaces.com&path_style=false",
                "S3(s3://shop at https://nyc3.digitaloceanspaces.com)",
                false,
            ),
        ] {
            let s3 = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((format!("{s3:?}").as_str(), s3.path_style), (shown, path_style), "{text}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("s3:///prefix", "the handle has no host"),
            ("s3://a-bucket,another", "the handle names several hosts"),
            ("s3://K:S@localhost:9000/shop", "a bucket has no port"),
            ("s3://K:S@Uploads", "the host is not the name of a bucket"),
            ("s3://K:S@ab", "the host is not the name of a bucket"),
            ("s3://K:S@192.168.5.4", "the host is not the name of a bucket"),
            ("s3://K:S@uploads-", "the host is not the name of a bucket"),
            ("s3://K@uploads", "the handle has only one of access key and secret"),
            ("s3://:S@uploads", "the handle has only one of access key and secret"),
            ("s3://uploads?session_token=t", "the handle has a session token and no access key"),
            ("s3://K:S@uploads/a", "the handle has a path, and the client has no prefix"),
            ("s3://K:S@uploads?region=a.example/", "the parameter `region` has a bad value"),
            (
                "s3://K:S@uploads?endpoint=localhost:9000",
                "the parameter `endpoint` has a bad value",
            ),
            ("s3://K:S@uploads?endpoint=ftp://h", "the parameter `endpoint` has a bad value"),
            (
                "s3://K:S@uploads?endpoint=https://h/path",
                "the parameter `endpoint` has a bad value",
            ),
            (
                "s3://K:S@uploads?endpoint=https://u:p%40h",
                "the parameter `endpoint` has a bad value",
            ),
            ("s3://K:S@uploads?tls=none", "`tls=none` needs an `http` endpoint"),
            (
                "s3://K:S@uploads?endpoint=http://localhost&tls_ca=ca.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            ("s3://K:S@uploads?path_stile=true", "unknown parameter `path_stile`"),
            ("https://uploads", "the scheme `https` is not one of S3"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("s3://K:S@uploads?endpoint=http://minio:9000").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    #[tokio::test]
    async fn the_client_shows_no_credential() {
        let s3 = parse("s3://kZ8ey:sZ8ecret@uploads?session_token=tZ8oken").unwrap();
        let client = s3.connect().await.unwrap();
        assert!(!format!("{client:?} {client:#?} {client}").contains("Z8"), "{client:?}");
    }

    #[test]
    fn what_the_server_says_has_no_key_in_it() {
        let body = "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message>\
                    <AWSAccessKeyId>kZ8ey</AWSAccessKeyId></Error>";
        let error = |status: &str, body: &str| Error::Generic {
            store: "S3",
            source: format!("Server returned non-2xx status code: {status}: {body}").into(),
        };
        let refused = cause(&error("403 Forbidden", body));
        assert_eq!(
            refused.to_string(),
            "authentication failed: the secret is not that of the key (SignatureDoesNotMatch)"
        );
        assert!(!refused.is_transient());
        let page = cause(&error("502 Bad Gateway", "<html>kZ8ey</html>"));
        assert_eq!(page.to_string(), "the server answered 502 Bad Gateway");
        assert!(page.is_transient());
        let busy = "<Code>SlowDown</Code><Message>Reduce your request rate.</Message>";
        let busy = cause(&error("503 Service Unavailable", busy));
        assert_eq!(busy.to_string(), "Reduce your request rate. (SlowDown)");
        assert!(busy.is_transient());
    }
}
