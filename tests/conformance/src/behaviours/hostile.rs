//! Servers that mean harm.

use std::net::TcpStream;

use backing_services::Handle;

use super::{App, held, hurried, limit, on_this_machine};
use crate::Subject;
use crate::hostile::{MISCHIEF, attack, measure, victim};

/// All kinds of mischief, each against a process of its own.
pub fn hostile_servers<S: Subject, C: App<S::Adapter>>(name: &str) {
    if let Some(url) = victim() {
        let handle = Handle::parse(&url).unwrap();
        return measure(limit::<S>(), C::connect(&handle));
    }
    let url = |port| on_this_machine::<S>(hurried::<S>(), port).expose_url().to_owned();
    run::<S>(name, "", &url);
    #[cfg(feature = "tls")]
    over_tls::<S>(name);
}

fn run<S: Subject>(name: &str, over: &str, url: &(dyn Fn(u16) -> String + Sync)) {
    let failed = std::sync::Mutex::new(Vec::new());
    let cases = std::sync::Mutex::new(MISCHIEF.iter());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some((mischief, script)) = cases.lock().unwrap().next() else { break };
                    let case = format!("hostile_servers/{over}{mischief}");
                    let script: fn(TcpStream) = *script;
                    let attacked = attack(name, url, script);
                    let attacked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        held::<S>(&case, || attacked.unwrap_or_else(|shown| panic!("{shown}")));
                    }));
                    if let Err(said) = attacked {
                        let said = said.downcast_ref::<String>().cloned().unwrap_or_default();
                        failed.lock().unwrap().push(format!("{case}: {said}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} cases failed\n{}", failed.len(), failed.join("\n\n"));
}

#[cfg(feature = "tls")]
fn over_tls<S: Subject>(name: &str) {
    let kept = super::tls::with_tls::<S>(&["localhost"], |[right, _]| right);
    let Some((handle, (server, _files))) = kept else { return };
    let from = crate::Server::port(&server);
    let param = |handle: Handle| {
        let url = handle.expose_url();
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}connect_timeout=1s")
    };
    run::<S>(name, "over TLS, ", &|port| param(super::tls::moved(&handle, from, port)));
}
