use relaudit::ddl::{self, SqlDialect, folder};

use super::{notes, summary};

#[test]
fn a_folder_gives_the_schema_after_the_last_migration() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("10_drop.up.sql", "ALTER TABLE orders DROP COLUMN note;"),
        ("10_drop.down.sql", "ALTER TABLE orders ADD COLUMN note text;"),
        (
            "2_orders.up.sql",
            "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, note text);",
        ),
        (
            "1_customers.up.sql",
            "-- migrate:up\nCREATE TABLE customers (id int PRIMARY KEY);\n-- migrate:down\nDROP TABLE customers;\n",
        ),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (files, _) = folder::read(folder.path()).unwrap();
    let read = ddl::read(&files, SqlDialect::Postgres);
    assert_eq!(
        summary(&read.schema),
        "public.customers: id integer!; primary customers_pkey(id)\n\
         public.orders: id integer!, customer integer; primary orders_pkey(id); fk orders_customer_fkey(customer)->public.customers(id)\n"
    );
    assert!(notes(&read).is_empty());
    let place = read
        .schema
        .tables
        .values()
        .next()
        .unwrap()
        .origin
        .location()
        .unwrap()
        .clone();
    assert!(place.file.ends_with("1_customers.up.sql"));
    assert_eq!((place.line, place.column), (2, 14));
}
