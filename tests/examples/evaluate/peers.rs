//! What other tools' published rules propose, written anew from their description, to compare with. Names are compared
//! as each tool does. None of these rules is part of the product.

use std::collections::{BTreeMap, BTreeSet};

use relaudit::schema::{Column, ColumnType, Ident, Schema, Table, TypeFamily};

use super::corpus::Pair;

/// A rule by its name.
pub(crate) type Rule = (&'static str, fn(&Schema) -> BTreeSet<Pair>);

/// All rules, in the order in which they are printed.
pub(crate) const RULES: [Rule; 9] = [
    ("Azimutt", azimutt),
    ("tbls, default", |schema| tbls(schema, Tbls::PluralId)),
    ("tbls, singularTableName", |schema| tbls(schema, Tbls::SingularId)),
    ("tbls, identical", |schema| tbls(schema, Tbls::PluralSame)),
    ("tbls, identicalSingular…", |schema| tbls(schema, Tbls::SingularSame)),
    ("tbls, invertedSingular…", |schema| tbls(schema, Tbls::Inverted)),
    ("SchemaSpy", schemaspy),
    ("SchemaSpy, rails", schemaspy_rails),
    ("SchemaCrawler", schemacrawler),
];

fn tables(schema: &Schema) -> impl Iterator<Item = &Table> {
    schema
        .tables
        .values()
        .filter(|table| table.kind.holds_rows() && table.partition_of.is_none())
}

fn pair(child: &Table, column: &Column, parent: &Table, key: &Ident) -> Pair {
    Pair {
        child: child.name.clone(),
        column: column.name.clone(),
        parent: parent.name.clone(),
        key: key.clone(),
    }
}

fn has_foreign_key(table: &Table, column: &Column) -> bool {
    table.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}

fn single_primary(table: &Table) -> Option<&Column> {
    match table.primary_key()?.columns.as_slice() {
        [only] => table.column(only),
        _ => None,
    }
}

/// Tables by what they can be called.
type Map<'s> = BTreeMap<String, Vec<&'s Table>>;

/// Words at changes to upper case and at whatever is neither letter nor digit; in the singular of the tool.
fn azimutt_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for letter in name.chars() {
        let joins = letter.is_lowercase() || letter.is_numeric();
        let starts = letter.is_uppercase() && !(word.is_empty() || word.ends_with(char::is_uppercase));
        if !word.is_empty() && (starts || !(joins || letter.is_uppercase())) {
            words.push(std::mem::take(&mut word));
        }
        if joins || letter.is_uppercase() {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
        .iter()
        .map(|word| azimutt_singular(&word.to_lowercase()))
        .collect()
}

fn azimutt_singular(word: &str) -> String {
    if let Some(front) = word.strip_suffix("ies") {
        return format!("{front}y");
    }
    let two = ["ses", "xes", "zes", "hes"].iter().any(|end| word.ends_with(end));
    let end = if two { 2 } else { usize::from(word.ends_with('s')) };
    word.chars().take(word.chars().count() - end).collect()
}

fn azimutt(schema: &Schema) -> BTreeSet<Pair> {
    let mut maps: [BTreeMap<String, Vec<&Table>>; 3] = Default::default();
    for table in tables(schema) {
        let words = azimutt_words(table.name.table.as_str());
        for (dropped, map) in maps.iter_mut().enumerate() {
            if let Some(rest) = words.get(dropped..).filter(|rest| !rest.is_empty()) {
                map.entry(rest.join("_")).or_default().push(table);
            }
        }
    }
    let mut found = BTreeSet::new();
    for child in tables(schema) {
        for column in &child.columns {
            let words = azimutt_words(column.name.as_str());
            let Some((last, front)) = words.split_last() else {
                continue;
            };
            let guesses: Vec<(Vec<String>, &[Map<'_>])> = if last == "id" && !front.is_empty() {
                vec![(words.clone(), &maps[..])]
            } else if last.len() > 2 && last.ends_with("id") {
                let mut split = front.to_vec();
                split.push(last.trim_end_matches("id").to_owned());
                split.push("id".to_owned());
                vec![(split, &maps[..])]
            } else if last == "by" {
                ["user", "account"]
                    .map(|people| (vec![people.to_owned(), "id".to_owned()], &maps[..1]))
                    .to_vec()
            } else {
                continue;
            };
            for (words, maps) in guesses {
                let hits = azimutt_guess(&words, maps, child);
                let hits: Vec<(&Table, &Ident)> = hits;
                if !hits.is_empty() {
                    found.extend(
                        hits.iter()
                            .filter(|(parent, key)| parent.name != child.name || **key != column.name)
                            .map(|(parent, key)| pair(child, column, parent, key)),
                    );
                    break;
                }
            }
        }
    }
    found
}

/// All tables that a slice of the words names in the first of the maps that has any.
fn azimutt_guess<'s>(
    words: &[String],
    maps: &[BTreeMap<String, Vec<&'s Table>>],
    child: &Table,
) -> Vec<(&'s Table, &'s Ident)> {
    const SLICES: [(usize, usize); 11] = [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (0, 2),
        (0, 3),
        (0, 4),
        (1, 2),
        (2, 2),
        (1, 3),
        (2, 3),
    ];
    for map in maps {
        let mut hits: Vec<(&Table, &Ident)> = Vec::new();
        for (front, back) in SLICES {
            let slice = words.len().checked_sub(back).and_then(|end| words.get(front..end));
            let Some(slice) = slice.filter(|slice| !slice.is_empty()) else {
                continue;
            };
            for table in map.get(&slice.join("_")).into_iter().flatten() {
                if let Some(key) = azimutt_key(table, words) {
                    hits.push((table, key));
                }
            }
        }
        hits.sort_by_key(|(table, _)| table.name.namespace != child.name.namespace);
        if !hits.is_empty() {
            return hits;
        }
    }
    Vec::new()
}

fn azimutt_key<'s>(table: &'s Table, words: &[String]) -> Option<&'s Ident> {
    if let Some(id) = table.columns.iter().find(|column| column.name.as_str() == "id") {
        return Some(&id.name);
    }
    let is_tail = |column: &&Column| {
        let name = column.name.as_str();
        let parts = if name.to_lowercase().ends_with("id") {
            let mut parts = azimutt_words(name.get(..name.len() - 2).unwrap_or_default());
            parts.push("id".to_owned());
            parts
        } else {
            azimutt_words(name)
        };
        words.ends_with(&parts)
    };
    table.columns.iter().find(is_tail).map(|column| &column.name)
}

/// The strategies of tbls: which table a column names, and which of its columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tbls {
    PluralId,
    SingularId,
    PluralSame,
    SingularSame,
    Inverted,
}

fn tbls(schema: &Schema, strategy: Tbls) -> BTreeSet<Pair> {
    let mut found = BTreeSet::new();
    for child in tables(schema) {
        for column in &child.columns {
            let name = column.name.as_str();
            let stem = if strategy == Tbls::Inverted {
                name.split_once('_')
                    .filter(|(front, _)| *front == "id")
                    .map(|(_, rest)| rest)
            } else {
                name.rsplit_once('_')
                    .filter(|(_, last)| *last == "id")
                    .map(|(front, _)| front)
            };
            let Some(stem) = stem.filter(|stem| !stem.is_empty()) else {
                continue;
            };
            let plural = matches!(strategy, Tbls::PluralId | Tbls::PluralSame);
            let wanted = pluralizer::pluralize(stem, if plural { 2 } else { 1 }, false);
            let key = if matches!(strategy, Tbls::PluralSame | Tbls::SingularSame) {
                name
            } else {
                "id"
            };
            // Only the current schema is looked at, which is that of the default search path.
            let parent = tables(schema).find(|table| {
                let namespace = table.name.namespace.as_ref().map_or("public", Ident::as_str);
                table.name.table.as_str() == wanted && namespace == "public"
            });
            if let Some(parent) = parent.filter(|parent| parent.name != child.name)
                && let Some(key) = parent.columns.iter().find(|column| column.name.as_str() == key)
            {
                found.insert(pair(child, column, parent, &key.name));
            }
        }
    }
    found
}

fn same_length_and_type(one: &ColumnType, other: &ColumnType) -> bool {
    one.base.eq_ignore_ascii_case(&other.base) && one.length == other.length
}

fn schemaspy(schema: &Schema) -> BTreeSet<Pair> {
    let parents: Vec<(&Table, &Column)> = tables(schema)
        .filter_map(|table| Some((table, single_primary(table)?)))
        .collect();
    let mut found = BTreeSet::new();
    for child in tables(schema) {
        let primary = child
            .primary_key()
            .map(|key| key.columns.as_slice())
            .unwrap_or_default();
        for column in &child.columns {
            if has_foreign_key(child, column) || primary.contains(&column.name) || column.name.as_str() == "LanguageId"
            {
                continue;
            }
            let name = column.name.as_str().to_lowercase();
            let matching: Vec<&(&Table, &Column)> = parents
                .iter()
                .filter(|(table, key)| {
                    let (table, pk) = (
                        table.name.table.as_str().to_lowercase(),
                        key.name.as_str().to_lowercase(),
                    );
                    let by_name = name == pk
                        || name.ends_with(&format!("_{pk}"))
                        || name
                            .strip_prefix(table.as_str())
                            .is_some_and(|rest| rest.ends_with(&pk));
                    by_name && same_length_and_type(&column.ty, &key.ty)
                })
                .collect();
            if let [(parent, key)] = matching.as_slice()
                && parent.name != child.name
            {
                found.insert(pair(child, column, parent, &key.name));
            }
        }
    }
    found
}

fn schemaspy_rails(schema: &Schema) -> BTreeSet<Pair> {
    let mut by_name: BTreeMap<String, &Table> = BTreeMap::new();
    for table in tables(schema) {
        by_name.entry(table.name.table.as_str().to_lowercase()).or_insert(table);
    }
    let mut found = schemaspy(schema);
    for child in tables(schema) {
        for column in child.columns.iter().filter(|column| !has_foreign_key(child, column)) {
            let name = column.name.as_str().to_lowercase();
            let Some(stem) = name.strip_suffix("_id").filter(|stem| !stem.is_empty()) else {
                continue;
            };
            let parent = by_name.get(&pluralizer::pluralize(stem, 2, false));
            let key = parent.and_then(|parent| parent.find_column("id"));
            if let (Some(parent), Some(key)) = (parent, key) {
                found.insert(pair(child, column, parent, &key.name));
            }
        }
    }
    found
}

/// A name in small letters without the tail that says that it is a key.
fn without_id(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let tails = ["_keyid", "keyid", "_id", "_key", "id", "key"];
    tails
        .iter()
        .find_map(|tail| lower.strip_suffix(tail))
        .map(str::to_owned)
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The prefixes that tables share; the twelve rarest are kept, as in the tool, and those of more than half.
fn schemacrawler_prefixes(schema: &Schema) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for table in tables(schema) {
        let name = table.name.table.as_str().to_lowercase();
        for (at, _) in name.match_indices('_') {
            *counts
                .entry(name.get(..=at).unwrap_or_default().to_owned())
                .or_default() += 1;
        }
    }
    let all = counts.len();
    let mut sorted: Vec<(String, usize)> = counts.into_iter().collect();
    sorted.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
    let kept = sorted
        .into_iter()
        .enumerate()
        .filter(|(at, (_, count))| *at < 12 || count * 2 > all);
    kept.map(|(_, (prefix, _))| prefix).chain([String::new()]).collect()
}

fn schemacrawler(schema: &Schema) -> BTreeSet<Pair> {
    let prefixes = schemacrawler_prefixes(schema);
    let mut by_key: BTreeMap<String, Vec<(&Table, &Column)>> = BTreeMap::new();
    for table in tables(schema) {
        for column in &table.columns {
            let key = without_id(column.name.as_str()).unwrap_or_else(|| column.name.as_str().to_lowercase());
            if !key.is_empty() {
                by_key.entry(key).or_default().push((table, column));
            }
        }
    }
    let mut found = BTreeSet::new();
    for parent in tables(schema) {
        let primary = single_primary(parent);
        let keys: BTreeSet<&Ident> = parent
            .unique_column_sets()
            .into_iter()
            .filter_map(|set| if let [only] = set.as_slice() { Some(*only) } else { None })
            .collect();
        for key in keys.into_iter().filter_map(|name| parent.column(name)) {
            let mut wanted: BTreeSet<String> = without_id(key.name.as_str()).into_iter().collect();
            if primary == Some(key) {
                let name = parent.name.table.as_str().to_lowercase();
                let rests = prefixes.iter().filter_map(|prefix| name.strip_prefix(prefix.as_str()));
                wanted.extend(rests.map(|rest| pluralizer::pluralize(rest, 1, false)));
            }
            wanted.remove("");
            for (child, column) in wanted.iter().filter_map(|key| by_key.get(key)).flatten() {
                let is_key = child.name == parent.name && column.name == key.name;
                if !is_key && !has_foreign_key(child, column) && schemacrawler_accepts(child, column, key) {
                    found.insert(pair(child, column, parent, &key.name));
                }
            }
        }
    }
    found
}

fn schemacrawler_accepts(child: &Table, column: &Column, key: &Column) -> bool {
    let same_type = column.ty.base == key.ty.base && column.ty.family != TypeFamily::Other;
    let (column_name, key_name) = (plain(column.name.as_str()), plain(key.name.as_str()));
    let Some(rest) = without_id(&key_name) else {
        return false;
    };
    let own = child
        .primary_key()
        .is_some_and(|primary| primary.columns.contains(&column.name));
    let same_stem = without_id(&column_name).unwrap_or_else(|| column_name.clone()) == rest;
    same_type && (same_stem || rest.is_empty()) && !(column_name == key_name && own)
}
