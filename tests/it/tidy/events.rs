//! The checker of the torture shares no code with the server, so that it knows every kind of event is seen to here.

use super::{read, root};

/// The words between quotes that stand where `pattern` is, once a line.
fn words<'a>(source: &'a str, pattern: impl Fn(&'a str) -> Option<&'a str>) -> Vec<&'a str> {
    let mut words: Vec<_> = source.lines().filter_map(pattern).collect();
    words.sort_unstable();
    words
}

#[test]
fn the_checker_knows_every_kind_of_event() {
    let server = read(&root().join("actors/src/dispatch/event.rs"));
    let function = server.split_once("pub fn name(").expect("kinds have names").1;
    let function = function.split_once("\n    }\n").expect("the function ends").0;
    let named = words(function, |line| line.split('"').nth(1));
    assert!(named.len() >= 15, "the kinds are read: {named:?}");

    let checker = read(&root().join("torture/src/checker.rs"));
    let known = words(&checker, |line| {
        let line = line.trim().strip_prefix('"')?;
        line.split_once("\" => Self::").map(|(word, _)| word)
    });
    assert_eq!(
        known, named,
        "torture/src/checker.rs takes apart every kind that actors/src/dispatch/event.rs has, and no other"
    );
}
