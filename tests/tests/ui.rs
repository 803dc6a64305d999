//! Every mistake that the derive reports, with what rustc then shows.
//!
//! `TRYBUILD=overwrite cargo test --test ui` records the outputs anew.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

#[test]
fn ui() {
    // A case finds its example file in the folder of its package, which trybuild makes.
    let package = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("tests")
        .join("trybuild")
        .join(env!("CARGO_PKG_NAME"));
    fs::create_dir_all(&package).expect("the folder of the cases");
    fs::copy("ui/example/shop.env", package.join("shop.env")).expect("the example file");

    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
