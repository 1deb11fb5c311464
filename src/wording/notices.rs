//! What the two in a talk are told by us. The sentences stand once, in `web/src/i18n/notices.json`: the pages show them in
//! their reader's language, the record and IM get the Chinese.

use std::{collections::BTreeMap, sync::LazyLock};

use hotline_actors::dispatch::event::Notice;
use serde::Deserialize;

/// By kind, and how minutes and seconds are put into them.
static SENTENCES: LazyLock<BTreeMap<String, Words>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../web/src/i18n/notices.json")).expect("notices.json has its form")
});

#[derive(Deserialize)]
struct Words {
    zh: String,
}

/// The sentence of `notice`.
pub fn text_of(notice: Notice) -> String {
    let text = |key: &str| &SENTENCES.get(key).expect("a test asks for the sentence of every kind").zh;
    let left = |seconds: u32| match seconds % 60 {
        0 => text("minutes").replace("{n}", &(seconds / 60).to_string()),
        _ => text("seconds").replace("{n}", &seconds.to_string()),
    };
    let sentence = text(notice.kind());
    notice.seconds().map_or_else(|| sentence.clone(), |seconds| sentence.replace("{left}", &left(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = include_str!("../../docs/contract.md");

    /// All kinds there are, as serde lists them for one that there is not.
    fn every_kind() -> Vec<String> {
        let error = serde_json::from_str::<Notice>(r#"{"notice":"?"}"#).expect_err("none is called so");
        let error = error.to_string();
        let listed = error.split_once("expected").expect("the kinds there are").1;
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_notice_has_its_sentence_and_its_place_in_the_contract() {
        assert!(every_kind().len() > 1, "the kinds were found");
        for kind in every_kind() {
            let words = SENTENCES.get(&kind).unwrap_or_else(|| panic!("notices.json has no {kind}"));
            assert!(!words.zh.is_empty(), "{kind}");
            let named = format!("notice `{kind}`");
            assert!(CONTRACT.contains(&named), "docs/contract.md 5 says nothing of the {named}");
        }
    }

    #[test]
    fn seconds_are_said_as_minutes_where_they_are_whole() {
        let limit = |ahead_seconds| text_of(Notice::Limit { index: 0, ahead_seconds });
        assert_eq!(limit(600), "本次咨询将在10分钟后结束。");
        assert_eq!(limit(57), "本次咨询将在57秒后结束。");
        assert_eq!(text_of(Notice::Silence), "请问还有什么需要继续咨询的吗？");
    }
}
