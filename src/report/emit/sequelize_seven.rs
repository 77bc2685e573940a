//! Associations as Sequelize 7 writes them, in TypeScript with decorators. Each relation is written at one of its ends and
//! names the other as its `inverse`: declared at both, they would be two. It has none over several columns, and none of
//! its own for polymorphic pairs.

use crate::schema::{Column, Ident, Joint, Table, TableName};

use super::active_record::composite_remark;
use super::plan::{Join, Plan, Planned, PlannedModel, Reference, What};
use super::sequelize::{
    action, braced, data_type, defined_joins, has_timestamps, model_options, needs_model, property, quoted,
};
use super::{Detail, Details, Text, words};

/// What the text may import of the package, with what stands around it where it is used.
const IMPORTS: [(&str, &str, &str, &str); 11] = [
    (CORE, "(", "DataTypes", "."),
    (CORE, "extends ", "Model", " "),
    (CORE, ": ", "NonAttribute", "<"),
    (DECORATORS, "@", "Attribute", "("),
    (DECORATORS, "@", "BelongsTo", "("),
    (DECORATORS, "@", "BelongsToMany", "("),
    (DECORATORS, "@", "HasMany", "("),
    (DECORATORS, "@", "HasOne", "("),
    (DECORATORS, "@", "PrimaryKey", "\n"),
    (DECORATORS, "@", "Table", "("),
    (DECORATORS, "@", "Unique", "\n"),
];
const CORE: &str = "@sequelize/core";
const DECORATORS: &str = "@sequelize/core/decorators-legacy";

pub(super) fn render(plan: &Plan<'_>, details: &Details) -> Text {
    let joins = defined_joins(plan);
    let seven = Seven { plan, details };
    let mut body = Text::default();
    for (at, model) in plan.models.iter().enumerate() {
        seven.model(at, model, &mut body);
    }
    for join in joins.values() {
        seven.join(join, &mut body);
    }
    let classes = plan.models.iter().map(|model| model.class.as_str());
    let classes: Vec<&str> = classes.chain(joins.values().map(|join| join.class.as_str())).collect();
    body.line(&format!("export const models = [{}];", classes.join(", ")));
    let mut text = imports(&body.written);
    text.append(body);
    text
}

fn imports(body: &str) -> Text {
    let mut text = Text::default();
    for module in [CORE, DECORATORS] {
        let used: Vec<&str> = IMPORTS
            .iter()
            .filter(|(of, before, name, after)| *of == module && body.contains(&format!("{before}{name}{after}")))
            // A type alone is gone when the code runs.
            .map(|(.., name, _)| {
                if *name == "NonAttribute" {
                    "type NonAttribute"
                } else {
                    name
                }
            })
            .collect();
        if !used.is_empty() {
            text.line(&format!("import {{ {} }} from '{module}';", used.join(", ")));
        }
    }
    text.line("");
    text
}

struct Seven<'a, 'p> {
    plan: &'a Plan<'p>,
    details: &'a Details,
}

/// What stands in a class: the lines of an association, with its number, or others.
enum Member {
    Written(usize, Vec<String>),
    Other(Vec<String>),
}

impl Seven<'_, '_> {
    fn model(&self, place: usize, model: &PlannedModel<'_>, text: &mut Text) {
        let named = self.details.names_table(place).then(|| model.table_name());
        self.head(&model.class, model.table, named, text);
        for (at, member) in self.members(place, model).iter().enumerate() {
            if at > 0 {
                text.line("");
            }
            match member {
                Member::Written(number, lines) => text.association(place, *number, lines),
                Member::Other(lines) => lines.iter().for_each(|line| text.line(line)),
            }
        }
        text.line("}");
        text.line("");
    }

    fn members(&self, at: usize, model: &PlannedModel<'_>) -> Vec<Member> {
        let key = model.table.primary_key().map_or(&[][..], |key| key.columns.as_slice());
        let attributes = model.keys.iter().map(|column| {
            let is_key = key.contains(&column.name);
            Member::Other(attribute(column, is_key))
        });
        let remarks = model.remarks.iter();
        let remarks = remarks.map(|remark| Member::Other(vec![format!("  // {remark}")]));
        let associations = model.associations.iter().enumerate().map(|(number, planned)| {
            let (lines, is_own) = self.association(model, planned, self.details.of(at, number));
            if is_own {
                Member::Written(number, lines)
            } else {
                Member::Other(lines)
            }
        });
        attributes.chain(remarks).chain(associations).collect()
    }

    /// A join table's model has nothing of its own: both of its keys come with the association.
    fn join(&self, join: &Join<'_>, text: &mut Text) {
        self.head(&join.class, join.table, Some(join.table_name()), text);
        text.line("}");
        text.line("");
    }

    fn head(&self, class: &str, table: &Table, named: Option<TableName>, text: &mut Text) {
        let options = model_options(self.plan, table, named);
        if !options.is_empty() {
            text.line(&format!("@Table({{ {} }})", options.join(", ")));
        }
        text.line(&format!("export class {class} extends Model {{"));
    }

    /// The lines of an association, and whether it is written here and not at the other end.
    fn association(&self, model: &PlannedModel<'_>, planned: &Planned<'_>, detail: Detail) -> (Vec<String>, bool) {
        let remark = |text: String| (vec![format!("  // {text}")], true);
        match &planned.what {
            What::MorphTo => remark(format!("{}: Sequelize has no polymorphic associations", planned.name)),
            What::Morphed { by } => remark(format!(
                "{}: {} as {by}; Sequelize has no polymorphic associations",
                planned.name, planned.target
            )),
            What::BelongsTo(reference) | What::HasOne(reference) | What::HasMany(reference)
                if reference.single().is_none() =>
            {
                remark(composite_remark(planned, reference, "Sequelize"))
            }
            What::BelongsTo(reference) if !is_self(reference) => {
                let inverse = self.inverse(model, planned).map(|inverse| {
                    let kind = if matches!(inverse.what, What::HasOne(_)) {
                        "hasOne"
                    } else {
                        "hasMany"
                    };
                    format!("inverse: {{ as: {}, type: '{kind}' }}", called(inverse))
                });
                let options = options(reference, "targetKey", inverse, detail);
                (decorated("BelongsTo", &options, planned), true)
            }
            // Version 7.0.0-alpha.48 refuses an inverse of a belongs-to within one table.
            What::HasOne(reference) | What::HasMany(reference) if is_self(reference) => {
                let many = matches!(planned.what, What::HasMany(_));
                let decorator = if many { "HasMany" } else { "HasOne" };
                let options = options(reference, "sourceKey", self.named_inverse(model, planned), detail);
                (decorated(decorator, &options, planned), true)
            }
            What::ManyToMany { join, owner, target } if owner.parent.table < target.parent.table => {
                let through = needs_model(self.plan, model, join, &target.parent.table);
                let mut options = vec![self.through(join, through)];
                if detail.has_key() {
                    let name = |columns: &[Ident]| columns.first().map_or_else(String::new, |key| quoted(key.as_str()));
                    options.push(format!("foreignKey: {}", name(&owner.child.columns)));
                    options.push(format!("otherKey: {}", name(&target.child.columns)));
                    let inverse = self.inverse(model, planned);
                    let ends = [("toSource", owner, inverse), ("toTarget", target, Some(planned))];
                    let clashing = ends.iter().filter_map(|(end, key, at)| renamed(end, key, (*at)?));
                    let clashing: Vec<String> = clashing.collect();
                    if !clashing.is_empty() {
                        options.push(format!("throughAssociations: {{ {} }}", clashing.join(", ")));
                    }
                }
                options.extend(self.named_inverse(model, planned));
                (decorated("BelongsToMany", &options, planned), true)
            }
            What::BelongsTo(_) | What::HasOne(_) | What::HasMany(_) | What::ManyToMany { .. } => {
                let mut lines = Vec::new();
                if let Some(at) = self.inverse(model, planned) {
                    let name = words::camel(&at.name);
                    lines.push(format!("  /** Declared by {{@link {}.{name}}}. */", planned.target));
                }
                lines.push(declared(planned));
                (lines, false)
            }
        }
    }

    /// The option of an association that is made with another.
    fn named_inverse(&self, model: &PlannedModel<'_>, planned: &Planned<'_>) -> Option<String> {
        let inverse = self.inverse(model, planned)?;
        Some(format!("inverse: {{ as: {} }}", called(inverse)))
    }

    /// The same relation as the other model has it.
    fn inverse(&self, model: &PlannedModel<'_>, planned: &Planned<'_>) -> Option<&Planned<'_>> {
        let other = self.plan.models.iter().find(|model| model.class == planned.target)?;
        other.associations.iter().find(|inverse| {
            inverse.target == model.class
                && match (&planned.what, &inverse.what) {
                    (What::BelongsTo(one), What::HasOne(other) | What::HasMany(other))
                    | (What::HasOne(one) | What::HasMany(one), What::BelongsTo(other)) => one.joint == other.joint,
                    (
                        What::ManyToMany { owner, target, .. },
                        What::ManyToMany {
                            owner: others,
                            target: own,
                            ..
                        },
                    ) => owner == own && target == others,
                    _ => false,
                }
        })
    }

    fn through(&self, join: &Join<'_>, has_model: bool) -> String {
        if has_model {
            return format!("through: () => {}", join.class);
        }
        let name = quoted(join.table.name.table.as_str());
        if has_timestamps(self.plan, join.table) {
            format!("through: {name}")
        } else {
            format!("through: {{ model: {name}, timestamps: false }}")
        }
    }
}

fn attribute(column: &Column, is_key: bool) -> Vec<String> {
    let ty = data_type(column);
    let decorator = if is_key { "PrimaryKey" } else { "Unique" };
    vec![
        format!("  @Attribute(DataTypes.{ty})"),
        format!("  @{decorator}"),
        format!("  declare {}: {};", property(column.name.as_str()), script_type(ty)),
    ]
}

fn decorated(decorator: &str, options: &[String], planned: &Planned<'_>) -> Vec<String> {
    let head = format!("  @{decorator}(() => {}{})", planned.target, braced(options));
    vec![head, declared(planned)]
}

fn declared(planned: &Planned<'_>) -> String {
    let name = property(&words::camel(&planned.name));
    let many = matches!(planned.what, What::HasMany(_) | What::ManyToMany { .. });
    let list = if many { "[]" } else { "" };
    format!("  declare {name}?: NonAttribute<{}{list}>;", planned.target)
}

/// The join table's row has an association to each side, named in the singular: another name where its key is called so.
fn renamed(end: &str, key: &Joint, planned: &Planned<'_>) -> Option<String> {
    let name = words::camel(&words::singular(&TableName::bare(planned.name.as_str())));
    let clashes = key.child.columns.iter().any(|column| column.as_str() == name);
    clashes.then(|| format!("{end}: {}", quoted(&words::camel(&format!("linked_{name}")))))
}

fn is_self(reference: &Reference) -> bool {
    reference.joint.child.table == reference.joint.parent.table
}

fn options(reference: &Reference, parent_key: &str, inverse: Option<String>, detail: Detail) -> Vec<String> {
    let Some((child, parent)) = reference.single() else {
        return Vec::new();
    };
    let name = detail.has_key().then(|| quoted(child.as_str()));
    let required = (!reference.optional).then(|| "allowNull: false".to_owned());
    let on_delete = action(reference).map(|action| format!("onDelete: {}", quoted(action)));
    let mut options = Vec::new();
    if required.is_none() && on_delete.is_none() {
        options.extend(name.map(|name| format!("foreignKey: {name}")));
    } else {
        let name = name.map(|name| format!("name: {name}"));
        let parts: Vec<String> = [name, required, on_delete].into_iter().flatten().collect();
        options.push(format!("foreignKey: {{ {} }}", parts.join(", ")));
    }
    if !reference.to_primary_key {
        options.push(format!("{parent_key}: {}", quoted(parent.as_str())));
    }
    options.extend(inverse);
    options
}

fn called(planned: &Planned<'_>) -> String {
    quoted(&words::camel(&planned.name))
}

/// What TypeScript calls the values of one of Sequelize's types: 64 bits come as text, for they do not fit a number.
fn script_type(data_type: &str) -> &'static str {
    match data_type {
        "INTEGER" => "number",
        "DATE" => "Date",
        "BOOLEAN" => "boolean",
        _ => "string",
    }
}
