//! The examples are in `examples/`: `cargo run --example quickstart`.
