//! Environments that were changed, and wheels that are hostile.

mod changed;
mod described;
mod fixture;
mod hostile;
