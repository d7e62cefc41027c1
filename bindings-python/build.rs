//! Lays the package's code out for the memory of the programs that load it: `layout.ld` says how.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=layout.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    println!("cargo::rerun-if-env-changed=TURNWIRE_LAYOUT");
    // A debug build has other sections; `tests/bench/layout.py` makes the layout from a build without one.
    if is_gnu && !is("OPT_LEVEL", "0") && !is("TURNWIRE_LAYOUT", "none") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/layout.ld");
        println!("cargo::rustc-link-arg-cdylib=-Wl,-T,{script}");
    }
}
