//! Associations as Laravel's Eloquent writes them. It has none over several columns.

use std::collections::BTreeSet;

use crate::schema::{Ident, TypeFamily};

use super::active_record::composite_remark;
use super::plan::{Plan, Planned, PlannedModel, Reference, What};
use super::{Detail, Details, Text, words};

pub(super) fn render(plan: &Plan<'_>, details: &Details) -> Text {
    let mut text = Text::default();
    for line in [
        "<?php",
        "",
        "namespace App\\Models;",
        "",
        "use Illuminate\\Database\\Eloquent\\Model;",
    ] {
        text.line(line);
    }
    let used: BTreeSet<&str> = plan
        .models
        .iter()
        .flat_map(|model| &model.associations)
        .map(|planned| kind(&planned.what))
        .collect();
    for kind in used {
        text.line(&format!("use Illuminate\\Database\\Eloquent\\Relations\\{kind};"));
    }
    for (at, model) in plan.models.iter().enumerate() {
        text.line("");
        text.line(&format!("class {} extends Model", model.class));
        text.line("{");
        properties(model, details.names_table(at), &mut text);
        for (number, planned) in model.associations.iter().enumerate() {
            if number > 0 {
                text.line("");
            }
            let lines = lines(planned, details.of(at, number));
            text.association(at, number, &lines);
        }
        text.line("}");
    }
    text
}

fn properties(model: &PlannedModel<'_>, names_table: bool, text: &mut Text) {
    let mut lines = Vec::new();
    if names_table {
        lines.push(format!(
            "    protected $table = {};",
            quoted(&model.table_name().to_string())
        ));
    }
    let key = model.table.primary_key().map_or(&[][..], |key| key.columns.as_slice());
    if let [key] = key {
        if key.as_str() != "id" {
            lines.push(format!("    protected $primaryKey = {};", quoted(key.as_str())));
        }
        let family = model.table.column(key).map(|column| column.ty.family);
        if !matches!(family, Some(TypeFamily::Integer { .. } | TypeFamily::Decimal { .. })) {
            lines.push("    public $incrementing = false;".to_owned());
            lines.push("    protected $keyType = 'string';".to_owned());
        }
    }
    lines.extend(model.remarks.iter().map(|remark| format!("    // {remark}")));
    for line in &lines {
        text.line(line);
    }
    if !lines.is_empty() && !model.associations.is_empty() {
        text.line("");
    }
}

fn kind(what: &What<'_>) -> &'static str {
    match what {
        What::BelongsTo(_) => "BelongsTo",
        What::HasOne(_) => "HasOne",
        What::HasMany(_) => "HasMany",
        What::ManyToMany { .. } => "BelongsToMany",
        What::MorphTo => "MorphTo",
        What::Morphed { .. } => "MorphMany",
    }
}

fn lines(planned: &Planned<'_>, detail: Detail) -> Vec<String> {
    let class = format!("{}::class", planned.target);
    let arguments = match &planned.what {
        What::BelongsTo(reference) | What::HasOne(reference) | What::HasMany(reference) => {
            match plain(reference, &class, detail) {
                Some(arguments) => arguments,
                None => return vec![format!("    // {}", composite_remark(planned, reference, "Eloquent"))],
            }
        }
        What::ManyToMany { join, owner, target } => {
            let mut arguments = vec![class];
            if detail != Detail::Least {
                arguments.push(quoted(&join.table_name().to_string()));
            }
            if detail.has_key() {
                arguments.extend(owner.child.columns.iter().map(column));
                arguments.extend(target.child.columns.iter().map(column));
            }
            arguments
        }
        What::MorphTo => Vec::new(),
        What::Morphed { by } => vec![class, quoted(by)],
    };
    let kind = kind(&planned.what);
    let mut method = kind.to_owned();
    method.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
    vec![
        format!("    public function {}(): {kind}", words::camel(&planned.name)),
        "    {".to_owned(),
        format!("        return $this->{method}({});", arguments.join(", ")),
        "    }".to_owned(),
    ]
}

fn plain(reference: &Reference, class: &str, detail: Detail) -> Option<Vec<String>> {
    let (child, parent) = reference.single()?;
    let mut arguments = vec![class.to_owned()];
    if detail.has_key() || !reference.to_primary_key {
        arguments.push(column(child));
    }
    if !reference.to_primary_key {
        arguments.push(column(parent));
    }
    Some(arguments)
}

fn column(name: &Ident) -> String {
    quoted(name.as_str())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
