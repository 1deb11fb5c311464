//! Text that people read stands in `src/wording/`, by key, and nowhere else in the server.

use super::{ending, files, read, root};

/// Where such text may stand: its home, and what the made-up people of the demo are called and say.
const HOMES: [&str; 4] = ["src/wording.rs", "src/wording/", "src/demo.rs", "src/demo/"];

/// Characters of Chinese, with the marks that belong to it.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// The texts in the code of a file, each with the line it begins in. Not those of comments, of single characters, of tests,
/// and of attributes: these describe the interface to whoever writes a client, beside the handler.
fn texts(file: &str) -> Vec<(usize, String)> {
    let ends =
        ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub(super) mod tests {"].map(|tests| file.find(tests));
    let code: Vec<char> = file[..ends.into_iter().flatten().min().unwrap_or(file.len())].chars().collect();
    let at = |index: usize| code.get(index).copied().unwrap_or('\n');
    let (mut found, mut here, mut line, mut attribute) = (Vec::new(), 0, 1, 0_usize);
    while here < code.len() {
        let begin = here;
        here = match at(here) {
            '/' if at(here + 1) == '/' => {
                (here..code.len()).find(|index| at(*index) == '\n').unwrap_or(code.len())
            }
            '\'' if at(here + 1) == '\\' => after_quote(&code, here + 1, '\''),
            '\'' if at(here + 2) == '\'' => here + 3,
            '"' => after_quote(&code, here + 1, '"'),
            'r' if at(here + 1) == '"' || (at(here + 1) == '#' && matches!(at(here + 2), '"' | '#')) => {
                after_raw(&code, here + 1)
            }
            '#' if at(here + 1) == '[' && attribute == 0 => {
                attribute = 1;
                here + 2
            }
            '[' if attribute > 0 => {
                attribute += 1;
                here + 1
            }
            ']' if attribute > 0 => {
                attribute -= 1;
                here + 1
            }
            _ => here + 1,
        };
        if attribute == 0 && matches!(at(begin), '"' | 'r') && here > begin + 1 {
            found.push((line, code[begin..here.min(code.len())].iter().collect()));
        }
        line += code[begin..here.min(code.len())].iter().filter(|c| **c == '\n').count();
    }
    found
}

/// Behind the quote that ends what began before `from`.
fn after_quote(code: &[char], mut from: usize, quote: char) -> usize {
    while from < code.len() && code[from] != quote {
        from += if code[from] == '\\' { 2 } else { 1 };
    }
    from + 1
}

/// Behind a raw text, of which `from` is what follows its `r`.
fn after_raw(code: &[char], from: usize) -> usize {
    let hashes = code[from..].iter().take_while(|c| **c == '#').count();
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let inside = from + hashes + 1;
    let length = code.get(inside..).unwrap_or_default().windows(end.len()).position(|window| window == end);
    length.map_or(code.len(), |length| inside + length + end.len())
}

#[test]
fn text_that_people_read_stands_in_wording_alone() {
    let (mut seen, mut broken) = (0, Vec::new());
    for path in files(&root().join("src")) {
        let name =
            path.strip_prefix(root()).expect("it lies below the root").to_str().expect("a name in UTF-8");
        if HOMES.iter().any(|home| name.starts_with(home))
            || name.contains("/tests")
            || name.contains("/snapshots/")
        {
            continue;
        }
        let text = read(&path);
        let found = if ending(name) == "rs" { texts(&text) } else { vec![(1, text)] };
        seen += found.len();
        let chinese = found.iter().filter(|(_, text)| text.contains(is_chinese));
        broken.extend(
            chinese
                .map(|(line, text)| format!("{name}:{line}: {}", text.chars().take(60).collect::<String>())),
        );
    }
    assert!(seen > 1500, "the files were read, and {seen} texts were found");
    assert!(broken.is_empty(), "give it a key in src/wording/:\n{}", broken.join("\n"));
}

#[test]
fn texts_are_found_in_every_form() {
    let file = r##"
//! "注释"
#[utoipa::path(params(("id" = String, description = "会话id")), tags = ["一"])]
fn f<'a>(text: &'a str) -> char {
    g("一\"二", '"', '字', b'\'', r#"三"四"#); // "五"
    let told = "several
lines"; h("六")
}
#[cfg(test)]
mod tests {
    const A: &str = "七";
}
"##;
    let found = texts(file);
    let expected = [(5, r#""一\"二""#), (5, r##"r#"三"四"#"##), (6, "\"several\nlines\""), (7, "\"六\"")];
    assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
}
