//! A declaration, with every default of Active Record spelled out.

use super::body::{Body, Declared};
use super::expression::UNSCOPE_WHERE;
use super::inflection::Inflections;
use super::lineage::{Lineage, TableOf, table_name};
use super::options;
use super::value::{Lambda, Value};
use crate::schema::{Action, Association, AssociationKind, DeleteIntent, End, Ident, Link, PolymorphicEnd, TableName};

/// Spells out the declarations of one model.
pub(super) struct Resolver<'a> {
    pub(super) lineage: &'a Lineage<'a>,
    /// The model whose table it is about.
    pub(super) model: &'a str,
    /// Whether a class that is in no file is nowhere.
    pub(super) is_whole: bool,
}

/// Why a link could not be told, and whether the code is wrong.
type Unresolved = (String, bool);

/// How far associations are followed that go through others.
const LONGEST: u32 = 8;

impl Resolver<'_> {
    pub(super) fn resolve(&self, declared: &Declared) -> Association {
        let kind = kind(declared);
        let goes_through = declared.text("through").is_some();
        let (target, link) = match self.link(declared) {
            Ok((target, link)) => (target, link),
            Err((why, dangling)) => (None, Link::Unresolved { why, dangling }),
        };
        Association {
            name: declared.name.clone(),
            kind,
            declared_as: declared.keyword,
            target,
            link,
            optional: self.optional(declared),
            on_delete: intent(declared).filter(|_| !goes_through && kind != AssociationKind::BelongsTo),
            constraint: true,
            scoped: declared.scope.as_ref().is_some_and(|scope| narrows(scope, kind)),
            implied: declared.implied,
            inverse: declared.text("inverse_of").map(str::to_owned),
            unknown_options: options::unknown(declared),
            location: declared.location.clone(),
        }
    }

    fn rules(&self) -> &Inflections {
        &self.lineage.application.inflections
    }

    /// Whether a child may have no parent: only `belongs_to` says so.
    fn optional(&self, declared: &Declared) -> Option<bool> {
        if kind(declared) != AssociationKind::BelongsTo {
            return None;
        }
        if let Some(required) = declared.option("required") {
            return required.truth().map(|required| !required);
        }
        if let Some(optional) = declared.option("optional").filter(|optional| **optional != Value::Nil) {
            return optional.truth();
        }
        if declared.opaque.is_some() {
            return None;
        }
        let of_class = |body: &Body| body.settings.required_by_default;
        let required = self.lineage.setting(self.model, of_class);
        required
            .or(self.lineage.application.required_by_default)
            .map(|required| !required)
    }

    fn link(&self, declared: &Declared) -> Result<(Option<String>, Link), Unresolved> {
        if let Some(why) = &declared.opaque {
            return Err((why.clone(), false));
        }
        let own = self.table_of(self.model)?;
        if declared.is_set("polymorphic") && kind(declared) == AssociationKind::BelongsTo {
            let child = PolymorphicEnd {
                table: own,
                type_column: name_of(declared, "foreign_type", || format!("{}_type", declared.name))?,
                id_columns: self.key_or(declared, || format!("{}_id", declared.name))?,
            };
            return Ok((None, Link::PolymorphicChild { child }));
        }
        if let Some(through) = declared.option("through") {
            let via = through.text().ok_or_else(|| unclear("through"))?;
            let target = self.through_target(self.model, declared, 0)?;
            return Ok((target, Link::Through { via: via.to_owned() }));
        }
        let target = self.target(self.model, declared)?;
        let table = self.table_of(&target)?;
        let scope = declared.scope.as_ref();
        if scope.is_some_and(|scope| scope.calls.iter().any(|call| call == UNSCOPE_WHERE)) {
            return Err(("its scope takes the condition on its key back".to_owned(), false));
        }
        let link = match kind(declared) {
            AssociationKind::BelongsTo => self.belongs_to(declared, own, &target, table)?,
            AssociationKind::HasOne | AssociationKind::HasMany => self.has(declared, own, &target, table)?,
            AssociationKind::BelongsToMany => self.join_table(declared, own, &target, table)?,
        };
        Ok((Some(target), link))
    }

    fn belongs_to(
        &self,
        declared: &Declared,
        own: TableName,
        target: &str,
        table: TableName,
    ) -> Result<Link, Unresolved> {
        let key = self.key_or(declared, || format!("{}_id", declared.name))?;
        let parent = match declared.option("primary_key") {
            Some(columns) => names(columns, "primary_key")?,
            None => self.matching_key(target, key.len()),
        };
        Ok(Link::Direct {
            child: End::new(own, key),
            parent: End::new(table, parent),
        })
    }

    fn has(&self, declared: &Declared, own: TableName, target: &str, table: TableName) -> Result<Link, Unresolved> {
        let role = declared.text("as");
        let key = match (role, declared.text("inverse_of")) {
            (Some(role), _) => self.key_or(declared, || format!("{role}_id"))?,
            (None, Some(inverse)) if key_option(declared).is_none() => {
                self.key_of_inverse(declared, target, inverse)?
            }
            _ => self.key_or(declared, || self.rules().foreign_key(&declared.owner))?,
        };
        let columns = match declared.option("primary_key") {
            Some(columns) => names(columns, "primary_key")?,
            None => self.matching_key(self.model, key.len()),
        };
        let parent = End::new(own, columns);
        let Some(role) = role else {
            return Ok(Link::Direct {
                child: End::new(table, key),
                parent,
            });
        };
        Ok(Link::PolymorphicParent {
            child: PolymorphicEnd {
                table,
                type_column: name_of(declared, "foreign_type", || format!("{role}_type"))?,
                id_columns: key,
            },
            value: self.lineage.polymorphic_name(self.model),
            parent,
        })
    }

    /// The key of the other end, where that is named (Rails 7.1 and newer; before, such a declaration names a key that
    /// is not there).
    fn key_of_inverse(&self, declared: &Declared, target: &str, inverse: &str) -> Result<Vec<Ident>, Unresolved> {
        match self.lineage.association(target, inverse) {
            Some(other) if other.keyword == "belongs_to" => key_or(other, || format!("{}_id", other.name)),
            _ => self.key_or(declared, || self.rules().foreign_key(&declared.owner)),
        }
    }

    /// The columns of the foreign key as the options have it, or the default; that of a model that looks rows up by two
    /// columns is two columns too (`derive_fk_query_constraints` in `reflection.rb` of Active Record 7.2).
    fn key_or(&self, declared: &Declared, default: impl Fn() -> String) -> Result<Vec<Ident>, Unresolved> {
        let key = key_or(declared, default)?;
        let (constraints, stated) = (
            self.lineage.query_constraints(self.model),
            self.lineage.primary_key(self.model),
        );
        let own = stated.first().cloned().unwrap_or_else(|| Ident::from("id"));
        let (Some(name), [one, other], None) = (key.first(), constraints.as_slice(), key_option(declared)) else {
            return Ok(key);
        };
        Ok(match (*one == own, *other == own) {
            _ if constraints.contains(name) => key,
            (true, _) => vec![name.clone(), other.clone()],
            (_, true) => vec![one.clone(), name.clone()],
            _ => key,
        })
    }

    /// The key of a class that a foreign key of so many columns goes to: what it looks rows up by, or its stated primary
    /// key. One column of several goes to `id`, if that is one of them (Rails 7.1, "Composite Primary Keys").
    fn matching_key(&self, class: &str, columns: usize) -> Vec<Ident> {
        let id = Ident::from("id");
        let (constraints, stated) = (self.lineage.query_constraints(class), self.lineage.primary_key(class));
        if constraints.len() == columns {
            constraints
        } else if columns == 1 && stated.len() > 1 && stated.contains(&id) {
            vec![id]
        } else {
            stated
        }
    }

    fn join_table(
        &self,
        declared: &Declared,
        own: TableName,
        target: &str,
        table: TableName,
    ) -> Result<Link, Unresolved> {
        let join = match declared.option("join_table") {
            Some(name) => name.text().ok_or_else(|| unclear("join_table"))?.to_owned(),
            None => join_table_name(&own.to_string(), &table.to_string()),
        };
        let join = table_name(&join);
        let owner_key = key_or(declared, || self.rules().foreign_key(&declared.owner))?;
        let target_key = match (declared.option("association_foreign_key"), declared.text("class_name")) {
            (Some(key), _) => names(key, "association_foreign_key")?,
            (None, Some(class)) => vec![Ident::new(self.rules().foreign_key(class))],
            (None, None) => vec![Ident::new(format!("{}_id", self.rules().singularize(&declared.name)))],
        };
        Ok(Link::JoinTable {
            owner_key: End::new(join.clone(), owner_key),
            owner: End::new(own, self.lineage.primary_key(self.model)),
            target_key: End::new(join, target_key),
            target: End::new(table, self.lineage.primary_key(target)),
        })
    }

    /// The class at the other end of an association of a class.
    fn target(&self, model: &str, declared: &Declared) -> Result<String, Unresolved> {
        let stated = declared.option("class_name").or(declared.option("anonymous_class"));
        let class = match stated {
            Some(Value::Text(name) | Value::Constant(name)) => name.clone(),
            Some(_) => return Err(unclear("class_name")),
            None if kind(declared) == AssociationKind::BelongsTo || kind(declared) == AssociationKind::HasOne => {
                self.rules().camelize(&declared.name)
            }
            None => self.rules().camelize(&self.rules().singularize(&declared.name)),
        };
        let found = self.lineage.index.class_of_association(model, &class);
        if let Some(found) = found {
            return if self.lineage.is_model(&found) {
                Ok(found)
            } else {
                Err((format!("the class `{found}` is no model that could be followed"), false))
            };
        }
        let path = class.trim_start_matches("::");
        if self.lineage.index.class_method(path, "method_missing").is_some() {
            return Err((
                format!("`{class}` hands its methods on to what only the running code knows"),
                false,
            ));
        }
        // A gem may have a class in a module of its own.
        let module = path.rsplit_once("::");
        let is_elsewhere = module.is_some_and(|(module, _)| !self.lineage.has_models_in(module));
        let is_wrong = self.is_whole && !is_elsewhere;
        Err((format!("there is no model `{class}`"), is_wrong))
    }

    /// The class at the far end of what goes through another association; `None` where that may be any.
    fn through_target(&self, model: &str, declared: &Declared, depth: u32) -> Result<Option<String>, Unresolved> {
        let via = declared.text("through").unwrap_or_default();
        if depth > LONGEST {
            return Err(("it goes through itself".to_owned(), false));
        }
        let Some(first) = self.lineage.association(model, via) else {
            return Err((format!("`{model}` has no association `{via}` to go through"), false));
        };
        let middle = self.far_end(model, first, depth)?;
        let middle = middle.ok_or_else(|| (format!("`{via}` is polymorphic: nothing goes through it"), false))?;
        let sources = match declared.option("source") {
            Some(source) => vec![source.text().ok_or_else(|| unclear("source"))?.to_owned()],
            None => vec![self.rules().singularize(&declared.name), declared.name.clone()],
        };
        let found = sources
            .iter()
            .find_map(|source| self.lineage.association(&middle, source));
        let Some(source) = found else {
            let names = sources.join("` or `");
            return Err((format!("`{middle}` has no association `{names}`"), false));
        };
        if let Some(class) = declared.text("source_type") {
            let found = self.lineage.index.class_of_association(model, class);
            return found
                .map(Some)
                .ok_or_else(|| (format!("there is no model `{class}`"), self.is_whole));
        }
        self.far_end(&middle, source, depth)
    }

    fn far_end(&self, model: &str, declared: &Declared, depth: u32) -> Result<Option<String>, Unresolved> {
        if declared.text("through").is_some() {
            return self.through_target(model, declared, depth + 1);
        }
        if declared.is_set("polymorphic") {
            return Ok(None);
        }
        self.target(model, declared).map(Some)
    }

    fn table_of(&self, class: &str) -> Result<TableName, Unresolved> {
        match self.lineage.table(class) {
            TableOf::Table(name, _) => Ok(table_name(&name)),
            TableOf::None => Err((format!("`{class}` has no table of its own"), false)),
            TableOf::Unknown(_) => Err((format!("the table of `{class}` is not written out"), false)),
        }
    }
}

/// The column that an option names, or the default.
fn name_of(declared: &Declared, option: &str, default: impl Fn() -> String) -> Result<Ident, Unresolved> {
    match declared.option(option) {
        Some(value) => value.text().map(Ident::from).ok_or_else(|| unclear(option)),
        None => Ok(Ident::new(default())),
    }
}

/// The columns of the foreign key as the options have it, or the default.
fn key_or(declared: &Declared, default: impl Fn() -> String) -> Result<Vec<Ident>, Unresolved> {
    match key_option(declared) {
        Some(columns) => names(columns, "foreign_key"),
        None => Ok(vec![Ident::new(default())]),
    }
}

/// What the macro promises.
fn kind(declared: &Declared) -> AssociationKind {
    match declared.keyword {
        "belongs_to" | "delegated_type" => AssociationKind::BelongsTo,
        "has_one" | "has_one_attached" | "has_rich_text" => AssociationKind::HasOne,
        "has_and_belongs_to_many" => AssociationKind::BelongsToMany,
        _ => AssociationKind::HasMany,
    }
}

fn key_option(declared: &Declared) -> Option<&Value> {
    let stated = declared.option("foreign_key").filter(|key| **key != Value::Nil);
    stated.or(declared.option("query_constraints"))
}

fn names(value: &Value, option: &str) -> Result<Vec<Ident>, Unresolved> {
    let texts = value.texts().ok_or_else(|| unclear(option))?;
    Ok(texts.into_iter().map(Ident::new).collect())
}

fn unclear(option: &str) -> Unresolved {
    (format!("its `{option}` is not written out"), false)
}

/// What becomes of the children with their parent; that of a `belongs_to` is about its parent.
fn intent(declared: &Declared) -> Option<DeleteIntent> {
    let action = match declared.text("dependent")? {
        "destroy" | "delete" | "delete_all" | "destroy_async" => Action::Cascade,
        "nullify" => Action::SetNull,
        "restrict" | "restrict_with_error" | "restrict_with_exception" => Action::Restrict,
        _ => return None,
    };
    Some(DeleteIntent {
        action,
        by_database: false,
    })
}

/// Whether a scope leaves out some of the rows. What only orders or loads them does not, except that of several children
/// a `has_one` takes the first.
fn narrows(scope: &Lambda, kind: AssociationKind) -> bool {
    scope.calls.iter().any(|call| match call.as_str() {
        "order" | "reorder" | "in_order_of" => kind == AssociationKind::HasOne,
        "includes" | "preload" | "eager_load" | "references" | "readonly" | "extending" | "strict_loading" | "lock"
        | "unscoped" | "unscope" | "with_deleted" | "with_discarded" | "distinct" | "uniq" | "select"
        | "includes_values" => false,
        _ => true,
    })
}

/// The name of a join table: both tables in the order of the alphabet, where they start alike that part only once
/// (`has_and_belongs_to_many.rb` of Active Record 8.1).
pub(super) fn join_table_name(one: &str, other: &str) -> String {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    let ends = first.match_indices(['.', '_']).map(|(at, _)| at + 1).rev();
    let common = ends.filter_map(|end| Some((first.get(..end)?, first.get(end..)?)));
    let rest = common
        .filter(|(_, rest)| !rest.is_empty())
        .find_map(|(prefix, _)| second.strip_prefix(prefix).filter(|rest| !rest.is_empty()));
    format!("{first}_{}", rest.unwrap_or(second))
}

#[cfg(test)]
mod tests {
    use super::join_table_name;

    #[test]
    fn join_tables_are_named_in_order() {
        for (one, other, name) in [
            ("posts", "tags", "posts_tags"),
            ("tags", "posts", "posts_tags"),
            ("music_artists", "music_records", "music_artists_records"),
            ("paper_boxes", "papers", "paper_boxes_papers"),
            ("a_b_x", "a_b_y", "a_b_x_y"),
            ("shop.posts", "shop.tags", "shop.posts_tags"),
            ("users", "users", "users_users"),
        ] {
            assert_eq!(join_table_name(one, other), name);
        }
    }
}
