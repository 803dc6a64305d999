//! Amazon S3 and what speaks its protocol, through `object_store`.
//!
//! <!-- grammar -->
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
//! <!-- end -->
//!
//! A `/` in the secret is written `%2F`. With a key in the handle, or with `anonymous=true`, no
//! `AWS_*` variable is read. Otherwise the credentials are those of the process's `AWS_*`
//! variables, the web identity token, the container or the machine, in this order, and the region,
//! unless the handle has it, that of `AWS_REGION` or `AWS_DEFAULT_REGION`. For an endpoint on this
//! machine nobody elsewhere is asked for credentials. Bucket and endpoint are always those of the
//! handle.
//!
//! The secret never travels, but data, session token and signed URLs do: an `http` endpoint is
//! taken on this machine, elsewhere only with `tls=none`. A failed request is tried again twice
//! within a tenth of a second; longer outages are the app's to sit out. `ping` lists the objects
//! under a name that nobody writes, which takes the permission `s3:ListBucket`.
//!
//! | provider | handle |
//! |---|---|
//! | [AWS](https://docs.aws.amazon.com/general/latest/gr/s3.html) | `s3://KEY:SECRET@bucket?region=eu-central-1` |
//! | [Bucketeer](https://devcenter.heroku.com/articles/bucketeer) on Heroku | the same, from `BUCKETEER_AWS_ACCESS_KEY_ID`, `BUCKETEER_AWS_SECRET_ACCESS_KEY`, `BUCKETEER_BUCKET_NAME` and `BUCKETEER_AWS_REGION` |
//! | [MinIO](https://min.io/docs/minio/linux/developers/minio-drivers.html) | `s3://KEY:SECRET@bucket?endpoint=http://localhost:9000` |
//! | [Cloudflare R2](https://developers.cloudflare.com/r2/api/s3/api/) | `s3://KEY:SECRET@bucket?endpoint=https://ACCOUNT.r2.cloudflarestorage.com&region=auto` |
//! | [DigitalOcean Spaces](https://docs.digitalocean.com/reference/api/spaces/) | `s3://KEY:SECRET@space?endpoint=https://nyc3.digitaloceanspaces.com` |
//! | [Backblaze B2](https://www.backblaze.com/apidocs/introduction-to-the-s3-compatible-api) | `s3://KEYID:KEY@bucket?endpoint=https://s3.us-west-004.backblazeb2.com&region=us-west-004` |
//! | [Google Cloud Storage](https://cloud.google.com/storage/docs/interoperability) with an HMAC key | `s3://KEY:SECRET@bucket?endpoint=https://storage.googleapis.com&region=auto` |

use std::error::Error as StdError;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{
    AmazonS3, AmazonS3Builder, AmazonS3ConfigKey as Key, AwsCredential, AwsCredentialProvider,
};
use object_store::client::{HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, CredentialProvider, Error, ObjectStore, RetryConfig,
    StaticCredentialProvider,
};
use tokio::time::timeout;

use super::CONNECT_TIMEOUT;
use super::ending::within;
use super::http_client::{self, HttpTimeouts};
use crate::adapter::value::SERVER;
use crate::error::{FailureKind, Message};
use crate::{
    Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Tls, Value, Word,
};

const DEFAULT_REGION: &str = "us-east-1";
/// What `ping` lists. Nobody writes there.
const PROBE: &str = ".backing-services-probe";
/// `SeaweedFS` makes the bucket as it starts. `MinIO` publishes no images any more.
const LOCAL: crate::Server =
    crate::Server::new("s3://app:{password}@app-bucket?endpoint=http://127.0.0.1:{port}")
        .image("docker.io/chrislusf/seaweedfs:4.48", 8333)
        .environment(&[
            ("AWS_ACCESS_KEY_ID", "app"),
            ("AWS_SECRET_ACCESS_KEY", "{password}"),
            ("S3_BUCKET", "app-bucket"),
        ])
        .command(&["mini", "-dir=/data"])
        .health("wget -q -O /dev/null http://127.0.0.1:8333/status")
        .volume("/data")
        .score(
            "s3",
            &[
                ("bucket", "BUCKET"),
                ("access_key_id", "ACCESS_KEY_ID"),
                ("secret_key", "SECRET_ACCESS_KEY"),
                ("endpoint", "ENDPOINT"),
                ("region", "REGION"),
            ],
        );

/// A bucket of S3 or of a server like it. Its client is [`object_store::aws::AmazonS3`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{Adapter, Connect, Handle, S3};
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
#[derive(Adapter, Clone)]
#[adapter(
    schemes("s3"),
    example = "s3://KEY:SECRET@bucket?region=eu-central-1",
    bindings("aws-s3", "minio"),
    login = "together",
    server = LOCAL,
    check,
    loopback
)]
pub struct S3 {
    #[handle]
    handle: Handle,
    /// The bucket: 3 to 63 lower-case letters, digits, dots and hyphens.
    #[handle(host, names("BUCKET_NAME", "STORAGE_BUCKET_NAME", "NAME"), only)]
    bucket: String,
    /// The access key; without one the environment's credentials are used.
    #[handle(username, names("ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID", "KEY", "KEY_ID"))]
    access_key: Option<String>,
    /// The secret of the access key.
    #[handle(
        password,
        names(
            "SECRET",
            "SECRET_ACCESS_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "ACCESS_KEY_SECRET",
            "KEY_SECRET"
        )
    )]
    secret_key: Option<Secret>,
    /// The region of the bucket, by default `us-east-1`.
    #[handle(
        param = "region",
        names("AWS_REGION", "AWS_DEFAULT_REGION", "DEFAULT_REGION", "REGION_NAME")
    )]
    region: Option<Region>,
    /// The server, such as `https://minio.example:9000`; by default AWS in that region.
    #[handle(param = "endpoint", names("ENDPOINT_URL", "AWS_ENDPOINT_URL"))]
    endpoint: Option<Endpoint>,
    /// Whether the bucket stands in the path instead of the host name, as by default with an
    /// `endpoint` or for a name with dots.
    #[handle(
        param = "path_style",
        names("FORCE_PATH_STYLE", "USE_PATH_STYLE", "USE_PATH_STYLE_ENDPOINT")
    )]
    path_style: Option<bool>,
    /// The session token of temporary credentials.
    #[handle(param = "session_token", names("AWS_SESSION_TOKEN"))]
    session_token: Option<Secret>,
    /// Whether requests are unsigned, as a public bucket takes them.
    #[handle(param = "anonymous", default = "false")]
    anonymous: bool,
    /// `none`: the endpoint is unencrypted, also on another machine; `required`: it is `https`.
    #[handle(param = "tls", names("ssl"), tls("none", "required", "required"))]
    tls: Option<Policy>,
    /// A file of PEM certificates, the only CA certificates to trust.
    #[handle(
        param = "tls_ca",
        names("ca", "ca_cert", "ssl_ca", "ssl_ca_path", "ssl_ca_certs", "ssl_ca_file"),
        ca
    )]
    tls_ca: Option<PathBuf>,
    #[handle(flatten)]
    http: HttpTimeouts,
}

#[derive(Word, Clone, Copy, PartialEq, Eq)]
enum Policy {
    None,
    Required,
}

#[derive(Clone)]
struct Region(String);

impl Value for Region {
    const KIND: Kind = Kind::Other("the name of a region such as `eu-central-1`");

    fn read(text: &str) -> Option<Self> {
        is_word(text).then(|| Self(text.to_owned()))
    }
}

#[derive(Clone)]
struct Endpoint {
    /// What its scheme says, if it has one.
    tls: Option<bool>,
    host: Host,
    /// Without a `/` at its end.
    path: String,
}

impl Value for Endpoint {
    const KIND: Kind = SERVER;

    fn read(text: &str) -> Option<Self> {
        let has_scheme = text.contains("://");
        let whole = if has_scheme { text } else { &format!("https://{text}") };
        let url = Handle::parse(whole).ok()?;
        let tls = match url.scheme() {
            "https" => has_scheme.then_some(true),
            "http" => Some(false),
            _ => return None,
        };
        let [host] = url.hosts() else { return None };
        let is_bare =
            url.username().is_none() && url.password().is_none() && url.query().len() == 0;
        let path = url.path().trim_end_matches('/').to_owned();
        (is_bare && !host.is_socket()).then(|| Self { tls, host: host.clone(), path })
    }
}

impl S3 {
    fn check(&self) -> Result<(), HandleError> {
        if !is_bucket(&self.bucket) {
            return Err(HandleError::new("the host is not the name of a bucket").with_help(
                "a bucket's name is 3 to 63 lower-case letters, digits, dots and hyphens",
            ));
        }
        let has_key = self.access_key.is_some();
        if self.anonymous && (has_key || self.session_token.is_some()) {
            return Err(HandleError::new("the handle has credentials, and `anonymous=true`")
                .with_help("remove one of the two"));
        }
        if self.session_token.is_some() && !has_key {
            return Err(HandleError::new("the handle has a session token and no access key")
                .with_help("write `s3://KEY:SECRET@bucket?session_token=...`"));
        }
        let endpoint = self.endpoint.as_ref();
        if endpoint.is_some_and(|it| it.path.trim_start_matches('/') == self.bucket) {
            return Err(HandleError::new("the endpoint names the bucket, as the host does")
                .with_help("leave the path of `endpoint` out"));
        }
        if self.is_encrypted() {
            if self.tls == Some(Policy::None) {
                return Err(HandleError::new("`tls=none` needs an `http` endpoint")
                    .with_help("write `endpoint=http://host`, or leave `tls` out"));
            }
        } else if self.tls.is_none() && !self.loopback() {
            return Err(HandleError::insecure(
                "data and signed URLs would be sent unencrypted to another machine",
                "write an `https` endpoint, or `tls=none` if that is meant",
            ));
        } else if self.tls_ca.is_some() {
            return Err(HandleError::new("the handle has `tls_ca` but no TLS to use it in")
                .with_help("write an `https` endpoint, or leave `tls_ca` out"));
        }
        Ok(())
    }

    fn loopback(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| endpoint.host.is_loopback())
    }

    /// AWS always is; `tls=required` asks for more than an `http` endpoint, and more is done.
    fn is_encrypted(&self) -> bool {
        match (&self.endpoint, self.tls) {
            (None, _) | (_, Some(Policy::Required)) => true,
            (Some(endpoint), tls) => endpoint.tls.unwrap_or(tls != Some(Policy::None)),
        }
    }

    /// A certificate for `*.s3.amazonaws.com` is for no name with a further dot in it.
    fn has_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.endpoint.is_some() || self.bucket.contains('.'))
    }

    fn own_credentials(&self) -> Option<AwsCredentialProvider> {
        Some(Arc::new(StaticCredentialProvider::new(AwsCredential {
            key_id: self.access_key.clone()?,
            secret_key: self.secret_key.as_ref()?.expose().to_owned(),
            token: self.session_token.as_ref().map(|token| token.expose().to_owned()),
        })))
    }

    /// Credentials and region of the process, its container or its machine.
    async fn environment(&self) -> Result<(AwsCredentialProvider, Option<String>), ClientError> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            .with_retry(retries(self.http.timeout));
        if let Some(Region(region)) = &self.region {
            builder = builder.with_region(region);
        }
        if self.loopback() {
            if !is_nearby(&builder) {
                return Err(no_credentials(&"this machine has none".into()));
            }
            builder = builder.with_http_connector(self.connector());
        }
        let region = builder.get_config_value(&Key::Region);
        let store = builder.build().map_err(|error| no_credentials(cause(&error).cause()))?;
        let credentials = Arc::clone(store.credentials());
        // Outside of AWS nobody answers: what is missing has to be said before the whole attempt
        // has taken too long.
        match timeout(self.connect_timeout() / 2, credentials.get_credential()).await {
            Ok(Ok(_)) => Ok((credentials, region)),
            Ok(Err(error)) => Err(no_credentials(cause(&error).cause())),
            Err(_) => Err(no_credentials(&"nobody answers who would tell this machine's".into())),
        }
    }

    /// For requests that the client has no method for.
    #[cfg(feature = "testing")]
    pub(crate) fn http(&self) -> Result<HttpClient, ClientError> {
        self.connector().connect(&ClientOptions::default()).map_err(|error| cause(&error))
    }

    fn connector(&self) -> Connector {
        let is_encrypted = self.is_encrypted();
        let tls = if is_encrypted { Tls::required(self.tls_ca.clone()) } else { Tls::default() };
        let host = self.endpoint.as_ref().map(|endpoint| endpoint.host.clone());
        // A name below `localhost` may lead anywhere, but for this one it is clear where.
        let below = host.as_ref().is_some_and(|host| host.name() == "localhost");
        let alias = (below && !self.has_path_style()).then(|| format!("{}.localhost", self.bucket));
        // AWS is not on this machine, whatever its name.
        let host = host.unwrap_or_else(|| Host::named("amazonaws.com"));
        Connector { http: self.http.clone(), tls, host, alias }
    }
}

impl Connect for S3 {
    type Client = AmazonS3;

    async fn connect(&self) -> Result<AmazonS3, ClientError> {
        let (credentials, region) = match self.own_credentials() {
            None if !self.anonymous => {
                let (credentials, region) = self.environment().await?;
                (Some(credentials), region)
            }
            own => (own, None),
        };
        let own = self.region.as_ref().map(|Region(region)| region.as_str());
        let region = own.or(region.as_deref()).unwrap_or(DEFAULT_REGION);
        let path_style = self.has_path_style();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(region)
            .with_credentials(Arc::new(Hidden(credentials)))
            .with_skip_signature(self.anonymous)
            .with_retry(retries(self.http.timeout))
            .with_virtual_hosted_style_request(!path_style)
            .with_http_connector(self.connector());
        if let Some(Endpoint { host, path, .. }) = &self.endpoint {
            // With the bucket in the host name, `object_store` wants it in the endpoint too.
            let scheme = if self.is_encrypted() { "https" } else { "http" };
            let below = if path_style { String::new() } else { format!("{}.", self.bucket) };
            builder = builder.with_endpoint(format!("{scheme}://{below}{host}{path}"));
        }
        builder.build().map_err(|error| cause(&error))
    }

    async fn ping(client: &AmazonS3) -> Result<(), ClientError> {
        answers(client).await
    }
}

/// Whether the credentials of the environment are in it, or with an agent on this machine. The
/// order is that of `object_store`, which asks for the machine's role where it finds nothing else.
fn is_nearby(builder: &AmazonS3Builder) -> bool {
    let value = |key| builder.get_config_value(&key);
    let agent = value(Key::ContainerCredentialsFullUri);
    let is_here = |url: &str| Handle::parse(url).is_ok_and(|url| url.is_loopback());
    value(Key::AccessKeyId).is_some()
        || value(Key::SecretAccessKey).is_some()
        || value(Key::WebIdentityTokenFile).is_none()
            && value(Key::ContainerCredentialsRelativeUri).is_none()
            && value(Key::ContainerAuthorizationTokenFile).is_some()
            && agent.is_some_and(|url| is_here(&url))
}

fn no_credentials(why: &Message) -> ClientError {
    let cause = "there are no credentials, neither in the handle nor in the environment: ";
    ClientError::of(FailureKind::Authentication, Message::from(cause).with(why)).with_help(
        "write `s3://KEY:SECRET@bucket`, give the machine a role, or write `anonymous=true`",
    )
}

fn is_bucket(name: &str) -> bool {
    let is_label = |label: &str| is_word(label) && !label.starts_with('-') && !label.ends_with('-');
    (3..=63).contains(&name.len())
        && name.split('.').all(is_label)
        && name.parse::<Ipv4Addr>().is_err()
}

fn is_word(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(is_word)
}

/// Enough for a connection that was closed meanwhile, and over in a moment: a refused one is
/// reported within a second.
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

/// Proves that server, bucket and credentials are right: a list costs little where nothing is to be
/// listed.
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
            return http_client::cause(error);
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

/// Makes the connections as the handle says; what `object_store` would set itself is in
/// [`HttpTimeouts`].
#[derive(Debug)]
struct Connector {
    http: HttpTimeouts,
    tls: Tls,
    host: Host,
    /// Another name of this machine.
    alias: Option<String>,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |error: ClientError| Error::Generic { store: "S3", source: Box::new(error) };
        let mut client = self.http.client(&self.host, &self.tls).map_err(failed)?;
        if let Some(alias) = &self.alias {
            // The port is that of the URL.
            let addresses = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            client = client.resolve_to_addrs(alias, &addresses);
        }
        // Objects arrive as they are stored: decoding would belie their length.
        let client = client.no_gzip().no_brotli().no_zstd().no_deflate().build();
        client.map(HttpClient::new).map_err(|error| failed(http_client::cause(&error)))
    }
}

/// Credentials that do not show in the client's `Debug`; none where requests are unsigned.
struct Hidden(Option<AwsCredentialProvider>);

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
        match &self.0 {
            Some(provider) => provider.get_credential(),
            None => Box::pin(async {
                let source = "the handle says `anonymous=true`: there is no key to sign with";
                Err(Error::Generic { store: "S3", source: source.into() })
            }),
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3({self})")
    }
}

/// The bucket, and the server where it is not AWS: neither is in the hosts of the handle.
impl fmt::Display for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        match &self.endpoint {
            Some(Endpoint { host, .. }) => {
                write!(f, " at {}", http_client::origin(self.is_encrypted(), host))
            }
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
            // As the variables of an environment come to it.
            ("s3://K:S@shop?ENDPOINT_URL=minio:9000", "S3(s3://shop at https://minio:9000)", true),
            (
                "s3://K:S@shop?endpoint=minio:9000&tls=none&FORCE_PATH_STYLE=0",
                "S3(s3://shop at http://minio:9000)",
                false,
            ),
            (
                "s3://K:S@shop?endpoint=http://minio&tls=required",
                "S3(s3://shop at https://minio)",
                true,
            ),
            (
                "s3://K:S@shop?endpoint=https://h.supabase.co/storage/v1/s3",
                "S3(s3://shop at https://h.supabase.co)",
                true,
            ),
        ] {
            let s3 = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let told = (format!("{s3:?}"), s3.has_path_style());
            assert_eq!((told.0.as_str(), told.1), (shown, path_style), "{text}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("s3:///prefix", "the handle has no host"),
            ("s3://a-bucket,another", "the handle names several hosts"),
            ("s3://K:S@localhost:9000/shop", "the handle has a port"),
            ("s3://K:S@Uploads", "the host is not the name of a bucket"),
            ("s3://K:S@ab", "the host is not the name of a bucket"),
            ("s3://K:S@192.168.5.4", "the host is not the name of a bucket"),
            ("s3://K:S@uploads-", "the host is not the name of a bucket"),
            ("s3://K@uploads", "the handle has a user name and no password"),
            ("s3://:S@uploads", "the handle has a password and no user name"),
            ("s3://uploads?session_token=t", "the handle has a session token and no access key"),
            ("s3://K:S@uploads/a", "the handle has a path"),
            ("s3://K:S@uploads?region=a.example/", "the parameter `region` has a bad value"),
            ("s3://K:S@uploads?endpoint=ftp://h", "the parameter `endpoint` has a bad value"),
            (
                "s3://K:S@uploads?endpoint=https://h/uploads/",
                "the endpoint names the bucket, as the host does",
            ),
            ("s3://K:S@uploads?endpoint=https://h?a=b", "the parameter `endpoint` has a bad value"),
            (
                "s3://K:S@uploads?endpoint=https://u:p%40h",
                "the parameter `endpoint` has a bad value",
            ),
            ("s3://K:S@uploads?tls=none", "`tls=none` needs an `http` endpoint"),
            ("s3://K:S@uploads?endpoint=https://h&tls=none", "`tls=none` needs an `http` endpoint"),
            (
                "s3://K:S@uploads?endpoint=http://localhost&tls_ca=ca.pem",
                "the handle has `tls_ca` but no TLS to use it in",
            ),
            ("s3://K:S@uploads?anonymous=true", "the handle has credentials, and `anonymous=true`"),
            ("s3://K:S@uploads?timeout=25h", "the parameter `timeout` has a bad value"),
            ("s3://K:S@uploads?path_stile=true", "unknown parameter `path_stile`"),
            ("https://uploads", "the scheme `https` is not one of S3"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("s3://K:S@uploads?endpoint=http://minio:9000").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    /// What stays on this machine is where the endpoint is, not what the bucket is called.
    #[test]
    fn loopback_is_that_of_the_endpoint() {
        for (text, is_loopback) in [
            ("s3://K:S@localhost", false),
            ("s3://K:S@localhost?endpoint=https://s3.prod.example", false),
            ("s3://K:S@uploads?endpoint=http://127.0.0.1:9000", true),
            ("s3://K:S@uploads?endpoint=localhost", true),
        ] {
            assert_eq!(parse(text).unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    /// What a server on this machine is sent by a ping.
    async fn sent(bucket: &str, more: &str) -> String {
        use std::io::{Read, Write};

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            let body = "<ListBucketResult></ListBucketResult>";
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        let text = format!("s3://{bucket}?endpoint=http://localhost:{port}{more}");
        let client = parse(&text).unwrap().connect().await.unwrap();
        S3::ping(&client).await.unwrap();
        server.join().unwrap()
    }

    #[tokio::test]
    async fn what_the_words_come_to() {
        let signed = sent("K:S@uploads", "/storage/v1&region=eu-west-1").await;
        assert!(signed.starts_with("GET /storage/v1/uploads?"), "{signed}");
        assert!(signed.contains("/eu-west-1/s3/aws4_request"), "{signed}");
        // Any resolver may be asked for a name below `localhost`, so none is.
        let below = sent("K:S@uploads", "&path_style=false").await;
        assert!(below.starts_with("GET /?"), "{below}");
        assert!(below.contains("host: uploads.localhost:"), "{below}");
        let unsigned = sent("uploads", "&anonymous=true").await;
        assert!(!unsigned.contains("authorization:"), "{unsigned}");
    }

    /// Neither the process's variables nor anybody else is asked for credentials.
    #[tokio::test]
    async fn anonymous_requests_are_not_signed() {
        use object_store::signer::{Method, Signer};

        let client = parse("s3://uploads?anonymous=true").unwrap().connect().await.unwrap();
        let signed = client.signed_url(Method::GET, &Path::from("x"), CONNECT_TIMEOUT).await;
        assert!(signed.unwrap_err().to_string().contains("there is no key to sign with"));
    }

    /// The machine's role is asked for over the network.
    #[test]
    fn credentials_from_elsewhere_are_not_nearby() {
        let empty = AmazonS3Builder::new;
        let agent = |url: &str| {
            empty()
                .with_config(Key::ContainerCredentialsFullUri, url)
                .with_config(Key::ContainerAuthorizationTokenFile, "token")
        };
        for (builder, nearby) in [
            (empty(), false),
            (empty().with_access_key_id("k").with_secret_access_key("s"), true),
            (agent("http://localhost:9/x"), true),
            (agent("http://169.254.170.23/v1/credentials"), false),
            (
                agent("http://localhost/").with_config(Key::ContainerCredentialsRelativeUri, "/x"),
                false,
            ),
            (agent("http://localhost/").with_config(Key::WebIdentityTokenFile, "x"), false),
        ] {
            assert_eq!(is_nearby(&builder), nearby);
        }
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
