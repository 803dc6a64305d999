//! What a nested struct is as a field.

use super::connect;
use super::derived::Derived;
use super::field::{Attach, DescribeNested, Load, Nested, Optional};
use super::loader::Loader;
use super::scope::Scope;
use crate::error::Failures;
use crate::record::Json;
use crate::table::{Field, Table};

impl<S: Derived, const IS: bool> DescribeNested for Nested<S, IS> {
    const TABLE: &'static Table = S::TABLE;
    const JSON: &'static [Json] = S::JSON;
}

impl<S: Derived, const IS: bool> Load for Nested<S, IS> {
    type Value = S;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<S> {
        loader.nested(index, |loader| S::load(loader))
    }
}

impl<S: Derived, const IS: bool> Load for Optional<Nested<S, IS>> {
    type Value = Option<S>;

    fn load(loader: &mut Loader<'_>, index: usize) -> Option<Option<S>> {
        loader.optional_nested(index, |loader| S::load(loader))
    }
}

impl<S: Derived, const IS: bool> Attach for Nested<S, IS> {
    type Client = S::Clients;

    async fn connect(
        services: &S,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> Result<S::Clients, Failures> {
        connect::connect_in(services, &scope.nested(field)).await
    }

    async fn ping(
        clients: &S::Clients,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> Result<(), Failures> {
        connect::ping_in::<S>(clients, &scope.nested(field)).await
    }

    async fn close(clients: S::Clients, scope: &Scope<'_>, field: &'static Field) {
        connect::close_in::<S>(clients, &scope.nested(field)).await;
    }
}
