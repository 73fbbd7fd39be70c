//! What a file may cost.

/// Bounds on what an uploaded file may make the product do. All of them are configurable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the uploaded file.
    pub upload_bytes: u64,
    /// Cells to apply: rows of a long table, cells of a wide one or of a matrix.
    pub cells: u64,
    /// Bytes of all members of a zip container together, counted while inflating.
    pub unzipped_bytes: u64,
    /// How many times larger than its packed form a zip member of more than 1 MiB may be.
    pub zip_ratio: u64,
    /// Members of a zip container.
    pub zip_entries: u64,
    /// Bytes of the shared strings of a workbook, which are held in memory.
    pub shared_strings_bytes: u64,
    /// Sheets of a workbook.
    pub sheets: usize,
    /// Cells that the sheets of an old binary workbook may span, which are held in memory.
    pub binary_grid_cells: u64,
    /// Columns of a table.
    pub columns: u32,
    /// Bytes of one record of a text file.
    pub record_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes: 64 << 20,
            cells: 2_000_000,
            unzipped_bytes: 512 << 20,
            zip_ratio: 100,
            zip_entries: 1_000,
            shared_strings_bytes: 64 << 20,
            sheets: 50,
            binary_grid_cells: 2_000_000,
            columns: 16_384,
            record_bytes: 1 << 20,
        }
    }
}
