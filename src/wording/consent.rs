//! What a visitor agrees to before they ask for a conversation.

use std::sync::LazyLock;

use serde_json::Value;

/// The consent text of the interface document's section 39, whole, as rich text.
pub static CONSENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("consent.json")).expect("consent.json is JSON"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_consent_text_is_whole_and_its_punctuation_restored() {
        let children = CONSENT[0]["children"].as_array().expect("a paragraph with children");
        let breaks = children.iter().filter(|child| child["name"] == "br").count();
        let texts: Vec<&str> = children.iter().filter_map(|child| child["text"].as_str()).collect();
        assert_eq!((children.len(), breaks, texts.len()), (33, 16, 17));
        let damaged = |text: &&&str| text.contains([',', ':', ';', '(', ')', '!', '·']);
        assert_eq!(texts.iter().find(damaged), None);
    }
}
