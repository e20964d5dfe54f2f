//! Generates the client's stubs from the proto; the compiler is a crate, so nothing need be installed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["schemaregistry/v1/registry.proto"], ["proto", "googleapis"])?;
    tonic_prost_build::configure().build_server(false).include_file("stubs.rs").compile_fds(descriptors)?;
    Ok(())
}
