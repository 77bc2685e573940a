//! What `--emit` writes, loaded by the framework that it is written for: it says the same as the reader, which says the
//! same as the database.

use std::fs;
use std::path::{Path, PathBuf};

use super::{active_record, installed, sequelize};
use crate::emit::{RESERVED, emit};
use crate::frameworks_eloquent;

/// The databases: one that is called like what frameworks have already, and the shop.
fn sources(home: &Path) -> Vec<(PathBuf, String)> {
    let reserved = home.join("reserved.sql");
    fs::write(&reserved, RESERVED).unwrap();
    let nothing = home.join("nothing.yml");
    fs::write(&nothing, "").unwrap();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    let settings = shop.join("relaudit.yml");
    let given = [(reserved, nothing), (shop.join("postgres.sql"), settings)];
    given
        .map(|(source, config)| (source, config.to_str().unwrap().to_owned()))
        .into()
}

/// Emits the models of each database into a folder of its own, and gives that to `judge`.
fn each(framework: &str, file: &str, others: &[(&str, &str)], mut judge: impl FnMut(&Path)) {
    let home = tempfile::tempdir().unwrap();
    for (number, (source, config)) in sources(home.path()).iter().enumerate() {
        let folder = home.path().join(format!("models{number}"));
        let text = emit(framework, source.to_str().unwrap(), config);
        for (file, text) in others.iter().chain([&(file, text.as_str())]) {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        judge(&folder);
    }
}

#[test]
fn active_record_loads_what_is_emitted() {
    let Some(ruby) = installed("active_record") else { return };
    let base = "class ApplicationRecord < ActiveRecord::Base\n  self.abstract_class = true\nend\n";
    let base = ("app/models/application_record.rb", base);
    each("active_record", "app/models/models.rb", &[base], |folder| {
        let mut wrong = active_record::differences(&ruby, folder);
        // Active Record asks the database for keys of several columns, and this one has none.
        wrong.retain(|line| !line.contains("(order_year, order_number)"));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn eloquent_loads_what_is_emitted() {
    let Some(php) = frameworks_eloquent::framework() else {
        return;
    };
    each("eloquent", "app/Models/models.php", &[], |folder| {
        let mut wrong = Vec::new();
        let compared = frameworks_eloquent::differences(&php, folder, &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(compared > 15, "{compared}");
    });
}

#[test]
fn sequelize_loads_what_is_emitted() {
    let Some(node) = installed("sequelize") else { return };
    for (framework, file, entry) in sequelize::EMITTED {
        each(framework, file, &[("index.js", entry)], |folder| {
            let mut wrong = Vec::new();
            let compared = sequelize::differences(&node, folder, &mut wrong);
            assert!(wrong.is_empty(), "{framework}: {}", wrong.join("\n"));
            assert!(compared > 15, "{compared}");
        });
    }
}
