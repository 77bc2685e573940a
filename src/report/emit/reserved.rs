//! Names that a framework or its language keeps for itself, so that no model and no association can have them.

use super::Framework;

/// What a framework's models and associations cannot be called: words with spaces between.
#[derive(Debug)]
pub(super) struct Reserved {
    classes: &'static str,
    associations: &'static str,
}

impl Reserved {
    /// Whether a class can be called so; PHP tells no capital from a small letter.
    pub(super) fn is_class(&self, name: &str) -> bool {
        self.classes
            .split_whitespace()
            .any(|class| class.eq_ignore_ascii_case(name))
    }

    /// Whether an association can be called so.
    pub(super) fn is_association(&self, name: &str) -> bool {
        self.associations.split_whitespace().any(|word| word == name)
    }
}

impl Framework {
    pub(super) fn reserved(self) -> &'static Reserved {
        match self {
            Self::Sequelize => &SEQUELIZE,
            Self::Sequelize7 => &SEQUELIZE7,
            Self::Eloquent => &ELOQUENT,
            Self::ActiveRecord => &ACTIVE_RECORD,
        }
    }
}

/// The words of a model of Sequelize that a table or key could be called after (`Model.prototype` of 6 and 7).
const SEQUELIZE_WORDS: &str = "changed constructor decrement destroy equals get increment previous reload restore save set update \
         validate where";

/// The module's own variables, and what its lines call.
const SEQUELIZE: Reserved = Reserved {
    classes: "DataTypes Sequelize Object",
    associations: SEQUELIZE_WORDS,
};

/// What the module imports, and the types that its text names.
const SEQUELIZE7: Reserved = Reserved {
    classes: "Attribute BelongsTo BelongsToMany DataTypes Date HasMany HasOne Model Models NonAttribute Object \
         PrimaryKey Sequelize Table Unique",
    associations: SEQUELIZE_WORDS,
};

/// PHP's words that no class can be called (PHP manual, "List of Keywords" and "List of other reserved words", 8.4), and
/// what the file imports; the methods and properties of Laravel's models that a relation would take the place of.
const ELOQUENT: Reserved = Reserved {
    classes: "abstract and array as BelongsTo BelongsToMany bool break callable case catch class clone const \
         continue declare default die do echo else elseif empty enum eval exit extends false final finally \
         float fn for foreach function global goto HasMany HasOne if implements include instanceof insteadof \
         int interface isset iterable list match mixed Model MorphMany MorphTo namespace never new null \
         numeric object or parent Pivot print private protected public readonly require resource return self \
         static string switch throw trait true try unset use var void while xor yield",
    associations: "all append appends attributes attributesToArray boot booted booting cast casts changes connection \
         create created creating dates decrement delete deleted deleting except exists fill fillable fresh \
         get guard guarded hidden increment is key load newCollection observables observe on only original \
         push query refresh relation relations replicate replicating resolveConnection restore retrieved save \
         saved saving scope scopes table timestamps touch touches unguard update updated updating visible \
         with",
};

/// Classes and modules of Ruby and Rails that are there before a model of their name; what Active Record 7.2 says is
/// defined by itself (`dangerous_attribute_methods`), of the words that a table or key could be called after.
const ACTIVE_RECORD: Reserved = Reserved {
    classes: "ApplicationRecord Array Base64 BasicObject Benchmark BigDecimal Binding Builder Bundler Class \
         Comparable Complex Concurrent Data Date DateTime Delegator Digest Dir Encoding Enumerable Enumerator \
         ERB Errno Etc Exception Fiber File Float Forwardable GC Gem Hash I18n Integer IO JSON Kernel Logger \
         Mail Marshal Math Method Mime Module Monitor Mutex Net Numeric Object Pathname Proc Process Queue \
         Rack Rails Rake Random Range Rational Regexp Resolv Ripper Set Signal Singleton Socket String Struct \
         Symbol Tempfile Thor Thread Time Timeout URI Warning YAML Zeitwerk Zlib",
    associations: "association attribute attribute_names attributes becomes cache_key cache_version changed \
         changed_attributes changes class clone connection_handler decrement decrypt default_role \
         default_scopes default_shard delete destroy dup encrypt errors freeze hash id increment logger \
         method model_name object_id previous_changes reload save saved_changes send signed_id slice toggle \
         touch transaction update validate validation_context values_at",
};
