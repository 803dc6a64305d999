//! Servers that mean harm.

use backing_services::Handle;

use super::{App, hurried, limit, on_this_machine};
use crate::Subject;
use crate::hostile::{Case, MISCHIEF, attack_all, measure, victim};

/// All kinds of mischief, each against a process of its own.
pub fn hostile_servers<S: Subject, C: App<S::Adapter>>(name: &str) {
    if let Some(url) = victim() {
        let handle = Handle::parse(&url).unwrap();
        return measure(limit::<S>(), C::connect(&handle));
    }
    let cases = |over: &str| {
        let name = |mischief| format!("hostile_servers/{over}{mischief}");
        MISCHIEF.iter().map(|(mischief, script)| Case::new(name(mischief), script)).collect()
    };
    let url = |port| on_this_machine::<S>(hurried::<S>(), port).expose_url().to_owned();
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
        format!("{url}{sign}connect_timeout=1s")
    };
    attack_all(name, &url, S::LIMITS, cases);
}
