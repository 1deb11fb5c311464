//! The migrations are compiled into the binary and into the checked queries, and cargo does not see it by itself.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
