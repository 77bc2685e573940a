//! Numbers of migrations: those that follow what is in the folder already.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Layout;

/// How the time is written that is a number.
const TIME: &str = "%Y%m%d%H%M%S";
/// How Laravel writes it.
const LARAVEL_TIME: &str = "%Y_%m_%d_%H%M%S";

/// Numbers for new migrations, the smallest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    layout: Layout,
    next: u64,
    /// How many digits it has at least.
    width: usize,
}

impl Numbers {
    /// Numbers after those of the files and folders that are there, in the way in which those are numbered: by time, or
    /// one after the other. `first` is the number to begin with, where the user states one.
    ///
    /// # Errors
    ///
    /// `first` is no number, or one is there that is not smaller: a sentence.
    pub fn after(layout: Layout, there: &[String], first: Option<&str>) -> Result<Self, String> {
        let largest = there.iter().filter_map(|name| number(layout, name)).max();
        let now = || {
            Timestamp::now()
                .to_zoned(TimeZone::UTC)
                .strftime(TIME)
                .to_string()
                .parse()
                .unwrap_or(0)
        };
        let Some(first) = first else {
            return Ok(match largest {
                Some((last, width)) if is_time(last) || !by_time_or_not(layout) => Self {
                    layout,
                    next: following(last).max(now()),
                    width,
                },
                Some((last, width)) => Self {
                    layout,
                    next: last + 1,
                    width,
                },
                None if layout == Layout::Flyway => Self {
                    layout,
                    next: 1,
                    width: 1,
                },
                None => Self {
                    layout,
                    next: now(),
                    width: 14,
                },
            });
        };
        let digits: String = first.chars().filter(|letter| *letter != '_').collect();
        let next: u64 = digits
            .parse()
            .map_err(|_| format!("--number {first} is no number: write digits, such as 7 or 20260131120000"))?;
        if !by_time_or_not(layout) && time(next).is_none() {
            return Err(format!(
                "--number {first}: {} numbers migrations by their time: write it as 20260131120000",
                layout.tool()
            ));
        }
        match largest {
            Some((last, _)) if last >= next => Err(format!(
                "--number {first}: the migration {last} is there already, and new ones come after it: give a larger number, \
                 or none"
            )),
            _ => Ok(Self {
                layout,
                next,
                width: digits.len(),
            }),
        }
    }

    /// The next one, as file names have it.
    pub(super) fn take(&mut self) -> String {
        let taken = self.next;
        self.next = following(taken);
        if self.layout == Layout::Laravel
            && let Some(time) = time(taken)
        {
            return time.strftime(LARAVEL_TIME).to_string();
        }
        format!("{taken:0width$}", width = self.width)
    }
}

/// Whether the tool takes any numbers; the others number by time.
fn by_time_or_not(layout: Layout) -> bool {
    matches!(
        layout,
        Layout::Plain | Layout::GolangMigrate | Layout::Flyway | Layout::Goose | Layout::Sqlx
    )
}

/// The number of what is there, and its digits.
fn number(layout: Layout, name: &str) -> Option<(u64, usize)> {
    let digits: String = match layout {
        // `V2.1__name.sql`: what comes after the point is part of 2.
        Layout::Flyway => {
            let rest = name.strip_prefix(['V', 'U', 'B'])?;
            rest.chars().take_while(char::is_ascii_digit).collect()
        }
        Layout::Laravel => {
            let stem = name
                .chars()
                .take_while(|letter| letter.is_ascii_digit() || *letter == '_');
            stem.filter(char::is_ascii_digit).take(14).collect()
        }
        _ => name.chars().take_while(char::is_ascii_digit).collect(),
    };
    Some((digits.parse().ok()?, digits.len()))
}

/// What comes after it: a second later, or one more.
fn following(number: u64) -> u64 {
    let later = time(number).and_then(|time| time.checked_add(1.second()).ok());
    later
        .and_then(|later| later.strftime(TIME).to_string().parse().ok())
        .unwrap_or(number.saturating_add(1))
}

fn time(number: u64) -> Option<DateTime> {
    let text = number.to_string();
    (text.len() == 14).then(|| DateTime::strptime(TIME, &text).ok())?
}

/// Whether it has the digits of a time. Not every such number is one.
fn is_time(number: u64) -> bool {
    number >= 10_000_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layout: Layout, there: &[&str], first: Option<&str>, expected: &[&str]) {
        let there: Vec<String> = there.iter().map(|name| (*name).to_owned()).collect();
        let mut numbers = Numbers::after(layout, &there, first).expect("numbers");
        let taken: Vec<String> = expected.iter().map(|_| numbers.take()).collect();
        assert_eq!(taken, expected, "{layout:?} after {there:?}");
    }

    #[test]
    fn numbers_follow_those_that_are_there() {
        let files = ["000009_a.up.sql", "000009_a.down.sql", "README.md"];
        check(Layout::GolangMigrate, &files, None, &["000010", "000011"]);
        check(Layout::Goose, &["00001_a.sql"], None, &["00002"]);
        check(
            Layout::Flyway,
            &["V2.1__a.sql", "V10__b.sql", "R__v.sql"],
            None,
            &["11", "12"],
        );
        check(Layout::Flyway, &[], None, &["1"]);
        check(
            Layout::Sqlx,
            &["29990131235959_a.sql"],
            None,
            &["29990201000000", "29990201000001"],
        );
        // Not every number of that many digits is a time.
        check(Layout::Dbmate, &["29991231999999_a.sql"], None, &["29991232000000"]);
    }

    #[test]
    fn the_first_number_can_be_stated() {
        check(
            Layout::Rails,
            &[],
            Some("20260131235959"),
            &["20260131235959", "20260201000000"],
        );
        check(
            Layout::Laravel,
            &["2014_10_12_000000_a.php"],
            Some("20260131235959"),
            &["2026_01_31_235959"],
        );
        check(Layout::GolangMigrate, &[], Some("0007"), &["0007", "0008"]);
        let wrong = |layout, there: &str, first| Numbers::after(layout, &[there.to_owned()], Some(first)).is_err();
        assert!(wrong(Layout::Goose, "00007_a.sql", "7"));
        assert!(wrong(Layout::Rails, "", "7"));
        assert!(wrong(Layout::Goose, "", "x"));
    }

    #[test]
    fn by_default_the_number_is_the_time() {
        let numbers = Numbers::after(Layout::Rails, &["20200101000000_a.rb".to_owned()], None).expect("numbers");
        assert!(
            time(numbers.next).is_some() && numbers.next > 20_240_000_000_000,
            "{numbers:?}"
        );
    }
}
