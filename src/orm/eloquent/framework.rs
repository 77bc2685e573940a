//! The framework's words: the methods that declare associations with their parameters, the calls that may follow one,
//! and the classes of the framework that models and traits come from. Data of Laravel 8 to 13
//! (Illuminate\Database\Eloquent\Concerns\HasRelationships).

/// A method that declares an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declarer {
    HasOne,
    HasMany,
    BelongsTo,
    BelongsToMany,
    HasOneThrough,
    HasManyThrough,
    MorphTo,
    MorphOne,
    MorphMany,
    MorphToMany,
    MorphedByMany,
}

/// Each with its name and its parameters in order.
const DECLARERS: &[(&str, Declarer, &[&str])] = &[
    ("hasOne", Declarer::HasOne, &["related", "foreignKey", "localKey"]),
    ("hasMany", Declarer::HasMany, &["related", "foreignKey", "localKey"]),
    (
        "belongsTo",
        Declarer::BelongsTo,
        &["related", "foreignKey", "ownerKey", "relation"],
    ),
    (
        "belongsToMany",
        Declarer::BelongsToMany,
        &[
            "related",
            "table",
            "foreignPivotKey",
            "relatedPivotKey",
            "parentKey",
            "relatedKey",
            "relation",
        ],
    ),
    (
        "hasOneThrough",
        Declarer::HasOneThrough,
        &[
            "related",
            "through",
            "firstKey",
            "secondKey",
            "localKey",
            "secondLocalKey",
        ],
    ),
    (
        "hasManyThrough",
        Declarer::HasManyThrough,
        &[
            "related",
            "through",
            "firstKey",
            "secondKey",
            "localKey",
            "secondLocalKey",
        ],
    ),
    ("morphTo", Declarer::MorphTo, &["name", "type", "id", "ownerKey"]),
    (
        "morphOne",
        Declarer::MorphOne,
        &["related", "name", "type", "id", "localKey"],
    ),
    (
        "morphMany",
        Declarer::MorphMany,
        &["related", "name", "type", "id", "localKey"],
    ),
    (
        "morphToMany",
        Declarer::MorphToMany,
        &[
            "related",
            "name",
            "table",
            "foreignPivotKey",
            "relatedPivotKey",
            "parentKey",
            "relatedKey",
            "relation",
            "inverse",
        ],
    ),
    (
        "morphedByMany",
        Declarer::MorphedByMany,
        &[
            "related",
            "name",
            "table",
            "foreignPivotKey",
            "relatedPivotKey",
            "parentKey",
            "relatedKey",
            "relation",
        ],
    ),
];

impl Declarer {
    /// By the method's name. PHP's methods have no case, but nobody writes them otherwise.
    pub(super) fn of(method: &str) -> Option<Self> {
        DECLARERS
            .iter()
            .find(|(name, _, _)| *name == method)
            .map(|(_, declarer, _)| *declarer)
    }

    /// The method's name.
    pub(super) fn word(self) -> &'static str {
        self.entry().0
    }

    /// The method's parameters in order.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        self.entry().1
    }

    fn entry(self) -> (&'static str, &'static [&'static str]) {
        let entry = DECLARERS.iter().find(|(_, declarer, _)| *declarer == self);
        entry.map_or(("", &[]), |(word, _, parameters)| (word, parameters))
    }
}

/// Whether a method declares an association, also over others (`through('cars')->has('owner')`).
pub(super) fn is_association(method: &str) -> bool {
    Declarer::of(method).is_some() || through(method).is_some()
}

/// What `throughCars()` goes through: `cars`; empty for `through('cars')`.
pub(super) fn through(method: &str) -> Option<String> {
    named_after("through", method)
}

/// What `hasOwner()` leads to after `through`: `owner`; empty for `has('owner')`.
pub(super) fn has(method: &str) -> Option<String> {
    named_after("has", method)
}

fn named_after(word: &str, method: &str) -> Option<String> {
    let rest = method.strip_prefix(word)?;
    let mut characters = rest.chars();
    match characters.next() {
        None => Some(String::new()),
        Some(first) if first.is_ascii_uppercase() => {
            Some(format!("{}{}", first.to_ascii_lowercase(), characters.as_str()))
        }
        Some(_) => None,
    }
}

/// The classes of the framework's relations.
pub(super) const RELATION_CLASSES: &[&str] = &[
    "Relation",
    "HasOne",
    "HasMany",
    "BelongsTo",
    "BelongsToMany",
    "HasOneThrough",
    "HasManyThrough",
    "MorphTo",
    "MorphOne",
    "MorphMany",
    "MorphToMany",
];

/// What a call after the declaration does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing as to which rows it reaches.
    None,
    /// An order: what is the one of many depends on it.
    Order,
    /// A has-many becomes a has-one.
    One,
    /// It no longer reaches all.
    Limit,
    /// It is run: what comes of it is no relation.
    Run,
}

/// Calls after a declaration, without those that begin with `where` or `orWhere`.
const EFFECTS: &[(&str, Effect)] = &[
    ("addSelect", Effect::None),
    ("as", Effect::None),
    ("chaperone", Effect::None),
    ("inverse", Effect::None),
    ("leftJoin", Effect::None),
    ("select", Effect::None),
    ("selectRaw", Effect::None),
    ("setEagerLoads", Effect::None),
    ("tap", Effect::None),
    ("using", Effect::None),
    ("with", Effect::None),
    ("withCasts", Effect::None),
    ("withCount", Effect::None),
    ("withDefault", Effect::None),
    ("withExists", Effect::None),
    ("withPivot", Effect::None),
    ("withSum", Effect::None),
    ("withTimestamps", Effect::None),
    ("withTrashed", Effect::None),
    ("without", Effect::None),
    ("withoutGlobalScope", Effect::None),
    ("withoutGlobalScopes", Effect::None),
    ("inRandomOrder", Effect::Order),
    ("latest", Effect::Order),
    ("oldest", Effect::Order),
    ("orderBy", Effect::Order),
    ("orderByDesc", Effect::Order),
    ("orderByPivot", Effect::Order),
    ("orderByPivotDesc", Effect::Order),
    ("orderByRaw", Effect::Order),
    ("reorder", Effect::Order),
    ("one", Effect::One),
    ("distinct", Effect::Limit),
    ("doesntHave", Effect::Limit),
    ("groupBy", Effect::Limit),
    ("has", Effect::Limit),
    ("having", Effect::Limit),
    ("join", Effect::Limit),
    ("latestOfMany", Effect::Limit),
    ("limit", Effect::Limit),
    ("ofMany", Effect::Limit),
    ("offset", Effect::Limit),
    ("oldestOfMany", Effect::Limit),
    ("onlyTrashed", Effect::Limit),
    ("orDoesntHave", Effect::Limit),
    ("orHas", Effect::Limit),
    ("skip", Effect::Limit),
    ("take", Effect::Limit),
    ("unless", Effect::Limit),
    ("when", Effect::Limit),
    ("withWhereHas", Effect::Limit),
    ("withoutTrashed", Effect::Limit),
    ("associate", Effect::Run),
    ("attach", Effect::Run),
    ("avg", Effect::Run),
    ("chunk", Effect::Run),
    ("count", Effect::Run),
    ("create", Effect::Run),
    ("createMany", Effect::Run),
    ("delete", Effect::Run),
    ("detach", Effect::Run),
    ("dissociate", Effect::Run),
    ("doesntExist", Effect::Run),
    ("each", Effect::Run),
    ("exists", Effect::Run),
    ("find", Effect::Run),
    ("findOrFail", Effect::Run),
    ("first", Effect::Run),
    ("firstOrCreate", Effect::Run),
    ("firstOrFail", Effect::Run),
    ("firstOrNew", Effect::Run),
    ("get", Effect::Run),
    ("getResults", Effect::Run),
    ("make", Effect::Run),
    ("max", Effect::Run),
    ("min", Effect::Run),
    ("paginate", Effect::Run),
    ("pluck", Effect::Run),
    ("save", Effect::Run),
    ("saveMany", Effect::Run),
    ("sum", Effect::Run),
    ("sync", Effect::Run),
    ("syncWithoutDetaching", Effect::Run),
    ("toggle", Effect::Run),
    ("update", Effect::Run),
    ("updateExistingPivot", Effect::Run),
    ("updateOrCreate", Effect::Run),
    ("value", Effect::Run),
];

/// What a call after a declaration does; `None` where it is none of the framework's, such as a scope of the model.
pub(super) fn effect(method: &str) -> Option<Effect> {
    if ["where", "orWhere"].iter().any(|start| method.starts_with(start)) {
        return Some(Effect::Limit);
    }
    let known = EFFECTS.iter().find(|(name, _)| *name == method);
    known.map(|(_, effect)| *effect)
}

/// A class outside of the application that models extend.
pub(super) struct Foreign {
    pub(super) name: &'static str,
    pub(super) base: Base,
    /// The table of a class that is a model itself.
    pub(super) table: Option<&'static str>,
    /// Whether it names that itself, so that a class that extends it has it too; else it is the convention.
    pub(super) states_table: bool,
}

/// How a model's defaults are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Model,
    /// A class of a join table's rows: another name by convention, and no key name for others to use.
    Pivot,
    /// One of a polymorphic join table's rows: since Laravel 13 its table's name is made as a model's.
    MorphPivot,
}

const fn foreign(name: &'static str, base: Base, table: Option<&'static str>) -> Foreign {
    Foreign {
        name,
        base,
        table,
        states_table: false,
    }
}

const fn with_table(name: &'static str, table: &'static str) -> Foreign {
    Foreign {
        name,
        base: Base::Model,
        table: Some(table),
        states_table: true,
    }
}

/// The framework's classes, and those of its own packages, with the tables that they have by default.
pub(super) const FOREIGN: &[Foreign] = &[
    foreign("Illuminate\\Database\\Eloquent\\Model", Base::Model, None),
    foreign("Eloquent", Base::Model, None),
    foreign("Illuminate\\Foundation\\Auth\\User", Base::Model, None),
    foreign("Illuminate\\Database\\Eloquent\\Relations\\Pivot", Base::Pivot, None),
    foreign(
        "Illuminate\\Database\\Eloquent\\Relations\\MorphPivot",
        Base::MorphPivot,
        None,
    ),
    with_table("Illuminate\\Notifications\\DatabaseNotification", "notifications"),
    foreign(
        "Laravel\\Sanctum\\PersonalAccessToken",
        Base::Model,
        Some("personal_access_tokens"),
    ),
    with_table("Laravel\\Passport\\AuthCode", "oauth_auth_codes"),
    with_table("Laravel\\Passport\\Client", "oauth_clients"),
    with_table("Laravel\\Passport\\DeviceCode", "oauth_device_codes"),
    with_table(
        "Laravel\\Passport\\PersonalAccessClient",
        "oauth_personal_access_clients",
    ),
    with_table("Laravel\\Passport\\RefreshToken", "oauth_refresh_tokens"),
    with_table("Laravel\\Passport\\Token", "oauth_access_tokens"),
    foreign("Laravel\\Cashier\\Subscription", Base::Model, Some("subscriptions")),
    foreign(
        "Laravel\\Cashier\\SubscriptionItem",
        Base::Model,
        Some("subscription_items"),
    ),
];

/// The trait that marks rows as deleted.
pub(super) const SOFT_DELETES: &str = "Illuminate\\Database\\Eloquent\\SoftDeletes";

/// The trait by which a model is one of a join table's rows.
pub(super) const AS_PIVOT: &str = "Illuminate\\Database\\Eloquent\\Relations\\Concerns\\AsPivot";

/// The attribute that names table and key (Laravel 13), with its parameters.
pub(super) const TABLE_ATTRIBUTE: (&str, &[&str]) = (
    "Illuminate\\Database\\Eloquent\\Attributes\\Table",
    &["name", "key", "keyType", "incrementing", "timestamps", "dateFormat"],
);

/// The attribute that names the connection (Laravel 13).
pub(super) const CONNECTION_ATTRIBUTE: (&str, &[&str]) =
    ("Illuminate\\Database\\Eloquent\\Attributes\\Connection", &["name"]);

/// The traits of the package tightenco/parental by which a class has the names of the one it extends.
pub(super) const HAS_PARENT: &[&str] = &["Parental\\HasParent", "Tightenco\\Parental\\HasParent"];

/// The first version in which the table of a polymorphic pivot class has its name in the plural.
pub(super) const PLURAL_MORPH_PIVOTS: u32 = 13;
