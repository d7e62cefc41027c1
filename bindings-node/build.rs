//! Sets up the linker: Node provides the symbols of its API.

fn main() {
    napi_build::setup();
}
