//! Keys that stay in a service, which signs by them.

use super::SigningKey;
use crate::Result;
use crate::error::Error;

/// The key at `aws-kms:KEY-ID` or `aws-ssm:PARAMETER`, each with `?profile=NAME` behind it or not.
pub(super) fn open(source: &str, what: &str) -> Result<SigningKey> {
    let unknown = || Error::key(what, "it names no service: there are `aws-kms:KEY-ID` and `aws-ssm:PARAMETER`");
    let (service, rest) = source.split_once(':').ok_or_else(unknown)?;
    let (key, profile) = match rest.split_once("?profile=") {
        Some((key, profile)) => (key, Some(profile.to_owned())),
        None => (rest, None),
    };
    match service {
        "aws-kms" | "aws-ssm" if key.is_empty() => Err(unknown()),
        "aws-kms" | "aws-ssm" => aws(service, key.to_owned(), profile, what),
        _ => Err(unknown()),
    }
}

#[cfg(feature = "aws")]
fn aws(service: &str, key: String, profile: Option<String>, what: &str) -> Result<SigningKey> {
    use tough::key_source::KeySource;
    use tough_kms::{KmsKeySource, KmsSigningAlgorithm};
    use tough_ssm::SsmKeySource;

    let source: Box<dyn KeySource> = match service {
        "aws-kms" => Box::new(KmsKeySource {
            profile,
            key_id: key,
            client: None,
            signing_algorithm: KmsSigningAlgorithm::RsassaPssSha256,
        }),
        _ => Box::new(SsmKeySource { profile, parameter_name: key, key_id: None }),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::key(what, error.to_string()))?;
    let signer = runtime.block_on(source.as_sign()).map_err(|error| Error::key(what, error.to_string()))?;
    SigningKey::from_boxed(signer)
}

#[cfg(not(feature = "aws"))]
fn aws(service: &str, _key: String, _profile: Option<String>, what: &str) -> Result<SigningKey> {
    Err(Error::key(what, format!("this program was built without `{service}`: build it with `--features aws`")))
}
