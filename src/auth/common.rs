//! Passwords that everybody tries first. `common_passwords.txt` keeps them, a line each, the commonest first: those that
//! lists of stolen passwords agree about, what people in China choose, and what lies near in this house.

use std::{collections::HashSet, sync::LazyLock};

use md5::{Digest, Md5};

const KEPT: &str = include_str!("common_passwords.txt");
/// Whoever is told to choose another adds one of these.
const ENDINGS: [&str; 3] = ["", "1", "123"];

/// By their MD5, since that is all we are ever told. Computed when somebody first sets a password.
static COMMON: LazyLock<HashSet<[u8; 16]>> = LazyLock::new(|| {
    let md5 = |text: &str, ending: &str| Md5::new().chain_update(text).chain_update(ending).finalize().into();
    let mut common = HashSet::from([md5("", "")]);
    for kept in KEPT.lines() {
        let capital = capitalised(kept);
        for ending in ENDINGS {
            common.insert(md5(kept, ending));
            common.insert(md5(&capital, ending));
        }
    }
    common
});

/// Whether this is the MD5 of nothing, or of one of the commonest passwords.
pub(super) fn is_common(md5: &str) -> bool {
    hex::decode(md5).is_ok_and(|md5| COMMON.contains(md5.as_slice()))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::md5_of;

    #[test]
    fn the_list_is_long_and_says_nothing_twice() {
        let lines: Vec<&str> = KEPT.lines().collect();
        assert!(lines.len() > 3000, "{}", lines.len());
        assert_eq!(lines.iter().collect::<HashSet<_>>().len(), lines.len());
        assert!(lines.iter().all(|line| !line.is_empty() && line.trim() == *line));
    }

    #[test]
    fn what_everybody_tries_first_is_known_and_others_are_not() {
        for common in [
            "",
            "123456",
            "password",
            "Password1",
            "qwerty123",
            "woaini1314",
            "5201314",
            "admin888",
            "ecnu123",
            "iloveyou",
        ] {
            assert!(is_common(&md5_of(common)), "{common}");
            assert!(is_common(&md5_of(common).to_uppercase()), "{common}");
        }
        for other in ["hotline-demo", "hotline-test", "correct horse battery staple", "Zk3#vP9q", "123456 "] {
            assert!(!is_common(&md5_of(other)), "{other}");
        }
        assert!(!is_common("no MD5") && !is_common(""));
    }
}
