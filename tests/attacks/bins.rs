//! Bins of one online key in each other's place (TUF-1.0.34 §4.5, PEP 458 "Metadata Scalability").

use tufgate::error::Fault;
use tufgate::{Entry, Found, RoleName};

use super::machine::{Machine, assert_signed};
use crate::simulator::{Repository, assert_refused};

/// Two targets in different bins, and the bins.
fn two_bins(repo: &mut Repository, delegator: &str) -> [(String, String); 2] {
    let mut found: Vec<(String, String)> = Vec::new();
    for number in 0.. {
        let path = format!("packages/{number}.whl");
        let bin = repo.bin_of(delegator, &path);
        if found.iter().all(|(known, _)| *known != bin) {
            repo.add_binned_target(delegator, &path, b"bytes");
            found.push((bin, path));
        }
        if found.len() == 2 {
            break;
        }
    }
    found.try_into().unwrap()
}

fn with_bins(succinct: bool) -> (Repository, [(String, String); 2]) {
    let mut repo = Repository::new();
    let delegator = if succinct {
        repo.succinct("targets", "bin", 4);
        "targets"
    } else {
        repo.hash_bins(16);
        "bins"
    };
    let bins = two_bins(&mut repo, delegator);
    (repo, bins)
}

fn file_of(bin: &str) -> String {
    format!("metadata/1.{bin}.json")
}

#[test]
fn a035_a_bin_served_as_another_is_an_attack_and_not_an_absence() {
    for succinct in [false, true] {
        for machine in Machine::each() {
            let (mut repo, [(bin_a, path_a), (bin_b, path_b)]) = with_bins(succinct);
            repo.publish();
            repo.serve(&file_of(&bin_b), repo.file(&file_of(&bin_a)));
            let fault = Fault::WrongBin { path: path_a.clone() };
            assert_refused(machine.lookup(&repo, &path_b), &bin_b, fault);
            assert_eq!(machine.entry(&Entry::Delegated(RoleName::new(bin_b.as_str()).unwrap())), None);
            assert_signed(machine.lookup(&repo, &path_a));
            repo.lift(&file_of(&bin_b));
            assert_signed(machine.lookup(&repo, &path_b));
        }
    }
}

/// Also one swapped in the store, by who can write to it: it is not used, and fetched again.
#[test]
fn a035_a_bin_swapped_in_the_store_is_fetched_again() {
    for machine in Machine::each() {
        let (mut repo, [(bin_a, _), (bin_b, path_b)]) = with_bins(false);
        repo.publish();
        assert_signed(machine.lookup(&repo, &path_b));
        let entry = Entry::Delegated(RoleName::new(bin_b.as_str()).unwrap());
        machine.plant(&entry, &repo.file(&file_of(&bin_a)));
        repo.take_log();
        assert_signed(machine.lookup(&repo, &path_b));
        repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json", &file_of(&bin_b)]);
        assert_eq!(machine.entry(&entry), Some(repo.file(&file_of(&bin_b))));
    }
}

/// A repository may leave hashes out of snapshot (§4.4); then nothing tells one empty bin from another.
#[test]
fn a035_an_empty_bin_in_place_of_another_is_seen_by_what_snapshot_pins() {
    for succinct in [false, true] {
        let (mut repo, [_, (bin, path)]) = with_bins(succinct);
        repo.publish();
        let empty = repo
            .roles
            .keys()
            .find(|name| name.starts_with("bin-") && repo.role(name).signed["targets"].as_object().unwrap().is_empty());
        let empty = repo.file(&file_of(empty.unwrap()));
        repo.serve(&file_of(&bin), empty.clone());
        assert!(
            matches!(Machine::new().lookup(&repo, &path), Ok(Found::Unsigned { .. })),
            "as the specification has it"
        );

        let machine = Machine::new();
        repo.snapshot_with_hashes(&["sha256"]);
        repo.bump("snapshot");
        repo.publish();
        let (expected, found) = (repo.file(&file_of(&bin)).len() as u64, empty.len() as u64);
        assert_refused(machine.lookup(&repo, &path), &bin, Fault::Length { expected, found });
        repo.lift(&file_of(&bin));
        assert_signed(machine.lookup(&repo, &path));
    }
}
