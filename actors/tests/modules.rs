//! What each module of the domain knows of the others, read from their imports. No two of them know each other, not even
//! by a detour: so each can be read and changed with only those in mind that it imports.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// For each module, the modules that it imports, and the file and line where it does.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, with the path of its module from the crate's root.
fn modules_of(folder: &Path, path: &[String]) -> Vec<(PathBuf, Vec<String>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources can be listed") {
        let file = entry.expect("the sources can be listed").path();
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name in ASCII").to_owned();
        let module: Vec<String> = path.iter().cloned().chain([name]).collect();
        if file.is_dir() {
            found.extend(modules_of(&file, &module));
        } else {
            found.push((file, module));
        }
    }
    found
}

/// The same text without comments: a comment may speak of what it likes.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What is named right behind a path such as `crate::`: one name, or several in braces. With where each stands.
fn named_behind(text: &str, at: usize) -> Vec<(usize, &str)> {
    if !text[at..].starts_with('{') {
        return vec![(at, first_word(&text[at..]))];
    }
    let (mut depth, mut expects_name, mut named) = (0, false, Vec::new());
    for (offset, c) in text[at..].char_indices() {
        match c {
            '{' => {
                depth += 1;
                expects_name = depth == 1;
            }
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' => expects_name = depth == 1,
            c if expects_name && !c.is_whitespace() => {
                named.push((at + offset, first_word(&text[at + offset..])));
                expects_name = false;
            }
            _ => {}
        }
    }
    named
}

/// The names that the crate's root hands on (`pub use`), each with its module.
fn handed_on(root: &str) -> BTreeMap<&str, &str> {
    let uses = root.split("pub use ").skip(1);
    uses.flat_map(|rest| {
        let (module, names) = rest.split(';').next().unwrap_or_default().split_once("::").expect("a path");
        names.trim_matches(['{', '}']).split(',').map(move |name| (name.trim(), module))
    })
    .collect()
}

fn imports() -> Imports {
    let files = modules_of(&source(), &[]);
    let modules: BTreeSet<&str> = files.iter().map(|(_, module)| module[0].as_str()).collect();
    let root = without_comments(&fs::read_to_string(source().join("lib.rs")).expect("the root is there"));
    let handed_on = handed_on(&root);
    let mut imports = Imports::new();
    for (file, module) in files.iter().filter(|(_, module)| module[0] != "lib") {
        let text = without_comments(&fs::read_to_string(file).expect("a source file can be read"));
        // From here, as many `super::` lead to the crate's root.
        let upwards = "super::".repeat(module.len());
        let paths = ["crate::", upwards.as_str()];
        let known = imports.entry(module[0].clone()).or_default();
        for (at, name) in paths
            .iter()
            .flat_map(|path| text.match_indices(path).map(|(at, path)| at + path.len()))
            .flat_map(|at| named_behind(&text, at))
        {
            let name = handed_on.get(name).copied().unwrap_or(name);
            if modules.contains(name) && name != module[0] {
                let line = text[..at].matches('\n').count() + 1;
                let file = file.strip_prefix(source()).expect("it lies below").display();
                known.entry(name.to_owned()).or_insert_with(|| format!("{file}:{line}"));
            }
        }
    }
    imports
}

/// The shortest way from a module back to itself, if there is one.
fn circle_of(module: &str, imports: &Imports) -> Option<Vec<String>> {
    let mut ways = vec![vec![module.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in imports.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
                let way: Vec<String> = way.iter().cloned().chain([next.clone()]).collect();
                if next == module {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn no_two_modules_know_each_other() {
    let imports = imports();
    let registry: BTreeSet<&str> = imports["registry"].keys().map(String::as_str).collect();
    assert!(
        ["conversation", "counselor", "dispatch", "protocol", "time", "visitor"]
            .iter()
            .all(|module| registry.contains(module)),
        "the imports were read: {registry:?}"
    );
    let mut circles = Vec::new();
    for module in imports.keys() {
        if let Some(circle) = circle_of(module, &imports) {
            let steps =
                circle.windows(2).map(|step| format!("{} ({})", step[1], imports[&step[0]][&step[1]]));
            circles.push(format!("{module} -> {}", steps.collect::<Vec<_>>().join(" -> ")));
        }
    }
    assert!(circles.is_empty(), "modules of actors/src that know each other:\n{}", circles.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::{\n    a::{b, c},\n    d,\n};\nlet x = crate::e::f();";
    let found: Vec<&str> = text
        .match_indices("crate::")
        .flat_map(|(at, path)| named_behind(text, at + path.len()))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(found, ["a", "d", "e"]);
    assert_eq!(handed_on("pub use a::{B, C};\npub use d::E;").get("C"), Some(&"a"));
}
