//! Names, numbers and ids replaced by code names. A code is the same wherever the same thing stands, in every export of
//! this server, and leads back to it only with the server's key. What people say of themselves in their own words can
//! still tell who they are: a disguised record stays confidential.

use hotline_actors::PersonId;

use crate::{
    identity::AccountKind,
    people::Person,
    secrets::Sealer,
    wording::{export, people},
};

/// Digits that may be a phone number, an identity number or an account.
const NUMBER_DIGITS_MIN: usize = 6;
/// Characters of a name that is looked for in words; a single one is too often something else.
const NAME_CHARS_MIN: usize = 2;
/// Letters of a code: 40 bits.
const CODE_LETTERS: usize = 10;

/// How a conversation's people and numbers are disguised.
#[derive(Clone)]
pub(super) struct Disguise {
    sealer: Sealer,
    /// What is looked for in words, and what stands there instead; the longest first.
    names: Vec<(String, String)>,
}

impl Disguise {
    pub(super) fn new(sealer: Sealer, people: &[&Person]) -> Self {
        let mut disguise = Self { sealer, names: Vec::new() };
        for person in people {
            let code = disguise.person(person);
            for name in names_of(person) {
                disguise.names.push((name, code.clone()));
            }
        }
        // Of two people of one name always the same is meant, so that the same words become the same.
        disguise.names.sort_by(|(a, b), (c, d)| (c.chars().count(), a, b).cmp(&(a.chars().count(), c, d)));
        disguise
    }

    /// A person's code name.
    pub(super) fn person(&self, person: &Person) -> String {
        let label = match person.kind {
            AccountKind::Visitor => people::VISITOR,
            AccountKind::Counselor => people::COUNSELOR,
            AccountKind::Supervisor => people::SUPERVISOR,
            AccountKind::Institution | AccountKind::System => people::ADMINISTRATOR,
        };
        let PersonId(id) = person.id;
        self.code(label, &id.simple().to_string())
    }

    /// A conversation's code name; plain letters, for names of files.
    pub(super) fn conversation(&self, id: &str) -> String {
        self.code("C", id)
    }

    /// Letters only, so that no code can be taken for a number or an id.
    fn code(&self, label: &str, what: &str) -> String {
        let hash = self.sealer.find_hash(&format!("export:{label}:{what}"));
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let letters: String = nibbles.take(CODE_LETTERS).map(|nibble| char::from(b'A' + nibble)).collect();
        format!("{label}-{letters}")
    }

    /// Words without the names, numbers, addresses and ids in them, as far as such can be told from words.
    pub(super) fn words(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, code) in &self.names {
            text = replaced(&text, name, code);
        }
        self.tokens(&text)
    }

    /// Runs of digits, and runs of Latin letters and digits that are no words.
    fn tokens(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while at < chars.len() {
            let token = chars[at..].iter().take_while(|c| is_part_of_token(**c)).count();
            if token == 0 {
                let number = number_at(&chars[at..]);
                if number > 0 {
                    out.push_str(&self.number(&chars[at..at + number]));
                    at += number;
                } else {
                    out.push(chars[at]);
                    at += 1;
                }
                continue;
            }
            let word: String = chars[at..at + token].iter().collect();
            let number = number_at(&chars[at..]);
            if number >= token {
                out.push_str(&self.number(&chars[at..at + number]));
                at += number;
            } else {
                out.push_str(&self.word(&word));
                at += token;
            }
        }
        out
    }

    fn number(&self, chars: &[char]) -> String {
        let digits: String = chars.iter().filter_map(|c| digit(*c)).collect();
        self.code(export::NUMBER_CODE, &digits)
    }

    /// A word of Latin letters, digits and a few signs.
    fn word(&self, word: &str) -> String {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let has_letters = word.chars().any(|c| c.is_ascii_alphabetic());
        let is_address = word.find('@').is_some_and(|at| at > 0 && at + 1 < word.len());
        if is_address {
            self.code(export::ADDRESS_CODE, word)
        } else if digits >= NUMBER_DIGITS_MIN || (has_letters && digits >= 3 && word.len() >= 6) {
            self.code(export::NUMBER_CODE, word)
        } else {
            word.to_owned()
        }
    }
}

/// `text` with `code` wherever `name` stands. One that ends in a digit is not found in a longer number: `访客 1` is nobody
/// in `访客 12`.
fn replaced(text: &str, name: &str, code: &str) -> String {
    let is_numbered = name.ends_with(|c: char| c.is_ascii_digit());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let is_longer = is_numbered && after.starts_with(|c: char| c.is_ascii_digit());
        out.push_str(before);
        out.push_str(if is_longer { name } else { code });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What a person may be called in words: name, given name, number, user name, id.
fn names_of(person: &Person) -> Vec<String> {
    let mut names = vec![person.username.clone(), person.id.to_string()];
    names.extend(person.visitor_number.map(people::numbered_visitor));
    if let Some(name) = &person.name {
        let letters: Vec<char> = name.chars().collect();
        let is_han = letters.iter().all(|c| ('\u{4e00}'..='\u{9fff}').contains(c));
        if is_han && (3..=4).contains(&letters.len()) {
            names.push(letters[letters.len() - 2..].iter().collect());
        }
        names.push(name.clone());
    }
    names.retain(|name| name.chars().count() >= NAME_CHARS_MIN);
    names
}

/// A digit, also one as wide as a Chinese letter.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        _ => None,
    }
}

fn is_part_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '.' | '+')
}

/// How many characters from here on are one number: digits with at most one sign between two of them, enough to be
/// somebody's, with the X that ends some identity numbers.
fn number_at(chars: &[char]) -> usize {
    let (mut digits, mut end, mut gap) = (0, 0, 0);
    for (index, c) in chars.iter().enumerate() {
        if digit(*c).is_some() {
            (digits, end, gap) = (digits + 1, index + 1, 0);
        } else if digits == 0 && index == 0 && *c == '+' {
            // A country's code follows.
        } else if digits > 0 && gap == 0 && matches!(c, '-' | ' ' | '－' | '　' | '.') {
            gap = 1;
        } else {
            break;
        }
    }
    if digits < NUMBER_DIGITS_MIN {
        return 0;
    }
    let ends_with_x = matches!(chars.get(end), Some('x' | 'X'));
    if ends_with_x { end + 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    fn disguise(names: &[(&str, &str)]) -> Disguise {
        let names = names.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect();
        Disguise { sealer: Sealer::new(&defaults().secrets), names }
    }

    #[test]
    fn numbers_go_however_they_are_written() {
        let disguise = disguise(&[]);
        let code = disguise.code("号码", "13823456789");
        for written in ["13823456789", "138 2345 6789", "138-2345-6789", "１３８２３４５６７８９"]
        {
            assert_eq!(disguise.words(&format!("我的电话{written}，谢谢")), format!("我的电话{code}，谢谢"));
        }
        let hidden =
            disguise.words("身份证43230019950616001X 微信wxid_a1b2c3 邮箱 a.b@qq.com +86 13823456789");
        for secret in ["4323", "wxid", "qq.com", "138", "86"] {
            assert!(!hidden.contains(secret), "{hidden}");
        }
    }

    #[test]
    fn words_and_small_numbers_stay() {
        let disguise = disguise(&[]);
        for text in ["睡了3个小时，10:30 醒", "GPA 3.5，COVID 的时候", "ok...", "一共 12 次", "- 1 2", ""]
        {
            assert_eq!(disguise.words(text), text);
        }
    }

    #[test]
    fn names_go_wherever_they_stand() {
        let disguise = disguise(&[("林晓雨", "咨询师-K"), ("小雨", "访客-L")]);
        assert_eq!(disguise.words("林晓雨老师，我是小雨。"), "咨询师-K老师，我是访客-L。");
    }

    #[test]
    fn a_number_is_not_found_in_a_longer_one() {
        let disguise = disguise(&[("访客 1", "访客-L")]);
        assert_eq!(disguise.words("访客 1和访客 12，还有访客 1"), "访客-L和访客 12，还有访客-L");
    }

    #[test]
    fn codes_are_stable_and_hold_no_digit() {
        let (one, other) = (disguise(&[]), disguise(&[]));
        assert_eq!(one.conversation("x"), other.conversation("x"));
        assert_ne!(one.conversation("x"), one.conversation("y"));
        assert!(!one.conversation("x").contains(|c: char| c.is_ascii_digit()));
        assert_eq!(one.words(&one.code("号码", "1")), one.code("号码", "1"), "a code is left alone");
    }
}
