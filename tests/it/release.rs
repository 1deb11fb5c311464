//! What a release is made of: the commit it names, its pages, its Debian package and its changelog. `make release` then
//! builds it, and starts the server of the package (scripts/try-package.sh).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// A folder of its own, empty, in which a build script runs.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("web/dist")).expect("cargo's folder for tests can be written");
    folder
}

/// git in `folder`, whatever repository the caller is busy with.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let nobody = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"];
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE");
    said(command.args(nobody).args(arguments))
}

/// What `script` tells cargo in `folder`; `given` is the commit that somebody names.
fn build_script(script: &Path, folder: &Path, profile: &str, given: &str) -> String {
    let program = folder.join("build-script");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    said(Command::new(rustc).args(["--edition", "2024", "-o"]).arg(&program).arg(script));
    let mut command = Command::new(program);
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    said(command.current_dir(folder).env("PROFILE", profile).env("HOTLINE_COMMIT", given))
}

/// The build that `-V` shows, as the script says it.
fn build_said(told: &str) -> &str {
    let mut builds = told.lines().filter_map(|line| line.strip_prefix("cargo::rustc-env=HOTLINE_BUILD="));
    builds.next().expect("each build says what it is")
}

#[test]
fn the_version_names_the_commit_of_a_release() {
    let version = said(Command::new(env!("CARGO_BIN_EXE_hotline")).arg("-V"));
    let of_this = format!("hotline {} (", env!("CARGO_PKG_VERSION"));
    let build = version.strip_prefix(&of_this).and_then(|rest| rest.strip_suffix(')'));
    let expected = if cfg!(debug_assertions) { "debug build" } else { "commit " };
    assert!(build.is_some_and(|build| build.starts_with(expected)), "{version}");
    assert_eq!(said(Command::new(env!("CARGO_BIN_EXE_hotline")).arg("--version")), version);
}

#[test]
fn a_build_finds_its_commit_in_git_in_an_archive_or_as_it_is_told() {
    let script = root().join("build.rs");
    let folder = folder("release-of-a-commit");
    // Here it lies within a repository, but that one is not its own.
    assert_eq!(build_said(&build_script(&script, &folder, "release", "")), "commit unknown");
    git(&folder, &["init", "--quiet"]);
    assert_eq!(
        build_said(&build_script(&script, &folder, "release", "")),
        "commit unknown",
        "nothing is in it"
    );
    fs::copy(&script, folder.join("build.rs")).expect("it can be copied");
    fs::copy(root().join(".gitattributes"), folder.join(".gitattributes")).expect("it can be copied");
    git(&folder, &["add", "build.rs", ".gitattributes"]);
    git(&folder, &["commit", "--quiet", "--message", "first"]);
    let commit = git(&folder, &["rev-parse", "HEAD"]);
    let named = format!("commit {}", &commit[..12]);
    let told = build_script(&script, &folder, "release", "");
    assert_eq!(build_said(&told), named);
    let log = format!("cargo::rerun-if-changed={}", git(&folder, &["rev-parse", "--git-path", "logs/HEAD"]));
    assert!(told.lines().any(|line| line == log), "the next commit is seen: {told}");
    let told = build_script(&script, &folder, "debug", "");
    assert_eq!(build_said(&told), "debug build");
    assert!(!told.contains("HEAD"), "a commit alone builds nothing again while it is written: {told}");
    assert_eq!(
        build_said(&build_script(&script, &folder, "release", "abc with changes")),
        "commit abc with changes"
    );

    git(&folder, &["archive", "--output=archive.tar", "HEAD", "build.rs"]);
    fs::remove_dir_all(folder.join(".git")).expect("it can be removed");
    said(Command::new("tar").current_dir(&folder).args(["-xf", "archive.tar"]));
    assert_eq!(build_said(&build_script(&folder.join("build.rs"), &folder, "release", "")), named);
    fs::remove_dir_all(&folder).expect("it can be removed");
}

#[test]
fn a_release_without_its_pages_does_not_build() {
    let folder = folder("release-without-pages");
    let says_so = |profile: &str| {
        build_script(&root().join("build.rs"), &folder, profile, "")
            .lines()
            .any(|line| line.starts_with("cargo::error=") && line.contains("make release"))
    };
    assert!(says_so("release"));
    assert!(!says_so("debug"), "while it is written it reads them from the folder");
    fs::write(folder.join("web/dist/index.html"), "").expect("a page can be written");
    assert!(says_so("release"), "half of them are not all");
    fs::write(folder.join("web/dist/visitor.html"), "").expect("a page can be written");
    assert!(!says_so("release"));
    fs::remove_dir_all(&folder).expect("it can be removed");
}

/// What `Cargo.toml` says of the Debian package.
fn package() -> Value {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args([
        "metadata",
        "--no-deps",
        "--offline",
        "--locked",
        "--format-version=1",
    ]);
    let metadata: Value = serde_json::from_str(&said(&mut command)).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let hotline =
        packages.iter().find(|package| package["name"] == "hotline").expect("the server is one of them");
    hotline["metadata"]["deb"].clone()
}

/// The files of the package by their places in the system, each with the one of the tree that it is.
fn packed() -> Vec<(String, String)> {
    // cargo-deb finds these by their names.
    let mut packed = vec![
        ("/usr/lib/systemd/system/hotline.service".to_owned(), "deploy/hotline.service".to_owned()),
        ("/usr/lib/sysusers.d/hotline.conf".to_owned(), "deploy/hotline.sysusers".to_owned()),
    ];
    for asset in package()["assets"].as_array().expect("a list") {
        let [source, place] = [&asset[0], &asset[1]].map(|text| text.as_str().expect("a path"));
        if let Some((folder, kind)) = source.split_once('*') {
            let names = fs::read_dir(root().join(folder)).expect("a folder of the tree");
            let names =
                names.map(|entry| entry.expect("it can be listed").file_name().into_string().expect("UTF-8"));
            for name in names.filter(|name| name.ends_with(kind)) {
                packed.push((format!("/{place}{name}"), format!("{folder}{name}")));
            }
        } else {
            packed.push((format!("/{place}"), source.to_owned()));
        }
    }
    packed
}

/// The values of a key in the unit.
fn of_unit<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_package_holds_what_is_in_the_tree_and_its_guides() {
    let packed = packed();
    for (_, source) in packed.iter().filter(|(_, source)| source != "target/release/hotline") {
        assert!(root().join(source).is_file(), "{source} is packed, and is no file");
    }
    for guide in [
        "operations.md",
        "zh/operations.md",
        "zh/first-day.md",
        "screenshots/overview.png",
        "screenshots/zh/shifts.png",
    ] {
        let place = format!("/usr/share/doc/hotline/docs/{guide}");
        assert!(packed.iter().any(|(to, _)| *to == place), "{guide}");
    }
    let copyright = package()["license-file"][0].as_str().map(read).expect("it names a file");
    for licence in ["MIT", "Apache-2.0"] {
        assert!(copyright.contains(&format!("\nLicense: {licence}\n")), "{licence}");
    }
    assert!(read("Cargo.toml").contains("\nlicense = \"MIT OR Apache-2.0\"\n"));
}

#[test]
fn the_unit_of_the_package_finds_what_the_package_brings() {
    let (unit, packed) = (read("deploy/hotline.service"), packed());
    let source_of =
        |place: &str| packed.iter().find(|(to, _)| to == place).map(|(_, source)| source.as_str());
    let start: Vec<_> = of_unit(&unit, "ExecStart")[0].split(' ').collect();
    assert_eq!(start[1..], ["--config", "/etc/hotline/config.toml", "serve"]);
    assert_eq!(source_of(start[0]), Some("target/release/hotline"));
    assert_eq!(
        source_of(start[2]),
        Some("deploy/config.toml"),
        "dpkg keeps what is below /etc as it was changed"
    );
    let guide = of_unit(&unit, "Documentation")[0].strip_prefix("file:").expect("a file");
    assert_eq!(source_of(guide), Some("docs/operations.md"));
    let user = format!("\nu {} ", of_unit(&unit, "User")[0]);
    assert!(read("deploy/hotline.sysusers").contains(&user), "{user}");
    assert_eq!(of_unit(&unit, "User"), of_unit(&unit, "Group"));
    let secrets = of_unit(&unit, "EnvironmentFile")[0];
    assert_eq!(source_of(secrets), None, "no package brings secrets");
    for guide in ["docs/operations.md", "docs/zh/operations.md"] {
        assert!([start[0], start[2], secrets].iter().all(|place| read(guide).contains(place)), "{guide}");
    }
}

#[test]
fn the_settings_of_the_package_are_none_until_somebody_sets_some() {
    let settings = read("deploy/config.toml");
    assert!(
        settings.lines().all(|line| line.starts_with('#')),
        "each would stand before a default that changes"
    );
}

#[test]
fn the_changelog_goes_by_version_and_by_kind() {
    const KINDS: [&str; 4] = ["Upgrade notes", "Added", "Changed", "Fixed"];
    let changelog = read("CHANGELOG.md");
    let (mut versions, mut kinds) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(changelog.lines()) {
        if let Some(version) = line.strip_prefix("## ") {
            versions.push(version);
            kinds.clear();
        } else if let Some(kind) = line.strip_prefix("### ") {
            kinds.push(
                KINDS.iter().position(|known| *known == kind).unwrap_or_else(|| panic!("{number}: {kind}")),
            );
            assert!(
                kinds.is_sorted_by(|before, after| before < after),
                "{number}: each kind once, in the order {KINDS:?}"
            );
        } else if line.starts_with("- ") {
            assert!(!kinds.is_empty(), "CHANGELOG.md:{number} stands under none of {KINDS:?}");
        }
    }
    assert_eq!(versions.first(), Some(&"Unreleased"), "what comes next stands first");
    // "1.2.3 (2026-01-31)"
    let shape = |version: &str| version.replace(|c: char| c.is_ascii_digit(), "0");
    for version in &versions[1..] {
        assert!(shape(version).ends_with(" (0000-00-00)") && version.split('.').count() == 3, "{version}");
    }
}
