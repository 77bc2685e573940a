//! Associations that Rails makes of other declarations: attachments of Active Storage, texts of Action Text, and
//! `delegated_type`.

use super::body::Declared;
use super::macros::written;
use super::value::{Lambda, Value};

/// The classes and tables that Rails itself brings (Active Storage, Action Text and Action Mailbox 8.1). Read as if they
/// stood in the application, but no part of what is read.
pub(super) const FRAMEWORK: &str = "
class ActiveStorage::Record < ActiveRecord::Base
  self.abstract_class = true
end
class ActiveStorage::Attachment < ActiveStorage::Record
  self.table_name = 'active_storage_attachments'
  belongs_to :record, polymorphic: true
  belongs_to :blob, class_name: 'ActiveStorage::Blob'
end
class ActiveStorage::Blob < ActiveStorage::Record
  self.table_name = 'active_storage_blobs'
  has_many :attachments, class_name: 'ActiveStorage::Attachment'
  has_many :variant_records, class_name: 'ActiveStorage::VariantRecord'
end
class ActiveStorage::VariantRecord < ActiveStorage::Record
  self.table_name = 'active_storage_variant_records'
  belongs_to :blob, class_name: 'ActiveStorage::Blob'
end
class ActionText::Record < ActiveRecord::Base
  self.abstract_class = true
end
class ActionText::RichText < ActionText::Record
  self.table_name = 'action_text_rich_texts'
  belongs_to :record, polymorphic: true
end
class ActionText::EncryptedRichText < ActionText::RichText
end
class ActionMailbox::Record < ActiveRecord::Base
  self.abstract_class = true
end
class ActionMailbox::InboundEmail < ActionMailbox::Record
  self.table_name = 'action_mailbox_inbound_emails'
end
";

/// The associations that a declaration makes; most make themselves.
pub(super) fn made_of(declared: Declared) -> Vec<Declared> {
    let name = declared.name.clone();
    match declared.keyword {
        "has_one_attached" => attachments(&declared, &format!("{name}_attachment"), &format!("{name}_blob")),
        "has_many_attached" => attachments(&declared, &format!("{name}_attachments"), &format!("{name}_blobs")),
        "has_rich_text" => {
            let class = if declared.is_set("encrypted") {
                "ActionText::EncryptedRichText"
            } else {
                "ActionText::RichText"
            };
            vec![of_record(&declared, &format!("rich_text_{name}"), class)]
        }
        "delegated_type" => {
            let mut declared = declared;
            declared.options.retain(|pair| pair.key.as_deref() != Some("types"));
            let location = declared.location.clone();
            declared.options.push(written("polymorphic", Value::True, &location));
            vec![declared]
        }
        _ => vec![declared],
    }
}

fn attachments(declared: &Declared, attachment: &str, blob: &str) -> Vec<Declared> {
    let through = |key: &str, value: &str| written(key, Value::Text(value.to_owned()), &declared.location);
    vec![
        of_record(declared, attachment, "ActiveStorage::Attachment"),
        Declared {
            name: blob.to_owned(),
            options: vec![
                through("through", attachment),
                through("source", "blob"),
                through("class_name", "ActiveStorage::Blob"),
            ],
            implied: true,
            ..declared.clone()
        },
    ]
}

/// One of the rows that belong to the record under this name.
fn of_record(declared: &Declared, name: &str, class: &str) -> Declared {
    let text = |key: &str, value: &str| written(key, Value::Text(value.to_owned()), &declared.location);
    Declared {
        name: name.to_owned(),
        options: vec![
            text("class_name", class),
            text("as", "record"),
            text("inverse_of", "record"),
            text("dependent", "destroy"),
        ],
        scope: Some(Lambda {
            calls: vec!["where".to_owned()],
            only_null: None,
            gives: None,
        }),
        implied: true,
        ..declared.clone()
    }
}
