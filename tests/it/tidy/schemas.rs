//! The OpenAPI document keeps its schemas by name: of two of one name it would silently keep the last.

use std::collections::BTreeMap;

use super::{read, rust_files};

/// The name behind the keyword of a declaration.
fn declared(line: &str) -> Option<&str> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.skip_while(|word| !matches!(*word, "struct" | "enum")).nth(1)
}

#[test]
fn no_two_schemas_have_one_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rust_files(&["src", "actors/src"]) {
        let source = read(&path);
        let mut add =
            |name: &str| places.entry(name.to_owned()).or_default().push(path.display().to_string());
        let mut lines = source.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if let Some(words) = line.strip_prefix("words!(") {
                add(words.split(' ').next().unwrap_or_default());
            } else if line.starts_with("#[derive(") && line.contains("ToSchema") {
                let declaration = lines.by_ref().take_while(|line| !line.is_empty());
                let mut renamed = None;
                for line in declaration {
                    renamed = line
                        .split_once("schema(as = ")
                        .and_then(|(_, name)| name.strip_suffix(")]"))
                        .or(renamed);
                    if let Some(name) = declared(line).filter(|_| !line.starts_with(['#', '/'])) {
                        add(renamed.unwrap_or(name));
                        break;
                    }
                }
            }
        }
    }
    assert!(places.len() > 60, "the declarations are found: {}", places.len());
    let doubled: Vec<_> = places.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(doubled.is_empty(), "schemas of one name: {doubled:#?}");
}
