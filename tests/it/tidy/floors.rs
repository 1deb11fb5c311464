//! The floors of `src/`: a room imports only from lower floors. So there is no circle, and whoever changes a room knows who
//! can notice: those above it.

use std::{collections::BTreeMap, path::Path};

use super::{broken_lines, read, root, rust_files};

/// From the top down. ARCHITECTURE.md says what each room is.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    // The only one that knows everything.
    &["app"],
    &["http"],
    // What goes out, for `http/` alone: what lies below says with its own words why something did not happen.
    &["answer"],
    // Use cases over all that follows, and what fills a server with demo people.
    &["accounts", "demo"],
    // What is outside, or acts on it: Tencent's IM and ours, WeChat; shifts, of which dispatch is told.
    &["shifts", "im", "wechat"],
    &["consumers", "institutions"],
    &["check", "export", "metrics", "statistics", "store"],
    // The domain, read and written.
    &["conversations", "messages"],
    &["evaluations", "rights"],
    &["people"],
    &["auth", "database", "retention", "secrets", "telemetry"],
    &["config"],
    // Which of several servers this is; who somebody is; what comes in.
    &["cluster", "identity", "images", "params"],
    // The ground.
    &["address", "audit", "calendar", "clock", "errors", "outbound", "text", "wire", "wording"],
];

/// One room's use of another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    line: usize,
    room: String,
}

/// Lower floors have lower numbers.
fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().rev().position(|floor| floor.contains(&room))
}

/// The room that a file of `src/` belongs to, and how many modules deep it stands in the crate.
fn place(path: &Path) -> (String, usize) {
    let inside = path.strip_prefix(root().join("src")).expect("a file of src/").with_extension("");
    let parts: Vec<&str> = inside.iter().map(|part| part.to_str().expect("a name in UTF-8")).collect();
    (parts[0].to_owned(), parts.len())
}

/// Comments become blanks, so that lines keep their numbers.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find("//") {
        // In a text (`https://…`) it is no comment, and what follows there is no import either.
        Some(at) => &line[..at],
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of a list `a::b, c::{d, e}, f}…`, up to the brace that closes it, with where each begins.
fn listed(list: &str) -> Vec<(usize, &str)> {
    let (mut depth, mut begins, mut found) = (0, true, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if c.is_whitespace() => {}
            _ if begins && depth == 0 => {
                found.push((at, name(&list[at..])));
                begins = false;
            }
            _ => {}
        }
    }
    found
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What a file takes from the root of the crate: by `crate::`, by `hotline::` in the program, or by climbing out of its
/// room with `super::`. `depth` is how many modules deep the file stands.
fn imports(text: &str, depth: usize) -> Vec<Import> {
    let text = without_comments(text);
    let mut found = Vec::new();
    let mut note = |at: usize, room: &str| {
        let line = text[..at].matches('\n').count() + 1;
        found.push(Import { line, room: room.to_owned() });
    };
    let outside = ["super::".repeat(depth), "super::".repeat(depth + 1)];
    for way in ["crate::", "hotline::"].into_iter().chain(outside.iter().map(String::as_str)) {
        for (at, _) in text.match_indices(way) {
            let before = &text[..at];
            if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            // Within a module of tests in the file, as many lead to the file itself.
            let is_indented = before.rsplit('\n').next().is_some_and(|line| line.starts_with(' '));
            if way == outside[0] && is_indented {
                continue;
            }
            let after = at + way.len();
            let Some(list) = text[after..].strip_prefix('{') else {
                note(after, name(&text[after..]));
                continue;
            };
            for (begin, room) in listed(list) {
                note(after + 1 + begin, room);
            }
        }
    }
    found.sort();
    found
}

/// The imports of a room that lead to its own floor or up, each with what is wrong about it.
fn going_up(room: &str, imports: Vec<Import>) -> Vec<(usize, String)> {
    let here = floor(room);
    let up = imports.into_iter().filter(|import| import.room != room);
    // What is no room is a macro, or an item of lib.rs.
    let up = up.filter(|import| floor(&import.room).is_some_and(|there| Some(there) >= here));
    up.map(|import| (import.line, format!("{room} imports {}", import.room))).collect()
}

#[test]
fn every_room_has_one_floor() {
    let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
    for path in rust_files(&["src"]) {
        rooms.entry(place(&path).0).or_default();
    }
    rooms.remove("lib");
    for room in FLOORS.iter().flat_map(|floor| floor.iter()) {
        let known = rooms.get_mut(*room).unwrap_or_else(|| panic!("there is no src/{room}.rs any more"));
        *known += 1;
    }
    let lost: Vec<_> = rooms.iter().filter(|(_, floors)| **floors != 1).collect();
    assert!(lost.is_empty(), "each room of src/ stands once in the table above: {lost:?}");
}

#[test]
fn a_room_imports_only_from_lower_floors() {
    let (mut seen, mut broken) = (0, Vec::new());
    for path in rust_files(&["src"]) {
        let (room, depth) = place(&path);
        if room == "lib" {
            continue;
        }
        let imports = imports(&read(&path), depth);
        seen += imports.len();
        let file = path.strip_prefix(root()).expect("it lies below the root").display();
        broken.extend(
            going_up(&room, imports).into_iter().map(|(line, what)| format!("{file}:{line}: {what}")),
        );
    }
    assert!(seen > 500, "the files were read, and {seen} imports were found");
    assert!(broken.is_empty(), "an import goes up (see the table above):\n{}", broken.join("\n"));
}

/// What the wire says is known where it is said. `wording` has the sentences, and no room below `http/` takes them.
const OF_THE_WIRE: [&str; 5] = ["Sentence", "Language", "StatusCode", "HttpResponse", "ResponseError"];

#[test]
fn below_http_nobody_knows_sentences_codes_or_statuses() {
    let mut below = rust_files(&["src"]);
    below.retain(|path| {
        let (room, _) = place(path);
        room != "wording" && room != "lib" && floor(&room) < floor("answer")
    });
    assert!(below.len() > 100, "the rooms below `http/` were found: {}", below.len());
    let broken = broken_lines(&below, &OF_THE_WIRE);
    assert!(
        broken.is_empty(),
        "say it with an enum of the room, and put its sentence into src/http/refusals.rs:\n{}",
        broken.join("\n")
    );
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "
use crate::{
    text::{self, echo}, // crate::nothing
    people::{
        view::{PersonView, view},
        Person,
    },
    clock,
};
use super::super::store::text_of;
use hotline_actors::{auth, rights};
fn f() -> crate::wechat::App { open(\"https://crate::demo\") }
mod tests {
    use super::super::export;
    use super::super::super::im;
}
";
    let found: Vec<(usize, String)> =
        imports(text, 2).into_iter().map(|import| (import.line, import.room)).collect();
    let expected = [(3, "text"), (4, "people"), (8, "clock"), (10, "store"), (12, "wechat"), (15, "im")];
    assert_eq!(found, expected.map(|(line, room)| (line, room.to_owned())));
    let up =
        |room: &str| going_up(room, imports(text, 2)).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(up("http"), Vec::<usize>::new());
    assert_eq!(up("store"), [12, 15], "its own, and what is below, is no matter");
    assert_eq!(up("config"), [4, 10, 12, 15]);
}
