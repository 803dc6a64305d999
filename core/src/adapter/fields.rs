//! The types that a field of an adapter may have, by the part of the handle that it takes. Each
//! trait is there for its message.

use std::path::PathBuf;
use std::time::Duration;

use super::grammar::Hosts;
use super::reader::Reader;
use super::value::{Kind, Value};
use crate::error::{HandleError, ours};
use crate::handle::{Handle, Host};
use crate::record::{Json, json_of_form};
use crate::secret::Secret;

/// How long connecting may take unless the handle says otherwise, and how long a ping may.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What may hold the user name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the user name of a handle",
    label = "expected `String`, `Secret` or an `Option` of one of them"
)]
pub trait Username: Value {
    const KIND: Kind = <Self as Value>::KIND;
    const JSON: Json = json_of_form(<Self as Value>::KIND, Self::__WRITTEN);

    fn read(text: &str) -> Option<Self> {
        <Self as Value>::read(text)
    }
}

/// What may hold the password: nothing that shows it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the password of a handle",
    label = "expected `Secret` or `Option<Secret>`",
    note = "a `backing_services::Secret` shows in no message and in no `Debug`"
)]
pub trait Password: Value {
    const KIND: Kind = <Self as Value>::KIND;
    const JSON: Json = json_of_form(<Self as Value>::KIND, Self::__WRITTEN);

    fn read(text: &str) -> Option<Self> {
        <Self as Value>::read(text)
    }
}

/// What may hold the path.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the path of a handle",
    label = "expected `String`, `Secret`, `PathBuf`, a number or an `Option` of one of them"
)]
pub trait Path: Value {
    const KIND: Kind = <Self as Value>::KIND;
    const JSON: Json = json_of_form(<Self as Value>::KIND, Self::__WRITTEN);

    fn read(text: &str) -> Option<Self> {
        <Self as Value>::read(text)
    }
}

// One by one, because rustc quotes these lines where a field has another type.
impl Username for String {}
impl Username for Secret {}
impl Password for Secret {}
impl Path for String {}
impl Path for Secret {}
impl Path for PathBuf {}
impl Path for u8 {}
impl Path for u16 {}
impl Path for u32 {}
impl Path for u64 {}

/// What may hold the host or hosts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the host of a handle",
    label = "expected `String`, `Host`, an `Option` of one of them, or `Vec<Host>` for several"
)]
pub trait HostField: Sized {
    /// How many hosts a handle has.
    const HOSTS: Hosts;
    /// Whether the port comes with the host.
    const TAKES_PORT: bool;

    /// # Errors
    ///
    /// The handle has none.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

impl HostField for Option<String> {
    const HOSTS: Hosts = Hosts::Optional;
    const TAKES_PORT: bool = false;

    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Ok(reader.host().map(|host| host.name().to_owned()))
    }
}

impl HostField for String {
    const HOSTS: Hosts = Hosts::One;
    const TAKES_PORT: bool = false;

    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(HostField::take(reader)?, "host")
    }
}

impl HostField for Option<Host> {
    const HOSTS: Hosts = Hosts::Optional;
    const TAKES_PORT: bool = true;

    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        let host = reader.host();
        reader.skip();
        Ok(host)
    }
}

impl HostField for Host {
    const HOSTS: Hosts = Hosts::One;
    const TAKES_PORT: bool = true;

    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(HostField::take(reader)?, "host")
    }
}

impl HostField for Vec<Host> {
    const HOSTS: Hosts = Hosts::Several;
    const TAKES_PORT: bool = true;

    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        let hosts = reader.hosts();
        reader.skip();
        Ok(hosts)
    }
}

/// What may hold the port.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the port of a handle",
    label = "expected `u16` or `Option<u16>`"
)]
pub trait PortField: Sized {
    /// # Errors
    ///
    /// The handle has none, and there is no default.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

impl PortField for Option<u16> {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Ok(reader.port())
    }
}

impl PortField for u16 {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(reader.port(), "port")
    }
}

/// What may hold the handle as a whole.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a whole handle",
    label = "expected `Handle`",
    note = "a part of the handle is named: `#[handle(host)]`, `#[handle(param = \"region\")]`"
)]
pub trait Whole: Sized {
    fn take(handle: Handle) -> Self;
    fn whole(&self) -> &Handle;
}

impl Whole for Handle {
    fn take(handle: Handle) -> Self {
        handle
    }

    fn whole(&self) -> &Handle {
        self
    }
}

/// What a parameter named `connect_timeout` may be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a timeout",
    label = "expected `Duration` or `Option<Duration>`",
    note = "the parameter `connect_timeout` says how long connecting may take"
)]
pub trait Timeout {
    fn timeout(&self) -> Duration;
}

impl Timeout for Duration {
    fn timeout(&self) -> Duration {
        *self
    }
}

impl Timeout for Option<Duration> {
    fn timeout(&self) -> Duration {
        self.unwrap_or(CONNECT_TIMEOUT)
    }
}

fn required<T>(value: Option<T>, part: &str) -> Result<T, HandleError> {
    value.ok_or_else(|| HandleError::new(ours!("the handle has no {part}")))
}
