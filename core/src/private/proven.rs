//! A user's type beside the proof that it is what the derive takes it for.
//!
//! The proof is a constant of the trait: `Service<MySql, { <MySql as Adapter>::__IS }>`. For a type that
//! is no adapter that constant is an error, told once, and rustc says nothing more about any type or
//! expression that an erroneous constant is part of: neither in the derive's output nor where the app
//! uses its clients. With `<String as Adapter>::Client` in their place each of those uses is an error
//! of its own.

use std::marker::PhantomData;

use super::{Field, Loader, Scope, Table, attach};
use crate::adapter::Adapter;
use crate::backing::BackingServices;
use crate::error::{Failure, HandleError};
use crate::handle::Handle;

/// The type of a field that is one service.
pub struct Service<A, const IS: bool>(PhantomData<A>);

/// The client of a service.
pub type Client<A, const IS: bool> = <Service<A, IS> as IsService>::Client;

/// What the derive needs of an [`Adapter`].
pub trait IsService {
    type Adapter;
    type Client;
    const NAME: &'static str;
    const SCHEMES: &'static [&'static str];
    const EXAMPLE: &'static str;

    fn from_handle(handle: &Handle) -> Result<Self::Adapter, HandleError>;

    fn attach(
        adapter: &Self::Adapter,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<Self::Client, Vec<Failure>>> + Send;
}

impl<A: Adapter, const IS: bool> IsService for Service<A, IS> {
    type Adapter = A;
    type Client = A::Client;
    const NAME: &'static str = A::NAME;
    const SCHEMES: &'static [&'static str] = A::SCHEMES;
    const EXAMPLE: &'static str = A::EXAMPLE;

    fn from_handle(handle: &Handle) -> Result<A, HandleError> {
        A::from_handle(handle)
    }

    fn attach(
        adapter: &A,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> impl Future<Output = Result<A::Client, Vec<Failure>>> + Send {
        attach::attach(adapter, scope, field)
    }
}

/// The type of a nested field.
pub struct Nested<S, const IS: bool>(PhantomData<S>);

/// The clients of a nested struct.
pub type Clients<S, const IS: bool> = <Nested<S, IS> as IsNested>::Clients;

/// What the derive needs of nested [`BackingServices`].
pub trait IsNested {
    type Services;
    type Clients;
    const TABLE: &'static Table;

    fn load(loader: &mut Loader<'_>) -> Option<Self::Services>;

    fn connect(
        services: &Self::Services,
        scope: &Scope<'_>,
    ) -> impl Future<Output = Result<Self::Clients, Vec<Failure>>> + Send;
}

impl<S: BackingServices, const IS: bool> IsNested for Nested<S, IS> {
    type Services = S;
    type Clients = S::Clients;
    const TABLE: &'static Table = S::TABLE;

    fn load(loader: &mut Loader<'_>) -> Option<S> {
        S::__load(loader)
    }

    fn connect(
        services: &S,
        scope: &Scope<'_>,
    ) -> impl Future<Output = Result<S::Clients, Vec<Failure>>> + Send {
        services.__connect(scope)
    }
}
