//! Makes new web pages rebuild the crate that embeds them.
fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
}
