//! The examples are in `examples/`: `cargo run -p examples --example quickstart`.

#[cfg(feature = "shop")]
pub mod shop;
