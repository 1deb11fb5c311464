//! What is compiled into the binary without cargo seeing it by itself: the migrations, which are also behind the checked
//! queries, and in a release the pages.

use std::{env, path::Path};

/// What a release must hold: without these it would be a server that shows nobody anything.
const PAGES: [&str; 2] = ["web/dist/index.html", "web/dist/visitor.html"];

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        // A path that is not there would mean a new build each time; once they are built, `web` has changed.
        let watched = ["web/dist", "web"].into_iter().find(|path| Path::new(path).exists());
        if let Some(watched) = watched {
            println!("cargo::rerun-if-changed={watched}");
        }
        if PAGES.iter().any(|page| !Path::new(page).exists()) {
            println!(
                "cargo::error=the pages are not built, so this release would be a server without them: run `make release`"
            );
        }
    }
}
