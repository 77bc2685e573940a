//! The ways of naming a reference, one method each.

use super::aliases::{AliasKind, Index, KeyName};
use super::candidates::{Candidate, Child, Precedents, can_refer};
use super::finder::{Finder, Way};
use super::score::{self, Fit};
use super::stem::{self, Stem, Style};
use super::tokens::Word;
use super::vocabulary::vocabulary;

/// More tables than this cannot be meant by a part of their name.
const MOST_NAMESAKES: usize = 16;

/// The parents that a column can mean, at most one for each key, in no order.
pub(super) fn candidates(index: &Index<'_>, precedents: &Precedents, child: Child<'_, '_>) -> Vec<Candidate> {
    let mut finder = Finder {
        index,
        words: vocabulary(),
        child,
        found: Vec::new(),
    };
    if !can_refer(child.column) || (child.names.is_key(child.position) && child.column.column.identity) {
        return Vec::new();
    }
    if finder.is_own_key() {
        finder.shared_key();
        return finder.found;
    }
    finder.precedent(precedents);
    let whole = child.column.words.as_slice();
    let own = child.column.own_words();
    let stems = child.column.own_stems();
    if finder.is_own_name(stems) || finder.is_own_name(&child.column.stems) {
        return finder.found;
    }
    finder.by_name(own, stems);
    if own.len() < whole.len() {
        finder.by_name(whole, &child.column.stems);
    }
    if let Some(words) = child.column.words_without_ordinal() {
        finder.by_name(words, &stem::stems(words));
        finder.ordinal(words);
    }
    finder.self_reference(stems);
    finder.person(stems);
    finder.family();
    finder.by_text();
    if finder.found.is_empty() {
        finder.link_role(stems);
    }
    if finder.found.is_empty() {
        finder.glued_ending(own);
    }
    if finder.found.is_empty() {
        finder.abbreviation(stems);
    }
    finder.found
}

impl Finder<'_, '_> {
    /// Whether the column is the key that its own table is known by.
    fn is_own_key(&self) -> bool {
        let column = self.child.column;
        let own = column.own_words();
        let only_tail = matches!(own, [word] if self.words.tails.strong.has(word) || self.words.tails.weak.has(word));
        let generic = only_tail || self.words.generic_keys.has(&own.concat());
        self.child.names.is_key(self.child.position)
            && (generic || self.index.names_table(&column.stems, self.child.table))
    }

    /// Whether the name is that of the column's own table and a tail: a key of the table, or a part of one.
    fn is_own_name(&self, stems: &[Stem]) -> bool {
        stems
            .iter()
            .any(|stem| stem.style != Style::Bare && self.index.is_wholly_called(self.child.table, &stem.name))
    }

    fn by_name(&mut self, words: &[Word], stems: &[Stem]) {
        for stem in stems {
            self.by_stem(stem);
        }
        self.by_key_name(words);
    }

    /// `customer_id` → customers, `billing_address_id` → addresses, `orders.status_id` → `order_statuses`.
    fn by_stem(&mut self, stem: &Stem) {
        // A name that is nothing but a tail names nothing.
        if matches!(stem.words.as_slice(), [word] if self.words.tails.strong.has(word)) {
            return;
        }
        self.qualified(stem);
        let mut at = 0;
        for start in 0..stem.words.len() {
            let (role, name) = stem.words.split_at(start);
            let glued = stem.name.get(at..).unwrap_or_default();
            at += name.first().map_or(0, Word::len);
            let is_measure = stem.style == Style::Bare && role.iter().any(|word| self.words.measures.has(word));
            if is_measure || role.iter().any(|word| self.words.providers.has(word)) {
                continue;
            }
            let before = self.found.len();
            let called = self.index.tables_called(glued);
            for alias in called {
                // What so many tables can be called without a part of their name says little, unless one is near.
                if called.len() > MOST_NAMESAKES && !alias.kind.is_whole() && !self.begins_alike(alias.table) {
                    continue;
                }
                let is_only = called.len() == 1;
                if !role.is_empty() && !self.can_carry_role(alias.kind, alias.table, stem.style, is_only) {
                    continue;
                }
                if alias.table == self.child.table && role.is_empty() {
                    continue;
                }
                let way = self.way_of_stem(stem, role, alias.kind);
                self.add_table(alias.table, stem, way, name);
            }
            // The longest name that is a table is the one that is meant.
            if self.found.len() > before {
                break;
            }
        }
    }

    /// Whether the names of the child and of another table begin with the same word.
    fn begins_alike(&self, table: usize) -> bool {
        let first = self.child.names.words.first();
        self.index
            .table(table)
            .is_some_and(|names| names.words.first() == first)
    }

    /// Whether another table is in the namespace of the child.
    fn is_beside(&self, table: usize) -> bool {
        let own = &self.child.names.table.name.namespace;
        self.index
            .table(table)
            .is_some_and(|names| names.table.name.namespace == *own)
    }

    fn way_of_stem(&self, stem: &Stem, role: &[Word], kind: AliasKind) -> Way {
        let is_usual = self.index.bare_names && kind.is_whole();
        let code = match (role.is_empty(), stem.style, is_usual) {
            (true, Style::Strong | Style::Front | Style::Glued, _) => "name_stem",
            (true, Style::Weak, _) => "weak_tail",
            (true, Style::Bare, true) => "bare_usual",
            (true, Style::Bare, false) => "bare_unusual",
            (false, Style::Strong | Style::Front | Style::Glued, _) => "role_stem",
            (false, Style::Weak, _) => "role_weak_tail",
            (false, Style::Bare, true) => "role_bare_usual",
            (false, Style::Bare, false) => "role_bare_unusual",
        };
        let written = match stem.style {
            Style::Front => Some(("front", "what says that it is a key stands in front")),
            Style::Glued => Some(("glued", "what says that it is a key is not set apart")),
            _ => None,
        };
        Way(code, kind.reason().into_iter().chain(written).collect())
    }

    /// A role in front of a table's name that is not even whole is too little, unless both are of one group.
    fn can_carry_role(&self, kind: AliasKind, table: usize, style: Style, is_only: bool) -> bool {
        let group = self.index.table(table).and_then(|names| names.group.as_ref());
        match kind {
            AliasKind::Full | AliasKind::WithoutCommonPrefix | AliasKind::WithNamespace => true,
            AliasKind::WithoutGroup => {
                let same_group = group == self.child.names.group.as_ref() || self.index.people == Some(table);
                style != Style::Bare && (same_group || (style == Style::Strong && is_only))
            }
            AliasKind::WithoutLastWord | AliasKind::WithoutFirstWord => false,
        }
    }

    /// The child's own name, or what it begins with, before the stem: `good_jobs.batch_id` → `good_job_batches`.
    fn qualified(&mut self, stem: &Stem) {
        let names = self.child.names;
        let name = stem.name.as_str();
        let is_generic = self.words.generic_names.has(name);
        let is_table = self
            .index
            .tables_wholly_called(name)
            .any(|alias| self.is_beside(alias.table));
        if (is_table && !is_generic) || (is_generic && stem.style == Style::Bare && !self.index.bare_names) {
            return;
        }
        let code = match stem.style {
            Style::Bare if !self.index.bare_names => "qualified_bare",
            _ => "qualified",
        };
        self.overlapping(stem, code);
        for length in (1..=names.words.len()).rev() {
            let lead = names.words.get(..length).unwrap_or_default();
            let name: String = lead.iter().map(Word::as_str).chain([stem.name.as_str()]).collect();
            let before = self.found.len();
            for alias in self.index.tables_wholly_called(&name) {
                let is_link = self.index.table(alias.table).is_some_and(|names| names.is_link);
                if alias.table != self.child.table && !is_link {
                    self.add_table(alias.table, stem, Way::plain(code), &stem.words);
                }
            }
            // The longer the lead, the nearer the table.
            if self.found.len() > before {
                return;
            }
        }
    }

    /// The name of another table's key: `emp_no`, `ship_customer_sk`.
    fn by_key_name(&mut self, words: &[Word]) {
        for start in 0..words.len() {
            let (role, name) = words.split_at(start);
            if role.iter().any(|word| self.words.providers.has(word)) {
                continue;
            }
            let keys = self.index.keys_called(&name.concat());
            if keys.is_empty() {
                continue;
            }
            let others: Vec<KeyName> = keys
                .iter()
                .filter(|key| key.table != self.child.table || start > 0)
                .filter(|key| !self.is_parallel(key, words))
                .copied()
                .collect();
            let owned: Vec<KeyName> = others.iter().copied().filter(|key| key.owned).collect();
            let (chosen, whole, with_role) = match (owned.as_slice(), others.as_slice()) {
                ([], [_]) => (others, "key_unique", "role_key_unique"),
                ([], _) => (others, "key_shared", "role_key_shared"),
                _ => (owned, "key_owned", "role_key_owned"),
            };
            for key in &chosen {
                self.add_key(*key, Way::plain(if role.is_empty() { whole } else { with_role }));
            }
            if !chosen.is_empty() {
                return;
            }
        }
    }

    /// Whether both columns are keys, each of its own table, that only happen to be called alike.
    fn is_parallel(&self, key: &KeyName, words: &[Word]) -> bool {
        let same_name = self
            .index
            .table(key.table)
            .and_then(|names| names.column(key.column))
            .is_some_and(|column| column.words == words);
        let child = self
            .child
            .names
            .keys
            .iter()
            .find(|own| own.column == self.child.position);
        let shares_key = key.primary && same_name && child.is_some_and(|own| own.primary);
        child.is_some() && !key.owned && !shares_key
    }

    /// `parent_id`, `reports_to`, `root_id`.
    fn self_reference(&mut self, stems: &[Stem]) {
        let own = &self.words.self_references;
        for stem in stems {
            let name = stem.name.as_str();
            let code = if own.tree.has(name) {
                "self_tree"
            } else if own.other.has(name) {
                "self_other"
            } else {
                continue;
            };
            // A manager is a person: another table's `manager_id` is a role.
            let is_role = self.words.people_roles.has(name);
            if is_role && self.index.people != Some(self.child.table) {
                continue;
            }
            self.add_table(self.child.table, stem, Way::plain(code), &[]);
        }
    }

    /// `author_id`, `created_by`, `revoker_id` → the table of people.
    fn person(&mut self, stems: &[Stem]) {
        let Some(people) = self
            .index
            .people
            .map(|people| self.index.nearest(people, self.child.table))
        else {
            return;
        };
        // A table that is named is meant.
        let is_named = |candidate: &Candidate| {
            matches!(
                candidate.naming.code,
                "name_stem" | "key_owned" | "qualified" | "precedent"
            ) && candidate.naming.but.is_empty()
        };
        if self.found.iter().any(is_named) {
            return;
        }
        for stem in stems {
            let Some(last) = stem.words.last() else { continue };
            let outside = |word: &Word| self.words.providers.has(word) || self.words.measures.has(word);
            if stem.style == Style::Weak || stem.words.iter().any(outside) {
                continue;
            }
            let is_agent = stem.words.len() == 1
                && last.chars().count() >= 6
                && self
                    .words
                    .agent_endings
                    .iter()
                    .any(|ending| last.ends_with(ending.as_str()))
                && !self.words.not_agents.has(last);
            let by = stem.words.len() > 1 && self.words.by.has(last);
            let code = if by || self.words.people_roles.has(last) {
                "person_role"
            } else if is_agent && stem.style == Style::Strong {
                "agent"
            } else {
                continue;
            };
            self.add_table(people, stem, Way::plain(code), &[]);
            for other in &self.index.other_people {
                let other = self.index.nearest(*other, self.child.table);
                let less = (
                    "other_people",
                    "people are found in another table too, whose name says it more plainly",
                );
                if other != people && other != self.child.table {
                    self.add_table(other, stem, Way(code, vec![less]), &[]);
                }
            }
        }
    }

    /// `artist_meta.id` → `artists.id`.
    fn shared_key(&mut self) {
        let Some((last, lead)) = self.child.names.words.split_last() else {
            return;
        };
        let is_primary = self
            .child
            .names
            .keys
            .first()
            .is_some_and(|key| key.primary && key.column == self.child.position);
        let numbers_itself = self.child.column.column.default.is_some();
        if !is_primary || numbers_itself || lead.is_empty() || !self.words.tables.extensions.has(last) {
            return;
        }
        let called = self.index.tables_called(&lead.concat()).to_vec();
        for alias in called {
            // With a column of its own for the other table, the key is not shared.
            let refers = self
                .child
                .names
                .columns
                .iter()
                .any(|column| self.index.names_table(&column.stems, alias.table));
            if refers || !alias.kind.is_whole() || alias.table == self.child.table {
                continue;
            }
            let Some(names) = self.index.table(alias.table) else {
                continue;
            };
            let Some(key) = names.keys.first().filter(|key| key.primary) else {
                continue;
            };
            let same_name = names.column(key.column).is_some_and(|column| {
                column.column.name == self.child.column.column.name
                    && score::fit(&self.child.column.column.ty, &column.column.ty) == Some(Fit::Same)
            });
            if same_name {
                let key = KeyName {
                    table: alias.table,
                    column: key.column,
                    primary: true,
                    owned: true,
                };
                self.add_key(key, Way::plain("shared_key"));
            }
        }
    }

    /// `shiptoaddressid`: a table's or key's name at the end of a word, where nothing else was found.
    fn glued_ending(&mut self, words: &[Word]) {
        let Some((last, _)) = words.split_last() else { return };
        let glued = ("glued", "what says that it is a key is not set apart");
        for (start, _) in last.char_indices().skip(2) {
            let Some(ending) = last.get(start..).filter(|ending| ending.len() >= 5) else {
                return;
            };
            let keys: Vec<KeyName> = self.index.keys_called(ending).to_vec();
            let primary: Vec<&KeyName> = keys.iter().filter(|key| key.primary && key.owned).collect();
            if let [key] = primary.as_slice() {
                self.add_key(**key, Way("role_key_owned", vec![glued]));
                return;
            }
            for stem in stem::stems(&[ending.into()])
                .iter()
                .filter(|stem| stem.style == Style::Glued)
            {
                let name = stem.words.concat();
                if name.len() < 4 {
                    continue;
                }
                let called = self.index.tables_called(&name).to_vec();
                for alias in called.iter().filter(|alias| alias.kind.is_whole()) {
                    self.add_table(alias.table, stem, Way("role_stem", vec![glued, glued]), &stem.words);
                }
            }
            if !self.found.is_empty() {
                return;
            }
        }
    }

    fn precedent(&mut self, precedents: &Precedents) {
        let name = self.child.column.glued.as_str();
        let Some(Some((table, column))) = precedents.get(name) else {
            return;
        };
        if self.words.generic_keys.has(name) || self.words.generic_names.has(name) {
            return;
        }
        let key = KeyName {
            table: *table,
            column: *column,
            primary: true,
            owned: true,
        };
        self.add_key(key, Way::plain("precedent"));
    }
}
