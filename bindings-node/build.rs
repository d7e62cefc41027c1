//! Sets up the linker: Node provides the symbols of its API, and the layout is that of Python's package.

use std::env;

fn main() {
    napi_build::setup();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../bindings-python/layout.ld");
    println!("cargo::rerun-if-changed={script}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    println!("cargo::rerun-if-env-changed=TURNWIRE_LAYOUT");
    // A debug build has other sections.
    if is_gnu && !is("OPT_LEVEL", "0") {
        // `tests/bench/layout.py` makes the layout from a build without one.
        if !is("TURNWIRE_LAYOUT", "none") {
            println!("cargo::rustc-link-arg-cdylib=-Wl,-T,{script}");
        }
        // Cargo's `strip` leaves the names of a library's functions: 2 MB.
        println!("cargo::rustc-link-arg-cdylib=-Wl,--strip-all");
    }
}
