//! What a zip of many conversations holds: a folder for each, with a name that people can read, and a list of them.

use std::collections::HashSet;

use hotline_actors::Timestamp;
use serde::Serialize;

use super::{shown, transcript::Summary};
use crate::{calendar::Calendar, wording};

/// Characters of a name in the name of a folder.
const NAME_CHARS_MAX: usize = 20;
/// Characters of the conversation's id, or of its code name, that tell folders of the same people apart.
const ID_CHARS: usize = 8;

/// A conversation in the list.
#[derive(Debug, Serialize)]
pub(super) struct Indexed {
    pub(super) folder: String,
    /// The talks with supervisors about it that lie beside it.
    pub(super) supervisions: usize,
    #[serde(flatten)]
    pub(super) summary: Summary,
}

/// Gives folders their names, each once.
#[derive(Debug, Default)]
pub(super) struct Folders(HashSet<String>);

impl Folders {
    /// When it was, who it was, and the end of its id.
    pub(super) fn name(&mut self, summary: &Summary, calendar: &Calendar) -> String {
        let at = summary.start_time.unwrap_or(summary.created_time);
        let at = calendar.format(Timestamp(at), "%Y-%m-%d %H%M");
        let people = [Some(summary.user.as_str()), summary.counselor.as_deref()];
        let people: Vec<String> =
            people.into_iter().flatten().map(|name| shown::file_name(name, NAME_CHARS_MAX)).collect();
        let named = |id: &str| format!("{at} {} {id}", wording::export::people(&people));
        let letters = summary.id.chars().count();
        let end: String = summary.id.chars().skip(letters.saturating_sub(ID_CHARS)).collect();
        let short = named(&end);
        // Not seen yet, but two ids may end alike. Windows does not tell capitals apart.
        let name = if self.0.contains(&short.to_lowercase()) { named(&summary.id) } else { short };
        self.0.insert(name.to_lowercase());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::transcript::tests::summary;

    #[test]
    fn a_folder_is_found_by_its_day_and_people_and_is_one_on_every_system() {
        let calendar = Calendar::new("Asia/Shanghai");
        let mut folders = Folders::default();
        let mut name =
            |user: &str, counselor, id: &str| folders.name(&summary(user, counselor, id), &calendar);
        let lin = Some("林晓雨");
        assert_eq!(
            name("小雨", lin, "4028811e7b15c999017b15cd6e02000a"),
            "2021-08-20 2049 小雨 与 林晓雨 6e02000a"
        );
        assert_eq!(
            name("访客 12", None, "4028811e7b15c999017b15cd6e02000b"),
            "2021-08-20 2049 访客 12 6e02000b"
        );
        let same = "5028811e7b15c999017b15cd6e02000a";
        assert_eq!(name("小雨", lin, same), format!("2021-08-20 2049 小雨 与 林晓雨 {same}"));
        let forged = name("../../etc/passwd\\con:\u{202e}", lin, "00000000000000000000000000000001");
        assert_eq!(forged, "2021-08-20 2049 _.._etc_passwd_con 与 林晓雨 00000001");
        let long = name(&"长".repeat(200), Some(&"短".repeat(200)), "00000000000000000000000000000002");
        assert!(long.chars().count() < 80, "{long}");
    }
}
