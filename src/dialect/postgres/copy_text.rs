//! The text that COPY writes (PostgreSQL manual, COPY, "Text Format"). Results are read with COPY because it streams,
//! lets the server plan in parallel (cursors do not), and gives every type as the text that a client would print.

/// One line as its values; `None` for NULL. Bytes that are no UTF-8, which only a SQL_ASCII database can hold, become
/// replacement characters.
pub(super) fn decode(line: &[u8]) -> Vec<Option<String>> {
    line.strip_suffix(b"\n")
        .unwrap_or(line)
        .split(|byte| *byte == b'\t')
        .map(|field| if field == b"\\N" { None } else { Some(unescape(field)) })
        .collect()
}

fn unescape(field: &[u8]) -> String {
    if !field.contains(&b'\\') {
        return String::from_utf8_lossy(field).into_owned();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'b') => 0x08,
                Some(b'f') => 0x0c,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 0x0b,
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn nulls_escapes_and_broken_bytes() {
        let row = decode(b"1\t\\N\t\ta\\tb\\nc\\\\d\\\\N\t\\\\N\t\xc3\xa4\xff\n");
        let values: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        assert_eq!(
            values,
            [
                Some("1"),
                None,
                Some(""),
                Some("a\tb\nc\\d\\N"),
                Some("\\N"),
                Some("ä\u{fffd}")
            ]
        );
    }
}
