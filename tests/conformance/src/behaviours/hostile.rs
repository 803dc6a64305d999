//! Servers that mean harm.

use std::time::Duration;

use backing_services::{Adapter, Handle};

use super::{App, limit, on_this_machine, preferred, takes_a_limit};
use crate::hostile::{Case, MISCHIEF, attack_all, measure, victim};
use crate::{Subject, in_process};

/// Most cases wait for it: shorter than that of the other tests.
const LIMIT: Duration = Duration::from_millis(500);

/// All kinds of mischief, each against a process of its own.
pub fn hostile_servers<S: Subject, C: App<S::Adapter>>(name: &str) {
    if let Some(url) = victim() {
        let handle = Handle::parse(&url).unwrap();
        let limit = if takes_a_limit(S::Adapter::GRAMMAR) { LIMIT } else { limit::<S>() };
        return measure(limit, C::connect(&handle));
    }
    // The handle for TLS writes down there which CA certificates to trust.
    if S::TRUSTS_THE_ENVIRONMENT && in_process(name, &[]) {
        return;
    }
    let cases = |over: &str| {
        let name = |mischief| format!("hostile_servers/{over}{mischief}");
        MISCHIEF.iter().map(|(mischief, script)| Case::new(name(mischief), script)).collect()
    };
    let handle = || {
        let handle = preferred::<S>();
        if takes_a_limit(S::Adapter::GRAMMAR) {
            handle.param("connect_timeout", "500ms")
        } else {
            handle
        }
    };
    let url = |port| on_this_machine::<S>(handle(), port).expose_url().to_owned();
    attack_all(name, &url, S::LIMITS, cases(""));
    #[cfg(feature = "tls")]
    over_tls::<S>(name, cases("over TLS, "));
}

#[cfg(feature = "tls")]
fn over_tls<S: Subject>(name: &str, cases: Vec<Case>) {
    let kept = super::tls::with_tls::<S>(&["localhost"], |[right, _]| right);
    let Some((handle, (server, _files))) = kept else { return };
    let from = crate::Server::port(&server);
    let url = |port| {
        let handle = super::tls::moved(&handle, from, port);
        let url = handle.expose_url();
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}connect_timeout=500ms")
    };
    attack_all(name, &url, S::LIMITS, cases);
}
