//! Words that the wire and the database have for the values of an enum, each named once.

/// The text is not one of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the words for it")]
pub struct UnknownWord;

/// An enum whose values have words.
pub trait Words: Copy + 'static {
    /// What the enum is called.
    const NAME: &'static str;
    /// Its words.
    const WORDS: &'static [&'static str];

    /// The word of this value.
    fn word(self) -> &'static str;
}

/// Gives an enum its words: `as_str`, `FromStr`, and [`Words`] for whoever takes any enum that has words.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// The word on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::words::Words for $type {
            const NAME: &'static str = stringify!($type);
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord),
                }
            }
        }
    };
}

pub(crate) use words;
