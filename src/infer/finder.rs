//! Collects the candidates for one column: which key of a named table is meant, and whether its type fits.

use super::aliases::{Index, KeyName};
use super::candidates::{Candidate, Child, Naming};
use super::names::TableNames;
use super::score::{self, Fit};
use super::stem::{Stem, Style};
use super::tokens::Word;
use super::vocabulary::Vocabulary;
use crate::schema::TypeFamily;

/// A text key of more characters is no code that people write.
const LONGEST_CODE: u32 = 16;

/// A way of naming by its code, and what makes it weaker, each with its code and a phrase.
pub(super) struct Way(pub(super) &'static str, pub(super) Vec<(&'static str, &'static str)>);

impl Way {
    /// Nothing makes it weaker.
    pub(super) fn plain(code: &'static str) -> Self {
        Self(code, Vec::new())
    }
}

/// Looks for the parents that one column's name can mean.
pub(super) struct Finder<'a, 's> {
    pub(super) index: &'a Index<'s>,
    pub(super) words: &'static Vocabulary,
    pub(super) child: Child<'a, 's>,
    pub(super) found: Vec<Candidate>,
}

impl Finder<'_, '_> {
    /// Whether a name without tail can be that of a reference: no plural, no measure, and a type that only a reference
    /// has a reason to share.
    fn can_be_bare(&self, fit: Fit) -> bool {
        let ty = &self.child.column.column.ty;
        let telling = match ty.family {
            TypeFamily::Text => ty
                .length
                .is_some_and(|length| self.index.bare_names || length <= LONGEST_CODE),
            _ => true,
        };
        fit == Fit::Same && telling && !self.child.column.is_plural
    }

    /// Adds the key of a table that a stem names, if there is one whose type fits.
    pub(super) fn add_table(&mut self, table: usize, stem: &Stem, naming: Way, name: &[Word]) {
        let Way(code, but) = naming;
        let Some(names) = self.index.table(table) else { return };
        let Some((key, fit)) = self.key_of(names, stem) else {
            return;
        };
        if table == self.child.table && key == self.child.position {
            return;
        }
        if stem.style == Style::Bare && !self.can_be_bare(fit) {
            return;
        }
        // `currency char(3)` → currencies(code): a key that says what it stands for needs no tail.
        let is_text = self.child.column.column.ty.family == TypeFamily::Text;
        let code = if is_text && code == "bare_unusual" {
            "natural_key"
        } else {
            code
        };
        let word = name.concat();
        let is_self = matches!(code, "self_tree" | "self_other");
        let qualified = is_self || matches!(code, "qualified" | "qualified_bare");
        let whole = self.index.is_wholly_called(table, &word);
        if !whole
            && !qualified
            && !matches!(code, "person_role" | "agent" | "link_role")
            && self.is_another_name(names, key)
        {
            return;
        }
        let generic = !qualified
            && code != "link_role"
            && (self.words.generic_names.has(&word) || (!whole && self.words.transient_ids.has(&word)));
        let key_name = names.column(key).map_or("", |column| column.column.name.as_str());
        let child = &self.child.column.column.name;
        let parent = &names.table.name;
        let detail = match code {
            _ if is_self => format!("`{child}` names another row of {parent}({key_name})"),
            "person_role" | "agent" => format!("`{child}` names a person, and people are in {parent}({key_name})"),
            "link_role" => format!("`{child}` is a side of a link, and its table is named after {parent}({key_name})"),
            _ if qualified => format!("`{child}`, read with the name of its own table, names {parent}({key_name})"),
            _ => format!("`{child}` names {parent}({key_name})"),
        };
        self.add(table, key, fit, Naming { code, detail, but }, generic);
    }

    /// Adds a key that a name means, if its type fits.
    pub(super) fn add_key(&mut self, key: KeyName, naming: Way) {
        let Way(code, but) = naming;
        let Some(names) = self.index.table(key.table) else {
            return;
        };
        let Some(column) = names.column(key.column) else { return };
        if key.table == self.child.table && key.column == self.child.position {
            return;
        }
        let Some(fit) = score::fit(&self.child.column.column.ty, &column.column.ty) else {
            return;
        };
        let child = &self.child.column.column.name;
        let parent = format!("{}({})", names.table.name, column.column.name);
        let detail = match code {
            "precedent" => format!("other columns called `{child}` reference {parent}"),
            "shared_key" => format!(
                "`{}` holds more about the rows of {parent}",
                self.child.names.table.name
            ),
            "role_key_owned" | "role_key_unique" | "role_key_shared" => {
                format!("`{child}` ends in the name of the key {parent}")
            }
            _ => format!("`{child}` is called like the key {parent}"),
        };
        self.add(key.table, key.column, fit, Naming { code, detail, but }, false);
    }

    /// The key that a name with this tail means: the one called like the tail or the whole, else the primary key, else
    /// another id that fits.
    fn key_of(&self, names: &TableNames<'_>, stem: &Stem) -> Option<(usize, Fit)> {
        let ty = &self.child.column.column.ty;
        let fits = |column: usize| Some((column, score::fit(ty, &names.column(column)?.column.ty)?));
        let whole = self.child.column.glued.as_str();
        let called = |name: &str| {
            names
                .keys
                .iter()
                .filter(|key| {
                    names
                        .column(key.column)
                        .is_some_and(|column| column.own_words().concat() == name)
                })
                .find_map(|key| fits(key.column))
        };
        let by_tail = if stem.tail.is_empty() || stem.tail == "id" {
            None
        } else {
            called(&stem.tail)
        };
        let primary = names.keys.first().filter(|key| key.primary);
        // Two unique columns that are called alike are each a key of their own table.
        let is_key = self.child.names.is_key(self.child.position);
        let by_whole = called(whole);
        if is_key && by_whole.is_some_and(|(key, _)| primary.is_none_or(|primary| primary.column != key)) {
            return None;
        }
        let by_name = by_tail.or(if is_key { None } else { by_whole });
        if stem.style == Style::Weak {
            // `tax_code` is no id of a tax.
            return by_name;
        }
        by_name
            .or_else(|| primary.and_then(|key| fits(key.column)))
            .or_else(|| {
                if stem.style == Style::Bare {
                    None
                } else {
                    self.other_id(names)
                }
            })
    }

    /// Whether the key has a name of its own, and the column another: part of a table's name is then too little.
    fn is_another_name(&self, names: &TableNames<'_>, key: usize) -> bool {
        let Some(key) = names.column(key) else { return false };
        let names_something = key.own_stems().iter().any(|stem| stem.style != Style::Bare);
        let (key, child) = (key.own_words().concat(), self.child.column.own_words().concat());
        names_something && !key.ends_with(&child) && !child.ends_with(&key)
    }

    /// Beside a primary key whose type does not fit: the key of exactly the column's type whose name is but a tail, such
    /// as the `uuid` of a table that also numbers its rows.
    fn other_id(&self, names: &TableNames<'_>) -> Option<(usize, Fit)> {
        let ty = &self.child.column.column.ty;
        let mut found = names.keys.iter().filter(|key| {
            names.column(key.column).is_some_and(|column| {
                matches!(column.own_words(), [word] if self.words.tails.strong.has(word))
                    && score::fit(ty, &column.column.ty) == Some(Fit::Same)
            })
        });
        let key = found.next()?;
        found.next().is_none().then_some((key.column, Fit::Same))
    }

    fn add(&mut self, table: usize, key: usize, fit: Fit, naming: Naming, generic: bool) {
        if !self.index.table(table).is_some_and(|names| names.is_target) {
            return;
        }
        let weights = self.index.weights;
        let known = self
            .found
            .iter_mut()
            .find(|candidate| candidate.table == table && candidate.key == key);
        let Some(known) = known else {
            self.found.push(Candidate {
                table,
                key,
                fit,
                naming,
                generic,
                agreeing: None,
            });
            return;
        };
        let is_better = naming.weight(weights) > known.naming.weight(weights);
        if known.naming.code != naming.code && known.agreeing.is_none() {
            let other = if is_better { &known.naming } else { &naming };
            known.agreeing = Some(weights.reason("agreeing", other.detail.clone()));
        }
        if is_better {
            known.naming = naming;
            known.generic = generic;
        }
    }
}
