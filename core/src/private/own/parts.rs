//! The types that a field may have, by the part of the handle that it takes. Each trait is there for its
//! message.

use std::time::Duration;

use super::reader::{PASSWORD, PATH, PORT, Reader, USERNAME, required};
use crate::adapters::CONNECT_TIMEOUT;
use crate::error::HandleError;
use crate::handle::{Handle, Host};
use crate::secret::Secret;

/// What may hold the user name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the user name of a handle",
    label = "expected `String`, `Secret` or an `Option` of one of them"
)]
pub trait Username: Sized {
    /// # Errors
    ///
    /// The handle has none.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

/// What may hold the password: nothing that shows it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the password of a handle",
    label = "expected `Secret` or `Option<Secret>`",
    note = "a `backing_services::Secret` shows in no message and in no `Debug`"
)]
pub trait Password: Sized {
    /// # Errors
    ///
    /// The handle has none.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

/// What may hold the path.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the path of a handle",
    label = "expected `String`, `Secret` or an `Option` of one of them"
)]
pub trait Path: Sized {
    /// # Errors
    ///
    /// The handle has none.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

/// What may hold the host or hosts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the host of a handle",
    label = "expected `String`, `Host`, an `Option` of one of them, or `Vec<Host>` for several"
)]
pub trait Hosts: Sized {
    /// # Errors
    ///
    /// The handle has none, or more than one where one is expected.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

/// What may hold the port.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the port of a handle",
    label = "expected `u16` or `Option<u16>`"
)]
pub trait Port: Sized {
    /// # Errors
    ///
    /// The handle has none, and there is no default.
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError>;
}

/// What may hold the handle as a whole.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a whole handle",
    label = "expected `Handle`",
    note = "a part of the handle is named: `#[handle(host)]`, `#[handle(param = \"region\")]`"
)]
pub trait Whole: Sized {
    fn take(handle: &Handle) -> Self;
    fn whole(&self) -> &Handle;
}

/// What a parameter named `connect_timeout` may be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a time limit",
    label = "expected `Duration` or `Option<Duration>`",
    note = "the parameter `connect_timeout` says how long connecting may take"
)]
pub trait Limit {
    fn limit(&self) -> Duration;
}

/// What a text can become, or its absence.
pub trait FromText: Sized {
    /// # Errors
    ///
    /// There is none, and the type has no place for that.
    fn from_text(text: Option<String>, part: &str) -> Result<Self, HandleError>;
}

/// What shows in no message.
pub trait Hidden: FromText {}

impl FromText for String {
    fn from_text(text: Option<String>, part: &str) -> Result<Self, HandleError> {
        required(text, part)
    }
}

impl FromText for Secret {
    fn from_text(text: Option<String>, part: &str) -> Result<Self, HandleError> {
        required(text, part).map(Self::new)
    }
}

impl FromText for Option<String> {
    fn from_text(text: Option<String>, _: &str) -> Result<Self, HandleError> {
        Ok(text)
    }
}

impl FromText for Option<Secret> {
    fn from_text(text: Option<String>, _: &str) -> Result<Self, HandleError> {
        Ok(text.map(Secret::new))
    }
}

impl Hidden for Secret {}

impl Hidden for Option<Secret> {}

#[diagnostic::do_not_recommend]
impl<T: FromText> Username for T {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Self::from_text(reader.text(USERNAME), USERNAME)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Hidden> Password for T {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Self::from_text(reader.text(PASSWORD), PASSWORD)
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromText> Path for T {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Self::from_text(reader.text(PATH), PATH)
    }
}

impl Hosts for Option<String> {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Ok(reader.host()?.map(|host| host.name().to_owned()))
    }
}

impl Hosts for Option<Host> {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        Ok(reader.host()?.map(|host| reader.with_port(host)))
    }
}

impl Hosts for String {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(Hosts::take(reader)?, "host")
    }
}

impl Hosts for Host {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(Hosts::take(reader)?, "host")
    }
}

impl Hosts for Vec<Host> {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        reader.has_host = true;
        let hosts = reader.handle.hosts().iter();
        let hosts: Self = hosts.map(|host| reader.with_port(host)).collect();
        required((!hosts.is_empty()).then_some(hosts), "host")
    }
}

impl Port for Option<u16> {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        reader.take(PORT);
        Ok(reader.handle.port().or(reader.port))
    }
}

impl Port for u16 {
    fn take(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        required(Port::take(reader)?, PORT)
    }
}

impl Whole for Handle {
    fn take(handle: &Handle) -> Self {
        handle.clone()
    }

    fn whole(&self) -> &Handle {
        self
    }
}

impl Limit for Duration {
    fn limit(&self) -> Duration {
        *self
    }
}

impl Limit for Option<Duration> {
    fn limit(&self) -> Duration {
        self.unwrap_or(CONNECT_TIMEOUT)
    }
}
