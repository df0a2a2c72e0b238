//! `tufgate-interop`: a table of what tufgate and tough say of each case, differences marked with `!`. Exits with 1
//! where `exceptions.toml` does not say the same.

use std::process::ExitCode;

use tufgate_interop::{Exceptions, ask_all};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> tufgate_interop::Result<ExitCode> {
    let rows = ask_all()?;
    println!("  | case | tufgate | tough |\n  | --- | --- | --- |");
    for row in &rows {
        let mark = if row.agree() { ' ' } else { '!' };
        println!("{mark} | {} | {} | {} |", row.case, row.tufgate.verdict(), row.tough.verdict());
    }
    let complaints = Exceptions::committed()?.complaints(&rows);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
