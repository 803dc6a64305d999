use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::adapter::Adapter;
use crate::adapters::shared::{one_host, require_scheme};
use crate::error::{HandleError, Message};
use crate::handle::{Handle, Host};

pub(super) const USERNAME: &str = "user name";
pub(super) const PASSWORD: &str = "password";
pub(super) const PORT: &str = "port";
pub(super) const PATH: &str = "path";

/// A handle whose parts are taken one by one: what nobody has taken at the end means nothing.
pub struct Reader<'h> {
    pub(super) handle: &'h Handle,
    adapter: &'static str,
    example: &'static str,
    pub(super) port: Option<u16>,
    pub(super) has_host: bool,
    left: Vec<&'static str>,
}

impl<'h> Reader<'h> {
    /// # Errors
    ///
    /// A scheme of another adapter, or a parameter that no field takes.
    pub fn new<A: Adapter>(
        handle: &'h Handle,
        port: Option<u16>,
        params: &[&'static str],
    ) -> Result<Self, HandleError> {
        require_scheme::<A>(handle)?;
        handle.refuse_unknown(params)?;
        let parts = [
            (USERNAME, handle.username().is_some()),
            (PASSWORD, handle.password().is_some()),
            (PORT, handle.port().is_some()),
            (PATH, !matches!(handle.path(), "" | "/")),
        ];
        let left = parts.into_iter().filter_map(|(part, is_set)| is_set.then_some(part)).collect();
        let (adapter, example) = (A::NAME, A::EXAMPLE);
        Ok(Self { handle, adapter, example, port, has_host: false, left })
    }

    pub(super) fn take(&mut self, part: &str) {
        self.left.retain(|left| *left != part);
    }

    pub(super) fn text(&mut self, part: &'static str) -> Option<String> {
        self.take(part);
        match part {
            USERNAME => self.handle.username().map(str::to_owned),
            PASSWORD => self.handle.password().map(|password| password.expose().to_owned()),
            _ if matches!(self.handle.path(), "" | "/") => None,
            // Behind a host the `/` only separates; without one the path is that of a file.
            _ if self.handle.hosts().is_empty() => Some(self.handle.path_decoded()),
            _ => Some(self.handle.path_decoded().replacen('/', "", 1)),
        }
    }

    pub(super) fn host(&mut self) -> Result<Option<&'h Host>, HandleError> {
        self.has_host = true;
        if self.handle.hosts().is_empty() { Ok(None) } else { one_host(self.handle).map(Some) }
    }

    /// A host that brings its port along.
    pub(super) fn with_port(&mut self, host: &Host) -> Host {
        self.take(PORT);
        self.port.map_or_else(|| host.clone(), |port| host.or_port(port))
    }

    /// Ends reading.
    ///
    /// # Errors
    ///
    /// A part of the handle that no field has taken.
    pub fn finish(mut self) -> Result<(), HandleError> {
        if !self.has_host {
            self.require_fixed_host()?;
        }
        match self.left.first() {
            Some(part) => {
                Err(HandleError::new(Message::ours(format_args!("the handle has a {part}")))
                    .with_help(Message::ours(format_args!(
                        "leave it out: {} takes none",
                        self.adapter
                    ))))
            }
            None => Ok(()),
        }
    }

    /// Without a field for the host there is one that the adapter has in mind: that of its example.
    fn require_fixed_host(&mut self) -> Result<(), HandleError> {
        if self.handle.hosts().is_empty() {
            return Ok(());
        }
        let example = Handle::parse(self.example)?;
        let port_counts = self.left.contains(&PORT);
        let port = |host: &Host| host.port().or(self.port);
        let is_fixed = |host: &Host| {
            let same =
                |it: &Host| it.name() == host.name() && (!port_counts || port(it) == port(host));
            example.hosts().iter().any(same)
        };
        if self.handle.hosts().iter().all(is_fixed) {
            self.take(PORT);
            return Ok(());
        }
        let help = match example.hosts() {
            [] => Message::ours(format_args!("leave it out: {} takes none", self.adapter)),
            [host, ..] => Message::ours(format_args!("{} has one host, `{host}`", self.adapter)),
        };
        Err(HandleError::new("the handle names another host").with_help(help))
    }
}

/// A field that a parameter fills, beside the proof that its type can be read.
pub struct Param<T, const IS: bool>(PhantomData<T>);

impl<T: DeserializeOwned, const IS: bool> Param<T, IS> {
    /// # Errors
    ///
    /// It is missing, or its value or the default is not of the type.
    pub fn take(
        reader: &Reader<'_>,
        name: &'static str,
        default: Option<&'static str>,
    ) -> Result<T, HandleError> {
        reader.handle.param(name, default)
    }
}

pub(super) fn required<T>(value: Option<T>, part: &str) -> Result<T, HandleError> {
    value.ok_or_else(|| HandleError::new(Message::ours(format_args!("the handle has no {part}"))))
}
