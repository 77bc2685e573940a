//! The actions of foreign keys, from the text of `SHOW CREATE TABLE`.

use std::collections::BTreeMap;

use crate::schema::Action;

/// What each foreign key does on delete and on update, by its name.
pub(super) fn actions(text: &str) -> BTreeMap<String, (Action, Action)> {
    let mut found = BTreeMap::new();
    let mut current: Option<(String, Action, Action)> = None;
    let tokens = tokens(text);
    // Actions follow the second pair of parentheses, and end with a comma or the table's own closing parenthesis.
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        let word = |ahead: usize| match tokens.get(at + ahead) {
            Some(Token::Word(word)) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth -= 1,
            _ => {}
        }
        let ends = matches!(token, Token::Mark(',')) && depth == 1 || depth == 0;
        if ends && let Some((name, on_delete, on_update)) = current.take() {
            found.insert(name, (on_delete, on_update));
        }
        if depth != 1 {
            continue;
        }
        if word(0) == "CONSTRAINT"
            && word(2) == "FOREIGN"
            && let Some(Token::Name(name)) = tokens.get(at + 1)
        {
            // MariaDB leaves out RESTRICT, which is its default.
            current = Some((name.clone(), Action::Restrict, Action::Restrict));
        }
        if word(0) == "ON"
            && let Some((_, on_delete, on_update)) = &mut current
            && let Some(action) =
                Action::from_sql(&word(2)).or_else(|| Action::from_sql(&format!("{} {}", word(2), word(3))))
        {
            match word(1).as_str() {
                "DELETE" => *on_delete = action,
                "UPDATE" => *on_update = action,
                _ => {}
            }
        }
    }
    found
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Name(String),
    /// A string literal; what it says does not matter here.
    Text,
    Mark(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '`' | '\'' => {
                let mut inside = String::new();
                while let Some(next) = letters.next() {
                    if next == '\\' && letter == '\'' {
                        letters.next();
                    } else if next != letter {
                        inside.push(next);
                    } else if letters.next_if_eq(&letter).is_some() {
                        inside.push(letter);
                    } else {
                        break;
                    }
                }
                tokens.push(if letter == '`' {
                    Token::Name(inside)
                } else {
                    Token::Text
                });
            }
            _ if letter.is_alphanumeric() || letter == '_' => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            _ if letter.is_whitespace() => {}
            _ => tokens.push(Token::Mark(letter)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_between_all_else() {
        let text = "CREATE TABLE `c` (\n  `id` int(11) NOT NULL COMMENT 'CONSTRAINT `a` FOREIGN KEY (x) \
                    ON DELETE SET NULL,',\n  `p``q` int(11) DEFAULT NULL ON UPDATE current_timestamp(),\n  PRIMARY KEY (`id`),\n  \
                    CONSTRAINT `a` FOREIGN KEY (`p``q`) REFERENCES `d``b`.`p` (`id`) \
                    ON DELETE CASCADE ON UPDATE NO ACTION,\n  CONSTRAINT `b,)'` FOREIGN KEY (`p``q`, `id`) REFERENCES `p` (`x`, `y`),\n  \
                    CONSTRAINT `k` CHECK (`id` > 0),\n  \
                    CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE SET NULL\n\
                    ) ENGINE=InnoDB COMMENT='ON DELETE CASCADE, it''s \\' x'";
        let expected = BTreeMap::from([
            ("a".to_owned(), (Action::Cascade, Action::NoAction)),
            ("b,)'".to_owned(), (Action::Restrict, Action::Restrict)),
            ("c".to_owned(), (Action::SetNull, Action::Restrict)),
        ]);
        assert_eq!(actions(text), expected);
    }

    #[test]
    fn what_is_no_table_has_none() {
        assert!(actions("").is_empty());
        assert!(actions("CREATE VIEW `v` AS select `x").is_empty());
    }
}
