use relaudit::ddl::SqlDialect;

use super::{notes, read, summary};

fn check(sql: &str, expected: &[&str]) {
    super::check(SqlDialect::MySql, sql, expected);
}

#[test]
fn tables_with_all_that_is_invented() {
    check(
        "CREATE TABLE customers (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(20) UNIQUE) ENGINE=InnoDB;\n\
         CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int unsigned NOT NULL, FOREIGN KEY (customer_id) REFERENCES customers (ID) ON DELETE CASCADE);",
        &[
            "customers: id int unsigned!, email varchar(20); primary PRIMARY(id); unique email(email)",
            "orders: id bigint!, customer_id int unsigned!; primary PRIMARY(id); \
             fk orders_ibfk_1(customer_id)->customers(id) cascade; index customer_id(customer_id)",
        ],
    );
}

#[test]
fn databases_qualify() {
    check(
        "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET latin1 */;\nUSE `shop`;\n\
         CREATE TABLE `a` (`id` int NOT NULL, PRIMARY KEY (`id`));\n\
         CREATE TABLE other.b (a int, CONSTRAINT k FOREIGN KEY (a) REFERENCES shop.a (id));",
        &[
            "other.b: a int; fk k(a)->shop.a(id); index k(a)",
            "shop.a: id int!; primary PRIMARY(id)",
        ],
    );
}

#[test]
fn clauses_that_the_parser_loses_tables_over() {
    check(
        "CREATE TABLE a (id int ZEROFILL, b varchar(40) BINARY, KEY hidden (id) INVISIBLE) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (5));\n\
         ALTER TABLE a ENGINE=InnoDB, CONVERT TO CHARACTER SET utf8mb4, ALTER INDEX hidden VISIBLE, ADD PARTITION (PARTITION q VALUES LESS THAN (9));\n\
         CREATE TABLE v (a int) WITH SYSTEM VERSIONING; ALTER TABLE a DISABLE KEYS; CREATE FULLTEXT INDEX f ON a (b);",
        &[
            "a: id int(10) unsigned zerofill, b varchar(40); index f(b); index hidden(id)",
            "v: a int",
        ],
    );
}

#[test]
fn texts_without_length_have_no_literal_default() {
    // MySQL warns where it is not strict, and stores none; MariaDB stores it.
    let columns = "a text DEFAULT '', b varchar(9) DEFAULT 'x', c mediumblob DEFAULT '', d text DEFAULT ('y')";
    check(
        &format!("CREATE TABLE t ({columns});"),
        &["t: a text, b varchar(9)=x, c mediumblob, d text='y'"],
    );
    check(
        &format!("-- MariaDB dump 10.19\nCREATE TABLE t ({columns});"),
        &["t: a text='', b varchar(9)='x', c mediumblob='', d text='y'"],
    );
}

#[test]
fn engines_without_foreign_keys_forget_them() {
    let read = read(
        "CREATE TABLE a (id int PRIMARY KEY, b int,\n FOREIGN KEY (b) REFERENCES a (id)) ENGINE=MyISAM;",
        SqlDialect::MySql,
    );
    assert_eq!(summary(&read.schema), "a: id int!, b int; primary PRIMARY(id)\n");
    assert_eq!(
        notes(&read),
        ["2:2: a constraint of the table `a` is lost: the engine MyISAM keeps no foreign keys"]
    );
}

#[test]
fn only_what_is_not_understood_is_lost() {
    let read = read(
        "CREATE TABLE a (\n  id int,\n  b int FROBNICATED NOT NULL,\n  KEY (missing),\n  `c` int\n);\nsource other.sql;",
        SqlDialect::MySql,
    );
    assert_eq!(summary(&read.schema), "a: id int, b int!, c int\n");
    assert_eq!(
        notes(&read),
        [
            "3:9: of the table `a`, of the column `b`, `FROBNICATED` is not understood",
            "4:3: a constraint of the table `a` is lost: there is no column `missing`",
            "7:1: `source other.sql` is no statement that is known",
        ]
    );
}
