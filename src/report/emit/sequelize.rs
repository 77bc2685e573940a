//! Associations as Sequelize 6 and 7 write them, in JavaScript. It has none over several columns, and none of its own for
//! polymorphic pairs.

use crate::schema::{Action, Column, Ident, TypeFamily};

use super::active_record::composite_remark;
use super::plan::{Plan, Planned, PlannedModel, Reference, What};
use super::{Detail, Details, Text, words};

pub(super) fn render(plan: &Plan<'_>, details: &Details) -> Text {
    let mut text = Text::default();
    text.line("module.exports = (sequelize, DataTypes) => {");
    for (at, model) in plan.models.iter().enumerate() {
        define(plan, model, details.names_table(at), &mut text);
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
    let classes: Vec<&str> = plan.models.iter().map(|model| model.class.as_str()).collect();
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
    let mut options = Vec::new();
    if names_table {
        options.push(format!("tableName: {}", quoted(model.table.name.table.as_str())));
        if let Some(namespace) = &model.namespace {
            options.push(format!("schema: {}", quoted(namespace.as_str())));
        }
    }
    if plan.underscored {
        options.push("underscored: true".to_owned());
    }
    let stamps = if plan.underscored {
        ["created_at", "updated_at"]
    } else {
        ["createdAt", "updatedAt"]
    };
    if !stamps.iter().all(|name| model.table.find_column(name).is_some()) {
        options.push("timestamps: false".to_owned());
    }
    let options = match options.as_slice() {
        [] => String::new(),
        some => format!(", {{ {} }}", some.join(", ")),
    };
    text.line(&format!(
        "  const {class} = sequelize.define({}, {attributes}{options});",
        quoted(&model.class),
        class = model.class
    ));
}

fn line(plan: &Plan<'_>, model: &PlannedModel<'_>, planned: &Planned, detail: Detail) -> String {
    let (method, options) = match &planned.what {
        What::BelongsTo(reference) => ("belongsTo", plain(reference, planned, detail, "targetKey")),
        What::HasOne(reference) => ("hasOne", plain(reference, planned, detail, "sourceKey")),
        What::HasMany(reference) => ("hasMany", plain(reference, planned, detail, "sourceKey")),
        What::ManyToMany { owner, target, .. } => {
            let mut options = vec![format!("through: {}", quoted(owner.child.table.table.as_str()))];
            options.extend(role(planned));
            if detail.has_key() {
                let name = |columns: &[Ident]| columns.first().map_or_else(String::new, |name| quoted(name.as_str()));
                options.push(format!("foreignKey: {}", name(&owner.child.columns)));
                options.push(format!("otherKey: {}", name(&target.child.columns)));
            }
            let stamps = if plan.underscored { "created_at" } else { "createdAt" };
            let has_stamps = plan
                .models
                .iter()
                .any(|other| other.table.name == owner.child.table && other.table.find_column(stamps).is_some());
            if !has_stamps {
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
    let options = match options.as_slice() {
        [] => String::new(),
        some => format!(", {{ {} }}", some.join(", ")),
    };
    format!("  {}.{method}({}{options});", model.class, planned.target)
}

fn role(planned: &Planned) -> Option<String> {
    let name = words::camel(&planned.name);
    planned.has_role.then(|| format!("as: {}", quoted(&name)))
}

fn plain(reference: &Reference, planned: &Planned, detail: Detail, parent_key: &str) -> Option<Vec<String>> {
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
    let action = match reference.on_delete {
        Some(action @ (Action::Cascade | Action::SetNull | Action::Restrict)) => Some(action.as_sql()),
        _ => None,
    };
    options.extend(action.map(|action| format!("onDelete: {}", quoted(action))));
    Some(options)
}

fn data_type(column: &Column) -> &'static str {
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

fn property(name: &str) -> String {
    let is_word = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_word && !name.starts_with(|first: char| first.is_ascii_digit()) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
