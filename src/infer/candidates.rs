//! The parents that a column's name can mean, each with the way of naming that says so.

use std::collections::BTreeMap;

use super::aliases::{AliasKind, Index, KeyName};
use super::names::{self, ColumnNames, Stem, Style, TableNames};
use super::score::{self, Fit};
use super::vocabulary::{Vocabulary, vocabulary};
use crate::relation::Evidence;
use crate::schema::{ColumnSet, Generated, Ident, TableKind, TypeFamily};

/// A parent that a column can mean.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The parent, as an index into the tables.
    pub(super) table: usize,
    /// The key's position in it.
    pub(super) key: usize,
    pub(super) fit: Fit,
    /// The way of naming; more than one where they agree.
    pub(super) naming: Evidence,
    /// Whether the name alone stands for many things, and nothing qualifies it.
    pub(super) generic: bool,
    /// Further reasons from the name.
    pub(super) evidence: Vec<Evidence>,
}

/// The column that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child<'a, 's> {
    pub(super) table: usize,
    pub(super) position: usize,
    pub(super) names: &'a TableNames<'s>,
    pub(super) column: &'a ColumnNames<'s>,
}

/// Parents by the name of the column that a foreign key somewhere declares for them; `None` where they differ.
pub(super) type Precedents = BTreeMap<String, Option<(usize, usize)>>;

/// The parents of foreign keys on one column, by the column's glued name.
pub(super) fn precedents(index: &Index<'_>) -> Precedents {
    let mut precedents = Precedents::new();
    for names in &index.tables {
        for foreign_key in &names.table.foreign_keys {
            let ([column], [key]) = (foreign_key.columns.as_slice(), foreign_key.parent_columns.as_slice()) else {
                continue;
            };
            let parent = index.position(&foreign_key.parent).and_then(|parent| {
                let columns = &index.table(parent)?.table.columns;
                Some((parent, columns.iter().position(|column| column.name == *key)?))
            });
            precedents
                .entry(super::tokens::glued(column.as_str()))
                .and_modify(|known| *known = known.filter(|known| Some(*known) == parent))
                .or_insert(parent);
        }
    }
    precedents
}

/// Whether a column can be a reference at all, whatever it is called.
pub(super) fn can_refer(column: &ColumnNames<'_>) -> bool {
    let family = column.column.ty.family;
    family.can_be_key()
        && family != TypeFamily::Enum
        && column
            .column
            .generated
            .is_none_or(|generated| generated == Generated::Stored)
        && !names::is_list(&column.column.name)
}

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
    if finder.is_own_name(own) || finder.is_own_name(whole) {
        return finder.found;
    }
    finder.by_name(own);
    if own.len() < whole.len() {
        finder.by_name(whole);
    }
    finder.self_reference(own);
    if finder
        .found
        .iter()
        .all(|candidate| candidate.naming.weight < finder.words.bases.agent)
    {
        finder.person(own);
    }
    if finder.found.is_empty() {
        finder.glued_ending(own);
    }
    finder.found
}

struct Finder<'a, 's> {
    index: &'a Index<'s>,
    words: &'static Vocabulary,
    child: Child<'a, 's>,
    found: Vec<Candidate>,
}

impl Finder<'_, '_> {
    /// Whether the column is the key that its own table is known by.
    fn is_own_key(&self) -> bool {
        let column = self.child.column;
        let own = column.own_words();
        let only_tail = matches!(own, [word] if self.words.tails.strong.has(word) || self.words.tails.weak.has(word));
        let generic = only_tail || self.words.generic_keys.has(&own.concat());
        self.child.names.is_key(self.child.position)
            && (generic || self.index.names_table(&column.words, self.child.table))
    }

    /// Whether the name is that of the column's own table and a tail: a key of the table, or a part of one.
    fn is_own_name(&self, words: &[String]) -> bool {
        names::stems(words).iter().any(|stem| {
            stem.style != Style::Bare && self.index.is_wholly_called(self.child.table, &stem.words.concat())
        })
    }

    /// Whether a name without tail can be that of a reference: no plural, no measure, and a type that only a reference
    /// has a reason to share.
    fn can_be_bare(&self, fit: Fit) -> bool {
        let ty = &self.child.column.column.ty;
        let telling = match ty.family {
            TypeFamily::Text => self.index.bare_names && ty.length.is_some(),
            _ => true,
        };
        fit == Fit::Same && telling && !names::is_plural(&self.child.column.column.name)
    }

    fn by_name(&mut self, words: &[String]) {
        for stem in names::stems(words) {
            self.by_stem(&stem);
        }
        self.by_key_name(words);
    }

    /// `customer_id` → customers, `billing_address_id` → addresses, `orders.status_id` → `order_statuses`.
    fn by_stem(&mut self, stem: &Stem) {
        self.qualified(stem);
        for start in 0..stem.words.len() {
            let (role, name) = stem.words.split_at(start);
            let is_measure = stem.style == Style::Bare && role.iter().any(|word| self.words.measures.has(word));
            if is_measure || role.iter().any(|word| self.words.providers.has(word)) {
                continue;
            }
            let before = self.found.len();
            let called = self.index.tables_called(&name.concat());
            for alias in called {
                let is_only = called.len() == 1;
                if !role.is_empty() && !self.can_carry_role(alias.kind, alias.table, stem.style, is_only) {
                    continue;
                }
                if alias.table == self.child.table && role.is_empty() {
                    continue;
                }
                let (code, base) = self.base_of_stem(stem, role, alias.kind);
                let weight = base + alias.kind.weight(self.words);
                self.add_table(alias.table, stem, code, weight, name);
            }
            // The longest name that is a table is the one that is meant.
            if self.found.len() > before {
                break;
            }
        }
    }

    fn base_of_stem(&self, stem: &Stem, role: &[String], kind: AliasKind) -> (&'static str, i32) {
        let bases = &self.words.bases;
        let bare = if self.index.bare_names && kind.is_whole() {
            bases.bare_usual
        } else {
            bases.bare_unusual
        };
        if role.is_empty() {
            match stem.style {
                Style::Strong => ("name_stem", bases.name_stem),
                Style::Front => ("name_stem", bases.name_stem + self.words.weights.front),
                Style::Glued => ("name_stem", bases.name_stem + self.words.weights.glued),
                Style::Weak => ("name_stem", bases.weak_tail),
                Style::Bare => ("bare_name", bare),
            }
        } else {
            match stem.style {
                Style::Strong | Style::Front => ("role_stem", bases.role),
                Style::Glued => ("role_stem", bases.role + self.words.weights.glued),
                Style::Weak => ("role_stem", bases.weak_tail.min(bases.role)),
                Style::Bare => ("role_name", bare.min(bases.self_other)),
            }
        }
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
        let name = stem.words.concat();
        let is_generic = self.words.generic_names.has(&name);
        let is_table = self
            .index
            .tables_called(&name)
            .iter()
            .any(|alias| alias.kind.is_whole());
        if (is_table && !is_generic) || (is_generic && stem.style == Style::Bare && !self.index.bare_names) {
            return;
        }
        let base = match stem.style {
            Style::Bare if !self.index.bare_names => self.words.bases.qualified_bare,
            _ => self.words.bases.qualified,
        };
        for length in (1..=names.words.len()).rev() {
            let lead = names.words.get(..length).unwrap_or_default();
            let name = [lead.concat(), stem.words.concat()].concat();
            let before = self.found.len();
            for alias in self.index.tables_called(&name) {
                let is_link = self.index.table(alias.table).is_some_and(|names| names.is_link);
                if alias.kind.is_whole() && alias.table != self.child.table && !is_link {
                    self.add_table(alias.table, stem, "qualified_stem", base, &stem.words);
                }
            }
            // The longer the lead, the nearer the table.
            if self.found.len() > before {
                return;
            }
        }
    }

    /// The name of another table's key: `emp_no`, `ship_customer_sk`.
    fn by_key_name(&mut self, words: &[String]) {
        let bases = &self.words.bases;
        for start in 0..words.len() {
            let (role, name) = words.split_at(start);
            if role.iter().any(|word| self.words.providers.has(word)) {
                continue;
            }
            let keys: Vec<KeyName> = self.index.keys_called(&name.concat()).to_vec();
            let others: Vec<KeyName> = keys
                .into_iter()
                .filter(|key| key.table != self.child.table || start > 0)
                .filter(|key| !self.is_parallel(key, words))
                .collect();
            let owned: Vec<KeyName> = others.iter().copied().filter(|key| key.owned).collect();
            let (chosen, whole) = match (owned.as_slice(), others.as_slice()) {
                ([], [_]) => (others, bases.key_name_unique),
                ([], _) => (others, bases.key_name_shared),
                _ => (owned, bases.key_name_owned),
            };
            for key in &chosen {
                let base = if role.is_empty() {
                    whole
                } else {
                    whole.min(bases.role_key_name)
                };
                let code = if role.is_empty() { "key_name" } else { "role_key_name" };
                self.add_key(*key, code, base);
            }
            if !chosen.is_empty() {
                return;
            }
        }
    }

    /// Whether both columns are keys, each of its own table, that only happen to be called alike.
    fn is_parallel(&self, key: &KeyName, words: &[String]) -> bool {
        let same_name = self
            .index
            .table(key.table)
            .and_then(|names| names.column(key.column))
            .is_some_and(|column| column.words == words);
        self.child.names.is_key(self.child.position) && !key.owned && !(key.primary && same_name)
    }

    /// `parent_id`, `reports_to`, `root_id`.
    fn self_reference(&mut self, words: &[String]) {
        let bases = &self.words.bases;
        let own = &self.words.self_references;
        for stem in names::stems(words) {
            let name = stem.words.concat();
            let base = if own.tree.has(&name) {
                bases.self_tree
            } else if own.other.has(&name) {
                bases.self_other
            } else {
                continue;
            };
            // A manager is a person: another table's `manager_id` is a role.
            let is_role = self.words.people_roles.has(&name);
            if is_role && self.index.people != Some(self.child.table) {
                continue;
            }
            self.add_table(self.child.table, &stem, "self_reference", base, &[]);
        }
    }

    /// `author_id`, `created_by`, `revoker_id` → the table of people.
    fn person(&mut self, words: &[String]) {
        let Some(people) = self.index.people else { return };
        for stem in names::stems(words) {
            let Some(last) = stem.words.last() else { continue };
            let outside = |word: &String| self.words.providers.has(word) || self.words.measures.has(word);
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
            let base = if by || self.words.people_roles.has(last) {
                self.words.bases.person
            } else if is_agent && stem.style == Style::Strong {
                self.words.bases.agent
            } else {
                continue;
            };
            self.add_table(people, &stem, "person_role", base, &[]);
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
                .any(|column| self.index.names_table(&column.words, alias.table));
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
                self.add_key(key, "shared_key", self.words.bases.shared_key);
            }
        }
    }

    /// `shiptoaddressid`: a table's or key's name at the end of a word, where nothing else was found.
    fn glued_ending(&mut self, words: &[String]) {
        let Some((last, _)) = words.split_last() else { return };
        let bases = &self.words.bases;
        for (start, _) in last.char_indices().skip(2) {
            let Some(ending) = last.get(start..).filter(|ending| ending.len() >= 5) else {
                return;
            };
            let keys: Vec<KeyName> = self.index.keys_called(ending).to_vec();
            let primary: Vec<&KeyName> = keys.iter().filter(|key| key.primary && key.owned).collect();
            if let [key] = primary.as_slice() {
                self.add_key(**key, "role_key_name", bases.role_key_name + self.words.weights.glued);
                return;
            }
            for stem in names::stems(&[ending.to_owned()])
                .iter()
                .filter(|stem| stem.style == Style::Glued)
            {
                let name = stem.words.concat();
                if name.len() < 4 {
                    continue;
                }
                let called = self.index.tables_called(&name).to_vec();
                for alias in called.iter().filter(|alias| alias.kind.is_whole()) {
                    let weight = bases.role + 2 * self.words.weights.glued;
                    self.add_table(alias.table, stem, "role_stem", weight, &stem.words);
                }
            }
            if !self.found.is_empty() {
                return;
            }
        }
    }

    fn precedent(&mut self, precedents: &Precedents) {
        let name = self.child.column.words.concat();
        let Some(Some((table, column))) = precedents.get(&name) else {
            return;
        };
        if self.words.generic_keys.has(&name) || self.words.generic_names.has(&name) {
            return;
        }
        let key = KeyName {
            table: *table,
            column: *column,
            primary: true,
            owned: true,
        };
        self.add_key(key, "precedent", self.words.bases.precedent);
    }

    /// Adds the key of a table that a stem names, if there is one whose type fits.
    fn add_table(&mut self, table: usize, stem: &Stem, code: &'static str, weight: i32, name: &[String]) {
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
        let word = name.concat();
        let qualified = code == "qualified_stem" || code == "self_reference";
        let whole = self.index.is_wholly_called(table, &word);
        let generic =
            !qualified && (self.words.generic_names.has(&word) || (!whole && self.words.transient_ids.has(&word)));
        let key_name = names.column(key).map_or("", |column| column.column.name.as_str());
        let child = &self.child.column.column.name;
        let parent = &names.table.name;
        let detail = match code {
            "self_reference" => format!("`{child}` names another row of {parent}({key_name})"),
            "person_role" => format!("`{child}` names a person, and people are in {parent}({key_name})"),
            "qualified_stem" => format!("`{child}`, read with the name of its own table, names {parent}({key_name})"),
            _ => format!("`{child}` names {parent}({key_name})"),
        };
        let naming = Evidence { code, detail, weight };
        self.add(table, key, fit, naming, generic);
    }

    fn add_key(&mut self, key: KeyName, code: &'static str, weight: i32) {
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
            "role_key_name" => format!("`{child}` ends in the name of the key {parent}"),
            _ => format!("`{child}` is called like the key {parent}"),
        };
        let naming = Evidence { code, detail, weight };
        self.add(key.table, key.column, fit, naming, false);
    }

    /// The key that a name with this tail means: the one called like the tail or the whole, else the primary key, else
    /// the only one that fits.
    fn key_of(&self, names: &TableNames<'_>, stem: &Stem) -> Option<(usize, Fit)> {
        let ty = &self.child.column.column.ty;
        let fits = |column: usize| Some((column, score::fit(ty, &names.column(column)?.column.ty)?));
        let whole = self.child.column.words.concat();
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
        let by_name = by_tail.or_else(|| called(&whole));
        if stem.style == Style::Weak {
            // `tax_code` is no id of a tax.
            return by_name;
        }
        by_name
            .or_else(|| primary.and_then(|key| fits(key.column)))
            .or_else(|| if stem.style == Style::Bare { None } else { called("id") })
    }

    fn add(&mut self, table: usize, key: usize, fit: Fit, naming: Evidence, generic: bool) {
        if !self
            .index
            .table(table)
            .is_some_and(|names| names.is_target || names.table.kind == TableKind::Partitioned)
        {
            return;
        }
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
                evidence: Vec::new(),
            });
            return;
        };
        if known.naming.code != naming.code && known.evidence.is_empty() {
            let other = if naming.weight > known.naming.weight {
                &known.naming
            } else {
                &naming
            };
            known.evidence.push(Evidence {
                code: "agreeing",
                detail: other.detail.clone(),
                weight: self.words.weights.agreeing,
            });
        }
        if naming.weight > known.naming.weight {
            known.naming = naming;
            known.generic = generic;
        }
    }
}

/// The columns of a candidate.
pub(super) fn parent(index: &Index<'_>, candidate: &Candidate) -> Option<ColumnSet> {
    let names = index.table(candidate.table)?;
    let key: Ident = names.column(candidate.key)?.column.name.clone();
    Some(ColumnSet::new(names.table.name.clone(), vec![key]))
}
