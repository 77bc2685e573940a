//! Striking out what may be a password.

/// The text without what may be a password: everything between a colon and the last `@`, and everything after a word
/// for a secret. Too much rather than too little: it is used for texts that could not be understood.
pub(super) fn without_password(text: &str) -> String {
    let text = match text.rsplit_once('@') {
        Some((before, after)) => {
            let start = before.find("://").map_or(0, |at| at + "://".len());
            let (head, user_and_password) = before.split_at(start);
            match user_and_password.split_once(':') {
                Some((user, _)) => format!("{head}{user}:***@{after}"),
                None => format!("{before}@{after}"),
            }
        }
        None => text.to_owned(),
    };
    let small = text.to_ascii_lowercase();
    let secret = ["password", "passwd", "pwd", "secret", "token"]
        .iter()
        .flat_map(|word| small.match_indices(word).map(|(at, word)| at + word.len()))
        .filter(|at| small.get(*at..).is_some_and(|rest| rest.trim_start().starts_with('=')))
        .min();
    match secret.and_then(|at| text.get(..at)) {
        Some(before) => format!("{before}=***"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn what_may_be_a_password_is_struck_out() {
        for (text, expected) in [
            ("plain/path.db", "plain/path.db"),
            ("x://me@h/d", "x://me@h/d"),
            ("x://me:p@h/d", "x://me:***@h/d"),
            ("x://me:p:@/q@h/d", "x://me:***@h/d"),
            ("me:p@h", "me:***@h"),
            ("host=h Password = 'a b' port=1", "host=h Password=***"),
            ("x://h/d?pwd=1&a=2", "x://h/d?pwd=***"),
            ("password_file.sql", "password_file.sql"),
        ] {
            assert_eq!(without_password(text), expected, "{text}");
        }
    }
}
