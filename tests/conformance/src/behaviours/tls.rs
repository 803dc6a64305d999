//! Certificates are verified.

use backing_services::{FailureKind, Handle, Scheme};

use super::{App, failure, schemes};
use crate::tls::{Ca, Tls};
use crate::{Reaches, Server as _, Subject};

/// The server and the files of the certificates, for as long as a test runs.
type Kept<S> = (<S as Subject>::Server, [Tls; 2]);

/// A server whose certificate is for `names`, and a handle that trusts the CA certificate that
/// `trusts` picks from the right one and another.
pub(super) fn with_tls<S: Subject>(
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
    assert!(failure.cause().contains("the CA that signed it is not trusted"), "{failure:?}");
}

pub async fn tls_for_another_host<S: Subject, C: App<S::Adapter>>() {
    let names = ["other.example"];
    let Some((handle, _kept)) = with_tls::<S>(&names, |[right, _]| right) else { return };
    let failure = failure(C::connect(&handle).await);
    assert!(failure.cause().contains("certificate does not verify: "), "{failure:?}");
    let names = "it is not valid for `localhost`, only valid for `other.example`";
    assert!(failure.cause().contains(names), "{failure:?}");
}

/// The handle for the server with TLS, at another port.
pub(super) fn moved(handle: &Handle, from: u16, to: u16) -> Handle {
    let from = handle.port().unwrap_or(from).to_string();
    Handle::parse(&handle.expose_url().replace(&from, &to.to_string())).unwrap()
}

pub async fn tls_to_a_plain_server<S: Subject, C: App<S::Adapter>>() {
    let Some((handle, (server, _files))) = with_tls::<S>(&["localhost"], |[right, _]| right) else {
        return;
    };
    let plain = S::start();
    let failure = failure(C::connect(&moved(&handle, server.port(), plain.port())).await);
    assert_eq!(failure.kind(), FailureKind::Tls, "{failure:?}");
    assert!(NO_TLS.iter().any(|says| failure.cause().contains(says)), "{failure:?}");
    assert!(!failure.help().is_empty(), "{failure:?}");
}

/// The first for a protocol that is encrypted from the first byte, the others where the client asks
/// the server for it.
const NO_TLS: [&str; 2] = ["server speaks no TLS on this port", "server does not support TLS"];

pub async fn no_tls_to_a_server_with_it<S: Subject, C: App<S::Adapter>>() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let Some(server) = S::start_with_tls(&certificate) else { return };
    let port = match S::tls_handle(S::plain_scheme(), &server, &certificate.ca()).build() {
        Ok(handle) => handle.port().unwrap_or(server.port()),
        Err(_) => server.port(),
    };
    let handle = super::on_this_machine::<S>(super::hurried::<S>(), port);
    match C::connect(&handle).await {
        // The protocol agrees on TLS where both sides can, or the port serves both.
        Ok(client) => S::use_it(&client).await.unwrap(),
        Err(refused) => {
            let failure = failure(Err::<(), _>(refused));
            // Where the server speaks first, both sides wait for the other; and what a protocol
            // cannot tell from another answer is at least suggested.
            let is_suggested =
                failure.kind() == FailureKind::Protocol && failure.help().contains("TLS");
            let kinds = [FailureKind::Tls, FailureKind::Timeout];
            assert!(is_suggested || kinds.contains(&failure.kind()), "{failure:?}");
        }
    }
}
