//! How long a frame says it is (RFC 6455, 5.2), known from its first bytes, before any of the rest is taken in.

/// Bytes of what it carries, as declared; none while too little of the header is there to say.
pub(in crate::http) fn declared(bytes: &[u8]) -> Option<u64> {
    let second = *bytes.get(1)?;
    match second & 0x7f {
        126 => Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into()),
        127 => Some(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        length => Some(length.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::declared;

    /// A header as a client writes it, with a mask.
    fn header(length: u64) -> Vec<u8> {
        let mut bytes = vec![0x81];
        match length {
            0..=125 => bytes.push(0x80 | u8::try_from(length).expect("small")),
            126..=0xffff => {
                bytes.push(0x80 | 0x7e);
                bytes.extend(u16::try_from(length).expect("small").to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 0x7f);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes
    }

    #[test]
    fn the_edges_of_the_three_forms_are_read() {
        for length in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 1 << 40, u64::MAX >> 1, u64::MAX] {
            assert_eq!(declared(&header(length)), Some(length));
        }
    }

    #[test]
    fn the_long_forms_may_be_used_for_short_frames() {
        assert_eq!(declared(&[0x81, 0x80 | 0x7e, 0, 5]), Some(5));
        assert_eq!(declared(&[0x81, 0x80 | 0x7f, 0, 0, 0, 0, 0, 0, 0, 5]), Some(5));
    }

    #[test]
    fn a_header_is_read_once_it_is_whole_and_not_before() {
        let around = |power: u32| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1];
        for length in (0..64).flat_map(around) {
            let mut bytes = header(length);
            for end in 0..bytes.len() {
                assert_eq!(declared(&bytes[..end]), None, "{length} in {end} bytes");
            }
            bytes.extend([0xff; 20]);
            assert_eq!(declared(&bytes), Some(length));
        }
    }

    #[test]
    fn no_bytes_are_too_strange() {
        for word in 0..=u16::MAX {
            let bytes = word.to_be_bytes();
            let length = u64::from(bytes[1] & 0x7f);
            assert_eq!(declared(&bytes), (length < 126).then_some(length));
        }
        assert_eq!(declared(&[0xff; 64]), Some(u64::MAX));
    }
}
