//! How numbers and addresses of staff look. Of visitors only lengths are checked (docs/contract.md 2).

use jiff::civil::Date;

/// Digits of the world's longest numbers (E.164).
const DIGITS_MAX: usize = 15;

/// A telephone number: digits, with single blanks, hyphens or brackets between them. Beyond a leading `+`, what begins
/// with 1 is a mobile number or a short one of a service, and what begins with 0 has an area code and perhaps an extension.
pub(super) fn is_phone(text: &str) -> bool {
    let (abroad, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let is_plain = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'));
    let begins = rest.starts_with(|c: char| c.is_ascii_digit() || c == '(');
    let ends = rest.ends_with(|c: char| c.is_ascii_digit());
    if !is_plain || !begins || !ends || has_double_sign(rest) {
        return false;
    }
    let is_mobile = digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]);
    match digits.bytes().next() {
        _ if abroad => (8..=DIGITS_MAX).contains(&digits.len()),
        Some(b'1') => is_mobile || (3..=6).contains(&digits.len()),
        Some(b'0') => (10..=DIGITS_MAX + 1).contains(&digits.len()),
        Some(_) => (5..=DIGITS_MAX).contains(&digits.len()),
        None => false,
    }
}

/// Whether two signs stand side by side, other than after a bracket.
fn has_double_sign(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    signs.windows(2).any(|pair| matches!(pair, [' ' | '-', ' ' | '-']))
}

/// An address such as `zhang@ecnu.edu.cn`: what every mail server takes, without quotes and comments.
pub(super) fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let is_user = (1..=64).contains(&user.len())
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b))
        && !user.starts_with('.')
        && !user.ends_with('.')
        && !user.contains("..");
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    is_user && host.contains('.') && host.split('.').all(is_label)
}

/// A citizen's or resident's number of eighteen characters (GB 11643): region, date of birth, order, check character.
pub(super) fn is_identity_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let bytes = text.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) || bytes[0] == b'0' {
        return false;
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = usize::try_from(sum % 11).ok().and_then(|rest| CHECKS.get(rest));
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let born = (|| {
        let (month, day) = (i8::try_from(number(10..12)?).ok()?, i8::try_from(number(12..14)?).ok()?);
        Date::new(number(6..10)?, month, day).ok()
    })();
    check == Some(&bytes[17].to_ascii_uppercase()) && born.is_some_and(|born| born.year() >= 1900)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_mobile_or_fixed_or_abroad() {
        for good in [
            "13823456789",
            "138 2345 6789",
            "138-2345-6789",
            "+86 138 2345 6789",
            "021-62233333",
            "(021) 62233333",
            "02162233333",
            "0579-82283333",
            "021-62233333-8001",
            "62233333",
            "12356",
            "110",
            "+852 2123 4567",
            "400-820-8820",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "1382345678",
            "138234567890",
            "12823456789",
            "1",
            "abc",
            "138a2345678",
            "13823456789x",
            "+",
            "+1234567",
            "138--23456789",
            "-13823456789",
            "13823456789-",
            "１３８２３４５６７８９",
            "021",
            "+86138234567890123",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_have_a_user_and_a_host() {
        for good in ["zhang@ecnu.edu.cn", "a.b+c@mail.example.org", "x@中心.中国"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "zhang",
            "@ecnu.edu.cn",
            "zhang@",
            "zhang@ecnu",
            "zhang@ecnu..cn",
            "a b@c.cn",
            "a@b@c.cn",
            ".a@b.cn",
            "a..b@c.cn",
            "a@-b.cn",
            "张@b.cn",
            "<a@b.cn>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn an_identity_number_has_a_date_and_a_check_character() {
        for good in ["43230019950616001X", "43230019950616001x", "11010519491231002X", "440101199001011233"] {
            assert!(is_identity_number(good), "{good}");
        }
        for bad in [
            "",
            "432300199506160010",
            "43230019950616001",
            "43230019950631001X",
            "11010518491231002X",
            "4323001995061600１X",
            "X3230019950616001X",
            "43230019950616001X ",
            "432300950616001",
        ] {
            assert!(!is_identity_number(bad), "{bad}");
        }
    }
}
