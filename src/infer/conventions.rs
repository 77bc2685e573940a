//! The second look: what the sure references of a schema are like tells of those that are less sure.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::aliases::Index;
use super::candidates;
use super::resolve::{Considered, Rated};
use super::score;
use super::vocabulary::vocabulary;
use crate::relation::Evidence;
use crate::schema::ColumnSet;

/// Log-odds, in thousandths, from which on a reference is taken as an example of the schema's conventions.
const SURE: i32 = 1500;
/// With fewer examples there is no convention.
const EXAMPLES: usize = 8;
/// This many columns that are named in one way and mean one parent are no accident.
const ALIKE: usize = 3;
/// And these still less.
const MANY_ALIKE: usize = 8;

/// The ways of naming that are right in one schema and wrong in the next.
const DOUBTFUL: [&str; 14] = [
    "agent",
    "bare_unusual",
    "qualified_bare",
    "role_stem",
    "role_weak_tail",
    "weak_tail",
    "role_bare_usual",
    "role_bare_unusual",
    "key_shared",
    "key_unique",
    "role_key_owned",
    "role_key_unique",
    "abbreviation",
    "abbreviation_part",
];

/// What leaves doubt about any way of naming.
const WEAKENED: [&str; 1] = ["without_last_word"];

/// A table and the position of a column in it.
type Place = (usize, usize);

/// What the sure references of a schema are like.
struct Conventions<'a> {
    /// Where columns of one name lead, by glued name; `None` where they lead to several parents.
    by_name: FxHashMap<&'a str, Examples>,
    /// How many columns lead to a parent by one way of naming.
    alike: FxHashMap<(Place, &'static str), usize>,
    /// Whether nearly all lead an index.
    indexed: bool,
}

/// The sure references of columns of one name.
struct Examples {
    /// By child, so that a column is no example for itself.
    parents: BTreeMap<Place, Vec<Place>>,
}

impl Examples {
    /// The one parent of all examples but that of `child`.
    fn parent_beside(&self, child: Place) -> Option<Place> {
        let mut others = self
            .parents
            .iter()
            .filter(|(_, children)| children.iter().any(|other| *other != child));
        let (parent, _) = others.next()?;
        others.next().is_none().then_some(*parent)
    }

    /// How many examples lead to it.
    fn count(&self, parent: Place) -> usize {
        self.parents.get(&parent).map_or(0, Vec::len)
    }
}

/// Adds to each column's candidates what the other columns tell.
pub(super) fn apply(
    index: &Index<'_>,
    considered: &mut [Considered],
    is_allowed: impl Fn(&ColumnSet, &ColumnSet) -> bool,
) {
    let conventions = Conventions::learn(index, considered);
    for one in considered.iter_mut() {
        conventions.recurring(index, one, &is_allowed);
        conventions.tell(index, one);
        one.rank();
    }
}

impl<'a> Conventions<'a> {
    fn learn(index: &'a Index<'_>, considered: &[Considered]) -> Self {
        let mut by_name: FxHashMap<&str, Examples> = FxHashMap::default();
        let mut alike: FxHashMap<(Place, &'static str), usize> = FxHashMap::default();
        let (mut sure, mut indexed) = (0_usize, 0_usize);
        for one in considered {
            let Some(best) = one.found.first() else { continue };
            let Some(name) = glued_name(index, one.place) else {
                continue;
            };
            let way = best.evidence.first().map_or("", |reason| reason.code);
            // Where the name leaves no doubt, others add nothing.
            let doubtful = DOUBTFUL.contains(&way) || has(&best.evidence, &WEAKENED);
            if doubtful && has(&best.evidence, &["type_same"]) {
                *alike.entry((best.place, way)).or_default() += 1;
            }
            if best.log_odds < SURE {
                continue;
            }
            let examples = by_name.entry(name).or_insert_with(|| Examples {
                parents: BTreeMap::new(),
            });
            examples.parents.entry(best.place).or_default().push(one.place);
            sure += 1;
            indexed += usize::from(is_indexed(best));
        }
        Self {
            by_name,
            alike,
            indexed: sure >= EXAMPLES && indexed * 5 >= sure * 4,
        }
    }

    /// A column whose name means nothing to us, and whose namesakes in other tables are sure references to one parent.
    fn recurring(&self, index: &Index<'_>, one: &mut Considered, is_allowed: impl Fn(&ColumnSet, &ColumnSet) -> bool) {
        let Some(names) = index.table(one.place.0) else { return };
        let Some(column) = names.column(one.place.1) else {
            return;
        };
        let name = column.glued.as_str();
        let words = vocabulary();
        if !candidates::can_refer(column) || names.is_key(one.place.1) || words.generic_keys.has(name) {
            return;
        }
        let Some(examples) = self.by_name.get(name) else {
            return;
        };
        let Some(parent) = examples.parent_beside(one.place) else {
            return;
        };
        if examples.count(parent) < 2 || parent.0 == one.place.0 {
            return;
        }
        let known = one.found.iter().any(|rated| rated.place == parent);
        let Some(key) = index.table(parent.0).and_then(|names| names.column(parent.1)) else {
            return;
        };
        let fits = score::fit(&column.column.ty, &key.column.ty) == Some(score::Fit::Same);
        let Some(ends) = index
            .table(parent.0)
            .map(|names| ColumnSet::new(names.table.name.clone(), vec![key.column.name.clone()]))
        else {
            return;
        };
        if known || !fits || !is_allowed(&one.child, &ends) {
            return;
        }
        let detail = format!("other columns called `{}` reference {ends}", column.column.name);
        let evidence = vec![index.weights.reason("recurring", detail)];
        one.found.push(Rated::new(
            ends,
            parent,
            evidence,
            names.table.name.namespace == index_namespace(index, parent),
        ));
    }

    fn tell(&self, index: &Index<'_>, one: &mut Considered) {
        let Some(name) = glued_name(index, one.place) else {
            return;
        };
        let weights = index.weights;
        let namesake = self
            .by_name
            .get(name)
            .and_then(|examples| examples.parent_beside(one.place));
        for rated in &mut one.found {
            let way = rated.evidence.first().map_or("", |reason| reason.code);
            let is_self = matches!(way, "self_tree" | "self_other" | "ordinal");
            match namesake {
                Some(parent) if parent == rated.place && way != "recurring" => {
                    rated.add(weights.reason("same_name", "columns of this name in other tables reference it too"));
                }
                Some(parent) if parent != rated.place && !is_self => {
                    let detail = "columns of this name in other tables reference another";
                    rated.add(weights.reason("same_name_elsewhere", detail));
                }
                _ => {}
            }
            let doubtful = DOUBTFUL.contains(&way) || has(&rated.evidence, &WEAKENED);
            let others = self
                .alike
                .get(&(rated.place, way))
                .copied()
                .filter(|_| doubtful)
                .unwrap_or(0);
            if others >= ALIKE {
                let detail = "several columns are named in this way and mean it";
                rated.add(weights.reason("many_alike", detail));
            }
            if others >= MANY_ALIKE {
                let detail = "many columns are named in this way and mean it";
                rated.add(weights.reason("very_many_alike", detail));
            }
            if self.indexed && !is_indexed(rated) && !is_own_key(rated) {
                let detail = "nearly all references of this schema lead an index, and this column does not";
                rated.add(weights.reason("unindexed_here", detail));
            }
        }
    }
}

fn index_namespace(index: &Index<'_>, place: Place) -> Option<crate::schema::Ident> {
    index
        .table(place.0)
        .and_then(|names| names.table.name.namespace.clone())
}

fn glued_name<'a>(index: &'a Index<'_>, place: Place) -> Option<&'a str> {
    Some(&index.table(place.0)?.column(place.1)?.glued)
}

fn has(evidence: &[Evidence], codes: &[&str]) -> bool {
    evidence.iter().any(|reason| codes.contains(&reason.code))
}

fn is_indexed(rated: &Rated) -> bool {
    has(&rated.evidence, &["indexed", "index_member"])
}

fn is_own_key(rated: &Rated) -> bool {
    has(&rated.evidence, &["own_key", "shared_key"])
}
