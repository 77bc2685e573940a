//! A model as its definition states it, and the names that Sequelize makes of that.

use super::Version;
use super::code::{At, Code, Value};
use super::inflection::{lower_first, pluralize, singularize, underscore};
use crate::schema::{Action, Ident, Location, TableName};

/// A model.
pub(super) struct Definition<'p> {
    /// Its class, or the call that defines it.
    pub(super) at: At<'p>,
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) attributes: Vec<AttributeDefinition>,
    pub(super) options: ModelOptions,
    /// Whether the names of all models are, unless they say otherwise.
    pub(super) underscored_by_default: bool,
    /// Which attributes are keys to which classes (`@ForeignKey` of `sequelize-typescript`): the name of the
    /// attribute, and the expression that gives the class.
    pub(super) keys: Vec<(String, At<'p>)>,
}

/// An attribute as it is declared.
#[derive(Debug, Clone)]
pub(super) struct AttributeDefinition {
    pub(super) name: String,
    /// Its column, where that is stated.
    pub(super) column: Option<String>,
    /// Whether it can be null, where that is stated.
    pub(super) allow_null: Option<bool>,
    pub(super) primary_key: bool,
    pub(super) unique: bool,
    pub(super) references: Option<(Referenced, Option<Ident>)>,
    pub(super) on_delete: Option<Action>,
    /// Whether it is computed and has no column.
    pub(super) computed: bool,
    pub(super) location: Location,
}

/// What an attribute references.
#[derive(Debug, Clone)]
pub(super) enum Referenced {
    Table(TableName),
    /// The table of a model, by its number.
    Model(usize),
}

/// The options of a model that names depend on, where they are stated.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelOptions {
    pub(super) model_name: Option<String>,
    pub(super) table_name: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) freeze_table_name: Option<bool>,
    pub(super) underscored: Option<bool>,
    pub(super) paranoid: Option<bool>,
    pub(super) timestamps: Option<bool>,
    pub(super) deleted_at: Option<String>,
    pub(super) singular: Option<String>,
    pub(super) plural: Option<String>,
    /// Whether it has no primary key of its own accord (Sequelize 7's `noPrimaryKey`).
    pub(super) no_primary_key: bool,
}

impl ModelOptions {
    /// Takes over what is stated for all models, or by a class that this one extends.
    pub(super) fn inherit(&mut self, other: &Self) {
        fn fill<T: Clone>(own: &mut Option<T>, other: Option<&T>) {
            if own.is_none() {
                *own = other.cloned();
            }
        }
        fill(&mut self.schema, other.schema.as_ref());
        fill(&mut self.freeze_table_name, other.freeze_table_name.as_ref());
        fill(&mut self.underscored, other.underscored.as_ref());
        fill(&mut self.paranoid, other.paranoid.as_ref());
        fill(&mut self.timestamps, other.timestamps.as_ref());
        fill(&mut self.deleted_at, other.deleted_at.as_ref());
    }
}

impl Definition<'_> {
    pub(super) fn underscored(&self) -> bool {
        self.options.underscored == Some(true)
    }

    /// The name of one object, from which keys are named. Sequelize 7 takes the model's name as it is.
    pub(super) fn singular(&self) -> String {
        match (&self.options.singular, self.version) {
            (Some(singular), _) => singular.clone(),
            (None, Version::Six) => singularize(&self.name, self.version),
            (None, Version::Seven) => self.name.clone(),
        }
    }

    /// The name of several objects.
    pub(super) fn plural(&self) -> String {
        let stated = self.options.plural.clone();
        stated.unwrap_or_else(|| pluralize(&self.name, self.version))
    }

    pub(super) fn table(&self) -> TableName {
        let table = match (&self.options.table_name, self.options.freeze_table_name) {
            (Some(table), _) => table.clone(),
            (None, Some(true)) => self.name.clone(),
            (None, _) => {
                // Sequelize 6 pluralizes the name even where a plural is stated (Model.init).
                let plural = match self.version {
                    Version::Six => pluralize(&self.name, self.version),
                    Version::Seven => self.plural(),
                };
                if self.underscored() {
                    underscore(&plural)
                } else {
                    plural
                }
            }
        };
        TableName {
            namespace: self.options.schema.as_deref().map(Ident::from),
            table: Ident::new(table),
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&AttributeDefinition> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The column of an attribute; `otherwise` is its column where its own declaration states none.
    pub(super) fn column(&self, name: &str, otherwise: Option<&str>) -> Ident {
        let stated = self.attribute(name).and_then(|attribute| attribute.column.as_deref());
        match stated.or(otherwise) {
            Some(column) => Ident::from(column),
            None if self.underscored() => Ident::new(underscore(name)),
            None => Ident::from(name),
        }
    }

    /// The attribute that keys reference: the first of the primary key, by default `id`.
    pub(super) fn key(&self) -> &str {
        let declared = self.attributes.iter().find(|attribute| attribute.primary_key);
        declared.map_or("id", |attribute| &attribute.name)
    }

    /// The columns of the primary key.
    pub(super) fn primary_key(&self) -> Vec<Ident> {
        let declared: Vec<Ident> = self
            .attributes
            .iter()
            .filter(|attribute| attribute.primary_key)
            .map(|attribute| self.column(&attribute.name, None))
            .collect();
        if !declared.is_empty() || self.options.no_primary_key {
            return declared;
        }
        vec![self.column("id", None)]
    }

    /// Whether Sequelize adds `id` as its primary key, since none is stated.
    pub(super) fn gets_a_key(&self) -> bool {
        !self.options.no_primary_key && !self.attributes.iter().any(|attribute| attribute.primary_key)
    }

    /// The column that marks a row as deleted. Without timestamps there is none.
    pub(super) fn soft_delete(&self) -> Option<Ident> {
        let paranoid = self.options.paranoid == Some(true) && self.options.timestamps != Some(false);
        let name = self.options.deleted_at.as_deref().unwrap_or("deletedAt");
        paranoid.then(|| self.column(name, None))
    }

    /// The name by which others reach one of it, in Sequelize 7.
    pub(super) fn singular_name(&self) -> String {
        match self.version {
            Version::Six => self.singular(),
            Version::Seven => lower_first(&self.singular()),
        }
    }

    /// The name by which others reach several of it.
    pub(super) fn plural_name(&self) -> String {
        match self.version {
            Version::Six => self.plural(),
            Version::Seven => lower_first(&self.plural()),
        }
    }
}

/// The attributes in an object of them; `false` where some cannot be told.
pub(super) fn attributes<'p>(code: &Code<'p, '_>, at: At<'p>) -> (Vec<AttributeDefinition>, bool) {
    let Some((properties, complete)) = code.properties(at) else {
        return (Vec::new(), false);
    };
    let attributes = properties.into_iter().map(|(name, value)| {
        let location = code.location(value);
        attribute(code, name, Some(value), location)
    });
    (attributes.collect(), complete)
}

/// One attribute: its options, or only its type.
pub(super) fn attribute<'p>(
    code: &Code<'p, '_>,
    name: String,
    value: Option<At<'p>>,
    location: Location,
) -> AttributeDefinition {
    let mut attribute = AttributeDefinition {
        name,
        column: None,
        allow_null: None,
        primary_key: false,
        unique: false,
        references: None,
        on_delete: None,
        computed: false,
        location,
    };
    if let Some(value) = value {
        refine(code, &mut attribute, value);
    }
    attribute
}

/// Adds what options say of an attribute.
pub(super) fn refine<'p>(code: &Code<'p, '_>, attribute: &mut AttributeDefinition, options: At<'p>) {
    let Some((properties, _)) = code.properties(options) else {
        attribute.computed |= is_virtual(code, options);
        return;
    };
    for (option, value) in properties {
        match option.as_str() {
            "field" | "columnName" => attribute.column = code.string_value(value),
            "allowNull" => attribute.allow_null = code.flag(value),
            "primaryKey" => attribute.primary_key = code.flag(value) == Some(true),
            // `unique: true`; a name or an object can make several columns unique together.
            "unique" => attribute.unique = code.flag(value) == Some(true),
            "onDelete" => attribute.on_delete = code.action(value),
            "references" => attribute.references = references(code, value),
            "type" => attribute.computed = is_virtual(code, value),
            _ => {}
        }
    }
}

fn is_virtual<'p>(code: &Code<'p, '_>, at: At<'p>) -> bool {
    let text = code.text(at);
    text.split(['.', '(']).any(|word| word.trim() == "VIRTUAL")
}

/// `references: { model: 'users', key: 'id' }`. A text is a table's name, anything else a model.
fn references<'p>(code: &Code<'p, '_>, at: At<'p>) -> Option<(Referenced, Option<Ident>)> {
    if let Value::Text(table) = code.value(at) {
        return Some((Referenced::Table(TableName::bare(table)), None));
    }
    let (properties, _) = code.properties(at)?;
    let get = |names: &[&str]| {
        let found = properties.iter().find(|(name, _)| names.contains(&name.as_str()));
        found.map(|(_, value)| *value)
    };
    let key = get(&["key", "column"])
        .and_then(|key| code.string_value(key))
        .map(Ident::new);
    let model = get(&["model", "table"])?;
    if let Some(table) = code.string_value(model) {
        return Some((Referenced::Table(TableName::bare(table)), key));
    }
    if let Some((parts, _)) = code.properties(model) {
        let part = |wanted: &str| {
            let found = parts.iter().find(|(name, _)| name == wanted);
            found.and_then(|(_, value)| code.string_value(*value))
        };
        let table = part("tableName").or_else(|| part("table"))?;
        let namespace = part("schema").map(Ident::new);
        let table = Ident::new(table);
        return Some((Referenced::Table(TableName { namespace, table }), key));
    }
    let model = code.model(model).ok()?;
    Some((Referenced::Model(model), key))
}

/// The options of a model; `false` where some cannot be told.
pub(super) fn model_options<'p>(code: &Code<'p, '_>, at: At<'p>) -> (ModelOptions, bool) {
    let mut options = ModelOptions::default();
    let Some((properties, complete)) = code.properties(at) else {
        return (options, false);
    };
    for (option, value) in properties {
        match option.as_str() {
            "modelName" => options.model_name = code.string_value(value),
            "tableName" => options.table_name = code.string_value(value),
            "schema" => options.schema = code.string_value(value),
            "freezeTableName" => options.freeze_table_name = code.flag(value),
            "underscored" => options.underscored = code.flag(value),
            "paranoid" => options.paranoid = code.flag(value),
            "timestamps" => options.timestamps = code.flag(value),
            "deletedAt" => options.deleted_at = code.string_value(value),
            "noPrimaryKey" => options.no_primary_key = code.flag(value) == Some(true),
            "name" => {
                for (form, value) in code.properties(value).map(|(forms, _)| forms).unwrap_or_default() {
                    match form.as_str() {
                        "singular" => options.singular = code.string_value(value),
                        "plural" => options.plural = code.string_value(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (options, complete)
}

impl<'p> Code<'p, '_> {
    /// The calls of methods that define models or associations, in the order of the files.
    pub(super) fn calls(&self) -> Vec<At<'p>> {
        let of_files = self.bindings.iter().enumerate();
        of_files
            .flat_map(|(file, bindings)| bindings.calls.iter().map(move |node| At { file, node: *node }))
            .collect()
    }

    /// Where a node begins.
    pub(super) fn location(&self, at: At<'p>) -> Location {
        match self.project.files.get(at.file) {
            Some(file) => file.parsed.location(at.node),
            None => Location {
                file: String::new(),
                line: 1,
                column: 1,
            },
        }
    }

    /// The text that an expression stands for.
    pub(super) fn string_value(&self, at: At<'p>) -> Option<String> {
        match self.value(at) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, at: At<'p>) -> Option<bool> {
        match self.value(at) {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// `'CASCADE'`, `'set null'`.
    pub(super) fn action(&self, at: At<'p>) -> Option<Action> {
        self.string_value(at).as_deref().and_then(Action::from_sql)
    }
}
