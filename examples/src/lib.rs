//! The examples are in `examples/`: `cargo run -p examples --example quickstart`.
