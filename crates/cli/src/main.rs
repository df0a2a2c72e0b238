//! The `tufgate` command.

fn main() {}
