//! What is compiled into the binary without cargo seeing it by itself: the migrations, which are also behind the checked
//! queries, and in a release the pages and the commit.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// What a release must hold: without these it would be a server that shows nobody anything.
const PAGES: [&str; 2] = ["web/dist/index.html", "web/dist/visitor.html"];

/// In an archive (`git archive`, the tarball of a forge) git puts the commit here: .gitattributes asks it to.
const ARCHIVED: &str = "$Format:%H$";

/// Digits of a commit that are shown.
const COMMIT_DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // Whoever runs this again builds the whole crate again. While the server is written that would be each commit.
    let build = if is_release {
        see_to_the_pages();
        commit().map_or_else(|| "commit unknown".to_owned(), |commit| format!("commit {commit}"))
    } else {
        "debug build".to_owned()
    };
    println!("cargo::rustc-env=HOTLINE_BUILD={build}");
}

fn see_to_the_pages() {
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

/// What this is built from: as `make release` or a packager says, else as the archive or git does. None where nobody knows.
fn commit() -> Option<String> {
    println!("cargo::rerun-if-env-changed=HOTLINE_COMMIT");
    if let Some(given) = env::var("HOTLINE_COMMIT").ok().filter(|given| !given.is_empty()) {
        return Some(given);
    }
    let whole = if ARCHIVED.starts_with('$') { commit_of_git()? } else { ARCHIVED.to_owned() };
    Some(whole.chars().take(COMMIT_DIGITS).collect())
}

fn commit_of_git() -> Option<String> {
    let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    // An archive may have been unpacked within another project's repository, whose commit says nothing of us.
    if root.canonicalize().ok()? != env::current_dir().ok()?.canonicalize().ok()? {
        return None;
    }
    // It grows with each commit and checkout. Where git keeps none, cargo misses the file and asks each time.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", "HEAD"])
}

/// What git answers; none where there is no git, no repository, or one that git does not trust.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
