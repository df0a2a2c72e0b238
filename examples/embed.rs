//! How an installer embeds the library: the README shows this file's `install`.
//!
//! `cargo run --example embed -- REPOSITORY TARGET DESTINATION` with one of `test-repos/` as the repository.

use std::path::Path;

use tufgate::{BaseUrl, Client, Error, FileStore, FileTransport, Found, Repository, TargetPath};

// README: from here
fn install(repository: &Path, pinned_root: &[u8], target: &str, to: &Path) -> Result<(), Error> {
    let metadata = BaseUrl::from_directory(&repository.join("metadata"))?; // or BaseUrl::new("https://…")
    let targets = BaseUrl::from_directory(&repository.join("targets"))?;
    let store = FileStore::open(to.join("trusted"))?; // what must survive this process

    let mut client = Client::new(Repository::new(pinned_root, metadata, targets), FileTransport::new(), store);
    match client.lookup(&TargetPath::new(target)?)? {
        Found::Signed(info) => {
            let file = to.join(info.path().file_name());
            client.download(&info, &file)?; // appears only once all of it is verified
            println!("{}: signed by `{}`, {} bytes", file.display(), info.role(), info.length());
        }
        Found::Unsigned { .. } => println!("{target}: the repository signs no such file; do not install it"),
    }
    Ok(())
}
// README: to here

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [repository, target, to] = args.as_slice() else {
        return Err("usage: embed REPOSITORY TARGET DESTINATION".into());
    };
    let repository = std::path::absolute(repository)?;
    let pinned_root = std::fs::read(repository.join("root.json"))?;
    install(&repository, &pinned_root, target, Path::new(to))?;
    Ok(())
}
