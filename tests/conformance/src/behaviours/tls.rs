//! Certificates are verified.

use backing_services::{Handle, Scheme};

use super::{App, failure, schemes};
use crate::tls::{Ca, Tls};
use crate::{Reaches, Subject};

/// The server and the files of the certificates, for as long as a test runs.
type Kept<S> = (<S as Subject>::Server, [Tls; 2]);

/// A server whose certificate is for `names`, and a handle that trusts the CA certificate that
/// `trusts` picks from the right one and another.
fn with_tls<S: Subject>(
    names: &[&str],
    trusts: impl FnOnce([&Tls; 2]) -> &Tls,
) -> Option<(Handle, Kept<S>)> {
    let [right, wrong] = ["right", "wrong"].map(|name| Ca::new(name).issue(names));
    let Some(server) = S::start_with_tls(&right) else {
        // There is nothing to encrypt: `wrong_password` proves that no credential is taken.
        assert!(S::wrong_password().is_none());
        return None;
    };
    let mut schemes = schemes::<S::Adapter>().iter().map(Scheme::name);
    let first = schemes.clone().next().unwrap();
    let scheme = schemes.find(|scheme| S::reaches(scheme) == Reaches::Tls);
    let ca = trusts([&right, &wrong]).ca();
    let handle = S::tls_handle(scheme.unwrap_or(first), &server, &ca);
    Some((handle.build().unwrap(), (server, [right, wrong])))
}

pub async fn tls_with_the_right_ca<S: Subject, C: App<S::Adapter>>() {
    let Some((handle, _kept)) = with_tls::<S>(&["localhost"], |[right, _]| right) else { return };
    let client = C::connect(&handle).await.unwrap();
    S::use_it(&client).await.unwrap();
}

pub async fn tls_with_another_ca<S: Subject, C: App<S::Adapter>>() {
    let Some((handle, _kept)) = with_tls::<S>(&["localhost"], |[_, wrong]| wrong) else { return };
    let failure = failure(C::connect(&handle).await);
    assert!(failure.cause().contains("certificate does not verify: UnknownIssuer"), "{failure:?}");
}

pub async fn tls_for_another_host<S: Subject, C: App<S::Adapter>>() {
    let names = ["other.example"];
    let Some((handle, _kept)) = with_tls::<S>(&names, |[right, _]| right) else { return };
    let failure = failure(C::connect(&handle).await);
    assert!(failure.cause().contains("certificate does not verify: "), "{failure:?}");
    assert!(failure.cause().contains("not valid for name"), "{failure:?}");
}
