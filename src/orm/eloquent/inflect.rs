//! Names as Laravel makes them: `Str::snake`, `Str::plural`, `Str::pluralStudly`, `Str::singular`, `class_basename`
//! (Illuminate\Support 8 to 13).

use super::english::{self, Before, Ending};

/// `blogPost` and `BlogPost` → `blog_post`; each capital begins a word: `APIKey` → `a_p_i_key`.
pub(super) fn snake(value: &str) -> String {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return value.to_owned();
    }
    let mut joined = String::new();
    let mut begins_word = true;
    for character in value.chars() {
        if character.is_whitespace() {
            begins_word = true;
        } else if begins_word {
            joined.push(character.to_ascii_uppercase());
            begins_word = false;
        } else {
            joined.push(character);
        }
    }
    let mut snake = String::new();
    for character in joined.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

/// The class's name without its namespace.
pub(super) fn class_basename(class: &str) -> &str {
    class.rsplit(['\\', '/']).next().unwrap_or(class)
}

/// The table of a class by convention: `BlogPost` → `blog_posts`. Only the last word becomes a plural.
pub(super) fn table_of(class: &str) -> String {
    snake(&plural_studly(class_basename(class)))
}

/// The table of a pivot class by convention: `RoleUser` → `role_user`.
pub(super) fn pivot_table_of(class: &str) -> String {
    snake(&singular(class_basename(class)))
}

/// The join table of a polymorphic many-to-many by convention: `taggable` → `taggables`.
pub(super) fn morph_table_of(name: &str) -> String {
    match name.rsplit_once('_') {
        Some((start, last)) => format!("{start}_{}", plural(last)),
        None => plural(name),
    }
}

/// A name in studly case with its last word in the plural.
pub(super) fn plural_studly(value: &str) -> String {
    let last = value
        .char_indices()
        .rev()
        .find(|(at, character)| *at > 0 && character.is_ascii_uppercase())
        .map_or(0, |(at, _)| at);
    let (start, last) = value.split_at(last);
    format!("{start}{}", plural(last))
}

/// The plural of a word, in its case.
pub(super) fn plural(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let inflects = word
        .chars()
        .last()
        .is_some_and(|last| last.is_ascii_alphanumeric() || !last.is_ascii());
    let ends = |ending: &str| lower.len() > ending.len() && lower.ends_with(ending);
    if !inflects
        || is_uninflected(&lower)
        || ends(english::WITHOUT_PLURAL_ENDING)
        || english::WITHOUT_PLURAL.contains(&lower.as_str())
    {
        return word.to_owned();
    }
    let irregular = english::IRREGULAR.iter().rfind(|(singular, _)| *singular == lower);
    let plural = match irregular {
        Some((_, plural)) => replaced(word, plural),
        None => regular(word, &lower, english::PLURAL),
    };
    in_case_of(&plural, word)
}

/// The singular of a word, in its case.
pub(super) fn singular(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if is_uninflected(&lower)
        || lower.ends_with(english::WITHOUT_SINGULAR_ENDING)
        || english::WITHOUT_SINGULAR.contains(&lower.as_str())
    {
        return word.to_owned();
    }
    let irregular = english::IRREGULAR.iter().rfind(|(_, plural)| *plural == lower);
    let singular = match irregular {
        Some((singular, _)) => replaced(word, singular),
        None => regular(word, &lower, english::SINGULAR),
    };
    in_case_of(&singular, word)
}

fn is_uninflected(lower: &str) -> bool {
    let ending = english::UNINFLECTED_ENDING;
    english::UNINFLECTED.contains(&lower) || (lower.len() > ending.len() && lower.ends_with(ending))
}

/// Another word with the first letter in the case of this one's.
fn replaced(word: &str, other: &str) -> String {
    let upper = word.chars().next().is_some_and(|first| first.is_ascii_uppercase());
    if upper { with_capital(other) } else { other.to_owned() }
}

fn regular(word: &str, lower: &str, endings: &[Ending]) -> String {
    for ending in endings {
        let Some(stem) = lower.strip_suffix(ending.from) else {
            continue;
        };
        let letter = stem.chars().last();
        let fits = match ending.before {
            Before::Any => true,
            Before::Nothing => stem.is_empty(),
            Before::One(letters) => letter.is_some_and(|letter| letters.contains(letter)),
            Before::Not(letters) => letter.is_some_and(|letter| !letters.contains(letter)),
        };
        if fits {
            // What both endings begin with keeps its case: `Status` → `Statuses`.
            let pairs = ending.from.bytes().zip(ending.to.bytes());
            let same = pairs.take_while(|(from, to)| ending.keeps_case && from == to).count();
            let kept = stem.len() + same;
            let rest = ending.to.get(same..).unwrap_or("");
            return format!("{}{rest}", word.get(..kept).unwrap_or(word));
        }
    }
    word.to_owned()
}

/// What Laravel does with each inflected word: all small, all capitals, or a capital at the start, if the word was so.
fn in_case_of(value: &str, word: &str) -> String {
    if word.to_lowercase() == word {
        value.to_lowercase()
    } else if word.to_uppercase() == word {
        value.to_uppercase()
    } else if with_capital(word) == word {
        with_capital(value)
    } else {
        value.to_owned()
    }
}

fn with_capital(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), characters.as_str()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_snake_plurals_of_the_last_word() {
        let cases = [
            ("App\\Models\\BlogPost", "blog_posts"),
            ("User", "users"),
            ("APIKey", "a_p_i_keys"),
            ("URL", "u_r_l_s"),
            ("Oauth2Client", "oauth2_clients"),
            ("Person", "people"),
            ("SalesPerson", "sales_people"),
            ("Category", "categories"),
            ("OrderStatus", "order_statuses"),
            ("ProductMedia", "product_media"),
            ("Equipment", "equipment"),
            ("OfficeEquipment", "office_equipment"),
            ("Software", "software"),
            ("Quiz", "quizzes"),
            ("Datum", "data"),
            ("Index", "indices"),
            ("Axis", "axes"),
            ("Key", "keys"),
            ("Half", "halves"),
            ("Roof", "roofs"),
            ("Knife", "knives"),
            ("Human", "humans"),
            ("Woman", "women"),
            ("Tax", "taxes"),
            ("Address", "addresses"),
            ("Bus", "buses"),
            ("Analysis", "analyses"),
            ("Photo", "photos"),
            ("Hero", "heroes"),
            ("Colloquy", "colloquies"),
        ];
        for (class, table) in cases {
            assert_eq!(table_of(class), table, "{class}");
        }
    }

    #[test]
    fn a_pivot_has_a_singular_name() {
        let cases = [
            ("App\\RoleUser", "role_user"),
            ("UserSettings", "user_setting"),
            ("Access", "access"),
            ("Memberships", "membership"),
            ("PostCategories", "post_category"),
            ("Axes", "axe"),
            ("Bonus", "bonu"),
            ("CouponUses", "couponus"),
        ];
        for (class, table) in cases {
            assert_eq!(pivot_table_of(class), table, "{class}");
        }
    }

    #[test]
    fn a_morph_table_has_its_last_word_in_the_plural() {
        assert_eq!(morph_table_of("taggable"), "taggables");
        assert_eq!(morph_table_of("blog_entry"), "blog_entries");
    }

    #[test]
    fn snake_knows_spaces_and_underscores() {
        assert_eq!(snake("fooBar baz"), "foo_bar_baz");
        assert_eq!(snake("foo_bar"), "foo_bar");
        assert_eq!(snake("foo_Bar"), "foo__bar");
    }
}
