//! What a field is: a service, a nested struct or a setting, each perhaps optional. The derive
//! names one such type a field and calls the same functions on all.
//!
//! Each stands beside the proof that the user's type is fit for it, a constant of the trait it must
//! implement: `Service<MySql, { <MySql as Adapter>::__IS }>`. For a type that is no adapter that
//! constant is an error, reported once, and rustc says nothing more about any type or expression
//! that an erroneous constant is part of: neither in the derive's output nor where the app uses its
//! clients. With `<String as Adapter>::Client` in their place, each of those uses is an error of
//! its own.

use std::marker::PhantomData;

use serde_core::de::DeserializeOwned;

use super::loader::Loader;
use super::resource;
use super::scope::Scope;
use crate::adapter::grammar::Grammar;
use crate::adapter::{Adapter, Connect};
use crate::error::Failures;
use crate::record::Json;
use crate::setting;
use crate::table::{Field, Table};

/// One service.
pub struct Service<A, const IS: bool>(PhantomData<A>);

/// A nested struct.
pub struct Nested<S, const IS: bool>(PhantomData<S>);

/// A plain value.
pub struct Setting<T, const IS: bool>(PhantomData<T>);

/// A struct of plain values, all of whose fields are settings.
pub struct Flatten<T, const IS: bool>(PhantomData<T>);

/// One of the others in an `Option`.
pub struct Optional<R>(PhantomData<R>);

/// One of the others whose client the app names: a type that is another is reported once, in the
/// constant `IS`, and nowhere else.
pub struct Declared<T, R, const IS: bool>(PhantomData<(T, R)>);

/// The client of a service.
pub type Client<A, const IS: bool> = <Service<A, IS> as Attach>::Client;

/// The clients of a nested struct.
pub type Clients<S, const IS: bool> = <Nested<S, IS> as Attach>::Client;

/// What a setting or a parameter may be, with a message of its own for what it may not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a variable or a parameter",
    label = "expected a type that implements `serde::Deserialize`",
    note = "derive `serde::Deserialize` for it, or for the types it is made of"
)]
pub trait Value {
    const __IS: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Value for T {}

/// What the table says of a service.
pub trait Describe {
    const GRAMMAR: &'static Grammar;
    const ID: &'static str;
    /// The same, as the record of an app has it.
    const JSON: &'static [Json];
}

impl<A: Adapter, const IS: bool> Describe for Service<A, IS> {
    const GRAMMAR: &'static Grammar = A::GRAMMAR;
    const ID: &'static str = A::__ID;
    const JSON: &'static [Json] = A::__JSON;
}

/// What the table says of a nested struct.
pub trait DescribeNested {
    const TABLE: &'static Table;
    const JSON: &'static [Json];
}

/// What is read from the environment: every field.
pub trait Load {
    type Value;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<Self::Value>;
}

impl<A: Adapter, const IS: bool> Load for Service<A, IS> {
    type Value = A;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<A> {
        loader.resource(index)
    }
}

impl<A: Adapter, const IS: bool> Load for Optional<Service<A, IS>> {
    type Value = Option<A>;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<Option<A>> {
        loader.optional(index)
    }
}

impl<T: DeserializeOwned, const IS: bool> Load for Setting<T, IS> {
    type Value = T;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<T> {
        loader.setting(index)
    }
}

impl<T: DeserializeOwned, const IS: bool> Load for Optional<Setting<T, IS>> {
    type Value = Option<T>;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<Option<T>> {
        loader.optional_setting(index)
    }
}

impl<T: DeserializeOwned, const IS: bool> Load for Flatten<T, IS> {
    type Value = T;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<T> {
        loader.flatten(index)
    }
}

impl<T, R: Load, const IS: bool> Load for Declared<T, R, IS> {
    type Value = R::Value;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<R::Value> {
        R::load(loader, index)
    }
}

/// What the table says of a struct of plain values.
pub trait Flattened {
    fn names() -> &'static [&'static str];

    fn fields() -> Vec<setting::flatten::Named>;
}

impl<T: DeserializeOwned, const IS: bool> Flattened for Flatten<T, IS> {
    fn names() -> &'static [&'static str] {
        setting::flatten::names::<T>()
    }

    fn fields() -> Vec<setting::flatten::Named> {
        setting::flatten::fields::<T>()
    }
}

/// What has a client: every field but a setting.
pub trait Attach: Load<Value: Sync> {
    type Client: Send + Sync + 'static;

    fn connect(
        value: &Self::Value,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<Self::Client, Failures>> + Send;

    fn ping(
        client: &Self::Client,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<(), Failures>> + Send;

    fn close(
        client: Self::Client,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = ()> + Send;
}

impl<A: Adapter + Connect, const IS: bool> Attach for Service<A, IS> {
    type Client = A::Client;

    fn connect(
        adapter: &A,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<A::Client, Failures>> + Send {
        resource::attach(adapter, scope, field)
    }

    fn ping(
        client: &A::Client,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<(), Failures>> + Send {
        resource::ping::<A>(client, scope, field)
    }

    fn close(
        client: A::Client,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = ()> + Send {
        resource::close::<A>(client, scope, field)
    }
}

/// Detached, it is connected to nothing.
impl<R: Attach> Attach for Optional<R>
where
    Self: Load<Value = Option<R::Value>>,
{
    type Client = Option<R::Client>;

    async fn connect(
        value: &Option<R::Value>,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> Result<Option<R::Client>, Failures> {
        match value {
            Some(value) => match R::connect(value, scope, field).await {
                Ok(client) => Ok(Some(client)),
                #[cfg(feature = "attached")]
                Err(failures) if scope.call.forgives(&failures) => Ok(None),
                Err(failures) => Err(failures),
            },
            None => Ok(None),
        }
    }

    async fn ping(
        client: &Option<R::Client>,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> Result<(), Failures> {
        match client {
            Some(client) => R::ping(client, scope, field).await,
            None => Ok(()),
        }
    }

    async fn close(client: Option<R::Client>, scope: &Scope<'_>, field: &'static Field) {
        if let Some(client) = client {
            R::close(client, scope, field).await;
        }
    }
}

impl<T: Send + Sync + 'static, R: Attach<Client = T>, const IS: bool> Attach
    for Declared<T, R, IS>
{
    type Client = T;

    fn connect(
        value: &R::Value,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<T, Failures>> + Send {
        R::connect(value, scope, field)
    }

    fn ping(
        client: &T,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<(), Failures>> + Send {
        R::ping(client, scope, field)
    }

    fn close(
        client: T,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = ()> + Send {
        R::close(client, scope, field)
    }
}
