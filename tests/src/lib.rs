//! What the tests of `backing-services` share: [real servers](servers) on free ports, which a test
//! can kill and restart.
//!
//! The tests that start an installed server are behind the feature `live`. `tests/run.sh` installs
//! the servers and runs everything.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness that cannot go on fails the test that asked for it"
)]

pub mod servers;
pub mod tls;
