//! Associations as Active Record writes them (Rails 7.2 and later: keys of several columns are lists).

use crate::schema::{Ident, display_columns};

use super::plan::{Plan, Planned, PlannedModel, Reference, What};
use super::{Detail, Details, Text};

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

fn lines(planned: &Planned, detail: Detail) -> Vec<String> {
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
        What::ManyToMany {
            owner,
            target,
            is_bare: true,
        } => {
            let mut options = Vec::new();
            if detail.has_class() {
                options.push(format!("join_table: {}", quoted(owner.child.table.table.as_str())));
            }
            if detail.has_key() {
                options.push(class());
                options.push(format!("foreign_key: {}", columns(&owner.child.columns)));
                options.push(format!("association_foreign_key: {}", columns(&target.child.columns)));
            }
            ("has_and_belongs_to_many", options)
        }
        What::ManyToMany { owner, target, .. } => {
            let join = super::words::plural(&owner.child.table);
            let rows = format!(
                "  has_many :{join}, class_name: {}, foreign_key: {}",
                quoted(&join_class(&owner.child.table.table)),
                columns(&owner.child.columns)
            );
            let source = super::words::singular(&target.parent.table);
            return vec![rows, format!("  has_many :{name}, through: :{join}, source: :{source}")];
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

fn plain(reference: &Reference, planned: &Planned, detail: Detail) -> Vec<String> {
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
        let What::ManyToMany {
            owner,
            target,
            is_bare: false,
        } = &planned.what
        else {
            continue;
        };
        let table = &owner.child.table.table;
        if written.contains(&table) {
            continue;
        }
        written.push(table);
        text.line("");
        text.line(&format!("class {} < ApplicationRecord", join_class(table)));
        text.line(&format!("  self.table_name = {}", quoted(table.as_str())));
        for joint in [owner, target] {
            let class = plan.models.iter().find(|model| model.table.name == joint.parent.table);
            text.line(&format!(
                "  belongs_to :{}, class_name: {}, foreign_key: {}",
                super::words::singular(&joint.parent.table),
                quoted(class.map_or("", |model| model.class.as_str())),
                columns(&joint.child.columns)
            ));
        }
        text.line("end");
    }
}

fn join_class(table: &Ident) -> String {
    let name = super::words::camel(&super::words::singular(&crate::schema::TableName::bare(table.clone())));
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
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
pub(super) fn composite_remark(planned: &Planned, reference: &Reference, framework: &str) -> String {
    format!(
        "{} ({}): {} references {} by several columns, which {framework} has no association for",
        planned.name,
        planned.target,
        display_columns(&reference.joint.child.columns),
        display_columns(&reference.joint.parent.columns)
    )
}
