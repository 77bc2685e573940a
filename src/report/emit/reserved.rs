//! Names that classes and associations cannot have, since a language or a framework has them already.

/// Words that PHP keeps for itself (manual, "List of Keywords" and "List of other reserved words"), what the emitted code
/// imports, and the classes and modules of Ruby, its library and Rails that a model of the same name would open anew. In
/// small letters, in order.
#[rustfmt::skip]
const CLASSES: &[&str] = &[
    "abstract", "and", "applicationrecord", "array", "as", "base64", "basicobject", "belongsto", "benchmark",
    "bigdecimal", "binding", "bool", "break", "builder", "bundler", "callable", "case", "catch", "class", "clone",
    "comparable", "complex", "concurrent", "const", "continue", "data", "datatypes", "date", "datetime", "declare",
    "default", "delegator", "die", "digest", "dir", "do", "echo", "else", "empty", "encoding", "enumerable",
    "enumerator", "erb", "etc", "eval", "exception", "exit", "extends", "false", "fiber", "file", "final", "finally",
    "float", "fn", "for", "foreach", "forwardable", "function", "gc", "gem", "global", "goto", "hash", "i18n", "if",
    "implements", "include", "int", "integer", "interface", "io", "isset", "iterable", "json", "kernel", "list",
    "logger", "mail", "marshal", "match", "math", "method", "mixed", "model", "module", "monitor", "mutex",
    "namespace", "net", "never", "new", "null", "numeric", "object", "or", "parent", "pathname", "pivot", "print",
    "private", "proc", "process", "protected", "public", "queue", "rack", "rails", "rake", "random", "range",
    "rational", "readonly", "regexp", "require", "resolv", "return", "ripper", "self", "sequelize", "set", "signal",
    "singleton", "socket", "static", "string", "struct", "switch", "symbol", "tempfile", "thor", "thread", "throw",
    "time", "timeout", "trait", "true", "try", "unset", "uri", "use", "var", "void", "warning", "while", "xor",
    "yaml", "yield", "zlib",
];

/// Methods of a model: Active Record 7.2 refuses an association called so (`dangerous_attribute_method?`), and PHP one that
/// Eloquent's `Model` (10) has otherwise. In order.
#[rustfmt::skip]
const METHODS: &[&str] = &[
    "all", "append", "association", "attribute", "attribute_names", "attributes", "becomes", "boot", "booted",
    "booting", "cache_key", "cache_version", "changed", "changed_attributes", "changes", "class", "clone",
    "connection_handler", "created", "creating", "decrement", "decrypt", "default_role", "default_scopes",
    "default_shard", "delete", "deleted", "deleting", "destroy", "dup", "encrypt", "errors", "fill", "fillable",
    "freeze", "fresh", "guard", "hash", "increment", "is", "load", "logger", "model_name", "observe", "on", "only",
    "previous_changes", "push", "query", "refresh", "reload", "replicate", "replicating", "retrieved", "save",
    "saved", "saved_changes", "saving", "signed_id", "slice", "toggle", "touch", "touches", "transaction", "unguard",
    "update", "updated", "updating", "validate", "validation_context", "values_at", "with",
];

/// Whether no class can be called so.
pub(super) fn is_class(name: &str) -> bool {
    CLASSES.binary_search(&name.to_lowercase().as_str()).is_ok()
}

/// Whether no association can be called so.
pub(super) fn is_method(name: &str) -> bool {
    METHODS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_order() {
        assert!(CLASSES.is_sorted() && METHODS.is_sorted());
        assert!(is_class("File") && is_class("Abstract") && !is_class("Post"));
        assert!(is_method("transaction") && !is_method("author"));
    }
}
