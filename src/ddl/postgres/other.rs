//! What is neither table nor index: types, domains, collations, views, comments, the search path.

use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Ident, Index, Table, TableKind, TableName};

use super::alter_table::new_name;
use super::catalog::{Catalog, Domain, Draft, UserType};
use super::name::{quoted, quoted_where_needed};
use super::types;

impl Catalog {
    /// `SET search_path` and `SELECT set_config('search_path', …)`, which `pg_dump` writes.
    pub(super) fn search(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.take(&["SET"]) {
            let _ = cursor.take_any(&["LOCAL", "SESSION"]);
            if cursor.take(&["SEARCH_PATH"]) && (cursor.take(&["TO"]) || cursor.take_symbol("=")) {
                let parts = cursor.split_at_commas();
                let names = parts
                    .into_iter()
                    .filter_map(|mut part| part.name().or_else(|| part.text().map(Ident::from)));
                self.set_search_path(names.collect());
            }
            return;
        }
        while let Some(token) = cursor.next() {
            if !token.is_word("set_config") {
                continue;
            }
            let Some(mut inside) = cursor.parenthesized() else {
                return;
            };
            if inside.text() == Some("search_path") && inside.take_kind(&Kind::Comma) {
                let path = inside.text().unwrap_or("").to_owned();
                let names = path.split(',').map(|name| Ident::from(name.trim().trim_matches('"')));
                self.set_search_path(names.collect());
            }
        }
    }

    fn set_search_path(&mut self, mut names: Vec<Ident>) {
        names.retain(|name| !matches!(name.as_str(), "" | "$user" | "pg_catalog"));
        if let [only] = names.as_slice()
            && only.as_str() == "default"
        {
            names = vec!["public".into()];
        }
        self.search_path = names;
    }

    /// A view is known by its name only.
    pub(super) fn create_view(&mut self, cursor: &mut Cursor<'_>, kind: TableKind, temporary: bool) {
        let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
        let origin = cursor.origin();
        let Some(name) = self.new_name(cursor.names()) else {
            return;
        };
        if temporary {
            self.temporary.insert(name.table);
        } else if !self.tables.contains_key(&name) {
            self.insert(Draft::new(name, kind, origin));
        }
    }

    /// `CREATE TYPE`, from the name on.
    pub(super) fn create_type(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let key = self.new_type(cursor)?;
        let mut ty = UserType::Other;
        if cursor.take(&["AS", "ENUM"]) {
            let mut labels = cursor.parenthesized().ok_or("the labels are missing")?;
            let labels = labels
                .split_at_commas()
                .into_iter()
                .filter_map(|mut label| label.text().map(str::to_owned));
            ty = UserType::Enum(labels.collect());
        }
        self.types.insert(key, ty);
        Ok(())
    }

    /// `CREATE DOMAIN`, from the name on.
    pub(super) fn create_domain(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let key = self.new_type(cursor)?;
        let _ = cursor.take(&["AS"]);
        let mut ty = types::read(cursor).ok_or("the domain's type is missing")?;
        ty.qualify(self);
        let mut collation = None;
        let mut not_null = matches!(ty.user_type(self), Some(UserType::Domain(domain)) if domain.not_null);
        while !cursor.is_at_end() {
            if cursor.take(&["COLLATE"]) {
                collation = Some(cursor.names());
            } else if cursor.take(&["NOT", "NULL"]) {
                not_null = true;
            } else {
                cursor.skip_one();
            }
        }
        let mut ty = ty.resolve(self, collation.as_deref());
        ty.declared.clone_from(&ty.base);
        self.types.insert(key, UserType::Domain(Domain { ty, not_null }));
        Ok(())
    }

    fn new_type(&self, cursor: &mut Cursor<'_>) -> Result<(Ident, Ident), &'static str> {
        let name = self.new_name(cursor.names()).ok_or("the type's name is missing")?;
        Ok((name.namespace.ok_or("the type's namespace is missing")?, name.table))
    }

    /// The type that a name means, if it is known.
    fn known_type(&self, mut parts: Vec<Ident>) -> Option<(Ident, Ident)> {
        let name = parts.pop()?;
        let namespace = parts.pop().unwrap_or_else(|| self.namespace_of_type(name.as_str()));
        let key = (namespace, name);
        self.types.contains_key(&key).then_some(key)
    }

    pub(super) fn drop_type(&mut self, parts: Vec<Ident>) {
        if let Some(key) = self.known_type(parts) {
            self.types.remove(&key);
        }
    }

    /// `ALTER TYPE`, from the name on.
    pub(super) fn alter_type(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let Some(key) = self.known_type(cursor.names()) else {
            return Ok(());
        };
        if cursor.take(&["ADD", "VALUE"]) {
            let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
            let label = cursor.text().ok_or("the label is missing")?.to_owned();
            let place = cursor.take_any(&["BEFORE", "AFTER"]);
            let neighbour = cursor.text();
            let Some(UserType::Enum(labels)) = self.types.get_mut(&key) else {
                return Ok(());
            };
            if labels.contains(&label) && if_not_exists {
                return Ok(());
            }
            let at = labels.iter().position(|known| Some(known.as_str()) == neighbour);
            let at = at.map_or(labels.len(), |at| if place == Some("AFTER") { at + 1 } else { at });
            labels.insert(at, label);
        } else if cursor.take(&["RENAME", "VALUE"]) {
            let from = cursor.text().map(str::to_owned);
            let _ = cursor.take(&["TO"]);
            let to = cursor.text().ok_or("the new label is missing")?;
            if let Some(UserType::Enum(labels)) = self.types.get_mut(&key) {
                for label in labels
                    .iter_mut()
                    .filter(|label| Some(label.as_str()) == from.as_deref())
                {
                    to.clone_into(label);
                }
            }
        } else if cursor.take(&["RENAME", "TO"]) {
            let to = (key.0.clone(), cursor.name().ok_or("the new name is missing")?);
            self.rename_type(&key, to);
        } else if cursor.take(&["SET", "SCHEMA"]) {
            let to = (cursor.name().ok_or("the namespace is missing")?, key.1.clone());
            self.rename_type(&key, to);
        }
        Ok(())
    }

    fn rename_type(&mut self, from: &(Ident, Ident), to: (Ident, Ident)) {
        let printed = |(namespace, name): &(Ident, Ident)| {
            format!(
                "{}.{}",
                quoted_where_needed(namespace.as_str()),
                quoted_where_needed(name.as_str())
            )
        };
        let (before, after) = (printed(from), printed(&to));
        let renamed = |text: &mut String| {
            if *text == before || text.strip_suffix("[]") == Some(before.as_str()) {
                *text = text.replacen(&before, &after, 1);
            }
        };
        for column in self.tables.values_mut().flat_map(|draft| &mut draft.table.columns) {
            renamed(&mut column.ty.declared);
            renamed(&mut column.ty.base);
            // Defaults are printed with a cast to the type.
            if let Some(default) = &mut column.default
                && let Some(value) = default.strip_suffix(&before).filter(|value| value.ends_with("::"))
            {
                *default = format!("{value}{after}");
            }
        }
        if let Some(ty) = self.types.remove(from) {
            self.types.insert(to, ty);
        }
    }

    /// `ALTER DOMAIN`, from the name on.
    pub(super) fn alter_domain(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let Some(key) = self.known_type(cursor.names()) else {
            return Ok(());
        };
        let set = cursor.take(&["SET", "NOT", "NULL"]);
        if set || cursor.take(&["DROP", "NOT", "NULL"]) {
            if let Some(UserType::Domain(domain)) = self.types.get_mut(&key) {
                domain.not_null = set;
            }
        } else if cursor.take(&["RENAME", "TO"]) {
            let to = (key.0.clone(), cursor.name().ok_or("the new name is missing")?);
            self.rename_type(&key, to);
        } else if cursor.take(&["SET", "SCHEMA"]) {
            let to = (cursor.name().ok_or("the namespace is missing")?, key.1.clone());
            self.rename_type(&key, to);
        }
        Ok(())
    }

    /// `ALTER INDEX`, from the name on.
    pub(super) fn alter_index(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let if_exists = cursor.take(&["IF", "EXISTS"]);
        if cursor.is_at(&["ALL", "IN"]) {
            return Ok(());
        }
        let name = self.index_name(cursor.names()).ok_or("the index's name is missing")?;
        if cursor.take(&["ATTACH", "PARTITION"]) {
            let partition = self
                .index_name(cursor.names())
                .ok_or("the partition's index is missing")?;
            self.attach_index(&name, partition);
        } else if cursor.is_at(&["RENAME"]) {
            let _ = cursor.take(&["RENAME"]);
            let to = new_name(cursor)?;
            if !self.rename_index(&name, &to) && !if_exists {
                return Err(format!("there is no index `{name}`"));
            }
        }
        Ok(())
    }

    /// `CREATE EXTENSION` and `CREATE COLLATION`. Of what a `CREATE SCHEMA` makes besides the schema there is a note.
    pub(super) fn create_other(&mut self, cursor: &mut Cursor<'_>) {
        /// Types that extensions bring, by their extension.
        const EXTENSION_TYPES: [(&str, &[&str]); 9] = [
            ("citext", &["citext"]),
            ("hstore", &["hstore"]),
            ("ltree", &["ltree", "lquery", "ltxtquery"]),
            ("cube", &["cube"]),
            ("postgis", &["geometry", "geography", "box2d", "box3d", "raster"]),
            ("vector", &["vector", "halfvec", "sparsevec"]),
            (
                "isn",
                &["isbn", "isbn13", "issn", "issn13", "ean13", "upc", "ismn", "ismn13"],
            ),
            ("intarray", &["query_int"]),
            ("seg", &["seg"]),
        ];
        if cursor.take(&["SCHEMA"]) {
            cursor.skip_until(|cursor| cursor.is_at(&["CREATE"]));
            if !cursor.is_at_end() {
                let place = cursor.location();
                self.note(
                    "what CREATE SCHEMA makes in the schema is lost: write it as statements of their own",
                    place,
                );
            }
        } else if cursor.take(&["EXTENSION"]) {
            let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
            let Some(extension) = cursor.name() else { return };
            cursor.skip_until(|cursor| cursor.is_at(&["SCHEMA"]));
            let namespace = if cursor.take(&["SCHEMA"]) {
                cursor.name()
            } else {
                self.search_path.first().cloned()
            };
            let types = EXTENSION_TYPES.iter().find(|(name, _)| *name == extension.as_str());
            if let (Some(namespace), Some((_, types))) = (namespace, types) {
                for ty in *types {
                    self.extension_types.insert(ty, namespace.clone());
                }
            }
        } else if cursor.take(&["COLLATION"]) {
            let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
            let Ok((namespace, name)) = self.new_type(cursor) else {
                return;
            };
            cursor.skip_until(|cursor| cursor.peek().is_some_and(|token| token.kind == Kind::LParen));
            let Some(mut options) = cursor.parenthesized() else {
                return;
            };
            let folds = options.split_at_commas().iter_mut().any(|option| {
                option.take(&["DETERMINISTIC"])
                    && option.take_symbol("=")
                    && option.rest().trim_matches('\'').eq_ignore_ascii_case("false")
            });
            if folds {
                let printed = format!("{}.{}", quoted(namespace.as_str()), quoted(name.as_str()));
                self.folding_collations.insert(printed);
            }
            self.collations.insert((namespace, name));
        }
    }

    /// `ALTER SCHEMA a RENAME TO b`.
    pub(super) fn rename_namespace(&mut self, cursor: &mut Cursor<'_>) {
        let Some(from) = cursor.name() else { return };
        if !cursor.take(&["RENAME", "TO"]) {
            return;
        }
        let Some(to) = cursor.name() else { return };
        let tables: Vec<TableName> = self
            .tables
            .keys()
            .filter(|table| table.namespace.as_ref() == Some(&from))
            .cloned()
            .collect();
        for table in tables {
            let renamed = TableName::qualified(to.clone(), table.table.clone());
            self.rename_table(&table, &renamed);
        }
        let types: Vec<(Ident, Ident)> = self
            .types
            .keys()
            .filter(|(namespace, _)| *namespace == from)
            .cloned()
            .collect();
        for key in types {
            let renamed = (to.clone(), key.1.clone());
            self.rename_type(&key, renamed);
        }
    }

    /// `COMMENT ON`, from the kind on.
    pub(super) fn comment(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.take(&["COLUMN"]) {
            let mut parts = cursor.names();
            let Some(column) = parts.pop() else { return };
            let text = comment_text(cursor);
            let table = self.table_mut(parts);
            let column = table.and_then(|table| table.columns.iter_mut().find(|known| known.name == column));
            if let Some(column) = column {
                column.comment = text;
            }
            return;
        }
        if cursor.take(&["INDEX"]) {
            let parts = cursor.names();
            let text = comment_text(cursor);
            if let Some(index) = self.index_mut(parts) {
                index.comment = text;
            }
            return;
        }
        let _ = cursor.take_any(&["MATERIALIZED", "FOREIGN"]);
        if cursor.take_any(&["TABLE", "VIEW"]).is_some() {
            let parts = cursor.names();
            let text = comment_text(cursor);
            if let Some(table) = self.table_mut(parts) {
                table.comment = text;
            }
        }
    }

    /// `CLUSTER`, from the table on: the table is kept in the order of one of its indexes.
    pub(super) fn cluster(&mut self, cursor: &mut Cursor<'_>) {
        let _ = cursor.take(&["VERBOSE"]);
        let parts = cursor.names();
        if cursor.take(&["USING"])
            && let (Some(table), Some(index)) = (self.table_name(parts), cursor.name())
        {
            self.bind_index(&table, &index);
        }
    }

    /// Something other than look-ups rests on this index from now on.
    pub(super) fn bind_index(&mut self, table: &TableName, name: &Ident) {
        let indexes = self.tables.get_mut(table).map(|draft| &mut draft.table.indexes);
        if let Some(index) = indexes.into_iter().flatten().find(|index| index.name == *name) {
            index.bound = true;
        }
    }

    fn index_mut(&mut self, parts: Vec<Ident>) -> Option<&mut Index> {
        let name = self.table_name(parts)?;
        let table = self.index_tables.get(&name)?;
        let indexes = &mut self.tables.get_mut(table)?.table.indexes;
        indexes.iter_mut().find(|index| index.name == name.table)
    }

    fn table_mut(&mut self, parts: Vec<Ident>) -> Option<&mut Table> {
        let name = self.table_name(parts)?;
        self.tables.get_mut(&name).map(|draft| &mut draft.table)
    }
}

/// `IS 'text'` or `IS NULL`. An empty comment is none.
fn comment_text(cursor: &mut Cursor<'_>) -> Option<String> {
    let _ = cursor.take(&["IS"]);
    cursor.text().map(str::to_owned).filter(|text| !text.is_empty())
}
