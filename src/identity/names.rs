//! User names. They are IM accounts too, so they follow Tencent's rule (docs/protocols.md 1) as well as ours.

use hotline_actors::PersonId;

/// 2 to 32 of letters, digits, `_` and `-`: what an account may be called at all.
pub fn is_account(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether staff may be called so. Not like the IM administrator, and not like an id, which callbacks may carry instead.
pub fn is_free_for_staff(text: &str, im_administrator: &str) -> bool {
    is_account(text)
        && !text.eq_ignore_ascii_case("administrator")
        && !text.eq_ignore_ascii_case(im_administrator)
        && text.parse::<PersonId>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_follow_the_rule_of_tencent_and_ours() {
        for good in ["ab", "ecnu_admin", "o92QK5j3QuMqvOnGFsDXH23e6ihg", "a-b", &"a".repeat(32)] {
            assert!(is_account(good), "{good}");
        }
        for bad in ["", "a", "a b", "张三", "a.b", "a\0b", &"a".repeat(33)] {
            assert!(!is_account(bad), "{bad}");
        }
    }

    #[test]
    fn staff_are_not_called_like_ids_or_the_im_administrator() {
        assert!(is_free_for_staff("zixunshi1", "boss"));
        for bad in ["administrator", "Administrator", "boss", "608260fd5e4bc35def72b735608260fd"] {
            assert!(!is_free_for_staff(bad, "boss"), "{bad}");
        }
    }
}
