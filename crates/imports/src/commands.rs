//! What callers ask for.

use crate::source::Source;
use vigie_kernel::{ImportRunId, PageRequest};

/// Reads a file and writes its values.
#[derive(Clone, Debug)]
pub struct StartImport {
    /// The name under which the file was uploaded; it never becomes a path.
    pub file_name: String,
    /// The uploaded bytes or the temporary file that holds them.
    pub upload: Source,
    /// The `options` object; `Null` for none.
    pub options: serde_json::Value,
    /// Report only: nothing is written.
    pub dry_run: bool,
}

/// Stops a run that has not ended. What was applied stays.
#[derive(Clone, Copy, Debug)]
pub struct CancelImport {
    /// The run.
    pub run: ImportRunId,
}

/// Lists runs, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ListImports {
    /// Which page, by time of creation and id.
    pub page: PageRequest,
}
