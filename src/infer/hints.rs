//! Ways of naming that look beyond the column's own name: at the name of its table, at comments, at abbreviations.

use compact_str::format_compact;

use super::finder::{Finder, Way};
use super::stem::{Stem, Style};
use super::tokens::{self, Word};

/// A word that is short for more tables than this means none of them.
const MOST_ABBREVIATED: usize = 32;

impl Finder<'_, '_> {
    /// `entity0` and `entity1` of `l_artist_label`: the table's name says which tables the two are, in order.
    pub(super) fn ordinal(&mut self, words: &[Word]) {
        let names = self.child.names;
        let twins: Vec<usize> = names
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.words_without_ordinal() == Some(words))
            .map(|(position, _)| position)
            .collect();
        let [first, second] = twins.as_slice() else { return };
        let is_first = self.child.position == *first;
        debug_assert!(
            is_first || self.child.position == *second,
            "the column is one of the twins"
        );
        let stem = Stem {
            words: words.to_vec(),
            name: tokens::glue(words),
            tail: Word::default(),
            style: Style::Strong,
        };
        // The longest name that is made of two tables' names, from its end.
        for start in 0..names.words.len() {
            let pair = names.words.get(start..).unwrap_or_default();
            for cut in 1..pair.len() {
                let (one, other) = pair.split_at(cut);
                let (one, other) = (self.called_wholly(one), self.called_wholly(other));
                let (Some(one), Some(other)) = (one, other) else {
                    continue;
                };
                let table = if is_first { one } else { other };
                self.add_table(table, &stem, Way::plain("ordinal"), &[]);
                return;
            }
        }
    }

    /// The stem and the child's own name overlap: `payment_event.event_type_id` → `payment_event_types`, and
    /// `product_attribute_value.attribute_id` → `product_attributes`.
    pub(super) fn overlapping(&mut self, stem: &Stem, code: &'static str) {
        let (whole, own) = (self.child.names.whole.as_str(), self.child.table);
        let name = stem.name.as_str();
        let mut names: Vec<Word> = Vec::new();
        for cut in 1..stem.words.len() {
            let (front, rest) = stem.words.split_at(cut);
            if whole.ends_with(front.last().map_or("", Word::as_str)) && whole.ends_with(&front.concat()) {
                names.push(format_compact!("{whole}{}", rest.concat()));
            }
        }
        // The child's name begins with the parent's, which ends in the stem.
        names.extend(
            whole
                .match_indices(name)
                .filter(|(at, _)| *at > 0)
                .filter_map(|(at, found)| whole.get(..at + found.len()).map(Word::from)),
        );
        for name in names {
            let index = self.index;
            for alias in index.tables_wholly_called(&name).filter(|alias| alias.table != own) {
                self.add_table(alias.table, stem, Way::plain(code), &stem.words);
            }
        }
    }

    /// `favorite_users.target_id` → users, `place_redirects.new_id` → places: the column says only on which side of a
    /// link it stands, and the table's name begins or ends with what it links.
    pub(super) fn link_role(&mut self, stems: &[Stem]) {
        let is_role = |stem: &Stem| {
            stem.style == Style::Strong && matches!(stem.words.as_slice(), [word] if self.words.link_roles.has(word))
        };
        let Some(stem) = stems.iter().find(|stem| is_role(stem)) else {
            return;
        };
        let names = self.child.names.meaning();
        let front = (1..names.len())
            .rev()
            .find_map(|cut| self.called_wholly(names.get(..cut)?));
        let back = (1..names.len()).find_map(|cut| self.called_wholly(names.get(cut..)?));
        let ((Some(named), None) | (None, Some(named))) = (front, back) else {
            return;
        };
        self.add_table(named, stem, Way::plain("link_role"), &stem.words);
    }

    fn called_wholly(&self, words: &[Word]) -> Option<usize> {
        let table = self.index.tables_wholly_called(&words.concat()).next()?.table;
        (table != self.child.table).then_some(table)
    }

    /// A key that several tables share: it is that of the table whose name the child's name begins or ends with.
    /// `employeepayhistory.personid` → `employee.personid`.
    pub(super) fn family(&mut self) {
        let shared = self.index.keys_shared(&self.child.column.glued);
        let whole = &self.child.names.whole;
        let nearest = shared
            .iter()
            .filter(|key| key.table != self.child.table)
            .filter_map(|key| {
                let parent = &self.index.table(key.table)?.whole;
                let is_near = whole.len() > parent.len()
                    && (whole.starts_with(parent.as_str()) || whole.ends_with(parent.as_str()));
                is_near.then_some((parent.len(), *key))
            })
            .max_by_key(|(length, key)| (*length, std::cmp::Reverse(key.table)));
        if let Some((_, key)) = nearest.filter(|_| shared.len() > 1) {
            self.add_key(key, Way::plain("family"));
        }
    }

    /// What the comment on the column says: "Foreign key to Customer.CustomerID", "references customers".
    pub(super) fn by_text(&mut self) {
        let Some(comment) = &self.child.column.column.comment else {
            return;
        };
        let stem = Stem {
            words: self.child.column.words.clone(),
            name: self.child.column.glued.clone(),
            tail: "id".into(),
            style: Style::Strong,
        };
        for table in named_in(comment, &self.words.comments) {
            let called = self.index.tables_called(&table).to_vec();
            let Some(best) = called.first() else { continue };
            for alias in called
                .iter()
                .filter(|alias| alias.kind == best.kind && alias.kind.is_whole())
            {
                self.add_table(alias.table, &stem, Way::plain("comment"), &[]);
            }
        }
    }

    /// `cat_id` → categories, `cdemo_sk` → `customer_demographics`: only where nothing else was found, and one table
    /// alone can be meant.
    pub(super) fn abbreviation(&mut self, stems: &[Stem]) {
        let Some(stem) = stems.iter().find(|stem| stem.style != Style::Bare) else {
            return;
        };
        let outside = |word: &Word| self.words.providers.has(word) || self.words.measures.has(word);
        let Some((last, role)) = stem.words.split_last().filter(|_| !stem.words.iter().any(outside)) else {
            return;
        };
        let with_role = ("abbreviation_role", "a role stands in front of it");
        let but = if role.is_empty() { Vec::new() } else { vec![with_role] };
        for (code, found) in self.index.abbreviated(last) {
            if found.len() > MOST_ABBREVIATED {
                return;
            }
            let fitting: Vec<usize> = found
                .iter()
                .copied()
                .filter(|table| *table != self.child.table && self.has_same_tail(*table, stem))
                .collect();
            match fitting.as_slice() {
                [] => {}
                [table] => {
                    self.add_table(*table, stem, Way(code, but), &[]);
                    return;
                }
                _ => return,
            }
        }
    }

    /// Whether the table's key ends as the column does: in `_sk`, in `id`.
    fn has_same_tail(&self, table: usize, stem: &Stem) -> bool {
        let primary = self.index.table(table).and_then(super::names::TableNames::primary);
        primary.is_some_and(|key| key.words.last() == Some(&stem.tail) || key.glued.ends_with(stem.tail.as_str()))
    }
}

/// The names that stand after words that announce a reference, glued.
fn named_in(comment: &str, announcing: &[String]) -> Vec<Word> {
    let lower = comment.to_lowercase();
    announcing
        .iter()
        .flat_map(|phrase| {
            lower
                .match_indices(phrase.as_str())
                .map(move |(at, _)| at + phrase.len())
        })
        .filter_map(|at| {
            // Letter case tells words apart, and survives only where the small letters are as long.
            let text = if lower.len() == comment.len() {
                comment
            } else {
                lower.as_str()
            };
            let is_mark = |letter: char| !letter.is_alphanumeric();
            let rest = text.get(at..)?.trim_start_matches(is_mark);
            let rest = ["the ", "table "]
                .iter()
                .fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
            let rest = rest.trim_start_matches(is_mark);
            let end = rest
                .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
                .unwrap_or(rest.len());
            rest.get(..end).map(tokens::glued)
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_name_tables() {
        let announcing = ["foreign key to".to_owned(), "references".to_owned()];
        let check =
            |comment: &str, expected: &[&str]| assert_eq!(named_in(comment, &announcing), expected, "{comment}");
        check("Key. Foreign key to ShipMethod.ShipMethodID.", &["shipmethod"]);
        check("references the `order_lines` table", &["orderline"]);
        check("who did it", &[]);
        check("references", &[]);
        check("İ references users", &["user"]);
    }
}
