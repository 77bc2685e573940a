//! Associations as Sequelize 6 writes them, in JavaScript. It has none over several columns, and none of its own for
//! polymorphic pairs.

use std::collections::BTreeMap;

use crate::schema::{Action, Column, Ident, Table, TableName, TypeFamily};

use super::active_record::composite_remark;
use super::plan::{Join, Plan, Planned, PlannedModel, Reference, What};
use super::{Detail, Details, Text, words};

pub(super) fn render(plan: &Plan<'_>, details: &Details) -> Text {
    let mut text = Text::default();
    text.line("module.exports = (sequelize, DataTypes) => {");
    for (at, model) in plan.models.iter().enumerate() {
        define(plan, model, details.names_table(at), &mut text);
    }
    let joins = defined_joins(plan);
    for join in joins.values() {
        let options = model_options(plan, join.table, Some(join.table_name()));
        text.line(&definition(&join.class, "{}", &options));
    }
    for (at, model) in plan.models.iter().enumerate() {
        if !model.associations.is_empty() || !model.remarks.is_empty() {
            text.line("");
        }
        for remark in &model.remarks {
            text.line(&format!("  // {remark}"));
        }
        for (number, planned) in model.associations.iter().enumerate() {
            let line = line(plan, model, planned, details.of(at, number));
            text.association(at, number, &[line]);
        }
    }
    let classes = plan.models.iter().map(|model| model.class.as_str());
    let classes: Vec<&str> = classes.chain(joins.values().map(|join| join.class.as_str())).collect();
    text.line("");
    text.line(&format!("  return {{ {} }};", classes.join(", ")));
    text.line("};");
    text
}

fn define(plan: &Plan<'_>, model: &PlannedModel<'_>, names_table: bool, text: &mut Text) {
    let key = model.table.primary_key().map_or(&[][..], |key| key.columns.as_slice());
    let attributes: Vec<String> = model
        .keys
        .iter()
        .map(|column| {
            let is_key = if key.contains(&column.name) {
                ", primaryKey: true"
            } else {
                ", unique: true"
            };
            let own_name = column.name.as_str();
            format!(
                "{}: {{ type: DataTypes.{}{is_key} }}",
                property(own_name),
                data_type(column)
            )
        })
        .collect();
    let attributes = match attributes.as_slice() {
        [] => "{}".to_owned(),
        some => format!("{{ {} }}", some.join(", ")),
    };
    let table_name = names_table.then(|| model.table_name());
    let options = model_options(plan, model.table, table_name);
    text.line(&definition(&model.class, &attributes, &options));
}

fn definition(class: &str, attributes: &str, options: &[String]) -> String {
    let name = quoted(class);
    format!(
        "  const {class} = sequelize.define({name}, {attributes}{});",
        braced(options)
    )
}

/// The options of a model; a name that is given is spelled out.
pub(super) fn model_options(plan: &Plan<'_>, table: &Table, name: Option<TableName>) -> Vec<String> {
    let mut options = Vec::new();
    if let Some(name) = name {
        options.push(format!("tableName: {}", quoted(name.table.as_str())));
        if let Some(namespace) = name.namespace {
            options.push(format!("schema: {}", quoted(namespace.as_str())));
        }
    }
    if plan.underscored {
        options.push("underscored: true".to_owned());
    }
    if !has_timestamps(plan, table) {
        options.push("timestamps: false".to_owned());
    }
    options
}

/// Whether a table has the two columns that Sequelize gives each.
pub(super) fn has_timestamps(plan: &Plan<'_>, table: &Table) -> bool {
    let names = if plan.underscored {
        ["created_at", "updated_at"]
    } else {
        ["createdAt", "updatedAt"]
    };
    names.iter().all(|name| table.find_column(name).is_some())
}

/// The join tables that need a model of their own: of a mere name, Sequelize makes one in the schema of the model whose
/// association comes first.
pub(super) fn defined_joins<'p>(plan: &'p Plan<'_>) -> BTreeMap<&'p TableName, &'p Join<'p>> {
    let mut joins = BTreeMap::new();
    for model in &plan.models {
        for planned in &model.associations {
            if let What::ManyToMany { join, target, .. } = &planned.what
                && needs_model(plan, model, join, &target.parent.table)
            {
                joins.insert(&join.table.name, join);
            }
        }
    }
    joins
}

pub(super) fn needs_model(plan: &Plan<'_>, owner: &PlannedModel<'_>, join: &Join<'_>, target: &TableName) -> bool {
    let mut models = plan.models.iter();
    let other = models.find(|model| model.table.name == *target);
    let in_schema = |model: &PlannedModel<'_>| model.namespace.is_some();
    join.namespace.is_some() || in_schema(owner) || other.is_some_and(in_schema)
}

fn line(plan: &Plan<'_>, model: &PlannedModel<'_>, planned: &Planned<'_>, detail: Detail) -> String {
    let (method, options) = match &planned.what {
        What::BelongsTo(reference) => ("belongsTo", plain(reference, planned, detail, "targetKey")),
        What::HasOne(reference) => ("hasOne", plain(reference, planned, detail, "sourceKey")),
        What::HasMany(reference) => ("hasMany", plain(reference, planned, detail, "sourceKey")),
        What::ManyToMany { join, owner, target } => {
            let has_model = needs_model(plan, model, join, &target.parent.table);
            let through = if has_model {
                join.class.clone()
            } else {
                quoted(join.table.name.table.as_str())
            };
            let mut options = vec![format!("through: {through}")];
            options.extend(role(planned));
            if detail.has_key() {
                let name = |columns: &[Ident]| columns.first().map_or_else(String::new, |name| quoted(name.as_str()));
                options.push(format!("foreignKey: {}", name(&owner.child.columns)));
                options.push(format!("otherKey: {}", name(&target.child.columns)));
            }
            if !has_model && !has_timestamps(plan, join.table) {
                options.push("timestamps: false".to_owned());
            }
            ("belongsToMany", Some(options))
        }
        What::MorphTo => {
            return format!(
                "  // {}.{}: Sequelize has no polymorphic associations",
                model.class, planned.name
            );
        }
        What::Morphed { by } => {
            return format!(
                "  // {}.{}: {} as {by}; Sequelize has no polymorphic associations",
                model.class, planned.name, planned.target
            );
        }
    };
    let Some(options) = options else {
        let reference = planned.what.reference();
        let remark = reference.map(|reference| composite_remark(planned, reference, "Sequelize"));
        return format!("  // {}: {}", model.class, remark.unwrap_or_default());
    };
    format!("  {}.{method}({}{});", model.class, planned.target, braced(&options))
}

/// Options as a last argument; none where there are none.
pub(super) fn braced(options: &[String]) -> String {
    match options {
        [] => String::new(),
        some => format!(", {{ {} }}", some.join(", ")),
    }
}

fn role(planned: &Planned<'_>) -> Option<String> {
    let name = words::camel(&planned.name);
    planned.has_role.then(|| format!("as: {}", quoted(&name)))
}

fn plain(reference: &Reference, planned: &Planned<'_>, detail: Detail, parent_key: &str) -> Option<Vec<String>> {
    let (child, parent) = reference.single()?;
    let mut options: Vec<String> = role(planned).into_iter().collect();
    let required = matches!(planned.what, What::BelongsTo(_)) && !reference.optional;
    let name = detail.has_key().then(|| quoted(child.as_str()));
    match (name, required) {
        (Some(name), true) => options.push(format!("foreignKey: {{ name: {name}, allowNull: false }}")),
        (Some(name), false) => options.push(format!("foreignKey: {name}")),
        (None, true) => options.push("foreignKey: { allowNull: false }".to_owned()),
        (None, false) => {}
    }
    if !reference.to_primary_key {
        options.push(format!("{parent_key}: {}", quoted(parent.as_str())));
    }
    options.extend(action(reference).map(|action| format!("onDelete: {}", quoted(action))));
    Some(options)
}

/// What the database does when the parent goes, where it is more than to refuse at the end.
pub(super) fn action(reference: &Reference) -> Option<&'static str> {
    match reference.on_delete {
        Some(action @ (Action::Cascade | Action::SetNull | Action::Restrict)) => Some(action.as_sql()),
        _ => None,
    }
}

pub(super) fn data_type(column: &Column) -> &'static str {
    match column.ty.family {
        TypeFamily::Integer { bits: 64, .. } => "BIGINT",
        TypeFamily::Integer { .. } => "INTEGER",
        TypeFamily::Decimal { .. } => "DECIMAL",
        TypeFamily::Uuid => "UUID",
        TypeFamily::Temporal => "DATE",
        TypeFamily::Boolean => "BOOLEAN",
        _ => "STRING",
    }
}

pub(super) fn property(name: &str) -> String {
    let is_word = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_word && !name.starts_with(|first: char| first.is_ascii_digit()) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
