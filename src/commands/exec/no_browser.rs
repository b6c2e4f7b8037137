//! The browser that the program opens, where no script can stand in for one: the program's own.

use std::path::{Path, PathBuf};

use crate::commands::{Common, Failure};
use crate::lab::Lab;

/// None: `BROWSER` is left as it is.
pub(super) fn open(_: &Path, _: &Lab, _: Option<&str>, _: Common) -> Result<Option<PathBuf>, Failure> {
    Ok(None)
}
