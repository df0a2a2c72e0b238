//! Both clients on every case. `cargo run -p tufgate-interop` prints the table.

use std::sync::LazyLock;

use tufgate_interop::{Exceptions, Row, Verdict, ask_all};

static ROWS: LazyLock<Result<Vec<Row>, String>> = LazyLock::new(|| ask_all().map_err(|error| error.to_string()));

fn rows() -> Result<&'static [Row], &'static str> {
    ROWS.as_ref().map(Vec::as_slice).map_err(String::as_str)
}

#[test]
fn tough_says_the_same_but_for_the_listed_exceptions() {
    let complaints = Exceptions::committed().unwrap().complaints(rows().unwrap());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_sound_repository_is_accepted() {
    let refused: Vec<_> = rows()
        .unwrap()
        .iter()
        .filter(|row| row.sound && row.tufgate.verdict() != Verdict::Accepts)
        .map(|row| format!("{}: {}", row.case, row.tufgate.verdict()))
        .collect();
    assert_eq!(refused, [""; 0]);
}

#[test]
fn both_clients_have_something_to_say() {
    let both = |wanted: fn(&Verdict) -> bool| {
        rows().unwrap().iter().filter(|row| wanted(&row.tufgate.verdict()) && wanted(&row.tough.verdict())).count()
    };
    assert!(both(|verdict| *verdict == Verdict::Accepts) >= 10);
    assert!(both(|verdict| matches!(verdict, Verdict::Refuses(_))) >= 40);
}
