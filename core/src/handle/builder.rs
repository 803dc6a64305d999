use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Handle;
use super::error::HandleError;
use crate::secret::Secret;

/// RFC 3986 `unreserved`: the characters that mean the same bare and encoded.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &PART.remove(b'/');

/// Builds a [`Handle`] from parts that are not encoded yet.
///
/// ```
/// use backing_services::Handle;
///
/// let handle = Handle::builder("mysql")
///     .host("db.example")
///     .port(3307)
///     .username("shop")
///     .password("pä/ss")
///     .path("/orders")
///     .param("ssl-mode", "required")
///     .build()?;
/// assert_eq!(
///     handle.expose_url(),
///     "mysql://shop:p%C3%A4%2Fss@db.example:3307/orders?ssl-mode=required",
/// );
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Clone)]
#[must_use = "`build` gives the handle"]
pub struct HandleBuilder {
    scheme: String,
    username: Option<String>,
    password: Option<Secret>,
    hosts: Vec<String>,
    /// Of a host that is yet to be added, or a second one for the last.
    stray_port: bool,
    path: String,
    params: Vec<(String, String)>,
}

impl Handle {
    /// Builds a handle from parts, percent-encoding each.
    ///
    /// ```
    /// use backing_services::Handle;
    ///
    /// let handle = Handle::builder("mysql").host("localhost").username("shop").password("a#b").build()?;
    /// assert_eq!(handle.expose_url(), "mysql://shop:a%23b@localhost");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn builder(scheme: impl Into<String>) -> HandleBuilder {
        HandleBuilder::new(scheme.into())
    }

    /// A builder with every part of this handle.
    pub(crate) fn to_builder(&self) -> HandleBuilder {
        let mut builder = Self::builder(self.scheme());
        if let Some(username) = self.username() {
            builder = builder.username(username);
        }
        if let Some(password) = self.password() {
            builder = builder.password(password.clone());
        }
        for host in self.hosts() {
            builder = builder.host(host.name());
            if let Some(port) = host.port() {
                builder = builder.port(port);
            }
        }
        builder = builder.encoded_path(self.path());
        self.query().fold(builder, |builder, (name, value)| builder.param(name, value))
    }
}

impl HandleBuilder {
    pub(super) fn new(scheme: String) -> Self {
        Self {
            scheme,
            username: None,
            password: None,
            hosts: Vec::new(),
            stray_port: false,
            path: String::new(),
            params: Vec::new(),
        }
    }

    /// Adds a host: a name, an IPv4 or IPv6 address, or the path of a Unix socket.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::builder("nats").host("::1").build()?.expose_url(), "nats://[::1]");
    /// let socket = Handle::builder("postgres").host("/run/a:b").name("shop").build()?;
    /// assert_eq!(socket.expose_url(), "postgres://%2Frun%2Fa%3Ab/shop");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn host(mut self, host: impl AsRef<str>) -> Self {
        let host = host.as_ref();
        self.hosts.push(if host.starts_with('/') {
            utf8_percent_encode(host, PART).to_string()
        } else if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host.to_owned()
        });
        self
    }

    /// Sets the port of the host added last.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("nats").host("a").port(4222).build()?;
    /// # assert_eq!(handle.port(), Some(4222));
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn port(mut self, port: u16) -> Self {
        match self.hosts.last_mut() {
            Some(host) => {
                host.push(':');
                host.push_str(&port.to_string());
            }
            None => self.stray_port = true,
        }
        self
    }

    /// Sets the ports of all hosts: one for all of them, or one for each.
    pub(crate) fn ports(mut self, ports: &[u16]) -> Self {
        self.stray_port |= self.hosts.is_empty() || ![1, self.hosts.len()].contains(&ports.len());
        for (host, port) in self.hosts.iter_mut().zip(ports.iter().cycle()) {
            host.push(':');
            host.push_str(&port.to_string());
        }
        self
    }

    pub(crate) fn without_hosts(mut self) -> Self {
        self.hosts.clear();
        self
    }

    pub(crate) fn without_params(mut self, taken: impl Fn(&str) -> bool) -> Self {
        self.params.retain(|(name, _)| !taken(name));
        self
    }

    /// Sets a parameter that may be there already.
    pub(crate) fn replace_param(mut self, name: &str, value: &str) -> Self {
        self.params.retain(|(own, _)| own != name);
        self.param(name, value)
    }

    pub(crate) fn scheme(mut self, scheme: &str) -> Self {
        scheme.clone_into(&mut self.scheme);
        self
    }

    /// Sets the path in its encoded form.
    pub(super) fn encoded_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Sets the user name.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("nats").host("a").username("a:b").build()?;
    /// assert_eq!(handle.username(), Some("a:b"));
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets the password.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("nats").host("a").password("s3cret").build()?;
    /// assert_eq!(handle.expose_url(), "nats://:s3cret@a");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the path; its `/` separate segments.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("mysql").host("a").path("/my shop").build()?;
    /// assert_eq!(handle.path(), "/my%20shop");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn path(mut self, path: impl AsRef<str>) -> Self {
        self.path = utf8_percent_encode(path.as_ref(), PATH).to_string();
        self
    }

    /// Sets the path to one name, as [`Handle::name`] reads it; a `/` in it is encoded.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("mysql").host("a").name("my/shop").build()?;
    /// assert_eq!(handle.name()?.as_deref(), Some("my/shop"));
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.path = format!("/{}", utf8_percent_encode(name.as_ref(), PART));
        self
    }

    /// Adds a parameter.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::builder("smtp").host("a").param("tls", "none").build()?;
    /// assert_eq!(handle.expose_url(), "smtp://a?tls=none");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Puts the parts together and parses the result.
    ///
    /// # Errors
    ///
    /// A part that no handle can hold: a scheme or host of the wrong form, a repeated parameter.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert!(Handle::builder("mysql").host("not a host").build().is_err());
    /// ```
    pub fn build(self) -> Result<Handle, HandleError> {
        self.check()?;
        let mut url = format!("{}:", self.scheme);
        let has_user = self.username.is_some() || self.password.is_some();
        if has_user || !self.hosts.is_empty() || self.path.starts_with('/') {
            url.push_str("//");
        }
        if let Some(username) = &self.username {
            url.push_str(&encode(username));
        }
        if let Some(password) = &self.password {
            url.push(':');
            url.push_str(&encode(password.expose()));
        }
        if has_user {
            url.push('@');
        }
        url.push_str(&self.hosts.join(","));
        if !self.hosts.is_empty() && !self.path.is_empty() && !self.path.starts_with('/') {
            url.push('/');
        }
        url.push_str(&self.path);
        for (index, (name, value)) in self.params.iter().enumerate() {
            url.push(if index > 0 { '&' } else { '?' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value));
        }
        Handle::parse(&url)
    }

    /// A scheme or a host that holds a delimiter would become another part of the handle.
    fn check(&self) -> Result<(), HandleError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !self.scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !self.scheme.chars().all(fits)
        {
            return Err(HandleError::new("the scheme is not a scheme")
                .with_help("name one such as `mysql`, without `://`"));
        }
        if self.stray_port {
            return Err(
                HandleError::new("a port is set before its host").with_help("add the host first")
            );
        }
        for host in &self.hosts {
            let is_delimiter = |c: char| matches!(c, '/' | '?' | '#' | '@' | ',' | '\\');
            if host.is_empty() || host.starts_with(':') || host.contains(is_delimiter) {
                return Err(HandleError::new("the host is not a valid name or address").with_help(
                    "use a DNS name, an IPv4 or IPv6 address, or the path of a socket",
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

impl fmt::Debug for HandleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleBuilder(***)")
    }
}
