//! The rules of the house that no compiler checks.

mod events;
mod floors;
mod glossary;
mod schemas;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RUST_LINES_MAX: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under `folder`, deepest last.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<_> = folders.iter().flat_map(|folder| files(&root().join(folder))).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    found
}

/// A rule for lines of code; comments may speak of what code may not do.
fn broken_lines(files: &[PathBuf], forbidden: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for path in files {
        for (number, line) in read(path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = forbidden.iter().find(|word| code.contains(**word)) {
                broken.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    broken
}

#[test]
fn the_domain_depends_on_no_sql_http_or_chance() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "hotline-actors"])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("cargo prints text");
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"actix"), "the tree is there: {names:?}");
    for name in names {
        let foreign = ["sqlx", "actix-web", "actix-http", "reqwest", "rand", "jiff", "chrono"];
        assert!(
            !foreign.iter().any(|foreign| name == *foreign || name.starts_with(&format!("{foreign}-"))),
            "actors/ depends on {name}"
        );
    }
}

#[test]
fn the_domain_reads_no_clock_and_draws_no_number() {
    let forbidden = [
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "Timestamp::now",
        "now_v7(",
        "new_v4(",
        "rand::",
        "getrandom",
        "HashMap",
        "HashSet",
        "select!",
    ];
    let broken = broken_lines(&rust_files(&["actors/src"]), &forbidden);
    assert!(broken.is_empty(), "actors/ gets time, ids and order from outside:\n{}", broken.join("\n"));
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let mut sources = rust_files(&["src"]);
    sources.retain(|path| !path.ends_with("src/clock.rs"));
    let broken = broken_lines(&sources, &["SystemTime", "Timestamp::now()", "Zoned::now()"]);
    assert!(broken.is_empty(), "src/clock.rs reads the clock:\n{}", broken.join("\n"));
}

#[test]
fn files_stay_in_size_and_in_their_place() {
    for path in rust_files(&["src", "actors", "tests", "bench", "torture"]) {
        let lines = read(&path).lines().count();
        assert!(
            lines < RUST_LINES_MAX,
            "{} has {lines} lines; {RUST_LINES_MAX} are too many",
            path.display()
        );
        assert!(!path.ends_with("mod.rs"), "{}: name it after the module, beside its folder", path.display());
    }
}

#[test]
fn tests_neither_sleep_nor_hide() {
    let mut sources = rust_files(&["src", "actors", "tests"]);
    // The one place that looks again, with a limit; and this list.
    sources.retain(|path| !path.ends_with("tests/it/support.rs") && !path.ends_with("tests/it/tidy.rs"));
    let broken = broken_lines(&sources, &["#[ignore", "thread::sleep", "todo!(", "unimplemented!("]);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let broken = broken_lines(
        &rust_files(&["tests/it"]).into_iter().filter(|p| sources.contains(p)).collect::<Vec<_>>(),
        &["sleep("],
    );
    assert!(broken.is_empty(), "wait for what you expect, with a limit:\n{}", broken.join("\n"));
}

#[test]
fn migrations_are_numbered_named_and_explained() {
    let paths = files(&root().join("migrations"));
    assert!(!paths.is_empty(), "there is a schema");
    for (index, path) in paths.iter().enumerate() {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in ASCII");
        let words = name
            .strip_prefix(&format!("{:04}_", index + 1))
            .and_then(|rest| rest.strip_suffix(".sql"))
            .unwrap_or_else(|| panic!("{name}: the {}th migration is named NNNN_snake_case.sql", index + 1));
        let snake =
            words.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(snake && !words.is_empty(), "{name}: the name is in snake_case");
        assert!(read(path).starts_with("-- "), "{name}: the first lines say why");
    }
}

#[test]
fn a_container_is_built_of_neither_data_nor_keys_nor_old_builds() {
    let ignored = read(&root().join(".containerignore"));
    assert_eq!(ignored, read(&root().join(".dockerignore")), "podman and docker leave out the same");
    let secret = ["**/.env", "**/secrets.env", "**/*.pem", "**/*.key", "**/*.dump"];
    for kept_out in [".git", ".local", "target", "web/dist", "**/node_modules"].into_iter().chain(secret) {
        assert!(ignored.lines().any(|line| line == kept_out), "{kept_out}");
    }
    assert!(!root().join("deploy/Containerfile.dockerignore").exists(), "docker would read it instead");
}

/// Every file of the project, by its path from the root. What is built, fetched or written beside it is none.
fn tree() -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder can be listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            let is_ours = !["target", "node_modules", "dist", "results", "artifacts"].contains(&name);
            if name.starts_with('.') || !is_ours {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else {
                let from_root = path.strip_prefix(root()).expect("it lies below the root");
                found.push(from_root.to_str().expect("a path in UTF-8").to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    found
}

#[test]
fn no_merge_was_left_half_done() {
    let marks = ["<".repeat(7), ">".repeat(7)].map(|mark| mark + " ");
    let mut left = Vec::new();
    for file in tree() {
        // Pictures and the like are no text.
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        let lines =
            (1..).zip(text.lines()).filter(|(_, line)| marks.iter().any(|mark| line.starts_with(mark)));
        left.extend(lines.map(|(number, _)| format!("{file}:{number}")));
    }
    assert!(left.is_empty(), "both sides of a merge stand in {left:?}");
}

/// What nobody is called here: a person is "they" or the noun (docs/style.md).
const PRONOUNS: [&str; 8] = ["he", "she", "him", "her", "his", "hers", "himself", "herself"];
/// Where a text names them to forbid them.
const FORBIDDING: [(&str, &str); 2] =
    [("docs/style.md", "nobody is he or she"), ("web/src/i18n/guides.test.ts", "calls nobody he or she")];

#[test]
fn nobody_is_he_or_she() {
    let texts = ["rs", "ts", "vue", "md", "toml", "sh", "sql", "css", "html", "conf", "service"];
    // A migration that has run somewhere is never changed; the client's types are generated out of comments read here.
    let is_read = |file: &str| {
        let is_kept = file.starts_with("migrations/") || file == "web/src/api/schema.d.ts";
        texts.contains(&ending(file)) && !is_kept && file != "tests/it/tidy.rs"
    };
    // The words of a name count as well: of a test, a field, a variable.
    let pronoun_in = |line: &str| {
        let mut words = line.split(|c: char| !c.is_ascii_alphabetic());
        words.find(|word| PRONOUNS.contains(&word.to_ascii_lowercase().as_str())).map(str::to_owned)
    };
    assert_eq!(pronoun_in("who_keeps_his_line").as_deref(), Some("his"));
    assert_eq!(pronoun_in("the history of this, there and here"), None);
    let (mut lines, mut called) = (0, Vec::new());
    for file in tree().iter().filter(|file| is_read(file)) {
        for (number, line) in (1..).zip(read(&root().join(file)).lines()) {
            lines += 1;
            let forbids = FORBIDDING.iter().any(|(place, words)| file == place && line.contains(words));
            let word = if forbids { None } else { pronoun_in(line) };
            called.extend(word.map(|word| format!("{file}:{number}: {word}")));
        }
    }
    assert!(lines > 10_000, "the tree was read, and {lines} lines were found");
    assert!(called.is_empty(), "a person is \"they\" or the noun:\n{}", called.join("\n"));
}

fn ending(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap_or_default()
}

/// The comment in a line of this file, as far as the line alone tells.
fn comment_in<'a>(file: &str, line: &'a str) -> Option<&'a str> {
    let sign = match ending(file) {
        "rs" | "ts" | "js" | "vue" | "css" => "//",
        "sql" => "--",
        "toml" | "sh" | "conf" | "service" | "Makefile" | "Containerfile" => "#",
        _ => return None,
    };
    let goes_on = ["/*", "* ", "<!--"].iter().any(|begin| line.trim_start().starts_with(begin));
    if sign == "//" && goes_on { Some(line) } else { line.find(sign).map(|at| &line[at..]) }
}

/// The files that a text names by their endings.
fn files_named(text: &str) -> impl Iterator<Item = &str> {
    let of_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let words = text.split(move |c: char| !of_path(c));
    words.map(|word| word.trim_start_matches("./").trim_matches('.')).filter(|word| {
        let named = word.rsplit_once('.').is_some_and(|(name, _)| !name.is_empty() && !name.ends_with('/'));
        named && ["md", "rs", "sql", "toml", "sh", "ts", "vue"].contains(&ending(word))
    })
}

#[test]
fn every_file_that_a_comment_cites_exists() {
    let tree = tree();
    // Documents by their path from the root, so that whoever reads the comment finds them; of code the end of it will do.
    let is_there = |file: &str, cited: &str| {
        if ending(cited) == "md" {
            // A migration that has run somewhere is never changed, and older ones say the name alone.
            let beside = file.starts_with("migrations/").then(|| format!("docs/{cited}"));
            return tree.iter().any(|path| path == cited || Some(path) == beside.as_ref());
        }
        let ends_so = |path: &String| path.strip_suffix(cited).is_some_and(|rest| rest.ends_with('/'));
        tree.iter().any(|path| path == cited || ends_so(path))
    };
    let (mut documents, mut missing) = (0, Vec::new());
    for file in &tree {
        // Pictures and samples have no comments, and are no text either.
        if comment_in(file, "// -- #").is_none() {
            continue;
        }
        for (number, line) in read(&root().join(file)).lines().enumerate() {
            for cited in comment_in(file, line).into_iter().flat_map(files_named) {
                documents += usize::from(ending(cited) == "md");
                if !is_there(file, cited) {
                    missing.push(format!("{file}:{}: {cited}", number + 1));
                }
            }
        }
    }
    assert!(documents > 40, "comments cite documents, and {documents} were found");
    assert!(missing.is_empty(), "comments cite what is not in the tree:\n{}", missing.join("\n"));
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let (mut links, mut broken) = (0, Vec::new());
    for file in tree().iter().filter(|file| ending(file) == "md") {
        let path = root().join(file);
        let folder = path.parent().expect("a file lies in a folder");
        let text = read(&path);
        // Between backticks stands code.
        for prose in text.split('`').step_by(2) {
            for (at, sign) in prose.match_indices("](") {
                let target = prose[at + sign.len()..].split([')', '#', ' ']).next().unwrap_or_default();
                if target.is_empty() || target.contains("://") {
                    continue;
                }
                links += 1;
                if !folder.join(target).exists() {
                    broken.push(format!("{file}: {target}"));
                }
            }
        }
    }
    assert!(links > 40, "documents link to each other, and {links} links were found");
    assert!(broken.is_empty(), "links lead nowhere:\n{}", broken.join("\n"));
}

/// `L-1` and the like.
fn laws_named(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("L-").filter_map(move |(at, sign)| {
        let rest = &text[at + sign.len()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let stands_alone = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let law = &text[at..at + sign.len() + digits];
        (stands_alone && digits > 0).then_some(law)
    })
}

#[test]
fn every_law_that_is_named_is_defined_in_the_design() {
    let design = read(&root().join("docs/design.md"));
    let is_defined = |law: &str| design.lines().any(|line| line.starts_with(&format!("- **{law}** ")));
    let mut unknown = Vec::new();
    for file in tree().iter().filter(|file| ["rs", "sql", "md"].contains(&ending(file))) {
        for (number, line) in read(&root().join(file)).lines().enumerate() {
            let undefined = laws_named(line).filter(|law| !is_defined(law));
            unknown.extend(undefined.map(|law| format!("{file}:{}: {law}", number + 1)));
        }
    }
    assert!(is_defined("L-1"));
    assert!(unknown.is_empty(), "docs/design.md, section 4, defines the laws:\n{}", unknown.join("\n"));
}

#[test]
fn every_setting_is_explained() {
    // A comment stands for the keys that follow it up to the next blank line.
    let mut explained = false;
    let mut undocumented = Vec::new();
    let config = read(&root().join("config.toml"));
    let mut section = "";
    for line in config.lines() {
        if line.starts_with('#') {
            explained = true;
        } else if line.starts_with('[') {
            // Another entry of a list is explained by the first.
            explained = explained || line == section;
            section = line;
        } else if line.is_empty() {
            explained = false;
        } else if !explained && line.contains('=') {
            undocumented.push(line);
        }
    }
    assert!(undocumented.is_empty(), "config.toml explains each key: {undocumented:?}");
}
