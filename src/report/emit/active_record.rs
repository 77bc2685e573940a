//! Associations as Active Record writes them (Rails 7.2 and later: keys of several columns are lists).

use crate::schema::{Ident, display_columns};

use super::plan::{Plan, Planned, PlannedModel, Reference, What};
use super::{Detail, Details, Text, words};

pub(super) fn render(plan: &Plan<'_>, details: &Details) -> Text {
    let mut text = Text::default();
    for (at, model) in plan.models.iter().enumerate() {
        if at > 0 {
            text.line("");
        }
        text.line(&format!("class {} < ApplicationRecord", model.class));
        if details.names_table(at) {
            text.line(&format!(
                "  self.table_name = {}",
                quoted(&model.table_name().to_string())
            ));
        }
        for remark in &model.remarks {
            text.line(&format!("  # {remark}"));
        }
        for (number, planned) in model.associations.iter().enumerate() {
            let lines = lines(planned, details.of(at, number));
            text.association(at, number, &lines);
        }
        text.line("end");
    }
    join_models(plan, &mut text);
    text
}

fn lines(planned: &Planned<'_>, detail: Detail) -> Vec<String> {
    let name = &planned.name;
    let class = || format!("class_name: {}", quoted(&planned.target));
    let (word, mut options) = match &planned.what {
        What::BelongsTo(reference) => ("belongs_to", plain(reference, planned, detail)),
        What::HasOne(reference) => ("has_one", plain(reference, planned, detail)),
        What::HasMany(reference) => ("has_many", plain(reference, planned, detail)),
        What::MorphTo => ("belongs_to", vec!["polymorphic: true".to_owned()]),
        What::Morphed { by } => {
            let mut options = vec![format!("as: :{by}")];
            options.extend(detail.has_class().then(class));
            ("has_many", options)
        }
        What::ManyToMany { join, owner, target } if join.is_bare() => {
            let mut options = Vec::new();
            if detail.has_class() {
                options.push(format!("join_table: {}", quoted(&join.table_name().to_string())));
            }
            if detail.has_key() {
                options.push(class());
                options.push(format!("foreign_key: {}", columns(&owner.child.columns)));
                options.push(format!("association_foreign_key: {}", columns(&target.child.columns)));
            }
            ("has_and_belongs_to_many", options)
        }
        What::ManyToMany { join, owner, target } => {
            let rows_name = words::plural(&owner.child.table);
            let rows = format!(
                "  has_many :{rows_name}, class_name: {}, foreign_key: {}",
                quoted(&join.class),
                columns(&owner.child.columns)
            );
            let source = words::singular(&target.parent.table);
            return vec![
                rows,
                format!("  has_many :{name}, through: :{rows_name}, source: :{source}"),
            ];
        }
    };
    if let What::BelongsTo(reference) = &planned.what
        && reference.optional
    {
        options.push("optional: true".to_owned());
    }
    options.insert(0, format!("  {word} :{name}"));
    vec![options.join(", ")]
}

fn plain(reference: &Reference, planned: &Planned<'_>, detail: Detail) -> Vec<String> {
    let mut options = Vec::new();
    if detail.has_class() {
        options.push(format!("class_name: {}", quoted(&planned.target)));
    }
    if detail.has_key() {
        options.push(format!("foreign_key: {}", columns(&reference.joint.child.columns)));
    }
    if !reference.to_primary_key {
        options.push(format!("primary_key: {}", columns(&reference.joint.parent.columns)));
    }
    options
}

/// The models of join tables that hold more than the two keys.
fn join_models(plan: &Plan<'_>, text: &mut Text) {
    let mut written = Vec::new();
    for planned in plan
        .models
        .iter()
        .flat_map(|model: &PlannedModel<'_>| &model.associations)
    {
        let What::ManyToMany { join, owner, target } = &planned.what else {
            continue;
        };
        if join.is_bare() || written.contains(&&join.table.name) {
            continue;
        }
        written.push(&join.table.name);
        text.line("");
        text.line(&format!("class {} < ApplicationRecord", join.class));
        text.line(&format!(
            "  self.table_name = {}",
            quoted(&join.table_name().to_string())
        ));
        for joint in [owner, target] {
            let class = plan.models.iter().find(|model| model.table.name == joint.parent.table);
            text.line(&format!(
                "  belongs_to :{}, class_name: {}, foreign_key: {}",
                words::singular(&joint.parent.table),
                quoted(class.map_or("", |model| model.class.as_str())),
                columns(&joint.child.columns)
            ));
        }
        text.line("end");
    }
}

/// A column as a symbol, several as a list of them.
fn columns(columns: &[Ident]) -> String {
    match columns {
        [one] => symbol(one.as_str()),
        several => {
            let symbols: Vec<String> = several.iter().map(|column| symbol(column.as_str())).collect();
            format!("[{}]", symbols.join(", "))
        }
    }
}

fn symbol(name: &str) -> String {
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if is_word && !name.starts_with(|first: char| first.is_ascii_digit()) {
        format!(":{name}")
    } else {
        format!(":{}", quoted(name))
    }
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"").replace("#{", "\\#{")
    )
}

/// Used by the other frameworks' remarks.
pub(super) fn composite_remark(planned: &Planned<'_>, reference: &Reference, framework: &str) -> String {
    format!(
        "{} ({}): {} references {} by several columns, which {framework} has no association for",
        planned.name,
        planned.target,
        display_columns(&reference.joint.child.columns),
        display_columns(&reference.joint.parent.columns)
    )
}
